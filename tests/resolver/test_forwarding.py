"""Through recursive servers: failover, flags, and forwarders that lose what we need (RFC 4035, sections 3.2 and 4.9)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import cached_property
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from chains import world
from rooted import Rooted, run
from zones import Zones, served

from postlib.lab.listener import bind_pair
from postlib.network import Lame, Network, Unreachable
from postlib.resolver import Answer, Resolver, Security

Change = Callable[[dns.message.Message], dns.message.Message | None]


class Recursive(asyncio.DatagramProtocol):
    """A recursive server on loopback, made of our own resolver without validation: it passes on what it gets, changed or not."""

    def __init__(self, resolver: Resolver, change: Change) -> None:
        self.resolver = resolver
        self.change = change
        self.questions: list[dns.message.Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own does not inherit from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.questions.append(dns.message.from_wire(data))
        self.task = asyncio.get_running_loop().create_task(self.answer(self.questions[-1], addr))

    async def answer(self, question: dns.message.Message, addr: tuple[str, int]) -> None:
        """Resolve, and send it all."""
        reply = dns.message.make_response(question, recursion_available=True)
        found = await self.resolver.resolve(question.question[0].name, question.question[0].rdtype)
        reply.set_rcode(found.rcode)
        reply.answer, reply.authority = list(found.answer), list(found.authority)
        changed = self.change(reply)
        if changed is not None:
            self.transport.sendto(changed.to_wire(), addr)


@contextlib.asynccontextmanager
async def forwarded(rooted: Rooted, change: Change = lambda reply: reply) -> AsyncIterator[tuple[Network, Recursive]]:
    """A Network whose forwarder is a recursive server of that world."""
    async with rooted.served() as network:
        tcp, udp = bind_pair()
        tcp.close()
        server = Recursive(Resolver(network), change)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, sock=udp)
        try:
            place = f"127.0.0.1:{udp.getsockname()[1]}"
            yield Network(forwarder=place, timeout=0.3, clock=network.clock, trust_anchor=network.trust_anchor), server
        finally:
            transport.close()


async def through(rooted: Rooted, name: str, rrtype: str = "A", change: Change = lambda reply: reply) -> Answer:
    """One question through such a forwarder."""
    async with forwarded(rooted, change) as (network, _):
        return await Resolver(network).resolve(name, rrtype)


def stripped(reply: dns.message.Message) -> dns.message.Message:
    """What a forwarder leaves that knows nothing of DNSSEC."""
    lost = (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
    reply.answer = [rrset for rrset in reply.answer if rrset.rdtype not in lost]
    reply.authority = [rrset for rrset in reply.authority if rrset.rdtype not in lost]
    return reply


@pytest.mark.parametrize(
    ("name", "security"),
    [
        ("www.good.post", Security.SECURE),
        ("nothing.good.post", Security.SECURE),
        ("to-good.good.post", Security.SECURE),
        ("to-nothing.good.post", Security.SECURE),
        ("to-unsigned.good.post", Security.INSECURE),
        ("x.old.good.post", Security.SECURE),
        ("www.unsigned.post", Security.INSECURE),
        ("nothing.optout.post", Security.INSECURE),
        ("www.expired.post", Security.BOGUS),
        ("www.nosig.post", Security.BOGUS),
        ("to-expired.good.post", Security.BOGUS),
    ],
)
def test_the_verdict_is_our_own(name: str, security: Security) -> None:
    """DS and DNSKEY are fetched through the forwarder; its word on security is not asked."""
    assert run(through(world(), name)).security is security


def test_the_question_asks_for_recursion_signatures_and_no_checking() -> None:
    """RD, DO and CD are set, and AD in the reply is nothing to us (RFC 4035, section 3.2.2)."""

    def boast(reply: dns.message.Message) -> dns.message.Message:
        reply.flags |= dns.flags.AD
        return reply

    async def observe() -> tuple[Answer, list[dns.message.Message]]:
        async with forwarded(world(), boast) as (network, server):
            return await Resolver(network).resolve("www.expired.post", "A"), server.questions

    answer, questions = run(observe())
    assert answer.security is Security.BOGUS
    assert all(q.flags & dns.flags.RD and q.flags & dns.flags.CD and q.ednsflags & dns.flags.DO for q in questions)


@pytest.mark.parametrize("name", ["www.good.post", "nothing.good.post", "www.unsigned.post", "www.expired.post"])
def test_a_forwarder_that_strips_signatures_makes_nobody_bogus(name: str) -> None:
    """Security is then unknown, and the chain says why."""
    answer = run(through(world(), name, change=stripped))
    assert answer.security is Security.INDETERMINATE
    assert answer.broken is not None and answer.broken.reason == "forwarder-strips-signatures"
    assert answer.broken.ede == 5


def test_a_forwarder_that_strips_a_zone_only_is_no_excuse_for_it() -> None:
    """Signatures that come for the root and not for the zone are missing in the zone."""

    def change(reply: dns.message.Message) -> dns.message.Message:
        return stripped(reply) if reply.question[0].name.to_text().endswith("good.post.") else reply

    answer = run(through(world(), "www.good.post", change=change))
    assert answer.security is Security.BOGUS
    assert answer.broken is not None and answer.broken.ede in (10, 12)


def test_a_chain_that_cannot_be_fetched_is_indeterminate_and_no_answer_to_lookup() -> None:
    """Silence about a DNSKEY says nothing about the zone (RFC 4035, section 4.3); a validating resolver answers SERVFAIL."""

    def change(reply: dns.message.Message) -> dns.message.Message | None:
        return None if reply.question[0].rdtype == dns.rdatatype.DNSKEY else reply

    async def observe() -> Answer:
        async with forwarded(world(), change) as (network, _):
            resolver = Resolver(network)
            with pytest.raises(Unreachable, match="timeout"):
                await resolver.lookup("www.good.post", "A")
            return await resolver.resolve("www.good.post", "A")

    answer = run(observe())
    assert answer.security is Security.INDETERMINATE
    assert answer.broken is not None and answer.broken.ede == 23


def test_lookup_withholds_what_is_bogus() -> None:
    async def observe() -> None:
        async with forwarded(world()) as (network, _):
            with pytest.raises(Unreachable, match="bogus"):
                await Resolver(network).lookup("www.expired.post", "A")

    run(observe())


class Pair(Network):
    """A Network with two forwarders: the first fails."""

    @cached_property
    def forwarders(self) -> tuple[tuple[str, int], ...]:
        hosts = [place.rpartition(":") for place in (self.forwarder or "").split("+")]
        return tuple((host, int(port)) for host, _, port in hosts)


@pytest.mark.parametrize("outcome", ["timeout", "servfail", "refused"])
def test_the_next_forwarder_is_asked_where_the_first_fails(outcome: str) -> None:
    bad, good = Zones({"auroria.post": outcome}), Zones({"auroria.post": {"A": ["198.51.100.1"]}})
    network = Pair(forwarder=f"{bad.forwarder}+{good.forwarder}", timeout=0.1)
    answer = run(Resolver(network, validate=False).resolve("auroria.post", "A"))
    assert len(answer.records) == 1


@pytest.mark.parametrize("outcome", ["timeout", "servfail", "refused"])
def test_failure_of_all_forwarders_is_unreachable_and_never_lame(outcome: str) -> None:
    """What our own resolver refuses says nothing about the zone."""
    zones = Zones({"auroria.post": outcome})
    with pytest.raises(Unreachable, match=outcome) as raised:
        run(zones.resolver().resolve("auroria.post", "A"))
    assert not isinstance(raised.value, Lame)
    assert raised.value.where == zones.forwarder


def test_aliases_come_in_one_reply() -> None:
    """One question to a recursive server, with all the aliases in its answer."""
    zones = Zones({"a.post": {"CNAME": ["b.post."]}, "b.post": {"CNAME": ["c.post."]}, "c.post": {"A": ["198.51.100.1"]}})
    answer = run(zones.resolver().resolve("a.post", "A"))
    assert [name.to_text() for name in answer.aliases] == ["b.post.", "c.post."]
    assert answer.canonical.to_text() == "c.post."
    assert len(zones.heard) == 1


def test_an_unvalidated_answer_is_indeterminate() -> None:
    answer = run(served({"a.post": {"TXT": ["hello"]}}).resolve("a.post", "TXT"))
    assert answer.security is Security.INDETERMINATE and answer.chain == ()


@pytest.mark.parametrize("rrtype", ["ANY", "AXFR", "RRSIG", "OPT"])
def test_a_type_that_no_record_has_is_an_error(rrtype: str) -> None:
    with pytest.raises(ValueError, match=rrtype):
        run(served({}).resolve("a.post", rrtype))
