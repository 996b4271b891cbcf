"""Signatures made and verified (RFC 6376), over real DNS questions."""

from __future__ import annotations

import base64
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import example, given, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import MESSAGE, NOW, key_of, keys, published, quoted
from zones import Zones, run, served

from postlib.clock import LabClock
from postlib.network import Network
from postlib.protocols.dkim import RESULTS, SIGNATURES, Signature, key_record, sign, verify
from postlib.protocols.dkim.signature import read

signed = partial(sign, domain="auroria.post", selector="s2026a", now=NOW)


def outcomes(message: bytes, resolver=None, now=NOW):  # type: ignore[no-untyped-def]
    """The signatures of a message, the auroria.post keys being published."""
    resolver = resolver or published(s2026a="rsa", s2026b="ed25519")
    return run(verify(resolver, message, now=now))


def outcome(message: bytes, resolver=None, now=NOW) -> Signature:  # type: ignore[no-untyped-def]
    """Its only signature."""
    (signature,) = outcomes(message, resolver, now)
    return signature


@pytest.mark.parametrize("canonicalization", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
@pytest.mark.parametrize(("selector", "kind"), [("s2026a", "rsa"), ("s2026b", "ed25519")])
def test_what_was_signed_verifies(selector, kind, canonicalization):
    """RFC 6376, section 3.4, and RFC 8463."""
    message = signed(MESSAGE, selector=selector, key=key_of(kind), canonicalization=canonicalization)
    found = outcome(message)
    assert (found.result, found.reason) == ("pass", "")
    assert (found.domain, found.selector, found.identity) == ("auroria.post", selector, "@auroria.post")
    assert (found.key_type, found.bits) == ({"rsa": ("rsa", 2048), "ed25519": ("ed25519", 256)}[kind])
    assert found.canonicalization == canonicalization and found.signed_at == int(NOW.timestamp())
    assert found.from_signed and not (found.testing or found.strict or found.short_key or found.unsigned)
    assert message.endswith(MESSAGE) and message.startswith(b"DKIM-Signature: v=1;")
    assert max(map(len, message.split(b"\r\n"))) <= 78


def test_the_same_time_gives_the_same_octets():
    assert signed(MESSAGE, key=key_of("rsa")) == signed(MESSAGE, key=key_of("rsa"))


def test_a_message_with_bare_line_feeds_stays_so():
    message = signed(MESSAGE.replace(b"\r\n", b"\n"), key=key_of("rsa"))
    assert b"\r" not in message
    assert outcome(message).passed and outcome(message.replace(b"\n", b"\r\n")).passed


def test_an_unsigned_message_has_no_signatures():
    assert outcomes(MESSAGE) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Dear Ana", b"Dear Eve", "body-altered"),
        (b"Your parcel\r\n", b"Your customs fee\r\n", "header-altered"),
        (b"From: Parcels", b"From: Pay Now <fee@x.test>\r\nFrom: Parcels", "header-altered"),  # section 8.15
    ],
)
def test_what_was_altered_fails(old, new, reason):
    found = outcome(signed(MESSAGE, key=key_of("rsa")).replace(old, new))
    assert (found.result, found.reason) == ("fail", reason)


def test_an_altered_header_and_another_key_look_the_same_to_ed25519():
    message = signed(MESSAGE, selector="s2026b", key=key_of("ed25519")).replace(b"Your parcel\r\n", b"Fee\r\n")
    assert outcome(message).reason == "bad-signature"


def test_a_signature_by_another_key_is_bad():
    assert outcome(signed(MESSAGE, key=key_of("other"))).reason == "bad-signature"


def test_fields_that_are_not_signed_may_change():
    message = signed(MESSAGE, key=key_of("rsa")).replace(b"from nowhere", b"from somewhere")
    assert outcome(b"Received: from a list\r\n" + message).passed


def test_what_is_added_after_l_verifies_and_is_counted():
    """Section 8.2: the appended text is unsigned, whatever it says."""
    message = signed(MESSAGE, key=key_of("rsa"), length=True)
    found = outcome(message)
    assert found.passed and found.unsigned == 0 and found.length is not None and found.length > 0
    found = outcome(message.rstrip(b"\r\n") + b"\r\nPay the fee here\r\n")
    assert found.passed and found.unsigned == len(b"Pay the fee here\r\n")


def test_a_body_shorter_than_l_fails():
    """Section 3.5: l= must not be larger than the body."""
    message = signed(MESSAGE, key=key_of("rsa"), length=True)
    length = outcome(message).length
    found = outcome(message.replace(f"l={length};".encode(), b"l=9999;"))
    assert (found.result, found.reason) == ("fail", "body-altered")


