"""One reply, read with suspicion: RRsets with their signatures, referrals, aliases, denials (RFC 1034, 5.3.3; RFC 5452, section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.RRSIG import RRSIG

MAX_ALIASES = 16  # CNAMEs and DNAMEs followed for one answer: BIND 9.18, MAX_RESTARTS; Unbound follows 11
ANSWERS = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


@dataclass(frozen=True)
class Signed:
    """An RRset and the signatures that came with it."""

    rrset: dns.rrset.RRset
    signatures: tuple[RRSIG, ...] = ()

    @property
    def sections(self) -> tuple[dns.rrset.RRset, ...]:
        """The RRset and the RRset of its signatures, as a message carries them."""
        if not self.signatures:
            return (self.rrset,)
        return self.rrset, dns.rrset.from_rdata(self.rrset.name, self.rrset.ttl, *self.signatures)


class Kind(StrEnum):
    """What a step of an answer is."""

    DATA = "data"
    ALIAS = "alias"
    NO_DATA = "no-data"
    NO_NAME = "no-name"


@dataclass(frozen=True)
class Step:
    """One step from the name asked for to its records: the records, an alias to the next name, or a denial.

    `zone` is the deepest zone known to hold the step; `target` is set for an alias. `made` is the CNAME that follows from a DNAME,
    which nobody signs: the DNAME in `signed` vouches for it (RFC 6672, sections 3.1 and 5.3.1).
    """

    name: dns.name.Name
    rrtype: dns.rdatatype.RdataType
    kind: Kind
    zone: dns.name.Name
    signed: Signed | None = None
    target: dns.name.Name | None = None
    authority: tuple[Signed, ...] = ()
    made: dns.rrset.RRset | None = None

    @property
    def rrset(self) -> dns.rrset.RRset | None:
        """What the step holds of the name itself; None for a denial."""
        return self.made if self.made is not None or self.signed is None else self.signed.rrset


@dataclass(frozen=True)
class Reply:
    """What one server said, without what it had no right to say: every owner is in `zone`."""

    name: dns.name.Name
    rrtype: dns.rdatatype.RdataType
    rcode: dns.rcode.Rcode
    zone: dns.name.Name
    answer: tuple[Signed, ...] = ()
    authority: tuple[Signed, ...] = ()

    @classmethod
    def of(cls, message: dns.message.Message, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, zone: dns.name.Name) -> Reply:
        """The reply in `message`, from a server of `zone`."""
        return cls(name, rrtype, message.rcode(), zone, signed(message.answer, zone), signed(message.authority, zone))

    def find(self, name: dns.name.Name, rrtype: int) -> Signed | None:
        """The RRset of that name and type in the answer."""
        return next((s for s in self.answer if s.rrset.rdtype == rrtype and s.rrset.name == name), None)

    def steps(self, *, follow: bool) -> Iterator[Step]:
        """The steps in this reply; with `follow`, all of its aliases and what is at their end, if that is here too.

        Raises dns.name.NameTooLong for a DNAME that makes no name (RFC 6672, section 2.2).
        """
        name = self.name
        for count in range(MAX_ALIASES + 1):
            step = self._step(name)
            if count and step.kind is Kind.NO_DATA and not self._denies(name):
                return  # the server stopped short: its reply says nothing of this name
            yield step
            if step.target is None or not follow:
                return
            name = step.target

    def _denies(self, name: dns.name.Name) -> bool:
        return any(s.rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(s.rrset.name) for s in self.authority)

    def _step(self, name: dns.name.Name) -> Step:
        data = None if self.rrtype == dns.rdatatype.CNAME else self.find(name, self.rrtype)
        if data is not None:
            return Step(name, self.rrtype, Kind.DATA, self.zone, data, None, self.authority)
        for alias in self.answer:
            target = alias_target(alias.rrset, name)
            if target is not None:
                made = None if alias.rrset.rdtype == dns.rdatatype.CNAME else cname(name, alias.rrset.ttl, target)
                wanted = self.rrtype == dns.rdatatype.CNAME  # the alias is what was asked for, and is not followed
                kind, leads = (Kind.DATA, None) if wanted else (Kind.ALIAS, target)
                return Step(name, self.rrtype, kind, self.zone, alias, leads, self.authority, made)
        kind = Kind.NO_NAME if self.rcode == dns.rcode.NXDOMAIN else Kind.NO_DATA
        return Step(name, self.rrtype, kind, self.zone, None, None, self.authority)


def cname(name: dns.name.Name, ttl: int, target: dns.name.Name) -> dns.rrset.RRset:
    """A CNAME record set."""
    return dns.rrset.from_rdata(name, ttl, CNAME(dns.rdataclass.IN, dns.rdatatype.CNAME, target))


def alias_target(rrset: dns.rrset.RRset, name: dns.name.Name) -> dns.name.Name | None:
    """Where a CNAME at `name`, or a DNAME above it, leads; None for anything else. Of a DNAME's CNAME we make our own (RFC 6672)."""
    if rrset.rdtype == dns.rdatatype.DNAME and name.is_subdomain(rrset.name) and name != rrset.name:
        prefix = dns.name.Name(name.labels[: len(name) - len(rrset.name)])
        return prefix.concatenate(rrset[0].target)
    if rrset.rdtype == dns.rdatatype.CNAME and rrset.name == name:
        target: dns.name.Name = rrset[0].target
        return target
    return None


