"""Key records made and read (RFC 6376, section 3.6.1)."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import key_of, quoted

from postlib.protocols.dkim import is_key, key_name, key_record, parse_key
from postlib.protocols.dkim.key import RECORD_LIMIT


def raw(key):  # type: ignore[no-untyped-def]
    """A public key's own octets, to compare keys by."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("kind", "bits", "weak", "short"), [("rsa", 2048, 0, 0), ("1024", 1024, 0, 1), ("768", 768, 1, 0), ("ed25519", 256, 0, 0)]
)
def test_a_record_gives_back_the_key_it_was_made_of(kind, bits, weak, short):
    """RFC 8463, section 4, for Ed25519; RFC 8301, section 3.2, for the sizes."""
    record = parse_key(key_record(key_of(kind), flags=["y", "s"], services=["email"], hashes=["sha256"], notes="of 2026"))
    assert raw(record.key) == raw(key_of(kind).public_key())
    assert (record.bits, record.weak, record.short, record.faults) == (bits, bool(weak), bool(short), ())
    assert (record.flags, record.services, record.hashes, record.notes) == (("y", "s"), ("email",), ("sha256",), "of 2026")
    assert record.testing and record.strict and record.for_mail and not record.revoked


def test_a_public_key_and_its_private_key_make_the_same_record():
    assert key_record(key_of("rsa")) == key_record(key_of("rsa").public_key())


def test_a_bare_rsa_public_key_is_read_too():
    """RFC 6376, erratum 3017: both encodings are in use."""
    public = key_of("rsa").public_key()
    assert isinstance(public, RSAPublicKey)
    bare = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
    assert parse_key(f"p={bare}").bits == 2048


def test_an_empty_key_is_revoked_and_not_faulty():
    record = parse_key(key_record(None))
    assert record.revoked and record.faults == () and record.key is None


def test_white_space_within_the_key_is_no_matter():
    record = key_record(key_of("rsa"))
    assert parse_key(record[:80] + " \t" + record[80:] + " ;").bits == 2048


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("v=DKIM1; k=rsa", ("no-key-data",)),
        ("v=DKIM1; k=rsa; p=MIG", ("bad-base64",)),
        ("v=DKIM1; k=rsa; p=AAAA", ("bad-key-data",)),
        ("v=DKIM1; k=ed25519; p=AAAA", ("bad-key-data",)),
        ("v=DKIM1; k=gost; p=AAAA", ("unknown-key-type",)),
        ("v=DKIM2; p=", ("bad-version",)),
        ("p=; v=DKIM1", ("bad-version",)),
        ("v=DKIM1; p=; p=", ("duplicate-tag",)),
        ("v=DKIM1; p", ("bad-tag",)),
        ("v=DKIM1; =x; p=", ("bad-tag",)),
        ("v=DKIM1;; p=", ("bad-tag",)),
        ("", ("no-key-data",)),
        (b"v=DKIM1; p=\xff", ("not-text",)),
        ("v=DKIM1; p=" + "A" * RECORD_LIMIT, ("too-long",)),
        ("; ".join(f"x{n}=1" for n in range(100)), ("too-many-tags",)),
    ],
)
def test_what_is_wrong_is_named(text, faults):
    record = parse_key(text)
    assert record.faults == faults and record.key is None and not record.revoked


def test_a_key_of_another_kind_or_size_is_no_dkim_key():
    data = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert parse_key(f"k=rsa; p={base64.b64encode(data).decode()}").faults == ("bad-key-data",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"v=DKIM1; p=", True),
        (b"k=rsa; p=MIG", True),
        (b"v=DKIM1; p", True),
        (b"v=dkim1; p=x", True),
        (b"v=spf1 -all", False),
        (b"v=DMARC1; p=none", False),
        (b"site-verification=abc", False),
        (b"", False),
        (b"\xff", False),
    ],
)
def test_a_key_record_is_told_from_other_texts(text, expected):
    """A wildcard gives its text to every name (RFC 6376, section 6.1.2)."""
    assert is_key(text) is expected


def test_notes_that_would_end_the_tag_are_refused():
    with pytest.raises(ValueError, match="semicolon"):
        key_record(None, notes="a; p=x")


def test_a_name_that_is_none_is_refused():
    with pytest.raises(ValueError, match="bad-name"):
        key_name("x" * 64, "auroria.post")


def test_a_zone_file_splits_long_records():
    """RFC 1035, section 3.3.14: a string has at most 255 octets."""
    assert quoted(key_record(key_of("rsa"))).count('"') == 4


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda junk: b"v=DKIM1; p=" + junk), st.text(max_size=99)))
@example(b"v=DKIM1; k=rsa; p=MAA=")
@example("\ud800")
def test_no_octets_crash_the_reader(record):
    found = parse_key(record)
    assert (found.key is None) == bool(found.faults) or found.revoked
