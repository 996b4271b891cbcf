"""One observation: each question once, for as long as its answer lives; cancelling, flushing, an end to memory (RFC 2308)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import dns.message
import dns.name
import dns.rcode
import pytest
from rooted import AT, Rooted, put, run
from zones import Zones

from postlib.clock import LabClock
from postlib.network import Unreachable
from postlib.resolver import Resolver
from postlib.resolver.memory import MAX_NEGATIVE_TTL, Memory
from postlib.resolver.upstream import MAX_SILENCES


def rooted_with(ttl: int = 300) -> Rooted:
    """auroria.post with one name of that TTL."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    zone = rooted.zone("auroria.post.", "192.0.2.3")
    zone.put(dns.name.from_text("www.auroria.post."), dns.rdatatype.A, ["198.51.100.1"], ttl)
    return rooted


def test_an_answer_lives_as_long_as_its_ttl() -> None:
    """By the Network's clock; what is left of it is told."""
    rooted = rooted_with(300)

    async def observe() -> list[int]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            lives = []
            for _ in range(4):
                lives.append((await resolver.resolve("www.auroria.post", "A")).ttl)
                rooted.clock.advance(seconds=100)
            return lives

    assert run(observe()) == [300, 200, 100, 300]


def test_a_denial_lives_as_long_as_the_soa_says() -> None:
    """RFC 2308, section 5: the SOA's minimum, here 300 seconds."""
    rooted = rooted_with()

    async def observe() -> int:
        async with rooted.served() as network:
            resolver = Resolver(network, validate=False)
            for _ in range(3):
                assert not (await resolver.resolve("nothing.auroria.post", "A")).exists
                rooted.clock.advance(seconds=149)
            before = resolver.work.questions
            rooted.clock.advance(seconds=10)
            await resolver.resolve("nothing.auroria.post", "A")
            return resolver.work.questions - before

    assert run(observe()) == 1


def test_no_denial_lives_longer_than_three_hours() -> None:
    """RFC 2308, section 5."""
    rooted = Rooted()
    zone = rooted.zone("post.", "192.0.2.2", signed=False)
    put(zone, "@", "SOA", "ns.post. hostmaster.post. 1 7200 3600 1209600 999999")
    zone.put(zone.origin, dns.rdatatype.SOA, ["ns.post. hostmaster.post. 1 7200 3600 1209600 999999"], 999999)

    async def observe() -> int:
        async with rooted.served() as network:
            return (await Resolver(network, validate=False).resolve("nothing.post", "A")).ttl

    assert run(observe()) == MAX_NEGATIVE_TTL


def test_those_who_ask_at_the_same_time_share_one_question() -> None:
    zones = Zones({"a.post": {"A": ["198.51.100.1"]}})

    async def observe() -> None:
        resolver = zones.resolver()
        await asyncio.gather(*(resolver.resolve("a.post", "A") for _ in range(20)))

    run(observe())
    assert zones.heard == [("a.post", "A")]


