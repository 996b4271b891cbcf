"""What an authoritative server answers (RFC 1034, section 4.3.2, with RFC 4035, 4592, 5155, 6672 and 8482). Pure: zones in, message out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rrset

from postlib.lab.dns import denial
from postlib.lab.dns.zone import WILDCARD, Zone

RdataType = dns.rdatatype.RdataType
Zones = Mapping[dns.name.Name, Zone]
Section = list[dns.rrset.RRset]
PAYLOAD = 1232  # bytes in a UDP answer, DNS flag day 2020
ALIASES = 16  # CNAMEs followed inside one zone, as many as BIND's MAX_RESTARTS


@dataclass
class Draft:
    """An answer in the making."""

    zone: Zone
    dnssec: bool
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authoritative: bool = True
    answer: Section = field(default_factory=list)
    authority: Section = field(default_factory=list)
    additional: Section = field(default_factory=list)

    def add(self, section: Section, name: dns.name.Name, rdataset: dns.rdataset.Rdataset, wildcard: dns.name.Name | None = None) -> None:
        """Put a record set and, where asked for, its signatures into a section; `wildcard` is where it stands, if not at `name`.

        Once is enough: a chain of aliases may lead by one DNAME or one proof again and again (RFC 2181, section 5).
        """
        if any(rrset.name == name and rrset.rdtype == rdataset.rdtype for rrset in section):
            return
        section.append(dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)))
        made = self.zone.signature(wildcard or name, rdataset) if self.dnssec else None
        if made is not None:
            section.append(dns.rrset.from_rdata_list(name, made.ttl, list(made)))

    def deny(self, proof: Section, *, soa: bool = True) -> None:
        """Put the SOA and the proof of absence into the authority section."""
        start = self.zone.get(self.zone.origin, RdataType.SOA)
        if soa and start is not None:
            self.add(self.authority, self.zone.origin, start)
            for rrset in self.authority[-2:]:
                rrset.ttl = min(start.ttl, start[0].minimum)  # RFC 2308, section 3
        if self.dnssec and self.zone.signing is not None:
            for link in proof:
                self.add(self.authority, link.name, link)


@dataclass(frozen=True)
class Replied:
    """A reply, the zone it was made from (None where none had a say), and the question's name and type as text ("" for none)."""

    wire: bytes
    zone: Zone | None
    question: tuple[str, str]


def respond(zones: Zones, wire: bytes, *, udp: bool) -> bytes | None:
    """The reply to a question as it came from the wire; None for what is no question at all."""
    made = replied(zones, wire, udp=udp)
    return made.wire if made is not None else None


def replied(zones: Zones, wire: bytes, *, udp: bool) -> Replied | None:
    """As `respond`, with what the reply was made from."""
    try:
        question = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
    if question.flags & dns.flags.QR:
        return None
    reply, zone = _reply(zones, question)
    asked = [(rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype)) for rrset in question.question]
    return Replied(_wire(reply, question, udp), zone, asked[0] if asked else ("", ""))


def _reply(zones: Zones, question: dns.message.Message) -> tuple[dns.message.Message, Zone | None]:
    reply = dns.message.make_response(question, our_payload=PAYLOAD)
    if question.edns > 0:
        reply.set_rcode(dns.rcode.BADVERS)
    elif question.opcode() != dns.opcode.QUERY:
        reply.set_rcode(dns.rcode.NOTIMP)
    elif len(question.question) != 1:
        reply.set_rcode(dns.rcode.FORMERR)
    else:
        return reply, _fill(reply, zones, question)
    return reply, None


def _fill(reply: dns.message.Message, zones: Zones, question: dns.message.Message) -> Zone | None:
    """Write the reply to one question. Returns the zone that answered."""
    asked = question.question[0]
    zone = _zone(zones, asked.name, asked.rdtype)
    if zone is None or asked.rdclass != dns.rdataclass.IN or asked.rdtype in (RdataType.AXFR, RdataType.IXFR):
        reply.set_rcode(dns.rcode.REFUSED)
        return None
    draft = answer(zone, asked.name, asked.rdtype, dnssec=bool(question.ednsflags & dns.flags.DO))
    reply.set_rcode(draft.rcode)
    reply.flags |= dns.flags.AA if draft.authoritative else 0
    reply.ednsflags |= question.ednsflags & dns.flags.DO
    reply.answer, reply.authority, reply.additional = draft.answer, draft.authority, draft.additional
    return zone


def _zone(zones: Zones, name: dns.name.Name, rrtype: RdataType) -> Zone | None:
    """The nearest zone at or above the name; for DS at its own apex the parent's, if it is here (RFC 4035, 3.1.4.1)."""
    if rrtype == RdataType.DS and name in zones and name != dns.name.root:
        above = _zone(zones, name.parent(), RdataType.SOA)
        if above is not None:
            return above
    while name not in zones:
        if name == dns.name.root:
            return None
        name = name.parent()
    return zones[name]


def answer(zone: Zone, name: dns.name.Name, rrtype: RdataType, *, dnssec: bool) -> Draft:
    """The zone's answer; CNAMEs and DNAMEs are followed as far as the zone reaches."""
    draft = Draft(zone, dnssec)
    followed = {name}
    while len(followed) <= ALIASES:
        target = _step(draft, name, rrtype)
        if target is None or target in followed or not target.is_subdomain(zone.origin):
            break
        followed.add(name := target)
    return draft


