"""A zone's servers, seen from both sides of the cut (RFC 1034, section 4.2.2; RFC 1912, section 2.8)."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from postlib.network import Unreachable
from postlib.resolver.answer import Answer
from postlib.resolver.forwarding import Forwarding
from postlib.resolver.iteration import MAX_NAMESERVERS, Glue, Iteration
from postlib.resolver.upstream import Upstream

MAX_ADDRESSES = 8  # of one server name asked: the widest honest one we know has four; one more stands for the others, not asked

T = TypeVar("T")


class Asking(Protocol):
    """The resolver, as far as it is needed here."""

    async def answer(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Answer:
        """The answer for that name and type."""
        ...

    async def together(self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """What many pieces of work come to."""
        ...



@dataclass(frozen=True)
class ServerState:
    """What one server at one address says of the zone. `reason` is why it said nothing ("timeout"); then `rcode` is None.

    `address` is empty where it has none ("no-address"), or where nobody could tell whether it has more ("address-unknown").
    `serial` is its SOA's; `ns` the NS set it gives; `authoritative` the AA bit of its SOA answer.
    """

    name: dns.name.Name
    address: str
    rcode: dns.rcode.Rcode | None = None
    authoritative: bool = False
    serial: int | None = None
    ns: tuple[dns.name.Name, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Delegation:
    """A zone's delegation. Through a forwarder the parent's side cannot be seen: `parent` is None, `parent_ns` and `glue` are empty.

    `child_ns` is the NS set of the first server that answers with authority, else the forwarder's word; both sorted.
    `servers` are those of both sides.
    """

    zone: dns.name.Name
    parent: dns.name.Name | None
    parent_ns: tuple[dns.name.Name, ...]
    glue: Glue
    child_ns: tuple[dns.name.Name, ...]
    servers: tuple[ServerState, ...]


async def observe(asking: Asking, fetcher: Forwarding | Iteration, upstream: Upstream, zone: dns.name.Name) -> Delegation:
    """Ask the parent for its referral, then all servers of both sides for SOA and NS. Raises Unreachable where the parent is silent."""
    parent: dns.name.Name | None = None
    parent_ns: tuple[dns.name.Name, ...] = ()
    child_ns: tuple[dns.name.Name, ...] = ()
    glue: Glue = ()
    if isinstance(fetcher, Iteration):
        parent, parent_ns, glue = await fetcher.delegation(zone)
    else:
        answer = await asking.answer(zone, dns.rdatatype.NS)
        child_ns = tuple(sorted(record.target for record in answer.records if isinstance(record, NS)))
    first = (parent_ns or child_ns)[:MAX_NAMESERVERS]
    states = await _states(asking, upstream, zone, first, glue)
    answering = next((state.ns for state in states if state.authoritative and state.ns), child_ns)
    others = tuple(name for name in answering if name not in first)[: MAX_NAMESERVERS - len(first)]
    return Delegation(zone, parent, parent_ns, glue, answering, (*states, *await _states(asking, upstream, zone, others, glue)))


async def _states(
    asking: Asking, upstream: Upstream, zone: dns.name.Name, names: tuple[dns.name.Name, ...], glue: Glue
) -> tuple[ServerState, ...]:
    """What each of these servers says, at each of its addresses."""
    places = await asking.together(_addresses(asking, name, glue) for name in names)
    asked = await asking.together(_ask(upstream, zone, state) for place in places for state in place[:MAX_ADDRESSES])
    return (*asked, *(replace(place[MAX_ADDRESSES], reason="not-asked") for place in places if len(place) > MAX_ADDRESSES))


async def _addresses(asking: Asking, name: dns.name.Name, glue: Glue) -> list[ServerState]:
    """A server at each of its addresses, by glue or by asking; a state without an address where there is none, or a family is not known."""
    glued = [ServerState(name, address) for host, address in glue if host == name]
    if glued:
        return glued
    found = [await _look_up(asking, name, rrtype) for rrtype in (dns.rdatatype.A, dns.rdatatype.AAAA)]  # many zones share a server
    unknown = [ServerState(name, "", reason="address-unknown")] if None in found else []
    known = [ServerState(name, address) for addresses in found for address in addresses or ()]
    return [*unknown, *known] or [ServerState(name, "", reason="no-address")]


async def _look_up(asking: Asking, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> tuple[str, ...] | None:
    """The addresses of that family; None where nobody could tell."""
    try:
        answer = await asking.answer(name, rrtype)
    except Unreachable:
        return None
    return tuple(record.address for record in answer.records if isinstance(record, (A, AAAA)))


async def _ask(upstream: Upstream, zone: dns.name.Name, state: ServerState) -> ServerState:
    name, address = state.name, state.address
    if state.reason or not upstream.network.contacts:
        return replace(state, reason=state.reason or "not-contacted")
    try:
        soa = await upstream.ask(zone, dns.rdatatype.SOA, address)
        ns = await upstream.ask(zone, dns.rdatatype.NS, address)
    except Unreachable as error:
        return ServerState(name, address, reason=error.reason)
    serials = [record.serial for rrset in soa.answer if rrset.name == zone for record in rrset if isinstance(record, SOA)]
    return ServerState(name, address, soa.rcode(), bool(soa.flags & dns.flags.AA), serials[0] if serials else None, _targets(ns, zone))


def _targets(message: dns.message.Message, zone: dns.name.Name) -> tuple[dns.name.Name, ...]:
    sets = (rrset for rrset in message.answer if rrset.name == zone and rrset.rdtype == dns.rdatatype.NS)
    return tuple(sorted(record.target for rrset in sets for record in rrset))

