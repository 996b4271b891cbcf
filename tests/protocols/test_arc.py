"""The Authenticated Received Chain sealed and verified (RFC 8617)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import MESSAGE, NOW, key_of, quoted
from zones import run, served

from postlib.protocols.arc import INSTANCES, Chain, seal, verify_arc
from postlib.protocols.authentication_results import AuthenticationResults, MethodResult
from postlib.protocols.dkim import key_record, sign

PASSED = (MethodResult("dkim", "pass", properties=(("header", "d", "auroria.post"),)), MethodResult("spf", "pass"))
KEYS = {"arc._domainkey.lists.example": "rsa", "arc._domainkey.forward.example": "other", "s2026a._domainkey.auroria.post": "rsa"}
ZONE = {name: {"TXT": [quoted(key_record(key_of(kind)))]} for name, kind in KEYS.items()}
RESOLVER = served(ZONE)


def found(message: bytes, resolver=RESOLVER, now=NOW) -> Chain:  # type: ignore[no-untyped-def]
    """The chain of the message."""
    return run(verify_arc(resolver, message, now=now))


def hop(message: bytes, domain: str = "lists.example", now=NOW, chain: Chain | None = None) -> bytes:  # type: ignore[no-untyped-def]
    """The message as it leaves a hop that looked at it and sealed it."""
    results = AuthenticationResults(f"mx.{domain}", PASSED)
    key = key_of(KEYS[f"arc._domainkey.{domain}"])
    return seal(message, domain=domain, selector="arc", key=key, chain=chain or found(message, now=now), results=results, now=now)


ONE = hop(sign(MESSAGE, domain="auroria.post", selector="s2026a", key=key_of("rsa"), now=NOW))
FOOTED = ONE.rstrip(b"\r\n") + b"\r\n-- \r\nThe parcel list\r\n"  # what lists do between two hops
TWO = hop(ONE, "forward.example")


def test_a_message_without_a_chain_has_none():
    assert found(MESSAGE) == Chain("none")


def test_each_hop_adds_a_set_and_the_chain_passes():
    """Section 5.1 and 5.2."""
    chain = found(TWO)
    assert (chain.cv, chain.reason, chain.highest, chain.oldest_pass) == ("pass", "", 2, 0)
    assert [(one.number, one.domain, one.cv) for one in chain.instances] == [(1, "lists.example", "none"), (2, "forward.example", "pass")]
    assert chain.instances[0].results.startswith("mx.lists.example;") and "dkim=pass header.d=auroria.post" in chain.instances[0].results
    assert all(one.seal.passed and one.message.passed for one in chain.instances)


def test_the_same_time_gives_the_same_octets():
    assert hop(ONE, "forward.example") == TWO and TWO.endswith(ONE)


def test_a_change_before_the_last_hop_moves_the_oldest_pass():
    """Section 5.2, step 4: the last ARC-Message-Signature must hold, the ones before need not. The hop verified, then changed."""
    late = hop(FOOTED, "forward.example", chain=found(ONE))
    chain = found(late)
    assert (chain.cv, chain.oldest_pass) == ("pass", 2)
    assert chain.instances[0].message.reason == "body-altered"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Dear Ana", b"Dear Eve", "message-signature"),
        (b"Subject: Your", b"Subject: My", "message-signature"),
        (b"dkim=pass", b"dkim=fail", "seal"),
        (b"cv=none", b"cv=pass", "bad-cv"),
        (b"cv=pass", b"cv=none", "bad-cv"),
        (b"cv=pass", b"cv=fail", "cv-fail"),
        (b"cv=pass", b"cv=", "bad-cv"),
        (b"i=2; a=", b"i=3; a=", "incomplete-set"),
        (b"i=2; a=", b"i=51; a=", "too-many-instances"),
        (b"i=2; a=", b"i=0; a=", "bad-instance"),
        (b"i=2; a=", b"i=x; a=", "bad-instance"),
        (b"ARC-Seal: i=1", b"X-Seal: i=1", "incomplete-set"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=1; z=", "incomplete-set"),
        (b"Subject:", b"ARC-Authentication-Results: i=2; x\r\nSubject:", "incomplete-set"),
        (b" b=", b" h=from; b=", "bad-instance"),  # h= twice: no tag list, so no instance
        (b"cv=none;", b"cv=none; h=from;", "seal"),  # section 4.1.3
    ],
)
def test_what_was_altered_fails(old, new, reason):
    """Section 5.2."""
    chain = found(TWO.replace(old, new))
    assert (chain.cv, chain.reason, chain.temporary) == ("fail", reason, False)


def test_a_broken_chain_is_sealed_as_such_once_and_never_again():
    """Sections 5.1.1 and 5.1.2: cv=fail covers its own set alone, and nothing follows it."""
    broken = TWO.replace(b"Dear Ana", b"Dear Eve")
    third = hop(broken, "forward.example")
    chain = found(third)
    assert (chain.cv, chain.reason, chain.highest, chain.instances[-1].cv) == ("fail", "cv-fail", 3, "fail")
    assert chain.instances[-1].seal.passed and chain.instances[-1].message.passed
    assert hop(third) == third


def test_a_chain_ends_at_fifty_sets():
    """Section 4.2.1."""
    assert hop(ONE, chain=Chain("pass", highest=INSTANCES)) == ONE


def test_no_key_and_no_answer_are_told_apart():
    gone = found(ONE, served({"lists.example": {}}))
    assert (gone.cv, gone.reason, gone.temporary) == ("fail", "message-signature", False)
    silent = found(ONE, served({"arc._domainkey.lists.example": "timeout"}))
    assert (silent.cv, silent.reason, silent.temporary) == ("fail", "timeout", True)


def test_a_weak_key_seals_nothing():
    """RFC 8301, section 3.2."""
    weak = served({"arc._domainkey.lists.example": {"TXT": [quoted(key_record(key_of("768")))]}})
    chain = found(ONE, weak)
    assert chain.cv == "fail" and chain.instances[0].seal.reason == "weak-key"


def test_a_set_from_the_future_is_no_pass_until_then():
    later = NOW + timedelta(days=30)
    message = hop(MESSAGE, now=later)
    assert found(message).cv == "fail" and found(message, now=later).cv == "pass"


def test_what_cannot_be_sealed_is_refused():
    common = {"domain": "lists.example", "selector": "arc", "chain": Chain("none"), "results": AuthenticationResults("mx"), "now": NOW}
    for change in ({"key": key_of("ed25519")}, {"headers": ["To"]}, {"headers": ["From", "ARC-Seal"]}):
        with pytest.raises(ValueError):
            seal(MESSAGE, **(common | {"key": key_of("rsa")} | change))


def lookup(name: bytes, timeout: float = 5) -> bytes:
    """The same keys, for dkimpy."""
    kind = KEYS.get(name.decode().rstrip("."))
    return key_record(key_of(kind)).encode() if kind else b""


def test_dkimpy_passes_our_chain_and_fails_it_altered():
    """dkimpy takes the time from the machine."""
    message = hop(hop(MESSAGE, now=datetime.now(UTC)), "forward.example", now=datetime.now(UTC))
    assert dkim.arc_verify(message, dnsfunc=lookup)[0] == b"pass"
    assert dkim.arc_verify(message.replace(b"Dear Ana", b"Dear Eve"), dnsfunc=lookup)[0] == b"fail"
    assert dkim.arc_verify(message.replace(b"spf=pass", b"spf=fail"), dnsfunc=lookup)[0] == b"fail"


def test_we_pass_dkimpys_chain():
    now = datetime.now(UTC)
    private = key_of("rsa").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    message = MESSAGE
    for arc in (b"none", b"pass"):
        message = b"Authentication-Results: mx.lists.example; arc=" + arc + b"; dkim=pass header.d=auroria.post\r\n" + message
        message = b"".join(dkim.arc_sign(message, b"arc", b"lists.example", private, b"mx.lists.example")) + message
        message = message.replace(b"Authentication-Results: mx", b"X-Seen: mx").replace(b"ARC-X-Seen", b"ARC-Authentication-Results")
        chain = found(message, now=now)
        assert (chain.cv, chain.reason) == ("pass", "")
    assert chain.highest == 2 and found(message.replace(b"Dear", b"dear"), now=now).cv == "fail"


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**16), st.binary(min_size=1, max_size=3))
def test_no_changed_octets_pass_for_another_body(place, junk):
    place %= len(TWO)
    chain = found(TWO[:place] + junk + TWO[place + len(junk) :])
    assert chain.cv in ("none", "pass", "fail") and not chain.temporary
    if chain.cv == "pass":
        assert chain.instances[-1].message.body_hash == found(TWO).instances[-1].message.body_hash


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([b"ARC-Seal:", b"ARC-Message-Signature: i=1;", b"ARC-Authentication-Results: i=1;"]))
def test_no_octets_crash_the_verifier(octets, name):
    assert found(name + octets + b"\r\n" + ONE).cv in ("fail", "pass")
    assert found(name + octets).cv in ("fail", "none")