def test_a_signature_expires_by_the_given_time_and_by_the_networks_clock():
    """Section 3.5, x=."""
    message = signed(MESSAGE, key=key_of("rsa"), expires_after=timedelta(days=1))
    assert outcome(message, now=NOW + timedelta(hours=24)).passed
    late = outcome(message, now=NOW + timedelta(hours=25))
    assert (late.result, late.reason, late.expires) == ("fail", "expired", int(NOW.timestamp()) + 86400)
    zones = Zones({"s2026a._domainkey.auroria.post": {"TXT": [quoted(key_record(key_of("rsa")))]}})
    clock = LabClock(NOW)
    network = Network(forwarder=zones.forwarder, timeout=0.3, clock=clock)
    clock.advance(days=2)
    assert [one.reason for one in run(verify(network, message))] == ["expired"]


def test_a_signature_from_the_future_is_not_accepted():
    found = outcome(signed(MESSAGE, key=key_of("rsa")), now=NOW - timedelta(hours=1))
    assert (found.result, found.reason) == ("policy", "signed-in-future")
    assert outcome(signed(MESSAGE, key=key_of("rsa")), now=NOW - timedelta(minutes=4)).passed


def test_every_signature_is_looked_at_not_only_the_first():
    """RFC 6376, section 4.2."""
    message = signed(signed(MESSAGE, key=key_of("rsa")), selector="s2026b", key=ed25519.Ed25519PrivateKey.generate())
    assert [(one.selector, one.result) for one in outcomes(message)] == [("s2026b", "fail"), ("s2026a", "pass")]


def test_only_so_many_signatures_are_looked_at():
    """RFC 6376, section 8.4."""
    message = b"DKIM-Signature: v=1\r\n" * (SIGNATURES + 5) + MESSAGE
    assert len(outcomes(message)) == SIGNATURES


@pytest.mark.parametrize(
    ("record", "result", "reason"),
    [
        (key_record(None), "permerror", "key-revoked"),
        ("v=DKIM1; p=nonsense", "permerror", "key-syntax"),
        ("v=DKIM1; k=rsa; p=@@@", "permerror", "key-syntax"),
        ("v=DKIM1", "permerror", "key-syntax"),
        ("v=spf1 -all", "permerror", "no-key"),
        (key_record(key_of("ed25519")), "permerror", "key-type"),
        (key_record(key_of("rsa"), hashes=["sha1"]), "permerror", "key-hash"),
        (key_record(key_of("rsa"), services=["tlsrpt"]), "permerror", "key-service"),
        (key_record(key_of("rsa"), hashes=["sha1", "sha256"], services=["email"], notes="a note"), "pass", ""),
    ],
)
def test_a_key_record_decides(record, result, reason):
    """Sections 3.6.1 and 6.1.2."""
    found = outcome(signed(MESSAGE, key=key_of("rsa")), keys({"s2026a": record}))
    assert (found.result, found.reason) == (result, reason)


def test_rsa_keys_under_1024_bits_never_pass_and_under_2048_are_marked():
    """RFC 8301, section 3.2."""
    found = outcome(signed(MESSAGE, key=key_of("768")), published(s2026a="768"))
    assert (found.result, found.reason, found.bits) == ("policy", "weak-key", 768)
    found = outcome(signed(MESSAGE, key=key_of("1024")), published(s2026a="1024"))
    assert found.passed and found.short_key and found.bits == 1024


def test_sha1_never_passes():
    """RFC 8301, section 3.1."""
    found = outcome(signed(MESSAGE, key=key_of("rsa"), algorithm="rsa-sha1"))
    assert (found.result, found.reason) == ("permerror", "historic-algorithm")


@pytest.mark.parametrize(
    ("flags", "identity", "reason"),
    [
        ([], "news@list.auroria.post", ""),
        (["s"], "news@list.auroria.post", "domain-mismatch"),
        (["s"], "news@auroria.post", ""),
        ([], "news@valdoria.post", "domain-mismatch"),
        ([], "news@notauroria.post", "domain-mismatch"),
        (["y", "s"], "", ""),
    ],
)
def test_the_identity_is_within_the_domain_and_with_s_at_it(flags, identity, reason):
    """Section 3.5, i=, and section 3.6.1, t=s."""
    found = outcome(signed(MESSAGE, key=key_of("rsa"), identity=identity), keys({"s2026a": key_record(key_of("rsa"), flags=flags)}))
    assert found.reason == reason and found.strict == ("s" in flags and identity != "news@valdoria.post")
    assert found.testing == ("y" in flags)


def test_no_key_is_permanent_and_silence_is_temporary():
    """Section 6.1.2: NXDOMAIN and no data say there is no key; a timeout says nothing."""
    message = signed(MESSAGE, key=key_of("rsa"))
    assert (outcome(message, keys({})).result, outcome(message, keys({})).reason) == ("permerror", "no-key")
    for word in ("timeout", "servfail", "refused"):
        found = outcome(message, served({"s2026a._domainkey.auroria.post": word}))
        assert (found.result, found.reason) == ("temperror", word) and found.detail


