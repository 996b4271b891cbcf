"""What is seen of a zone's DNSSEC: the DS above it, its keys, its answers as a validator judges them, and its denials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dns.rdatatype
import dns.rrset
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.CDNSKEY import CDNSKEY
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.dnskeybase import Flag

from postlib.network import Absent, Unknown
from postlib.resolver import Answer, Link, Security

RSA = (Algorithm.RSASHA1, Algorithm.RSASHA1NSEC3SHA1, Algorithm.RSASHA256, Algorithm.RSASHA512)


@dataclass(frozen=True)
class Dnssec:
    """A zone's DNSSEC as seen from outside, at `now`. `zone` holds the name; absent where there is no such name.

    `answers` are those to the questions for SOA, DNSKEY, A, AAAA and MX; `denial` is the one for a name that cannot be there.
    """

    domain: str
    zone: str | Absent | Unknown
    now: datetime
    delegation: Answer | Absent | Unknown
    answers: tuple[Answer | Unknown, ...]
    denial: Answer | Absent | Unknown
    asked_for: tuple[Answer | Unknown, ...]

    @property
    def ds(self) -> tuple[DS, ...]:
        """The DS records in the zone above."""
        return tuple(record for record in self.delegation.records if isinstance(record, DS)) if self.delegation else ()

    @property
    def keys(self) -> tuple[DNSKEY, ...]:
        """The zone's keys that may sign: zone keys that are not revoked."""
        records = (record for record in self.key_set.records if isinstance(record, DNSKEY))
        return tuple(key for key in records if key.flags & Flag.ZONE and not key.flags & Flag.REVOKE)

    @property
    def key_set(self) -> Answer:
        """The answer to the question for DNSKEY."""
        return self._answer(dns.rdatatype.DNSKEY)

    @property
    def start(self) -> Answer:
        """The answer to the question for the SOA."""
        return self._answer(dns.rdatatype.SOA)

    def _answer(self, rrtype: dns.rdatatype.RdataType) -> Answer:
        """Raises CouldNotTell where that question was not answered."""
        found: Answer | None = None
        for answer in self.answers:
            if isinstance(answer, Unknown):
                answer.rrtype  # noqa: B018: any of the questions may have been the one; touching it says that it cannot be told
            elif answer.rrtype == rrtype:
                found = answer
        assert found is not None
        return found
