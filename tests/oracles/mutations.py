"""What can go wrong with the replies about a signed zone, by a word: on their way, and in its parent's replies. (Its keys: `slips.py`.)

Each makes the same of the same zone and chance, so that two validators who ask the same are told the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.RRSIG import RRSIG
from rooted import Tamper

from postlib.lab.dns.answer import answer
from postlib.lab.dns.signing import Signing
from postlib.lab.dns.zone import RdataType, Zone

Message = dns.message.Message
Rrset = dns.rrset.RRset
DENIALS = (RdataType.NSEC, RdataType.NSEC3)

# Replies on their way


def _sets(change: Callable[[Rrset], Rrset | None]) -> Tamper:
    """Change every set of the answer and the authority section, or leave it out."""

    def tamper(reply: Message) -> Message:
        for section in (reply.answer, reply.authority):
            section[:] = [made for rrset in section if (made := change(rrset)) is not None]
        return reply

    return tamper


def _signatures(change: Callable[[RRSIG], Any]) -> Tamper:
    """Change every signature."""

    def changed(rrset: Rrset) -> Rrset:
        made = [change(record) if isinstance(record, RRSIG) else record for record in rrset]
        return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, made)

    return _sets(changed)


def _without(*types: int, covered: bool = False) -> Tamper:
    """Leave out those types with their signatures, or only the signatures over them."""
    return _sets(lambda rrset: None if rrset.covers in types or (not covered and rrset.rdtype in types) else rrset)


def _unsigned(section: str) -> Tamper:
    def tamper(reply: Message) -> Message:
        kept: list[Rrset] = getattr(reply, section)
        kept[:] = [rrset for rrset in kept if rrset.rdtype != RdataType.RRSIG]
        return reply

    return tamper


def _one_denial_less(at: int) -> Tamper:
    """Leave out one link of the proof."""

    def tamper(reply: Message) -> Message:
        owners = sorted({rrset.name for rrset in reply.authority if rrset.rdtype in DENIALS})
        gone = owners[at % len(owners)] if owners else None
        reply.authority[:] = [r for r in reply.authority if r.name != gone or not {r.rdtype, r.covers} & set(DENIALS)]
        return reply

    return tamper


def _rcode(before: dns.rcode.Rcode, after: dns.rcode.Rcode) -> Tamper:
    def tamper(reply: Message) -> Message:
        if reply.rcode() == before and not reply.answer:
            reply.set_rcode(after)
        return reply

    return tamper


def _data(change: Callable[[list[dns.rdata.Rdata]], list[dns.rdata.Rdata]]) -> Tamper:
    """Change the addresses and texts."""

    def changed(rrset: Rrset) -> Rrset:
        if rrset.rdtype not in (RdataType.A, RdataType.AAAA, RdataType.TXT):
            return rrset
        made = change(list(rrset))
        return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, made) if made else rrset

    return _sets(changed)


def _last_octet(record: dns.rdata.Rdata) -> dns.rdata.Rdata:
    wire = record.to_wire() or b""
    wire = wire[:-1] + bytes([wire[-1] ^ 1]) if record.rdtype != RdataType.TXT else b"\x04evil"
    return dns.rdata.from_wire(record.rdclass, record.rdtype, wire, 0, len(wire))


def _links(change: Callable[[Any], dns.rdata.Rdata]) -> Tamper:
    """Forge the denial: its signature does not hold any more."""
    return _sets(lambda r: dns.rrset.from_rdata_list(r.name, r.ttl, [change(record) for record in r]) if r.rdtype in DENIALS else r)


def _lifetimes(factor: float) -> Tamper:
    def changed(rrset: Rrset) -> Rrset:
        return dns.rrset.from_rdata_list(rrset.name, int(rrset.ttl * factor) + 1, list(rrset))

    return _sets(changed)


def _more_signatures(count: int) -> Tamper:
    """Wrong signatures before each right one."""

    def changed(rrset: Rrset) -> Rrset:
        wrong = [
            record.replace(signature=bytes([n]) + record.signature[1:])
            for record in rrset
            if isinstance(record, RRSIG)
            for n in range(count)
        ]
        return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, [*wrong, *rrset])

    return _sets(changed)


def _shouted(rrset: Rrset) -> Rrset:
    return dns.rrset.from_rdata_list(dns.name.Name([label.upper() for label in rrset.name.labels]), rrset.ttl, list(rrset))


def _empty(reply: Message) -> Message:
    reply.answer, reply.authority = [], []
    return reply


def _replay(zone: Zone, label: bytes, rrtype: RdataType = RdataType.A) -> Tamper:
    """The genuine denial of another name of the zone in the place of every reply."""

    def tamper(reply: Message) -> Message:
        if reply.question[0].rdtype in (RdataType.SOA, RdataType.NS):
            return reply
        other = answer(zone, dns.name.Name([label, *zone.origin.labels]), rrtype, dnssec=True)
        reply.answer, reply.authority = [], other.authority
        reply.set_rcode(other.rcode)
        return reply

    return tamper


def _wildcard_replay(zone: Zone) -> Tamper:
    """A wildcard's records for a name that has its own, or none, with no proof or with another name's."""

    def tamper(reply: Message) -> Message:
        name, rrtype = reply.question[0].name, reply.question[0].rdtype
        for wildcard in (name for name in zone.nodes if name.is_wild()):
            found = zone.get(wildcard, rrtype)
            if found is not None and name.is_subdomain(wildcard.parent()) and name != wildcard.parent() and zone.signing is not None:
                made = list(zone.signature(wildcard, found) or ())
                reply.answer = [
                    dns.rrset.from_rdata_list(name, found.ttl, list(found)),
                    dns.rrset.from_rdata_list(name, found.ttl, made),
                ]
                reply.set_rcode(dns.rcode.NOERROR)
        return reply

    return tamper


def _extra(section: str, owner: Callable[[Message], dns.name.Name], rrtype: str, text: str) -> Tamper:
    """One unsigned record more."""

    def tamper(reply: Message) -> Message:
        getattr(reply, section).append(dns.rrset.from_text(owner(reply), 60, "IN", rrtype, text))
        return reply

    return tamper


def _below(signing: Signing | None) -> dns.name.Name:
    return dns.name.from_text("evil", signing.origin if signing else dns.name.root)


def replies(zone: Zone, chance: random.Random) -> Iterator[tuple[str, Tamper]]:
    """Every way in which a reply of this zone may be changed, but for those about its keys."""
    yield from _left_out()
    yield from _said_otherwise()
    yield from _denied_otherwise(zone.origin)
    yield from _signed_otherwise(zone.origin)
    yield from _put_together(zone, chance)


def _left_out() -> Iterator[tuple[str, Tamper]]:
    """What proves the reply is missing, in part or whole."""
    yield "signatures-stripped", _sets(lambda rrset: None if rrset.rdtype == RdataType.RRSIG else rrset)
    yield "answer-unsigned", _unsigned("answer")
    yield "authority-unsigned", _unsigned("authority")
    yield "soa-unsigned", _without(RdataType.SOA, covered=True)
    yield "soa-left-out", _without(RdataType.SOA)
    yield "denial-stripped", _without(*DENIALS)
    yield "denial-unsigned", _without(*DENIALS, covered=True)
    for at in range(3):
        yield f"denial-without-{at}", _one_denial_less(at)


def _said_otherwise() -> Iterator[tuple[str, Tamper]]:
    """Another outcome, or other data."""
    yield "nxdomain-becomes-nodata", _rcode(dns.rcode.NXDOMAIN, dns.rcode.NOERROR)
    yield "nodata-becomes-nxdomain", _rcode(dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    yield "data-changed", _data(lambda records: [_last_octet(records[0]), *records[1:]])
    yield "data-added", _data(lambda records: [*records, _last_octet(records[0])])
    yield "data-removed", _data(lambda records: records[1:])


def _denied_otherwise(origin: dns.name.Name) -> Iterator[tuple[str, Tamper]]:
    """Other links of the chain of names."""
    yield "denial-types", _links(lambda record: record.replace(windows=record.windows[:0]))
    yield "denial-next", _links(lambda r: r.replace(next=origin) if r.rdtype == RdataType.NSEC else r.replace(next=bytes(20)))
    yield "denial-opt-out", _links(lambda r: r if r.rdtype == RdataType.NSEC else r.replace(flags=r.flags ^ 1))
    yield "denial-flags", _links(lambda r: r if r.rdtype == RdataType.NSEC else r.replace(flags=r.flags | 2))


def _signed_otherwise(origin: dns.name.Name) -> Iterator[tuple[str, Tamper]]:
    """Other lifetimes, and each field of a signature."""
    yield "ttl-longer", _lifetimes(3)
    yield "ttl-shorter", _lifetimes(0.1)
    yield "signature-octet", _signatures(lambda r: r.replace(signature=r.signature[:-1] + bytes([r.signature[-1] ^ 1])))
    yield "signature-short", _signatures(lambda r: r.replace(signature=r.signature[:-1]))
    yield "signature-empty", _signatures(lambda r: r.replace(signature=b""))
    yield "original-ttl", _signatures(lambda r: r.replace(original_ttl=r.original_ttl + 1))
    yield "labels-fewer", _signatures(lambda r: r.replace(labels=max(0, r.labels - 1)))
    yield "labels-more", _signatures(lambda r: r.replace(labels=r.labels + 1))
    yield "signer-above", _signatures(lambda r: r.replace(signer=origin.parent()))
    yield "signer-root", _signatures(lambda r: r.replace(signer=dns.name.root))
    yield "signer-elsewhere", _signatures(lambda r: r.replace(signer=dns.name.from_text("elsewhere.example.")))
    yield "signer-shouted", _signatures(lambda r: r.replace(signer=dns.name.Name([label.upper() for label in r.signer.labels])))
    yield "tag-other", _signatures(lambda r: r.replace(key_tag=r.key_tag ^ 1))
    yield "algorithm-unknown", _signatures(lambda r: r.replace(algorithm=99))
    yield "algorithm-other", _signatures(lambda r: r.replace(algorithm=8 if r.algorithm != 8 else 13))
    yield "expiration-later", _signatures(lambda r: r.replace(expiration=r.expiration + 1))
    yield "times-crossed", _signatures(lambda r: r.replace(expiration=r.inception, inception=r.expiration))


def _put_together(zone: Zone, chance: random.Random) -> Iterator[tuple[str, Tamper]]:
    """What is true elsewhere in the zone, or said in other letters, or said beside the answer."""
    origin = zone.origin
    yield "wrong-before-right", _more_signatures(2)
    yield "shouted", _sets(_shouted)
    yield "empty", _empty
    yield "denial-replayed", _replay(zone, chance.choice((b"zzz", b"nothing", b"0", b"a")))
    yield "no-data-replayed", _replay(zone, b"ns1", RdataType.TXT)
    yield "wildcard-replayed", _wildcard_replay(zone)
    yield "extra-in-answer", _extra("answer", lambda _: _below(zone.signing), "A", "198.18.6.66")
    yield "extra-in-authority", _extra("authority", lambda _: origin, "NS", f"ns1.{origin}")


# The parent's replies about the zone


def parents(parent: Zone, other: dns.name.Name) -> Iterator[tuple[str, Tamper]]:
    """Every way in which the parent's word on a delegation may be changed; `other` is one that is not signed."""

    def replayed(reply: Message) -> Message:
        reply = _without(RdataType.DS, *DENIALS)(reply)  # type: ignore[assignment]
        genuine = answer(parent, other, RdataType.DS, dnssec=True)
        reply.answer = []
        reply.authority = [*reply.authority, *(r for r in genuine.authority if {r.rdtype, r.covers} & set(DENIALS))]
        return reply

    yield "parent-ds-unsigned", _without(RdataType.DS, covered=True)
    yield "parent-ds-dropped", _without(RdataType.DS)
    yield "parent-proof-stripped", _without(RdataType.DS, *DENIALS)
    yield "parent-denial-unsigned", _without(*DENIALS, covered=True)
    yield "parent-denial-replayed", replayed
