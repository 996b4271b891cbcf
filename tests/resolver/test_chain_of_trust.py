"""Verdicts over a world of good and broken chains; the oracles see the same world in tests/oracles/test_dnssec.py."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import dns.message
import dns.rdatatype
import pytest
from chains import POLICY, PROBES, world
from rooted import Rooted, run

from postlib.network import Network
from postlib.resolver import Answer, Resolver, Security


@pytest.fixture(scope="module")
def rooted() -> Rooted:
    """One world for all."""
    return world()


@pytest.fixture(scope="module")
def answers(rooted: Rooted) -> Iterator[dict[tuple[str, str], Answer]]:
    """Every probe, answered in one observation, all at once."""

    async def observe() -> dict[tuple[str, str], Answer]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            found = await asyncio.gather(*(resolver.resolve(name, rrtype) for name, rrtype, _, _ in (*PROBES, *POLICY)))
        return {(name, rrtype): answer for (name, rrtype, _, _), answer in zip((*PROBES, *POLICY), found, strict=True)}

    yield run(observe())


@pytest.mark.parametrize(("name", "rrtype", "security", "ede"), (*PROBES, *POLICY))
def test_the_verdict(answers: dict[tuple[str, str], Answer], name: str, rrtype: str, security: Security, ede: int | None) -> None:
    """Security (RFC 4035, section 4.3) and, where something is broken or unsupported, the code of RFC 8914."""
    answer = answers[name, rrtype]
    assert answer.security == security
    if ede is not None or security is not Security.BOGUS:
        assert next((link.ede for link in answer.chain if link.ede is not None), None) == ede


def test_every_bogus_answer_says_where_it_breaks(answers: dict[tuple[str, str], Answer]) -> None:
    """One broken link, with a reason; the links above it are whole."""
    bogus = [answer for answer in answers.values() if answer.security is Security.BOGUS]
    assert bogus
    for answer in bogus:
        assert answer.broken is not None and answer.broken.reason and answer.broken.ede is not None
        before = answer.chain[: answer.chain.index(answer.broken)]
        assert all(link.security is Security.SECURE for link in before)


def test_the_chain_names_every_step(answers: dict[tuple[str, str], Answer]) -> None:
    """From the anchor down: the zone that holds each record, and the record."""
    chain = answers["www.good.post.", "A"].chain
    assert [f"{link.zone} {link.what}" for link in chain] == [
        ". trust anchor",
        ". . DNSKEY",
        ". post. DS",
        "post. post. DNSKEY",
        "post. good.post. DS",
        "good.post. good.post. DNSKEY",
        "good.post. www.good.post. A",
    ]


def test_a_signature_expires_as_the_clock_advances() -> None:
    """The same observation, a month later: what was kept is old, and the signatures are too (RFC 4035, section 5.3.1)."""
    rooted = world()

    async def observe() -> tuple[Answer, Answer]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            before = await resolver.resolve("www.good.post", "A")
            rooted.clock.advance(days=30)
            return before, await resolver.resolve("www.good.post", "A")

    before, after = run(observe())
    assert before.security is Security.SECURE
    assert after.security is Security.BOGUS
    assert after.broken is not None and after.broken.reason == "signature-expired"


def test_an_answer_does_not_outlive_its_signature() -> None:
    """RFC 4035, section 5.3.3: a TTL of an hour under a signature that ends in a minute is a minute."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2", {"www": {"A": ["198.51.100.1"]}}, end=0.5 + 1 / 1440)  # noon, and a minute

    async def observe() -> Answer:
        async with rooted.served() as network:
            return await Resolver(network).resolve("www.post", "A")

    assert run(observe()).ttl == 60


def test_without_an_anchor_nothing_is_known() -> None:
    """RFC 4035, section 4.3: indeterminate is the state without a trust anchor."""
    answer = run(_with(world(), "www.good.post", trust_anchor=()))
    assert answer.security is Security.INDETERMINATE
    assert answer.chain[0].reason == "no-trust-anchor"


def test_another_anchor_makes_everything_bogus() -> None:
    """A DS that is not the root key's leads nowhere (RFC 4035, section 5)."""
    answer = run(_with(world(), "www.good.post", trust_anchor=("1 13 2 " + "00" * 32,)))
    assert answer.security is Security.BOGUS
    assert answer.broken is not None and answer.broken.reason == "ds-without-key"


def test_a_new_key_is_seen_when_the_old_one_is_forgotten() -> None:
    """A key rollover with the DS left behind: secure from the cache, bogus after a flush."""
    from rooted import key

    rooted = world()

    async def observe() -> list[Security]:
        async with rooted.served() as network:
            resolver = Resolver(network)
            found = [(await resolver.resolve("www.good.post", "A")).security]
            rooted.resign("good.post.", keys=(key("new"),))
            found.append((await resolver.resolve("www.good.post", "A")).security)
            resolver.flush()
            return [*found, (await resolver.resolve("www.good.post", "A")).security]

    assert run(observe()) == [Security.SECURE, Security.SECURE, Security.BOGUS]


async def _with(rooted: Rooted, name: str, **settings: object) -> Answer:
    async with rooted.served(**settings) as network:
        assert isinstance(network, Network)
        return await Resolver(network).resolve(name, "A")


def test_a_denial_with_an_unsigned_soa_is_bogus() -> None:
    """RFC 4035, section 3.2.3: the SOA, which says for how long nothing is there, is a relevant record of the denial."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")

    def without_its_signature(reply: dns.message.Message) -> dns.message.Message:
        reply.authority = [rrset for rrset in reply.authority if rrset.covers != dns.rdatatype.SOA]
        return reply

    rooted.tamper["post."] = without_its_signature

    async def observe() -> Answer:
        async with rooted.served() as network:
            return await Resolver(network).resolve("nothing.post.", "A")

    answer = run(observe())
    assert answer.security is Security.BOGUS and answer.broken is not None and answer.broken.reason == "signature-missing"
