"""What is seen of a zone's DNSSEC: the DS above it, its keys, its answers as a validator judges them, and its denials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dns.name
import dns.rrset
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.CDNSKEY import CDNSKEY
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.dnskeybase import Flag

from postlib.network import Absent, CouldNotTell, Unknown
from postlib.resolver import Answer, Link, Security

Seen = Answer | Unknown
RSA = (Algorithm.RSASHA1, Algorithm.RSASHA1NSEC3SHA1, Algorithm.RSASHA256, Algorithm.RSASHA512)


@dataclass(frozen=True)
class Dnssec:
    """A zone's DNSSEC as seen from outside at `now`. `zone` is the one that holds the name; absent where there is no such name.

    `above` is the answer to the question for DS, `denial` the one for a name that cannot be there, `data` those for A, AAAA and MX.
    """

    domain: str
    zone: str | Absent | Unknown
    now: datetime
    above: Seen
    soa: Seen
    dnskey: Seen
    data: tuple[Seen, ...]
    denial: Seen
    cds: Seen
    cdnskey: Seen

    @property
    def origin(self) -> dns.name.Name:
        """The zone's name."""
        return dns.name.from_text(self.domain)

    @property
    def ds(self) -> tuple[DS, ...]:
        """The DS records in the zone above."""
        return tuple(record for record in self.above.records if isinstance(record, DS))

    @property
    def keys(self) -> tuple[DNSKEY, ...]:
        """The zone's keys that may sign: zone keys that are not revoked (RFC 4034, section 2.1.1; RFC 5011, section 2.1)."""
        records = (record for record in self.dnskey.records if isinstance(record, DNSKEY))
        return tuple(key for key in records if key.flags & Flag.ZONE and not key.flags & Flag.REVOKE)

    @property
    def asked_for(self) -> tuple[tuple[CDS, ...], tuple[CDNSKEY, ...]]:
        """What the zone asks its parent to take as its DS (RFC 7344): CDS and CDNSKEY records."""
        digests = tuple(record for record in self.cds.records if isinstance(record, CDS))
        return digests, tuple(record for record in self.cdnskey.records if isinstance(record, CDNSKEY))

    @property
    def held(self) -> tuple[Answer, ...]:
        """The zone's own answers with records. Raises CouldNotTell where one of them could not be had."""
        return tuple(answer for answer in _had(self.soa, self.dnskey, *self.data) if answer.rrset is not None)

    @property
    def denied(self) -> tuple[Answer, ...]:
        """The zone's answers that say that something is not there. Raises CouldNotTell where one of them could not be had."""
        return tuple(answer for answer in _had(self.denial, *self.data) if answer.rrset is None or answer is self.denial)

    @property
    def rooted(self) -> bool:
        """Whether the chain of trust reaches the zone's keys, so that what it says of the rest is the rest's own matter."""
        key = f"{self.origin} DNSKEY"
        return any(link.what == key and link.security is Security.SECURE for link in self.soa.chain)

    @property
    def signatures(self) -> tuple[RRSIG, ...]:
        """Every signature of this zone that was seen."""
        return tuple(dict.fromkeys(record for rrset in self._sets() for record in rrset if isinstance(record, RRSIG)))

    @property
    def hashed(self) -> tuple[NSEC3, ...]:
        """The NSEC3 records that were seen in denials."""
        sets = (rrset for answer in self.denied for rrset in answer.authority)
        return tuple(record for rrset in sets for record in rrset if isinstance(record, NSEC3))

    def _sets(self) -> Iterator[dns.rrset.RRset]:
        answers = [answer for answer in (self.soa, self.dnskey, self.denial, *self.data) if not isinstance(answer, Unknown)]
        for rrset in (rrset for answer in answers for rrset in (*answer.answer, *answer.authority)):
            if all(getattr(record, "signer", self.origin) == self.origin for record in rrset):
                yield rrset


def _had(*seen: Seen) -> Iterator[Answer]:
    for answer in seen:
        if isinstance(answer, Unknown):
            raise CouldNotTell(answer)
        yield answer


def break_in(answer: Answer) -> Link | None:
    """The link at which the chain of an answer breaks, if it does."""
    return next((link for link in answer.chain if link.security is Security.BOGUS), None)


def end_of(answer: Answer) -> Link | None:
    """The link at which security ends without anything being broken, if it does."""
    return next((link for link in answer.chain if link.security is Security.INSECURE), None)


def left(rrsig: RRSIG, now: datetime) -> tuple[int, int]:
    """The seconds that a signature has left, and those of its whole life, by serial arithmetic (RFC 4034, section 3.1.5)."""
    moment = int(now.timestamp())
    remaining = (rrsig.expiration - moment + 2**31) % 2**32 - 2**31
    return remaining, max(1, (rrsig.expiration - rrsig.inception) % 2**32)


def modulus_bits(key: DNSKEY) -> int:
    """The size of an RSA key in bits (RFC 3110, section 2); 0 for octets that are none."""
    octets = key.key
    length, start = (int.from_bytes(octets[1:3]), 3) if octets[:1] == b"\0" else (int.from_bytes(octets[:1]), 1)
    return int.from_bytes(octets[start + length :]).bit_length()
