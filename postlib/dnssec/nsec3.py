"""Denial by NSEC3: hashed names (RFC 5155, section 8; RFC 9276 on iterations)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dns.name
import dns.rdatatype
from dns.dnssectypes import NSEC3Hash
from dns.edns import EDECode
from dns.rdtypes.ANY.NSEC3 import NSEC3, OPTOUT

from postlib.dnssec.algorithms import Failure
from postlib.dnssec.proof import OPT_OUT, Proof, denies, has, hides_below, is_cut
from postlib.dnssec.work import MAX_ITERATIONS, Budget

Record = tuple[dns.name.Name, NSEC3]


def digest(name: dns.name.Name, salt: bytes, iterations: int) -> bytes:
    """The hash of a name, 20 octets (RFC 5155, section 5)."""
    value = hashlib.sha1(name.to_digestable() + salt, usedforsecurity=False).digest()
    for _ in range(iterations):
        value = hashlib.sha1(value + salt, usedforsecurity=False).digest()
    return value


@dataclass(frozen=True)
class Ring:
    """The NSEC3 records of one zone that share one salt and one number of iterations, by the hash of their owner."""

    zone: dns.name.Name
    records: tuple[tuple[bytes, NSEC3], ...]
    budget: Budget
    _hashes: dict[dns.name.Name, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, zone: dns.name.Name, records: Sequence[Record], budget: Budget) -> Ring | Failure | None:
        """The ring that can be used; a Failure where it has too many iterations; None where there is none.

        Unknown hashes and flags are passed over, and records of other parameters than the first's (RFC 5155, sections 8.1 and 8.2).
        """
        known = [(_owner_hash(owner, zone), record) for owner, record in records]
        fit = [(value, record) for value, record in known if value and _known(record)]
        if not fit:
            return None
        first = fit[0][1]
        if first.iterations > MAX_ITERATIONS:
            return Failure(EDECode.UNSUPPORTED_NSEC3_ITERATIONS_VALUE, "nsec3-iterations", str(first.iterations))
        alike = tuple((value, record) for value, record in fit if (record.salt, record.iterations) == (first.salt, first.iterations))
        return cls(zone, alike, budget)

    def no_name(self, name: dns.name.Name) -> Proof | None:
        """Section 8.4: the closest encloser, nothing nearer, and no wildcard there."""
        found = self._encloser(name)
        if found is None:
            return None
        encloser, covering = found
        wildcard = self._covering(dns.name.Name((b"*", *encloser.labels)))
        return None if wildcard is None else Proof("no-name", insecure=_opt_out(covering))

    def no_data(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Proof | None:
        """Sections 8.5 to 8.7: the name itself, a wildcard, or an opt-out span.

        There an unsigned delegation may hide, which has no DS, and above it an empty name, which has nothing at all (erratum 3441).
        """
        matching = self._matching(name)
        if matching is not None:
            return Proof("no-data", cut=is_cut(matching)) if denies(matching, name, rrtype) else None
        found = self._encloser(name)
        if found is None:
            return None
        encloser, covering = found
        wildcard = self._matching(dns.name.Name((b"*", *encloser.labels)))
        if wildcard is not None:
            return Proof("no-data", insecure=_opt_out(covering)) if denies(wildcard, name, rrtype) and not is_cut(wildcard) else None
        return Proof("no-data", insecure=OPT_OUT, cut=rrtype == dns.rdatatype.DS) if _opt_out(covering) else None

    def no_ds(self, name: dns.name.Name) -> Proof | None:
        """Sections 8.6 and 8.9: the name without a DS; or no such name, which in an opt-out span may be an unsigned delegation."""
        matching = self._matching(name)
        if matching is not None:
            if has(matching, dns.rdatatype.DS) or has(matching, dns.rdatatype.SOA):
                return None
            return Proof("no-ds", cut=is_cut(matching))
        found = self._encloser(name)
        if found is None:
            return None
        opt_out = _opt_out(found[1])
        return Proof("no-ds", insecure=opt_out, cut=opt_out is not None)

    def no_closer(self, closer: dns.name.Name) -> Proof | None:
        """Section 8.8: the next closer name does not exist."""
        covering = self._covering(closer)
        return None if covering is None else Proof("no-closer", insecure=_opt_out(covering))

    def _encloser(self, name: dns.name.Name) -> tuple[dns.name.Name, NSEC3] | None:
        """The closest encloser and the record that covers the next closer name (section 8.3), or None where they are not proven."""
        closer = name
        while closer != self.zone and closer.is_subdomain(self.zone):
            encloser = closer.parent()
            matching = self._matching(encloser)
            if matching is not None:
                covering = None if hides_below(matching) else self._covering(closer)
                return None if covering is None else (encloser, covering)
            closer = encloser
        return None

    def _matching(self, name: dns.name.Name) -> NSEC3 | None:
        value = self._hash(name)
        return next((record for owner, record in self.records if owner == value), None)

    def _covering(self, name: dns.name.Name) -> NSEC3 | None:
        value = self._hash(name)
        return next((record for owner, record in self.records if _between(owner, value, record.next)), None)

    def _hash(self, name: dns.name.Name) -> bytes:
        if name not in self._hashes:
            self.budget.hash()
            first = self.records[0][1]
            self._hashes[name] = digest(name, first.salt, first.iterations)
        return self._hashes[name]


Prover = Callable[[Ring], Proof | None]


def _between(owner: bytes, value: bytes, following: bytes) -> bool:
    """Whether the hash lies in the span; the last span of the ring goes round past the end."""
    if owner < following:
        return owner < value < following
    return value > owner or value < following


def _owner_hash(owner: dns.name.Name, zone: dns.name.Name) -> bytes | None:
    """The hash in the owner's first label, or None where that is not one, or not directly below the zone."""
    if len(owner) < 2 or owner.parent() != zone:
        return None
    try:
        value = base64.b32hexdecode(owner.labels[0].upper())
    except binascii.Error:
        return None
    return value if len(value) == hashlib.sha1().digest_size else None


def _known(record: NSEC3) -> bool:
    return record.algorithm == NSEC3Hash.SHA1 and not record.flags & ~OPTOUT and len(record.next) == hashlib.sha1().digest_size


def _opt_out(record: NSEC3) -> Failure | None:
    return OPT_OUT if record.flags & OPTOUT else None