def test_two_key_records_are_undefined_and_so_no_pass():
    """Section 3.6.2.2; another text beside the key is not in the way."""
    record = quoted(key_record(key_of("rsa")))
    for beside, reason in ((quoted(key_record(None)), "several-keys"), ('"v=spf1 -all"', "")):
        resolver = served({"s2026a._domainkey.auroria.post": {"TXT": [record, beside]}})
        assert outcome(signed(MESSAGE, key=key_of("rsa")), resolver).reason == reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"v": "2"}, "unsupported-version"),
        ({"v": None}, "signature-syntax"),
        ({"a": "rsa-md5"}, "unsupported-algorithm"),
        ({"c": "nowsp"}, "unsupported-canonicalization"),
        ({"q": "dns/a"}, "unsupported-query"),
        ({"h": "to:subject"}, "from-not-signed"),
        ({"d": None}, "signature-syntax"),
        ({"d": "post"}, "signature-syntax"),
        ({"d": "a..post"}, "signature-syntax"),
        ({"s": "a" * 64}, "signature-syntax"),
        ({"b": "!"}, "signature-syntax"),
        ({"bh": ""}, "signature-syntax"),
        ({"l": "-1"}, "signature-syntax"),
        ({"l": "9" * 77}, "signature-syntax"),
        ({"x": "1", "t": "1"}, "signature-syntax"),
        ({"x": "\u0661"}, "signature-syntax"),
        ({"h": "from" + ":x" * 300}, "signature-syntax"),
        ({"i": "nobody"}, "domain-mismatch"),
        ({"z": "x" * 20000}, "signature-syntax"),
    ],
)
def test_a_field_that_cannot_be_understood_is_no_pass(tags, reason):
    """Sections 3.5 and 6.1.1."""
    fields = {"v": "1", "a": "rsa-sha256", "d": "auroria.post", "s": "s2026a", "h": "from", "bh": "AA==", "b": "AA=="} | tags
    text = "; ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    found = outcome(b"DKIM-Signature: " + text.encode() + b"\r\n" + MESSAGE)
    assert (found.reason, found.result) == (reason, RESULTS[reason])


def test_what_cannot_be_signed_is_refused():
    for change in (
        {"domain": "no domain"},
        {"selector": ""},
        {"headers": ["To"]},
        {"algorithm": "ed25519-sha256"},
        {"canonicalization": "odd"},
        {"headers": ["From", "a;b"]},
        {"identity": "a@auroria.post; d=valdoria.post"},
    ):
        with pytest.raises(ValueError):
            signed(MESSAGE, **({"key": key_of("rsa")} | change))
    with pytest.raises(ValueError):
        signed(b"To: nobody\r\n\r\n", key=key_of("rsa"))


def test_hostile_sizes_end_soon():
    """Long runs of spaces, many fields and a huge header: bounds named in postlib.protocols.dkim.message."""
    start = time.process_time()
    long = signed(MESSAGE.replace(b"Dear", b" " * 1_000_000 + b"x Dear"), key=key_of("rsa"))
    assert outcome(long).passed
    assert outcome(b"DKIM-Signature: v=1\r\n" + b"a:\n" * 400_000 + MESSAGE).reason == "message-syntax"
    assert outcome(b"DKIM-Signature: b=" + b"\r\n " * 300_000 + b"!\r\n" + MESSAGE).reason == "signature-syntax"
    assert time.process_time() - start < 3


RESOLVER = published(s2026a="rsa", s2026b="ed25519")
SIGNED = {name: signed(MESSAGE, selector=name, key=key_of(kind)) for name, kind in (("s2026a", "rsa"), ("s2026b", "ed25519"))}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SIGNED)), st.integers(0, 2**16), st.binary(min_size=1, max_size=3))
def test_no_changed_signature_field_or_body_passes_for_other_content(selector, place, junk):
    """Whatever octets are put in: no crash, and a pass only while the signed parts say the same."""
    original = SIGNED[selector]
    place %= len(original)
    for found in outcomes(original[:place] + junk + original[place + len(junk) :], RESOLVER):
        assert found.result in set(RESULTS.values()) and found.reason != "timeout"
        if found.passed:
            kept = replace(read(original.split(b"\r\n\r\n")[0].partition(b":")[2].split(b"\r\nFrom")[0]), reason="")
            assert (found.body_hash, found.octets, found.domain) == (kept.body_hash, kept.octets, kept.domain)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
@example(b" x: y\r\n")
@example(b"\r\nDKIM-Signature: v=1\r\n")
@example(b"DKIM-Signature: v=1; b=" + base64.b64encode(b"x") + b"; b=\r\n\r\n")
def test_no_octets_crash_the_verifier(octets):
    for message in (octets, b"DKIM-Signature: " + octets, b"DKIM-Signature: v=1; a=rsa-sha256; d=auroria.post; s=s2026a;" + octets):
        assert all(not found.passed for found in outcomes(message, RESOLVER))