def test_many_names_of_a_cold_zone_are_one_walk() -> None:
    """Thirty names at once: the root and `post.` are asked for one referral each."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    rooted.zone("auroria.post.", "192.0.2.3", {f"h{n}": {"A": ["198.51.100.1"]} for n in range(30)})

    async def observe() -> int:
        async with rooted.served() as network:
            resolver = Resolver(network, validate=False)
            await asyncio.gather(*(resolver.resolve(f"h{n}.auroria.post", "A") for n in range(30)))
            return resolver.work.questions

    assert run(observe()) == 32


def test_a_failure_is_not_kept() -> None:
    """The server comes back, and so does the answer."""
    rooted = rooted_with()
    broken = [True]

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        if broken[0]:
            reply.set_rcode(dns.rcode.SERVFAIL)
        return reply

    rooted.tamper["auroria.post."] = tamper

    async def observe() -> int:
        async with rooted.served() as network:
            resolver = Resolver(network)
            with pytest.raises(Unreachable, match="servfail"):
                await resolver.resolve("www.auroria.post", "A")
            broken[0] = False
            return len((await resolver.resolve("www.auroria.post", "A")).records)

    assert run(observe()) == 1


def test_a_silent_server_is_not_asked_for_ever() -> None:
    """Ten questions to a server that never says anything: only the first few are really put."""
    rooted = rooted_with()
    rooted.machines["192.0.2.3"].habit = "silent"

    async def observe() -> int:
        async with rooted.served(timeout=0.02) as network:
            resolver = Resolver(network, validate=False)
            for n in range(10):
                with pytest.raises(Unreachable, match="timeout"):
                    await resolver.resolve(f"h{n}.auroria.post", "A")
            return resolver.work.questions

    assert run(observe()) == 2 + MAX_SILENCES  # the root, post., and the silent one


def test_cancelling_one_does_not_disturb_the_others() -> None:
    zones = Zones({"a.post": {"A": ["198.51.100.1"]}})

    async def observe() -> int:
        resolver = zones.resolver()
        first, second = (asyncio.create_task(resolver.resolve("a.post", "A")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return len((await second).records)

    assert run(observe()) == 1


def test_work_that_nobody_waits_for_is_cancelled_and_can_begin_again() -> None:
    async def observe() -> list[str]:
        memory: Memory[str, str] = Memory(LabClock(AT))
        seen = []

        async def slow() -> tuple[str, object]:
            seen.append("begun")
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
            raise AssertionError

        task = asyncio.create_task(memory.get("key", slow))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        async def quick() -> tuple[str, object]:
            return "value", AT + timedelta(seconds=1)

        seen.append(await memory.get("key", quick))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        return seen

    assert run(observe()) == ["begun", "cancelled", "value"]


def test_the_memory_has_an_end() -> None:
    """The one that nobody has wanted for the longest time gives way."""
    memory: Memory[int, int] = Memory(LabClock(AT), size=3)
    for n in range(10):
        memory.keep(n, n, AT + timedelta(seconds=60))
    assert len(memory) == 3
    assert [memory.peek(n) for n in (6, 9, 8, 7)] == [None, 9, 8, 7]
    memory.keep(10, 10, AT + timedelta(seconds=60))
    assert [memory.peek(n) for n in (7, 8, 9, 10)] == [7, 8, None, 10]


def test_what_is_over_is_not_kept() -> None:
    clock = LabClock(AT)
    memory: Memory[str, int] = Memory(clock)
    memory.keep("zero", 1, AT)
    memory.keep("one", 1, AT + timedelta(seconds=1))
    assert (memory.peek("zero"), memory.peek("one")) == (None, 1)
    clock.advance(seconds=1)
    assert memory.peek("one") is None and len(memory) == 0


def test_a_flush_starts_from_nothing() -> None:
    """After a flush the walk begins at the root again, and the keys are fetched anew."""
    rooted = rooted_with()

    async def observe() -> tuple[int, int, int]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            await resolver.resolve("www.auroria.post", "A")
            first = resolver.work.questions
            await resolver.resolve("www.auroria.post", "A")
            second = resolver.work.questions
            resolver.flush()
            await resolver.resolve("www.auroria.post", "A")
            return first, second, resolver.work.questions

    assert run(observe()) == (6, 6, 12)


def test_an_observation_can_go_on_in_another_loop() -> None:
    """A Resolver is not bound to the event loop that it began in."""
    zones = Zones({"a.post": {"A": ["198.51.100.1"]}, "b.post": {"A": ["198.51.100.2"]}})
    resolver = zones.resolver()
    assert run(resolver.resolve("a.post", "A")).exists
    assert run(resolver.resolve("a.post", "A")).exists
    assert run(resolver.resolve("b.post", "A")).exists
    assert len(zones.heard) == 2
