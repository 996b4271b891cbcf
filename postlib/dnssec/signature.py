"""RRSIG verification: one RRset, its signatures, the keys of one zone, one moment (RFC 4035, section 5.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import cryptography.exceptions
import dns.dnssecalgs
import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset
from dns.dnssecalgs.base import GenericPublicKey
from dns.edns import EDECode
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.dnskeybase import Flag

from postlib.dnssec.algorithms import VALIDATED, Failure
from postlib.dnssec.work import MAX_KEY_CANDIDATES, MAX_SIGNATURES, Budget

DNSSEC_PROTOCOL = 3  # RFC 4034, section 2.1.2

# Which failure says most, where every signature fails for another reason: the ones nearest to a good signature come first.
TELLING = ("signature-expired", "signature-not-yet-valid", "signature-never-valid", "signature-wrong", "key-missing")


@dataclass(frozen=True)
class Verified:
    """A signature that holds. `wildcard` is the name it was made for, where that is not the owner's (RFC 4035, section 5.3.4)."""

    rrsig: RRSIG
    key_tag: int
    wildcard: dns.name.Name | None = None


@dataclass(frozen=True)
class KeyRing:
    """A zone's DNSKEYs that may sign, by algorithm and key tag; tags are computed once, for they are not unique."""

    keys: Mapping[tuple[int, int], tuple[DNSKEY, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Iterable[DNSKEY]) -> KeyRing:
        """The ring of those keys that are zone keys of protocol 3 and not revoked (RFC 4034, section 2.1; RFC 5011, section 2.1)."""
        ring: dict[tuple[int, int], tuple[DNSKEY, ...]] = {}
        for key in keys:
            if key.flags & Flag.ZONE and key.protocol == DNSSEC_PROTOCOL and not key.flags & Flag.REVOKE:
                index = int(key.algorithm), key.key_id()
                ring[index] = (*ring.get(index, ()), key)
        return cls(ring)

    def candidates(self, algorithm: int, tag: int) -> tuple[DNSKEY, ...]:
        """The keys of that algorithm and tag, no more than MAX_KEY_CANDIDATES."""
        return self.keys.get((int(algorithm), tag), ())[:MAX_KEY_CANDIDATES]

    def __iter__(self) -> Iterator[DNSKEY]:
        return (key for keys in self.keys.values() for key in keys)


def verify(
    rrset: dns.rrset.RRset, signatures: Iterable[RRSIG], zone: dns.name.Name, ring: KeyRing, now: datetime, budget: Budget
) -> Verified | Failure:
    """The first signature over `rrset` that holds, or why none does. `zone` must be the zone that holds the RRset.

    Raises TooMuchWork.
    """
    failures: list[Failure] = []
    attempts = 0
    for rrsig in signatures:
        failure = _unfit(rrset, rrsig, zone, ring, now)
        if failure is None:
            attempts += 1
            if attempts > MAX_SIGNATURES:
                failures.append(Failure(EDECode.DNSSEC_BOGUS, "too-many-signatures", str(MAX_SIGNATURES)))
                break
            for key in ring.candidates(rrsig.algorithm, rrsig.key_tag):
                budget.verify()
                if _holds(signed_data(rrset, rrsig), rrsig.signature, key):
                    return Verified(rrsig, rrsig.key_tag, _wildcard(rrset.name, rrsig.labels))
            failure = Failure(EDECode.DNSSEC_BOGUS, "signature-wrong", _tag(rrsig))
        failures.append(failure)
    if not failures:
        return Failure(EDECode.RRSIGS_MISSING, "signature-missing", dns.rdatatype.to_text(rrset.rdtype))
    return min(failures, key=lambda failure: TELLING.index(failure.reason) if failure.reason in TELLING else len(TELLING))


def signed_data(rrset: dns.rrset.RRset, rrsig: RRSIG) -> bytes:
    """The octets that a signature signs (RFC 4034, sections 3.1.8.1 and 6; RFC 6840, section 5.1)."""
    owner = (_wildcard(rrset.name, rrsig.labels) or rrset.name).to_digestable()
    fixed = owner + struct.pack("!HHI", rrset.rdtype, rrset.rdclass, rrsig.original_ttl)
    header = rrsig.to_digestable()[:18] + rrsig.signer.to_digestable()
    records = sorted({record.to_digestable() for record in rrset})
    return header + b"".join(fixed + struct.pack("!H", len(record)) + record for record in records)


def later(a: int, b: int) -> bool:
    """Whether time `a` comes after `b`, both in seconds modulo 2**32, by serial arithmetic (RFC 4034, section 3.1.5; RFC 1982)."""
    return 0 < (a - b) % 2**32 < 2**31


def _unfit(rrset: dns.rrset.RRset, rrsig: RRSIG, zone: dns.name.Name, ring: KeyRing, now: datetime) -> Failure | None:
    """Why the signature need not even be verified: what it says of itself does not fit (RFC 4035, section 5.3.1)."""
    moment = int(now.timestamp()) % 2**32
    labels = len(rrset.name) - 1 - rrset.name.is_wild()
    if rrsig.type_covered != rrset.rdtype or rrsig.rdclass != rrset.rdclass:
        return Failure(EDECode.DNSSEC_BOGUS, "signature-of-another-type", dns.rdatatype.to_text(rrsig.type_covered))
    if rrsig.signer != zone or not rrset.name.is_subdomain(zone):
        return Failure(EDECode.DNSSEC_BOGUS, "signer-not-the-zone", rrsig.signer.to_text())
    if rrsig.labels > labels or rrsig.labels < len(zone) - 1:  # a name that begins with an asterisk may be made from a wildcard, too
        return Failure(EDECode.DNSSEC_BOGUS, "signature-labels", str(rrsig.labels))
    if rrsig.algorithm not in VALIDATED:
        return Failure(EDECode.UNSUPPORTED_DNSKEY_ALGORITHM, "algorithm-unsupported", str(int(rrsig.algorithm)))
    if later(rrsig.inception, rrsig.expiration):
        return Failure(EDECode.SIGNATURE_EXPIRED_BEFORE_VALID, "signature-never-valid", _time(rrsig.expiration))
    if later(moment, rrsig.expiration):
        return Failure(EDECode.SIGNATURE_EXPIRED, "signature-expired", _time(rrsig.expiration))
    if later(rrsig.inception, moment):
        return Failure(EDECode.SIGNATURE_NOT_YET_VALID, "signature-not-yet-valid", _time(rrsig.inception))
    if not ring.candidates(rrsig.algorithm, rrsig.key_tag):
        return Failure(EDECode.DNSKEY_MISSING, "key-missing", _tag(rrsig))
    return None


def _wildcard(owner: dns.name.Name, labels: int) -> dns.name.Name | None:
    """The wildcard that `owner` was made from, if a signature over `labels` labels says so (the root is not counted)."""
    if labels >= len(owner) - 1 - owner.is_wild():
        return None
    return dns.name.Name((b"*", *owner.labels[len(owner) - 1 - labels :]))


def _holds(data: bytes, signature: bytes, key: DNSKEY) -> bool:
    public = _public_key(key)
    if public is None:
        return False
    try:
        public.verify(signature, data)
    except (cryptography.exceptions.InvalidSignature, cryptography.exceptions.UnsupportedAlgorithm, ValueError, dns.exception.DNSException):
        return False
    return True


@lru_cache(maxsize=4096)
def _public_key(key: DNSKEY) -> GenericPublicKey | None:
    """The key in a form that can verify, or None where its octets are not a key."""
    try:
        return dns.dnssecalgs.get_algorithm_cls_from_dnskey(key).public_cls.from_dnskey(key)
    except (ValueError, IndexError, struct.error, cryptography.exceptions.UnsupportedAlgorithm, dns.exception.DNSException):
        return None


def _tag(rrsig: RRSIG) -> str:
    return f"{rrsig.key_tag} ({int(rrsig.algorithm)})"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
