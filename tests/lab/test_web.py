"""The lab's web servers over real sockets: our own client with a PROXY header, and curl and ssl without one."""

import http.client
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postlib import background
from postlib.clock import LabClock
from postlib.lab.authority import Authority, Credentials
from postlib.lab.keys import Keys
from postlib.lab.personalities import context, credentials, servable
from postlib.lab.personality import PERSONALITIES
from postlib.lab.site import Page, Site, Visit
from postlib.lab.web import Web
from postlib.network import Network, proxy_header

HOST, SERVER, CLIENT = "www.auroria.post", "198.51.100.7", "192.0.2.25"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # curl verifies by its own clock
AUTHORITY = Authority(Keys("union"), TODAY)
HOME = Page(body=b"Letters, parcels, stamps.\n")


class Servers:
    """The sites, what was logged, and a Web on the background loop."""

    def __init__(self) -> None:
        self.sites = {HOST: Site((HOST,), {"/": HOME, "/moved": Page(204, ())}, hsts="max-age=63072000")}
        self.visits: list[Visit] = []
        self.web = Web(LabClock(TODAY))

    def http(self, proxied: bool = False) -> int:
        return background.run(self.web.open_http(self.sites.get, self.visits.append, proxied=proxied))

    def https(self, personality: str = "good", proxied: bool = False, host: str = HOST) -> int:
        self.sites[host] = Site((host,), {"/": HOME}, hsts="max-age=63072000", personality=personality)
        shown = self.credentials
        return background.run(self.web.open_https(self.sites.get, shown, self.visits.append, proxied=proxied, personality=personality))

    @staticmethod
    def credentials(site: Site) -> Credentials:
        return credentials(AUTHORITY, site.personality, site.hosts)


@pytest.fixture
def servers() -> Iterator[Servers]:
    bugs: list[dict[str, Any]] = []
    background.loop().set_exception_handler(lambda _, context: bugs.append(context))
    made = Servers()
    yield made
    background.run(made.web.close())
    background.loop().set_exception_handler(None)
    assert bugs == []


def said(port: int, octets: bytes) -> bytes:
    """All that a plain server says to these octets."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client, client.makefile("rb") as answer:
        client.sendall(octets)
        return answer.read()


def get(port: int, path: str = "/", method: str = "GET", host: str = HOST) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={"Host": host})
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def anything() -> ssl.SSLContext:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    client.set_ciphers("ALL:@SECLEVEL=0")
    return client


def shaken(port: int, name: str | None = HOST) -> ssl.SSLSocket:
    """A TLS connection that accepts anything, closed again."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as bare, anything().wrap_socket(bare, server_hostname=name) as tls:
        tls.facts = tls.version(), tls.getpeercert(binary_form=True)  # type: ignore[attr-defined]
        return tls


def test_plain_http_sends_everyone_to_https(servers: Servers) -> None:
    response = get(servers.http(), "/track?item=RR1", host="WWW.auroria.post:80")
    assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}/track?item=RR1")
    assert servers.visits == [Visit(TODAY, "203.0.113.250", HOST, "/track?item=RR1", 301)]
    assert "Strict-Transport-Security" not in response.headers  # RFC 6797, section 7.2


def test_a_page_comes_with_its_headers_and_the_lab_s_date(servers: Servers) -> None:
    servers.sites[HOST] = Site((HOST,), {"/": HOME, "/moved": Page(204, ())}, redirect=False)
    port = servers.http()
    response = get(port, "/?a=b")
    assert (response.status, response.body, response.headers["Connection"]) == (200, HOME.body, "close")  # type: ignore[attr-defined]
    assert response.headers["Date"] == f"{TODAY:%a, %d %b %Y} 00:00:00 GMT"
    assert get(port, "/moved").status == 204 and get(port, "/nowhere").status == 404
    assert get(port, host="unknown.example").status == 404


