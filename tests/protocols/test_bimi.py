"""BIMI's record (draft-brand-indicators-for-message-identification-08)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import run, served

from postlib.network import Unreachable
from postlib.protocols.bimi import Record, discover, parse_record

LOGO = "https://www.auroria.post/logo.svg"


def test_location_authority_and_other_tags() -> None:
    text = f"v=BIMI1; l={LOGO}; a=https://www.auroria.post/vmc.pem; avp=brand;".encode()
    assert parse_record(text) == Record(LOGO, "https://www.auroria.post/vmc.pem", (("avp", "brand"),))


def test_both_empty_declines() -> None:
    assert parse_record(b"v=BIMI1; l=; a=;").declined
    assert not parse_record(f"v=BIMI1;l={LOGO}".encode()).declined


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "bad-tag"),
        (b"l=; v=BIMI1", "bad-version"),
        (b"v=bimi1; l=", "bad-version"),
        (b"v=BIMI1", "no-location"),
        (b"v=BIMI1; l=; l=", "duplicate-tag"),
        (b"v=BIMI1; l=http://www.auroria.post/logo.svg", "bad-uri"),
        (b"v=BIMI1; l=logo.svg", "bad-uri"),
        (b"v=BIMI1; l=https://[x", "bad-uri"),
        (b"v=BIMI1; ; l=", "bad-tag"),
        (b"v=BIMI1; l=\xff", "not-utf-8"),
        (b"v" * 70000, "too-long"),
    ],
)
def test_a_bad_record_is_malformed(text: bytes, word: str) -> None:
    with pytest.raises(ValueError, match="^" + word):
        parse_record(text)


@pytest.mark.parametrize(
    ("texts", "word"),
    [([f"v=BIMI1; l={LOGO}", "hello"], ""), (["hello", "v=BIMI10"], "no-record"), (["v=BIMI1; l=", "v=BIMI1; l=;"], "several-records")],
)
def test_the_record_is_found_at_its_selector(texts: list[str], word: str) -> None:
    quoted = [f'"{text}"' for text in texts]
    zones = {"default._bimi.auroria.post": {"TXT": quoted}, "parcel._bimi.auroria.post": {"TXT": ['"v=BIMI1; l=x"']}}
    assert run(discover(served(zones), "auroria.post")).failure == word
    assert run(discover(served(zones), "auroria.post", "parcel")).failure == "bad-uri"


def test_no_answer_and_no_selector_are_errors() -> None:
    with pytest.raises(Unreachable):
        run(discover(served({"default._bimi.auroria.post": "servfail"}), "auroria.post"))
    with pytest.raises(ValueError, match="selector"):
        run(discover(served({}), "auroria.post", "a..b"))


PIECES = st.sampled_from([b"v=BIMI1", b";", b"l=", b"a=", b"https://x", b" ", b"["])


@given(st.binary(max_size=80) | st.lists(PIECES, max_size=12).map(b"".join))
def test_any_octets_are_a_record_or_malformed(text: bytes) -> None:
    try:
        record = parse_record(text)
    except ValueError:
        return
    assert record.declined or "https://" in record.location + record.authority
