"""What one subject may cost: no further question, no wrong fact instead, and nobody else pays."""

from __future__ import annotations

import asyncio

import pytest
from rooted import Rooted, run

from postlib.network import Lame, Unreachable
from postlib.resolver import Resolver, Security
from postlib.resolver.allowance import Allowance, asking_for


def two_names() -> Rooted:
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    rooted.zone("auroria.post.", "192.0.2.3", {"www": {"A": ["198.51.100.1"]}, "mail": {"A": ["198.51.100.2"]}})
    return rooted


@pytest.mark.parametrize("granted", range(5))
def test_beyond_it_nothing_is_asked_and_nothing_is_made_of_that(granted: int) -> None:
    """Neither a lame zone nor a broken chain: wherever on the way the questions end, the reason is that they do."""
    rooted = two_names()

    async def observe() -> tuple[Unreachable, int]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            with asking_for(Allowance("auroria.post", granted)), pytest.raises(Unreachable) as caught:
                await resolver.resolve("www.auroria.post", "A")
            return caught.value, resolver.work.questions

    error, questions = run(observe())
    assert (error.reason, error.where, questions) == ("too-many-questions", "auroria.post", granted)
    assert not isinstance(error, Lame)


def test_what_is_known_costs_nothing() -> None:
    rooted = two_names()

    async def observe() -> Security:
        async with rooted.served() as network:
            resolver = Resolver(network)
            await resolver.resolve("www.auroria.post", "A")
            with asking_for(Allowance("auroria.post", 0)):
                return (await resolver.resolve("www.auroria.post", "A")).security

    assert run(observe()) is Security.SECURE


def test_one_allowance_spent_harms_nobody_who_waits_for_the_same_answer() -> None:
    """Both ask at the same time; the one who asked first runs out on the way."""
    rooted = two_names()

    async def observe() -> tuple[object, object]:
        async with rooted.served() as network:
            resolver = Resolver(network)

            async def ask(allowance: Allowance) -> str:
                with asking_for(allowance):
                    return (await resolver.resolve("www.auroria.post", "A")).security.value

            poor, rich = (asyncio.ensure_future(ask(Allowance(name, left))) for name, left in (("poor", 3), ("rich", 100)))
            return tuple(await asyncio.gather(poor, rich, return_exceptions=True))  # type: ignore[return-value]

    poor, rich = run(observe())
    assert isinstance(poor, Unreachable) and poor.where == "poor"
    assert rich == "secure"


def test_the_servers_of_a_zone_are_not_called_silent_for_it() -> None:
    """RFC 1912, section 2.8, is about servers that do not answer, not about questions that were not put."""
    rooted = two_names()

    async def observe() -> None:
        async with rooted.served() as network:
            with asking_for(Allowance("auroria.post", 2)):
                await Resolver(network).servers("auroria.post")

    with pytest.raises(Unreachable, match="too-many-questions at auroria.post"):
        run(observe())


def test_an_allowance_within_another_is_the_outer_one() -> None:
    """What is looked at on the way to a domain's own facts is the domain's own matter."""
    rooted = two_names()

    async def observe() -> None:
        async with rooted.served() as network:
            with asking_for(Allowance("outer", 0)), asking_for(Allowance("inner", 100)):
                await Resolver(network).resolve("www.auroria.post", "A")

    with pytest.raises(Unreachable, match="too-many-questions at outer"):
        run(observe())
