"""Where TLS reports go (RFC 8460, section 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import run, served

from postlib.network import Unreachable
from postlib.protocols.malformed import Malformed
from postlib.protocols.tls_rpt import Record, discover, parse_record


def test_mailto_and_https_are_usable() -> None:
    record = parse_record(b"v=TLSRPTv1; rua=mailto:tls@auroria.post , https://reports.auroria.post/v1; x=y;")
    assert record == Record(("mailto:tls@auroria.post", "https://reports.auroria.post/v1"), (), (("x", "y"),))


def test_other_schemes_are_kept_apart() -> None:
    assert parse_record(b"v=TLSRPTv1;rua=ftp://auroria.post/x") == Record((), ("ftp://auroria.post/x",))


def test_several_rua_are_read_one_after_another() -> None:
    """RFC 8460, section 3: tlsrpt-field, which may be a rua, may come more than once."""
    record = parse_record(b"v=TLSRPTv1; rua=mailto:a@b.example; x=y; rua=mailto:c@d.example,https://d.example")
    assert record.rua == ("mailto:a@b.example", "mailto:c@d.example", "https://d.example")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"v=TLSRPTv1", "no-fields"),
        (b"v=TLSRPTv2; rua=mailto:a@b.example", "bad-version"),
        (b"v=TLSRPTv1; x=y", "no-rua"),
        (b"v=TLSRPTv1; rua=tls@auroria.post", "bad-uri"),
        (b"v=TLSRPTv1; rua=mailto:auroria.post", "bad-uri"),
        (b"v=TLSRPTv1; rua=mailto:a@b.example!10m", "bad-uri"),
        (b"v=TLSRPTv1; rua=mailto:a@b.example,", "bad-uri"),
        (b"v=TLSRPTv1; rua=https:///x", "bad-uri"),
        (b"v=TLSRPTv1; rua=https://[x", "bad-uri"),
        (b"v=TLSRPTv1; rua=", "bad-field"),
    ],
)
def test_a_bad_record_is_malformed(text: bytes, word: str) -> None:
    with pytest.raises(Malformed) as error:
        parse_record(text)
    assert error.value.reason == word


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["v=TLSRPTv1; rua=mailto:tls@auroria.post", "hello"], ""),
        (["hello"], "no-record"),
        (["v=TLSRPTv1; rua=mailto:a@b.example"] * 1 + ["v=TLSRPTv1; rua=mailto:c@b.example"], "several-records"),
        (["v=TLSRPTv1; rua=nobody"], "bad-uri"),
    ],
)
def test_the_record_is_found_at_its_name(texts: list[str], word: str) -> None:
    quoted = [f'"{text}"' for text in texts]
    found = run(discover(served({"_smtp._tls.auroria.post": {"TXT": quoted}}), "auroria.post"))
    assert found.failure == word and (found.record is None) is bool(word) and len(found.texts) == len(texts)


def test_a_name_too_long_for_the_prefix_has_no_record() -> None:
    """RFC 1035, section 2.3.4."""
    assert run(discover(served({}), ".".join(["a" * 62] * 4)[:250])).failure == "no-record"


def test_an_unanswered_question_is_no_statement() -> None:
    with pytest.raises(Unreachable):
        run(discover(served({"_smtp._tls.auroria.post": "servfail"}), "auroria.post"))


PIECES = st.sampled_from([b"v=TLSRPTv1", b";", b"rua=", b"mailto:a@b", b"https://x", b",", b"[", b"!", b" ", b"x=y"])


@given(st.binary(max_size=80) | st.lists(PIECES, max_size=12).map(b"".join))
def test_any_octets_are_a_record_or_malformed(text: bytes) -> None:
    try:
        record = parse_record(text)
    except Malformed:
        return
    assert record.rua or record.unusable
