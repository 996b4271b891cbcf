"""From DS to keys (RFC 4034, section 5; RFC 4035, section 5.2; RFC 4509; RFC 9905)."""

from __future__ import annotations

from typing import Any

import dns.dnssec
import dns.name
import dns.rdata
import dns.rrset
import pytest
from dns.edns import EDECode
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from rooted import AT, collisions, days, key

from postlib.dnssec.algorithms import Failure, unusable, usable
from postlib.dnssec.ds import entry, matches, zone_keys
from postlib.dnssec.signature import KeyRing
from postlib.dnssec.work import Budget

ZONE = dns.name.from_text("auroria.post.")
KEY = key("auroria")
ALL = dns.dnssec.allow_all_policy
RFC4034_KEY = (
    "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBa"
    "MbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="
)


def ds(text: str) -> DS:
    """A DS from its text."""
    record = dns.rdata.from_text("IN", "DS", text)
    assert isinstance(record, DS)
    return record


def of(digest: str = "SHA256") -> DS:
    """The DS of our key."""
    return dns.dnssec.make_ds(ZONE, KEY.dnskey, digest, policy=ALL)


@pytest.mark.parametrize(
    "text",
    [
        "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
        "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A",
    ],
)
def test_the_examples_of_the_standards_match(text: str) -> None:
    """RFC 4034, section 5.4, and RFC 4509, section 2.3."""
    record = dns.rdata.from_text("IN", "DNSKEY", RFC4034_KEY)
    assert isinstance(record, DNSKEY)
    assert matches(ds(text), dns.name.from_text("dskey.example.com."), record)


@pytest.mark.parametrize("digest", ["SHA1", "SHA256", "SHA384"])
def test_every_digest_that_validates_finds_its_key(digest: str) -> None:
    found = entry(ZONE, usable([of(digest)]), KeyRing.of([KEY.dnskey]))
    assert isinstance(found, KeyRing) and list(found) == [KEY.dnskey]


def test_sha1_is_passed_over_where_something_stronger_is() -> None:
    """RFC 4509, section 3: else an attacker chooses the weaker one."""
    assert usable([of("SHA1"), of("SHA256")]) == (of("SHA256"),)
    assert usable([of("SHA1")]) == (of("SHA1"),)


@pytest.mark.parametrize(
    ("texts", "ede", "reason"),
    [
        (["1 99 2 " + "00" * 32], 1, "algorithm-unsupported"),
        (["1 5 2 " + "00" * 32], 1, "algorithm-retired"),
        (["1 7 2 " + "00" * 32, "1 99 2 " + "00" * 32], 1, "algorithm-retired"),
        (["1 13 250 " + "00" * 32], 2, "digest-unsupported"),
        (["1 13 3 " + "00" * 32], 2, "digest-unsupported"),
    ],
)
def test_what_cannot_be_used_is_named(texts: list[str], ede: int, reason: str) -> None:
    """RFC 8914, codes 1 and 2; RSASHA1 counts as unsupported (RFC 9905, section 2)."""
    records = [ds(text) for text in texts]
    assert usable(records) == ()
    failure = unusable(records)
    assert (failure.ede, failure.reason) == (ede, reason)


def test_a_ds_without_its_key_and_a_ds_of_another_digest_differ() -> None:
    ring = KeyRing.of([KEY.dnskey])
    absent = entry(ZONE, [ds("1 13 2 " + "00" * 32)], ring)
    differs = entry(ZONE, [ds(f"{KEY.dnskey.key_id()} 13 2 " + "00" * 32)], ring)
    assert isinstance(absent, Failure) and absent.reason == "ds-without-key"
    assert isinstance(differs, Failure) and differs.reason == "ds-digest-differs"
    assert absent.ede == differs.ede == EDECode.DNSKEY_MISSING


def test_the_keys_must_be_signed_by_the_key_of_the_ds() -> None:
    """A DNSKEY set signed only by another key of its own proves nothing (RFC 4035, section 5.2)."""
    other = key("another")
    rrset = dns.rrset.from_rdata(ZONE, 3600, KEY.dnskey, other.dnskey)
    life: dict[str, Any] = {"inception": AT - days(1), "expiration": AT + days(1)}
    by_ours = dns.dnssec.sign(rrset, KEY.private, ZONE, KEY.dnskey, **life)  # type: ignore[arg-type]
    by_other = dns.dnssec.sign(rrset, other.private, ZONE, other.dnskey, **life)  # type: ignore[arg-type]
    found = zone_keys(ZONE, [of()], rrset, [by_ours], AT, Budget())
    assert not isinstance(found, Failure) and isinstance(found[0], KeyRing) and found[1].rrsig == by_ours
    failure = zone_keys(ZONE, [of()], rrset, [by_other], AT, Budget())
    assert isinstance(failure, Failure) and failure.reason == "key-missing"


def test_keys_of_one_tag_are_not_tried_without_end() -> None:
    """KeyTrap: a hundred DS records against thirty keys of the same tag."""
    ring = KeyRing.of(collisions(KEY.dnskey, 30))
    assert len(tuple(ring)) == 30
    records = [ds(f"{KEY.dnskey.key_id()} 13 2 {n:064x}") for n in range(100)]
    assert isinstance(entry(ZONE, records, ring), Failure)
