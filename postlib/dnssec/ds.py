"""From a DS RRset (or a trust anchor) to the keys of the zone below it (RFC 4035, section 5.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import dns.name
import dns.rrset
from dns.dnssectypes import DSDigest
from dns.edns import EDECode
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from postlib.dnssec.algorithms import Failure
from postlib.dnssec.signature import KeyRing, Verified, verify
from postlib.dnssec.work import MAX_KEY_CANDIDATES, Budget

HASHES = {DSDigest.SHA1: "sha1", DSDigest.SHA256: "sha256", DSDigest.SHA384: "sha384"}


def matches(ds: DS | CDS, zone: dns.name.Name, key: DNSKEY) -> bool:
    """Whether the DS, or the CDS that asks for one, is the digest of that key of that zone (RFC 4034, section 5.1.4)."""
    data = zone.to_digestable() + key.to_digestable()
    return ds.digest == hashlib.new(HASHES[ds.digest_type], data, usedforsecurity=False).digest()


def entry(zone: dns.name.Name, records: Iterable[DS], keys: KeyRing) -> KeyRing | Failure:
    """Those keys that a DS points to. `records` are usable ones. Stops after MAX_KEY_CANDIDATES digests that did not match."""
    found: list[DNSKEY] = []
    failed: list[DS] = []
    absent: list[DS] = []
    for ds in records:
        candidates = keys.candidates(ds.algorithm, ds.key_tag)
        if not candidates:
            absent.append(ds)
        for key in candidates:
            if len(failed) >= MAX_KEY_CANDIDATES:
                break
            if matches(ds, zone, key):
                found.append(key)
                break
            failed.append(ds)
    if found:
        return KeyRing.of(found)
    reason = "ds-digest-differs" if failed else "ds-without-key"
    named = ", ".join(f"{ds.key_tag} {int(ds.algorithm)} {int(ds.digest_type)}" for ds in failed or absent)
    return Failure(EDECode.DNSKEY_MISSING, reason, named)


def zone_keys(
    zone: dns.name.Name, records: Iterable[DS], rrset: dns.rrset.RRset, signatures: Iterable[RRSIG], now: datetime, budget: Budget
) -> tuple[KeyRing, Verified] | Failure:
    """The zone's keys, if its DNSKEY RRset is signed by a key that a DS points to, with that signature; else why not.

    Raises TooMuchWork.
    """
    ring = KeyRing.of(rrset)
    anchors = entry(zone, records, ring)
    if isinstance(anchors, Failure):
        return anchors
    outcome = verify(rrset, signatures, zone, anchors, now, budget)
    return outcome if isinstance(outcome, Failure) else (ring, outcome)
