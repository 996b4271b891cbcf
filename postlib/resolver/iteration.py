"""Walking down from the root hints: referrals, glue, and every server of a zone until one answers (RFC 1034, section 5.3.3)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from postlib.network import Lame, Network, Unreachable
from postlib.resolver.memory import MAX_NEGATIVE_TTL, MAX_TTL, Memory
from postlib.resolver.reply import Reply, Signed, fault, referral, signed
from postlib.resolver.upstream import Upstream

MAX_REFERRALS = 130  # for one answer: Unbound 1.24, MAX_REFERRAL_COUNT
MAX_QUESTIONS = 100  # for one answer, server addresses included: BIND 9.18, max-recursion-queries
MAX_DEPTH = 4  # servers whose address needs a server whose address …: Unbound 1.24, target-fetch-policy
MAX_NAMESERVERS = 20  # of one NS RRset: BIND 9.18, NS_PROCESSING_LIMIT
MAX_GLUELESS = 4  # server names looked up for one zone (NXNSAttack, CVE-2020-12667): BIND 9.18, NS_FAIL_LIMIT
MAX_TARGETS = 64  # server addresses looked up for one answer, in all: Unbound 1.24, MAX_TARGET_COUNT
MAX_SERVERS = 26  # addresses tried for one question: thirteen servers with two each, as the root has

A, AAAA, DS, NS = dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.DS, dns.rdatatype.NS
Glue = tuple[tuple[dns.name.Name, str], ...]
DENIALS = (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)


@dataclass(frozen=True)
class Cut:
    """A zone as its parent delegates it: server names, glue, and what came with the referral about its DS."""

    zone: dns.name.Name
    parent: dns.name.Name | None
    nameservers: tuple[dns.name.Name, ...]
    glue: Glue = ()
    ds: Reply | None = None

    @cached_property
    def glueless(self) -> tuple[dns.name.Name, ...]:
        """The servers whose address must be looked up; one inside the zone itself can be found by glue only."""
        glued = {name for name, _ in self.glue}
        return tuple(name for name in self.nameservers if name not in glued and not name.is_subdomain(self.zone))


@dataclass
class Walk:
    """What one answer has cost so far, shared by the look-ups of server addresses that it needs; `stack` is why we are here."""

    stack: tuple[dns.name.Name, ...] = ()
    spent: dict[str, int] = field(default_factory=lambda: {"questions": 0, "referrals": 0, "targets": 0})

    def deeper(self, server: dns.name.Name) -> Walk:
        """The same walk, looking for the address of `server`."""
        return Walk((*self.stack, server), self.spent)

    def looks(self) -> bool:
        """Whether one more server address may be looked up: known zones lead to each other without any question being asked."""
        self.spent["targets"] += 1
        return self.spent["targets"] <= MAX_TARGETS

    @property
    def over(self) -> bool:
        """Whether more was wanted than may be spent: whatever is tried now fails."""
        return self.spent["questions"] > MAX_QUESTIONS or self.spent["referrals"] > MAX_REFERRALS

    def spend(self, what: str, most: int, zone: dns.name.Name) -> None:
        """Count one question or referral. Raises Lame where no honest zone would need so many."""
        self.spent[what] += 1
        if self.spent[what] > most:
            raise Lame(f"too-many-{what}", zone.to_text())


class Iteration:
    """Fetches replies from the authoritative servers themselves."""

    follow = False
    """A server's word on where an alias leads is worth nothing outside its zone: the next name is asked anew."""

    def __init__(self, network: Network, upstream: Upstream) -> None:
        self._network = network
        self._upstream = upstream
        self._cuts: Memory[dns.name.Name, Cut] = Memory(network.clock)
        self._plain: Memory[dns.name.Name, bool] = Memory(network.clock)  # names below which there was no cut, or one we know
        self._leading: dict[dns.name.Name, asyncio.Event] = {}
        self._addresses: Memory[tuple[dns.name.Name, dns.rdatatype.RdataType], tuple[str, ...]] = Memory(network.clock)

    async def fetch(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, walk: Walk | None = None) -> Reply:
        """The reply of a server of the zone that holds `name`; for DS, of its parent.

        Raises Lame where every server of a zone failed, and Unreachable where every root server did.
        """
        walk = walk or Walk()
        cut = self.closest(name, rrtype)
        while True:
            below = self._next(cut, name, rrtype, walk)
            if below in self._leading:  # another question goes the same way: wait for the referral it gets
                await self._leading[below].wait()
                cut = self.closest(name, rrtype)
                continue
            with self._lead(below):
                message = await self._ask(cut, name, rrtype, walk)
                delegation = referral(message, cut.zone, name, rrtype)
                if delegation is None:
                    return Reply.of(message, name, rrtype, cut.zone)
                walk.spend("referrals", MAX_REFERRALS, delegation.name)
                cut = self._enter(cut, delegation, message)

    def _next(self, cut: Cut, name: dns.name.Name, rrtype: int, walk: Walk) -> dns.name.Name | None:
        """The name just below the cut, if it may be a cut too and we may wait for the one who asks; a look-up within another may not."""
        if walk.stack or rrtype == DS or name == cut.zone:
            return None
        below = name.split(len(cut.zone) + 1)[1]
        return None if self._plain.peek(below) else below

    @contextlib.contextmanager
    def _lead(self, below: dns.name.Name | None) -> Iterator[None]:
        """Let others wait while one finds out whether there is a cut; if there is none, they need not wait again."""
        if below is None:
            yield
            return
        done = self._leading[below] = asyncio.Event()
        try:
            yield
        finally:
            del self._leading[below]
            self._plain.keep(below, True, self._plain.until(MAX_NEGATIVE_TTL))
            done.set()

    def closest(self, name: dns.name.Name, rrtype: int) -> Cut:
        """The deepest zone known to enclose `name`; for DS, to enclose its parent (RFC 4035, section 3.1.4.1)."""
        if rrtype == DS and name != dns.name.root:
            name = name.parent()
        while name != dns.name.root:
            cut = self._cuts.peek(name)
            if cut is not None:
                return cut
            name = name.parent()
        hints = [(dns.name.from_text(server), address) for server, addresses in self._network.root_hints for address in addresses]
        return Cut(dns.name.root, None, tuple(dict.fromkeys(server for server, _ in hints)), tuple(hints))

    def kept_ds(self, name: dns.name.Name) -> Reply | None:
        """What the referral to `name` said of its DS, signed or not; None where it said nothing."""
        cut = self._cuts.peek(name)
        return cut.ds if cut else None

    async def delegation(self, zone: dns.name.Name) -> tuple[dns.name.Name | None, tuple[dns.name.Name, ...], Glue]:
        """The zone's parent, and the server names and glue of its referral. A server of both sides shows only its own NS set.

        Raises Lame and Unreachable as `fetch` does.
        """
        walk, cut = Walk(), self.closest(zone, DS)
        while zone != dns.name.root:
            message = await self._ask(cut, zone, NS, walk)
            delegation = referral(message, cut.zone, zone, NS)
            if delegation is None:
                found = Reply.of(message, zone, NS, cut.zone).find(zone, NS)
                return cut.zone, tuple(sorted(record.target for record in found.rrset)) if found else (), ()
            walk.spend("referrals", MAX_REFERRALS, delegation.name)
            parent, cut = cut.zone, self._enter(cut, delegation, message)
            if cut.zone == zone:
                return parent, tuple(sorted(cut.nameservers)), cut.glue
        return None, cut.nameservers, cut.glue

    def forget(self) -> None:
        """Walk from the root hints again."""
        self._cuts.forget()
        self._plain.forget()
        self._addresses.forget()

    def _enter(self, cut: Cut, delegation: dns.rrset.RRset, message: dns.message.Message) -> Cut:
        """The zone that the referral leads to; glue counts only inside the zone that gives it (RFC 5452, section 6)."""
        nameservers = tuple(record.target for record in delegation)[:MAX_NAMESERVERS]
        glue = tuple(
            (rrset.name, record.address)
            for rrset in message.additional
            if rrset.rdtype in (A, AAAA) and rrset.name in nameservers and rrset.name.is_subdomain(cut.zone)
            for record in rrset
        )
        child = Cut(delegation.name, cut.zone, nameservers, glue, _ds(message, delegation.name, cut.zone))
        self._cuts.keep(child.zone, child, self._cuts.until(min(delegation.ttl, MAX_TTL)))
        return child

    async def _ask(self, cut: Cut, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, walk: Walk) -> dns.message.Message:
        """The first proper reply among the zone's servers."""
        failures: list[Unreachable] = []
        async for server in self.servers(cut, walk):
            if self._upstream.given_up(server):
                failures.append(Unreachable("timeout", f"{server}:53"))
                continue
            walk.spend("questions", MAX_QUESTIONS, cut.zone)
            try:
                message = await self._upstream.ask(name, rrtype, server)
            except Unreachable as error:
                failures.append(error)
                continue
            reason = fault(message, cut.zone, name, rrtype)
            if not reason:
                return message
            failures.append(Unreachable(reason, f"{server}:53"))
        raise _failed(cut, failures)

    async def servers(self, cut: Cut, walk: Walk) -> AsyncIterator[str]:
        """The addresses of the zone's servers: first those with glue, IPv4 before IPv6, the silent ones last."""
        seen: set[str] = set()
        silent: list[str] = []
        async for address in self._addresses_of(cut, walk):
            if address in seen or len(seen) >= MAX_SERVERS:
                continue
            seen.add(address)
            if self._upstream.silences(address):
                silent.append(address)
            else:
                yield address
        for address in silent:
            yield address

    async def _addresses_of(self, cut: Cut, walk: Walk) -> AsyncIterator[str]:
        for _, address in sorted(cut.glue, key=lambda pair: ":" in pair[1]):
            yield address
        for rrtype in (A, AAAA):
            for server in cut.glueless[:MAX_GLUELESS]:
                for address in await self.addresses(server, rrtype, walk):
                    yield address

    async def addresses(self, server: dns.name.Name, rrtype: dns.rdatatype.RdataType, walk: Walk) -> tuple[str, ...]:
        """The addresses of a server; none where they cannot be found. An alias is no server (RFC 2181, section 10.3)."""
        kept = self._addresses.peek((server, rrtype))
        if kept is not None:
            return kept
        if server in walk.stack or len(walk.stack) >= MAX_DEPTH or not walk.looks():
            return ()
        try:
            reply = await self.fetch(server, rrtype, walk.deeper(server))
        except Unreachable:
            if walk.over:  # else every other server would be tried in vain, and theirs, and theirs
                raise
            return ()  # the zone then fails by its other servers, or is lame
        found = reply.find(server, rrtype)
        addresses = tuple(record.address for record in found.rrset) if found else ()
        ttl = min(found.rrset.ttl, MAX_TTL) if found else MAX_NEGATIVE_TTL
        self._addresses.keep((server, rrtype), addresses, self._addresses.until(ttl))
        return addresses


def _ds(message: dns.message.Message, child: dns.name.Name, parent: dns.name.Name) -> Reply | None:
    """What a referral says of the child's DS, as a reply to the question for it."""
    authority = signed(message.authority, parent)
    answer: tuple[Signed, ...] = tuple(s for s in authority if s.rrset.rdtype == DS and s.rrset.name == child and s.signatures)
    denial = tuple(s for s in authority if s.rrset.rdtype in DENIALS and s.signatures)
    return Reply(child, DS, dns.rcode.NOERROR, parent, answer, denial) if answer or denial else None


def _failed(cut: Cut, failures: list[Unreachable]) -> Unreachable:
    """The error for a zone whose servers have all failed: the first one's reason, and all of them in `where`."""
    kind = Lame if cut.parent is not None else Unreachable
    if not failures:
        return kind("no-address", ", ".join(name.to_text() for name in cut.nameservers) or cut.zone.to_text())
    where = ", ".join(dict.fromkeys(failure.where for failure in failures))
    return kind(failures[0].reason, where if kind is Unreachable else f"{cut.zone}: {where}")