def _step(draft: Draft, name: dns.name.Name, rrtype: RdataType) -> dns.name.Name | None:
    """Answer for one name; returns where an alias leads, or None when the answer is whole."""
    zone = draft.zone
    cut = zone.cut(name)
    if cut is not None and not (rrtype == RdataType.DS and cut == name):
        _refer(draft, cut)
        return None
    dname = next((above for above in [zone.origin, *zone.ancestors(name)] if above != name and zone.get(above, RdataType.DNAME)), None)
    if dname is not None:
        target = _redirect(draft, name, dname)
        return None if rrtype in (RdataType.CNAME, RdataType.ANY) else target  # the CNAME made from it is what was asked for
    if zone.exists(name):
        return _at(draft, name, name, rrtype)
    wildcard = WILDCARD.concatenate(zone.closest_encloser(name))
    if zone.exists(wildcard):
        return _at(draft, name, wildcard, rrtype)
    draft.rcode = dns.rcode.NXDOMAIN
    draft.deny(denial.absent_name(zone, name))
    return None


def _at(draft: Draft, name: dns.name.Name, node: dns.name.Name, rrtype: RdataType) -> dns.name.Name | None:
    """Answer from the data at `node`: the name itself, or the wildcard that stands for it."""
    zone = draft.zone
    alias = zone.get(node, RdataType.CNAME)
    found = alias if alias is not None and rrtype not in (RdataType.CNAME, RdataType.ANY) else _data(zone, node, rrtype)
    if found is None:
        proof = denial.absent_type(zone, name) if node == name else denial.absent_type_at_wildcard(zone, name, node)
        draft.deny(proof)
        return None
    draft.add(draft.answer, name, found, node)
    if node != name:
        draft.deny(denial.absent_closer(zone, name), soa=False)
    return found[0].target if found is alias and alias is not None and rrtype != RdataType.CNAME else None


def _data(zone: Zone, node: dns.name.Name, rrtype: RdataType) -> dns.rdataset.Rdataset | None:
    """The records asked for; for ANY one set is enough (RFC 8482, section 4.1); NSEC is found in the chain."""
    if rrtype == RdataType.ANY:
        return next((zone.get(node, kind) for kind in sorted(zone.types(node))), None)
    if rrtype == RdataType.NSEC:
        return denial.nsec(zone, node)
    return zone.get(node, rrtype)


def _refer(draft: Draft, cut: dns.name.Name) -> None:
    """Hand on to the servers of a delegated zone, with its DS or the proof that it has none (RFC 4035, 3.1.4)."""
    zone = draft.zone
    draft.authoritative = bool(draft.answer)
    servers = zone.get(cut, RdataType.NS)
    assert servers is not None
    draft.authority.append(dns.rrset.from_rdata_list(cut, servers.ttl, list(servers)))
    ds = zone.get(cut, RdataType.DS)
    if ds is not None and draft.dnssec and zone.signing is not None:
        draft.add(draft.authority, cut, ds)
    elif ds is None:
        draft.deny(denial.absent_type(zone, cut), soa=False)
    for server in servers:
        for kind in (RdataType.A, RdataType.AAAA):
            glue = zone.get(server.target, kind) if server.target.is_subdomain(zone.origin) else None
            if glue is not None:
                draft.additional.append(dns.rrset.from_rdata_list(server.target, glue.ttl, list(glue)))


def _redirect(draft: Draft, name: dns.name.Name, dname: dns.name.Name) -> dns.name.Name | None:
    """A DNAME and the CNAME made from it (RFC 6672, section 3.2); YXDOMAIN where the new name is too long."""
    found = draft.zone.get(dname, RdataType.DNAME)
    assert found is not None
    draft.add(draft.answer, dname, found)
    try:
        target = name.relativize(dname).concatenate(found[0].target)
    except dns.name.NameTooLong:
        draft.rcode = dns.rcode.YXDOMAIN
        return None
    record = dns.rdtypes.ANY.CNAME.CNAME(dns.rdataclass.IN, RdataType.CNAME, target)
    draft.answer.append(dns.rrset.from_rdata(name, found.ttl, record))
    return target


def _wire(reply: dns.message.Message, question: dns.message.Message, udp: bool) -> bytes:
    limit = min(max(question.payload, 512), PAYLOAD) if udp and question.edns >= 0 else 512 if udp else 65535
    with contextlib.suppress(dns.exception.TooBig):
        return reply.to_wire(max_size=limit, want_shuffle=False)  # the same bytes every time
    reply.flags |= dns.flags.TC if _needs_glue(reply) else 0
    try:
        return reply.to_wire(max_size=limit, prefer_truncation=True, want_shuffle=False)
    except dns.exception.TooBig:
        short = dns.message.make_response(question, our_payload=PAYLOAD)
        short.flags |= dns.flags.TC
        return short.to_wire()


def _needs_glue(reply: dns.message.Message) -> bool:
    """Whether addresses without which the delegated zone is not found are in the reply: none of them is left out (RFC 9471, 3.1)."""
    cuts = [rrset.name for rrset in reply.authority if rrset.rdtype == RdataType.NS]
    return any(glue.name.is_subdomain(cut) for cut in cuts for glue in reply.additional)
