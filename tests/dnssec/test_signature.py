"""Signatures: what holds, and each reason for which one does not (RFC 4035, section 5.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from dns.edns import EDECode
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG
from hypothesis import given
from hypothesis import strategies as st
from rooted import AT, collisions, key

from postlib.dnssec.algorithms import Failure
from postlib.dnssec.signature import KeyRing, Verified, later, verify
from postlib.dnssec.work import MAX_KEY_CANDIDATES, MAX_SIGNATURES, Budget, TooMuchWork

ZONE = dns.name.from_text("auroria.post.")
KEY = key("auroria")
RING = KeyRing.of([KEY.dnskey])
RRSET = dns.rrset.from_text("www.auroria.post.", 3600, "IN", "A", "198.51.100.1", "198.51.100.2")


def sign(rrset: dns.rrset.RRset = RRSET, zone: dns.name.Name = ZONE, signer: Any = KEY, **times: Any) -> RRSIG:
    """A signature, from yesterday to tomorrow unless told."""
    life = {"inception": AT - timedelta(days=1), "expiration": AT + timedelta(days=1)} | times
    made = dns.dnssec.sign(rrset, signer.private, zone, signer.dnskey, **life)
    assert isinstance(made, RRSIG)
    return made


def judge(*signatures: RRSIG, rrset: dns.rrset.RRset = RRSET, ring: KeyRing = RING, now: datetime = AT) -> Verified | Failure:
    """The outcome for the zone auroria.post."""
    return verify(rrset, signatures, ZONE, ring, now, Budget())


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15])
def test_a_good_signature_holds(algorithm: int) -> None:
    """RSA, ECDSA and EdDSA (RFC 5702, RFC 6605, RFC 8080)."""
    signer = key("auroria", algorithm)
    assert isinstance(judge(sign(signer=signer), ring=KeyRing.of([signer.dnskey])), Verified)


def test_case_and_order_do_not_matter() -> None:
    """The canonical form is in lower case and sorted (RFC 4034, section 6)."""
    other = dns.rrset.from_text("WWW.Auroria.POST.", 60, "IN", "A", "198.51.100.2", "198.51.100.1")
    assert isinstance(judge(sign(), rrset=other), Verified)


@pytest.mark.parametrize(
    ("change", "ede", "reason"),
    [
        ({"signer": dns.name.from_text("post.")}, 6, "signer-not-the-zone"),
        ({"signer": dns.name.from_text("www.auroria.post.")}, 6, "signer-not-the-zone"),
        ({"type_covered": dns.rdatatype.AAAA}, 6, "signature-of-another-type"),
        ({"labels": 4}, 6, "signature-labels"),
        ({"labels": 1}, 6, "signature-labels"),
        ({"labels": 2}, 6, "signature-wrong"),
        ({"algorithm": 99}, 1, "algorithm-unsupported"),
        ({"algorithm": 5}, 1, "algorithm-unsupported"),
        ({"key_tag": 1}, 9, "key-missing"),
        ({"original_ttl": 1}, 6, "signature-wrong"),
        ({"signature": b""}, 6, "signature-wrong"),
    ],
)
def test_a_field_that_does_not_fit_breaks_it(change: dict[str, Any], ede: int, reason: str) -> None:
    """RFC 4035, section 5.3.1."""
    failure = judge(sign().replace(**change))  # type: ignore[arg-type]
    assert isinstance(failure, Failure)
    assert (failure.ede, failure.reason) == (ede, reason)


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [(-9, -1, "signature-expired"), (1, 9, "signature-not-yet-valid"), (5, -5, "signature-never-valid"), (0, 0, "")],
)
def test_the_times_are_kept(start: int, end: int, reason: str) -> None:
    """Both ends are included (RFC 4035, section 5.3.1); expired before valid has its own code, 25."""
    outcome = judge(sign(inception=AT + timedelta(seconds=start), expiration=AT + timedelta(seconds=end)))
    assert (outcome.reason if isinstance(outcome, Failure) else "") == reason


def test_times_are_serial_numbers() -> None:
    """A signature over the year 2106, where 32 bits end, is good on both sides (RFC 4034, section 3.1.5)."""
    rrsig = sign(inception=2**32 - 1000, expiration=1000)
    for seconds in (2**32 - 10, 2**32 + 10):
        assert isinstance(judge(rrsig, now=datetime.fromtimestamp(seconds, UTC)), Verified)
    assert isinstance(judge(rrsig, now=datetime.fromtimestamp(2**32 + 2000, UTC)), Failure)


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1))
def test_later_is_serial_arithmetic(start: int, step: int) -> None:
    """RFC 1982, section 3.2."""
    assert later((start + step) % 2**32, start)
    assert not later(start, (start + step) % 2**32)


@pytest.mark.parametrize(("flags", "protocol"), [(0, 3), (1, 3), (0x180, 3), (0x100, 2)])
def test_a_key_that_may_not_sign_counts_for_nothing(flags: int, protocol: int) -> None:
    """No ZONE flag, revoked, or of another protocol (RFC 4034, section 2.1; RFC 5011, section 2.1)."""
    record = KEY.dnskey.replace(flags=flags, protocol=protocol)
    assert isinstance(record, DNSKEY)
    assert not KeyRing.of([record]).keys


def test_a_wildcard_is_named() -> None:
    """RFC 4035, section 5.3.4: fewer labels in the signature than in the owner."""
    star = dns.rrset.from_text("*.auroria.post.", 3600, "IN", "A", "198.51.100.1")
    expanded = dns.rrset.from_text("a.b.auroria.post.", 3600, "IN", "A", "198.51.100.1")
    outcome = judge(sign(star), rrset=expanded)
    assert isinstance(outcome, Verified) and outcome.wildcard == dns.name.from_text("*.auroria.post.")
    itself = judge(sign(star), rrset=star)
    assert isinstance(itself, Verified) and itself.wildcard is None


def test_a_name_that_begins_with_an_asterisk_may_come_from_a_wildcard() -> None:
    """RFC 4592, section 2.3: asked for, it is a name as any other; and RFC 4035, section 5.3.2, makes no exception for its signature."""
    star = dns.rrset.from_text("*.auroria.post.", 3600, "IN", "A", "198.51.100.1")
    expanded = dns.rrset.from_text("*.b.auroria.post.", 3600, "IN", "A", "198.51.100.1")
    outcome = judge(sign(star), rrset=expanded)
    assert isinstance(outcome, Verified) and outcome.wildcard == star.name


def test_the_failure_that_says_most_is_given() -> None:
    """Beside a signature of a key that is gone, an expired one tells what happened."""
    expired = sign(inception=AT - timedelta(days=9), expiration=AT - timedelta(days=8))
    failure = judge(sign().replace(key_tag=1), expired)  # type: ignore[arg-type]
    assert isinstance(failure, Failure) and failure.ede == EDECode.SIGNATURE_EXPIRED


def test_one_good_signature_is_enough() -> None:
    """RFC 4035, section 5.3.3; RFC 6840, section 5.4."""
    assert isinstance(judge(sign().replace(signature=b"x" * 64), sign()), Verified)  # type: ignore[arg-type]


def test_no_signature_is_its_own_failure() -> None:
    failure = judge()
    assert isinstance(failure, Failure) and failure.ede == EDECode.RRSIGS_MISSING


def test_many_keys_and_signatures_cost_little() -> None:
    """KeyTrap: thirty keys of one tag and a hundred wrong signatures are not three thousand verifications."""
    keys = collisions(KEY.dnskey, 30)[1:]
    assert len({record.key_id() for record in keys}) == 1
    budget = Budget()
    wrong = [sign().replace(signature=bytes([n]) * 64) for n in range(100)]
    outcome = verify(RRSET, wrong, ZONE, KeyRing.of(keys), AT, budget)  # type: ignore[arg-type]
    assert isinstance(outcome, Failure)
    assert budget.work.verifications == MAX_SIGNATURES * MAX_KEY_CANDIDATES


def test_a_budget_ends() -> None:
    budget = Budget(verifications=2)
    wrong = [sign().replace(signature=bytes([n]) * 64) for n in range(3)]
    with pytest.raises(TooMuchWork):
        verify(RRSET, wrong, ZONE, RING, AT, budget)  # type: ignore[arg-type]
    assert budget.work.verifications == 2


@given(st.data())
def test_no_changed_octet_passes(data: st.DataObject) -> None:
    """Turn any bit of the signature or of a record: it holds no more."""
    rrsig = sign()
    where = data.draw(st.integers(0, len(rrsig.signature) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    spoilt = bytearray(rrsig.signature)
    spoilt[where] ^= bit
    assert isinstance(judge(rrsig.replace(signature=bytes(spoilt))), Failure)  # type: ignore[arg-type]


@given(key_data=st.binary(max_size=80), signature=st.binary(max_size=80), algorithm=st.sampled_from([8, 10, 13, 14, 15, 16]))
def test_rubbish_never_holds_and_never_crashes(key_data: bytes, signature: bytes, algorithm: int) -> None:
    """Keys and signatures are any octets."""
    record = DNSKEY(dns.rdataclass.IN, dns.rdatatype.DNSKEY, 257, 3, algorithm, key_data)
    rrsig = sign().replace(algorithm=algorithm, key_tag=record.key_id(), signature=signature)
    assert isinstance(judge(rrsig, ring=KeyRing.of([record])), Failure)  # type: ignore[arg-type]