def test_a_head_request_gets_the_headers_alone(servers: Servers) -> None:
    servers.sites[HOST] = Site((HOST,), {"/": HOME}, redirect=False)
    response = said(servers.http(), f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert b"Content-Length: 26\r\n" in response and response.endswith(b"\r\n\r\n")


def test_other_methods_are_refused_with_those_allowed(servers: Servers) -> None:
    response = get(servers.http(), method="DELETE")
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_a_target_with_a_host_of_its_own_goes_before_the_host_header(servers: Servers) -> None:
    """RFC 9112, section 3.2.2."""
    response = said(servers.http(), f"GET http://{HOST}/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n".encode())
    assert response.startswith(b"HTTP/1.1 301 ") and f"Location: https://{HOST}/a?b\r\n".encode() in response


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"EHLO client.example\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # no Host (RFC 9112, section 3.2)
        (b"GET * HTTP/1.1\r\nHost: a.example\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", b"400"),
        (b"GET http://[:80/ HTTP/1.1\r\nHost: a.example\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_a_bad_request_is_told_so(servers: Servers, request_: bytes, status: bytes) -> None:
    assert said(servers.http(), request_).startswith(b"HTTP/1.1 " + status)


def test_any_octets_get_an_answer_or_a_closed_connection(servers: Servers) -> None:
    port = servers.http()

    @given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"GET " + tail + b" HTTP/1.1\r\nHost: a.example\r\n\r\n"))
    @settings(max_examples=60, deadline=None)
    def check(octets: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client, client.makefile("rb") as answer:
            client.sendall(octets)
            client.shutdown(socket.SHUT_WR)
            assert answer.read(13) in {b"", b"HTTP/1.1 404 ", b"HTTP/1.1 400 "}

    check()


def test_a_proxied_client_is_who_its_header_says(servers: Servers) -> None:
    port = servers.https(proxied=True)
    network = Network(route=lambda *_: ("127.0.0.1", port), source=CLIENT, certificate_roots=AUTHORITY.root_pem)

    async def work() -> bytes:
        reader, writer = await network.connect(SERVER, 443)
        await writer.start_tls(network.tls_context(), server_hostname=HOST)
        writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        octets = await reader.read()
        writer.close()
        return octets

    answered = background.run(work())
    assert answered.endswith(HOME.body) and b"Strict-Transport-Security: max-age=63072000" in answered
    assert servers.visits == [Visit(TODAY, CLIENT, HOST, "/", 200, tls="TLSv1.3")]


def test_tls_may_begin_in_the_same_segment_as_the_proxy_header(servers: Servers) -> None:
    """Not an octet behind the header may be lost: the ClientHello often comes with it."""
    port = servers.https(proxied=True)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = anything().wrap_bio(to_client, to_server, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as bare:
        bare.sendall(proxy_header(CLIENT, SERVER, 443) + to_server.read())
        assert bare.recv(1) == b"\x16"  # a handshake record (RFC 8446, section 5.1)


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", b"\r\n" * 8])
def test_a_proxied_port_hangs_up_on_a_client_without_a_header(servers: Servers, octets: bytes) -> None:
    port = servers.http(proxied=True)
    try:
        assert said(port, octets) == b""
    except ConnectionResetError:  # what the server did not read makes its close a reset
        assert servers.visits == []


VERSIONS = {"tls1.0": "TLSv1", "tls1.1": "TLSv1.1"} | dict.fromkeys(("tls1.0-1.2", "tls1.2", "cbc", "no-forward-secrecy"), "TLSv1.2")


@pytest.mark.parametrize("word", PERSONALITIES)
def test_each_personality_speaks_its_versions_and_shows_its_certificate(servers: Servers, word: str) -> None:
    if word not in servable():
        pytest.skip(f"the local OpenSSL cannot serve {word}")
    seen = shaken(servers.https(word)).facts  # type: ignore[attr-defined]
    shown = ssl.PEM_cert_to_DER_cert(credentials(AUTHORITY, word, (HOST,)).chain[0])
    assert seen == (VERSIONS.get(word, "TLSv1.3"), shown)


def test_the_local_openssl_serves_what_every_build_can() -> None:
    assert {"good", "expired", "wrong-host", "self-signed", "incomplete", "tls1.2", "tls1.3"} <= servable()
    with pytest.raises(ValueError, match="no TLS personality 'ssl2'"):
        context("ssl2", credentials(AUTHORITY, "good", [HOST]))


def test_one_port_shows_each_name_its_own_certificate_and_others_none(servers: Servers) -> None:
    """RFC 6066, section 3: unrecognized_name for a name not served, for no name, and for a site that has moved to another port."""
    other = "www.valdoria.post"
    port = servers.https()
    assert servers.https(host=other) != port
    first, second = shaken(port).facts, shaken(port, other).facts  # type: ignore[attr-defined]
    assert first != second
    servers.sites[other] = Site((other,), personality="expired")
    for name in ("unknown.example", None, other):
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            shaken(port, name)


def test_a_host_other_than_those_of_the_port_is_misdirected(servers: Servers) -> None:
    """RFC 9110, section 15.5.20."""
    port = servers.https()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as bare, anything().wrap_socket(bare, server_hostname=HOST) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 421 ")


def test_a_large_page_arrives_whole_and_ends_with_close_notify(servers: Servers) -> None:
    """RFC 8446, section 6.1: without a close_notify the page might have been cut off."""
    port, large = servers.https(), bytes(300_000)
    servers.sites[HOST] = Site((HOST,), {"/": Page(body=large)})
    client = anything()
    bare = socket.create_connection(("127.0.0.1", port), timeout=5)
    with client.wrap_socket(bare, server_hostname=HOST, suppress_ragged_eofs=False) as tls, tls.makefile("rb") as page:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert page.read().endswith(b"\r\n\r\n" + large)


def test_a_client_too_modern_for_the_server_is_told_so_by_an_alert(servers: Servers) -> None:
    if "tls1.0" not in servable():
        pytest.skip("the local OpenSSL cannot serve tls1.0")
    client = ssl._create_unverified_context()
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    port = servers.https("tls1.0")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as bare, pytest.raises(ssl.SSLError, match="(?i)alert"):
        client.wrap_socket(bare, server_hostname=HOST)


def test_a_client_that_speaks_no_tls_does_no_harm(servers: Servers) -> None:
    port = servers.https()
    said(port, b"GET / HTTP/1.1\r\n\r\n")
    assert shaken(port).facts[0] == "TLSv1.3"  # type: ignore[attr-defined]


def test_closing_ends_the_connections_that_wait(servers: Servers) -> None:
    port = servers.http()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /")
        assert get(port).status == 301
        background.run(servers.web.close())
        assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
@pytest.mark.parametrize("word", [word for word, personality in PERSONALITIES.items() if personality.fault] + ["good", "tls1.0"])
def test_curl_trusts_the_good_site_and_no_other(servers: Servers, word: str, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text(AUTHORITY.root_pem)
    if word not in servable():
        pytest.skip(f"the local OpenSSL cannot serve {word}")
    port = servers.https(word)
    url = f"https://{HOST}:{port}/"
    work = ["curl", "-sS", "--max-time", "5", "--noproxy", "*", "--cacert", "root.pem", "--resolve", f"{HOST}:{port}:127.0.0.1", url]
    done = subprocess.run(work, cwd=tmp_path, capture_output=True, text=True)
    expected = {"good": 0, "tls1.0": 35}.get(word, 60)  # 35: handshake failed; 60: certificate not trusted
    assert (done.returncode, done.stdout) == (expected, HOME.body.decode() if word == "good" else ""), done.stderr