def signed(section: Iterable[dns.rrset.RRset], zone: dns.name.Name) -> tuple[Signed, ...]:
    """The RRsets of a section that lie in `zone`, each with its signatures; DNAMEs first, for they explain the CNAMEs beside them."""
    everywhere = zone == dns.name.root
    inside = [rrset for rrset in section if rrset.rdclass == dns.rdataclass.IN and (everywhere or rrset.name.is_subdomain(zone))]
    signatures: dict[tuple[dns.name.Name, int], tuple[RRSIG, ...]] = {}
    for rrset in inside:
        if rrset.rdtype == dns.rdatatype.RRSIG:
            signatures[rrset.name, rrset.covers] = tuple(record for record in rrset if isinstance(record, RRSIG))
    plain = [rrset for rrset in inside if rrset.rdtype != dns.rdatatype.RRSIG and len(rrset)]
    plain.sort(key=lambda rrset: rrset.rdtype != dns.rdatatype.DNAME)
    return tuple(Signed(rrset, signatures.get((rrset.name, rrset.rdtype), ())) for rrset in plain)


def referral(message: dns.message.Message, zone: dns.name.Name, name: dns.name.Name, rrtype: int) -> dns.rrset.RRset | None:
    """The NS RRset of the delegation that a server of `zone` gives instead of an answer: always deeper, always towards `name`."""
    if message.answer or message.rcode() != dns.rcode.NOERROR:
        return None
    if any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority):
        return None
    for rrset in message.authority:
        deeper = rrset.name != zone and rrset.name.is_subdomain(zone) and name.is_subdomain(rrset.name)
        if rrset.rdtype == dns.rdatatype.NS and deeper and not (rrtype == dns.rdatatype.DS and rrset.name == name):
            return rrset
    return None


def fault(message: dns.message.Message, zone: dns.name.Name, name: dns.name.Name, rrtype: int) -> str:
    """Why this is no proper reply from a server of `zone`, as a word of the catalogue; empty if it is (RFC 1912, section 2.8)."""
    if message.rcode() not in ANSWERS and not (message.rcode() == dns.rcode.YXDOMAIN and message.answer):
        return dns.rcode.to_text(message.rcode()).lower()
    if message.flags & dns.flags.AA or referral(message, zone, name, rrtype) is not None:
        return ""
    upward = any(rrset.rdtype == dns.rdatatype.NS and zone.is_subdomain(rrset.name) for rrset in message.authority)
    return "upward-referral" if upward and not message.answer else "not-authoritative"
