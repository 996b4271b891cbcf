"""Proofs that something does not exist, from verified NSEC or NSEC3 records of one zone.

    no_name     there is no such name, nor a wildcard in its place
    no_data     the name is there, or a wildcard in its place, without this type
    no_ds       the name is no delegation, or one that is not signed
    no_closer   a wildcard answered, and nothing nearer was there

Each gives a Proof or the Failure that keeps it from being one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import dns.name
import dns.rdatatype
import dns.rrset
from dns.edns import EDECode
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

from postlib.dnssec import nsec, nsec3
from postlib.dnssec.algorithms import Failure
from postlib.dnssec.proof import Proof
from postlib.dnssec.work import Budget


@dataclass(frozen=True)
class Denial:
    """The verified NSEC and NSEC3 records of one zone that came with one answer."""

    zone: dns.name.Name
    plain: tuple[nsec.Record, ...] = ()
    hashed: tuple[nsec3.Record, ...] = ()

    @classmethod
    def of(cls, zone: dns.name.Name, rrsets: Iterable[dns.rrset.RRset]) -> Denial:
        """The denial records among `rrsets`, which must have been verified with the zone's keys, not expanded from a wildcard."""
        rrsets = tuple(rrsets)
        plain = tuple((rrset.name, record) for rrset in rrsets for record in rrset if isinstance(record, NSEC))
        hashed = tuple((rrset.name, record) for rrset in rrsets for record in rrset if isinstance(record, NSEC3))
        return cls(zone, plain, hashed)

    def no_name(self, name: dns.name.Name, budget: Budget) -> Proof | Failure:
        """That `name` does not exist (RFC 4035, section 5.4; RFC 5155, section 8.4). Raises TooMuchWork."""
        return self._prove("no-name", name, nsec.no_name(self.zone, self.plain, name), lambda ring: ring.no_name(name), budget)

    def no_data(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, budget: Budget) -> Proof | Failure:
        """That `name` has no records of that type (RFC 4035, section 5.4; RFC 5155, sections 8.5 to 8.7). Raises TooMuchWork."""
        plain = nsec.no_data(self.zone, self.plain, name, rrtype)
        return self._prove("no-data", name, plain, lambda ring: ring.no_data(name, rrtype), budget)

    def no_ds(self, name: dns.name.Name, budget: Budget) -> Proof | Failure:
        """That `name`, below the zone's apex, starts no signed zone (RFC 4035, section 5.2; RFC 5155, sections 8.6 and 8.9)."""
        return self._prove("no-ds", name, nsec.no_ds(self.zone, self.plain, name), lambda ring: ring.no_ds(name), budget)

    def no_closer(self, wildcard: dns.name.Name, name: dns.name.Name, budget: Budget) -> Proof | Failure:
        """That no name nearer than `wildcard` could answer for `name` (RFC 4035, section 5.3.4; RFC 5155, section 8.8)."""
        closer = name.split(len(wildcard))[1]  # one label longer than the wildcard's parent, which is the closest encloser
        return self._prove("no-closer", name, nsec.no_closer(self.zone, self.plain, closer), lambda ring: ring.no_closer(closer), budget)

    def _prove(self, what: str, name: dns.name.Name, plain: Proof | None, hashed: nsec3.Prover, budget: Budget) -> Proof | Failure:
        if plain is not None:
            return plain
        ring = nsec3.Ring.of(self.zone, self.hashed, budget)
        if isinstance(ring, nsec3.Ring):
            proof = hashed(ring)
            if proof is not None:
                return proof
        elif ring is not None:  # too many iterations: the zone counts as insecure (RFC 9276, section 3.2)
            return Proof(what, insecure=ring)
        missing = "denial-wrong" if self.plain or self.hashed else "denial-missing"
        return Failure(EDECode.NSEC_MISSING, missing, f"{what} {name}")
