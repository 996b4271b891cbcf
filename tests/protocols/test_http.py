"""A small HTTP/1.1 client against real servers (RFC 9112), and HSTS (RFC 6797)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Issued, Serve, answering, issue, leaf, listening, over_tls, reached, root, saying
from zones import Zones, run

from postlib.network import Unreachable
from postlib.protocols.http import PARTS_LIMIT, Hsts, HttpFailure, Response, fetch, parse_hsts
from postlib.protocols.malformed import Malformed
from postlib.protocols.tls import TlsRefused
from postlib.resolver import Resolver

ADDRESS = "192.0.2.80"
HOST = "www.auroria.post"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"


def fetched(serve: Serve, url: str = f"http://{HOST}/", *, server: Issued | None = None, **settings: object) -> Response:
    """Fetch from one server, which answers on both ports."""
    zones = Zones({HOST: {"A": [ADDRESS]}, "nowhere.auroria.post": {"TXT": ["x"]}, "lost.auroria.post": "servfail"})
    secure = over_tls((server or leaf(HOST)).context(), serve)
    with listening(serve) as plain, listening(secure) as tls:
        network = reached({(ADDRESS, 80): plain, (ADDRESS, 443): tls}, zones, roots=root().pem, timeout=0.3)
        return run(fetch(Resolver(network, validate=False), url, **settings))  # type: ignore[arg-type]


def moved(where: str) -> bytes:
    return b"HTTP/1.1 301 Moved\r\nLocation: " + where.encode() + b"\r\nContent-Length: 0\r\n\r\n"


def test_a_page_is_fetched_in_the_clear() -> None:
    response = fetched(answering(OK))
    assert (response.status, response.body, response.media_type, response.address) == (200, b"hello", "text/plain", ADDRESS)
    assert response.handshake is None and response.trust is None


def test_a_page_is_fetched_over_tls_with_handshake_and_trust() -> None:
    response = fetched(answering(OK), f"https://{HOST}/x?y=1")
    assert response.body == b"hello"
    assert response.handshake is not None and response.handshake.alpn == "http/1.1"
    assert response.trust is not None and response.trust.trusted


def test_a_bad_certificate_is_reported_and_the_page_still_seen() -> None:
    response = fetched(answering(OK), f"https://{HOST}/", server=issue(HOST))
    assert response.body == b"hello" and response.trust is not None and response.trust.result == "self-signed"


def test_a_body_is_bounded() -> None:
    response = fetched(answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000), max_body=1000)
    assert len(response.body) == 1000 and response.truncated
    assert not fetched(answering(OK), max_body=5).truncated


def test_the_parts_of_a_response_are_bounded() -> None:
    """A body in very many chunks is cut off; very many interim responses are no response."""
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"
    response = fetched(answering(chunks))
    assert response.truncated and len(response.body) <= PARTS_LIMIT
    with pytest.raises(HttpFailure, match="malformed"):
        fetched(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000 + OK))


def test_port_0_is_no_port() -> None:
    with pytest.raises(ValueError, match="port 0"):
        fetched(answering(OK), f"https://{HOST}:0/")


def test_a_chunked_body_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    assert fetched(answering(chunked)).body == b"hello"


def test_an_interim_response_is_passed_over() -> None:
    assert fetched(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)).status == 200


def test_redirects_are_not_followed_unless_asked() -> None:
    response = fetched(answering(moved(f"https://{HOST}/")))
    assert (response.status, response.location, response.hops, response.stopped) == (301, f"https://{HOST}/", (), "")


def test_every_hop_is_recorded_and_the_number_bounded() -> None:
    response = fetched(answering(moved("/again")), max_redirects=3)
    assert [hop.url for hop in response.hops] == [f"http://{HOST}/"] + [f"http://{HOST}/again"] * 2
    assert response.stopped == "too-many-redirects"


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("http://127.0.0.1/", "no-route"),
        ("http://[::1]/", "no-route"),
        ("file:///etc/passwd", "bad-location"),
        ("http://user:secret@www.auroria.post/", "bad-location"),
        ("http://[bad/", "bad-location"),
        ("http://nowhere.auroria.post/", "no-address"),
        ("http://lost.auroria.post/", "servfail"),
    ],
)
def test_a_redirect_to_nowhere_stops_with_a_word_and_keeps_the_first_answer(where: str, word: str) -> None:
    response = fetched(answering(moved(where)), max_redirects=5)
    assert (response.status, response.stopped) == (301, word)


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "http:///x", "http://a@b.example/", "http://x.example:99999/", "http://x.example/é", "http://[x/"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="."):
        fetched(answering(OK), url)


def test_no_address_and_no_answer_are_told_apart() -> None:
    with pytest.raises(HttpFailure, match="no-address"):
        fetched(answering(OK), "http://nowhere.auroria.post/")
    with pytest.raises(Unreachable, match="servfail"):
        fetched(answering(OK), "http://lost.auroria.post/")


@pytest.mark.parametrize(
    "words",
    [b"220 mx ESMTP\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 99999],
)
def test_what_is_not_http_is_malformed(words: bytes) -> None:
    with pytest.raises(HttpFailure, match="malformed"):
        fetched(answering(words))


def test_a_server_that_hangs_up_without_a_word_has_said_nothing() -> None:
    with pytest.raises(Unreachable, match="closed"):
        fetched(answering(b""))


def test_a_server_that_never_answers_times_out() -> None:
    with pytest.raises(Unreachable, match="timeout"):
        fetched(saying(b"", b"", b""), address=ADDRESS)


def test_https_on_a_plain_port_is_refused() -> None:
    with pytest.raises(TlsRefused, match="not-tls"):
        fetched(saying(b"nonsense\r\n"), f"https://{HOST}:80/")


def test_hsts_is_read() -> None:
    """RFC 6797, section 6.2."""
    assert parse_hsts("max-age=31536000") == Hsts(31536000)
    assert parse_hsts(' Max-Age = "0" ; includeSubDomains;; preload ;x="a;b"') == Hsts(0, True, True)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "bad-max-age"),
        ("includeSubDomains", "bad-max-age"),
        ("max-age=-1", "bad-max-age"),
        ("max-age=1; MAX-AGE=2", "duplicate"),
        ("max-age=1; includeSubDomains=yes", "bad-directive"),
        ("max-age=1 2", "bad-directive"),
        ("max-age=1\n", "bad-directive"),  # a line's end is no end of the header: it was once read for ever
        ('max-age=1; "x"', "bad-directive"),
        ("x" * 9000, "too-long"),
    ],
)
def test_bad_hsts_is_malformed(value: str, reason: str) -> None:
    with pytest.raises(Malformed) as error:
        parse_hsts(value)
    assert error.value.reason == reason


@given(st.text(max_size=60) | st.from_regex(r'(max-age="?[0-9]{1,20}"?|[a-z]{1,3}|;| |=|"){0,12}', fullmatch=True))
def test_hsts_is_a_policy_or_malformed(value: str) -> None:
    try:
        assert parse_hsts(value).max_age >= 0
    except Malformed as error:
        assert error.reason in ("bad-directive", "duplicate", "bad-max-age")
