"""Walking from the root: referrals, glue, lame servers, loops, and what may not be believed (RFC 1034, section 5.3.3)."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from rooted import Rooted, put, run

from postlib.network import Lame, Unreachable
from postlib.resolver import Answer, Resolver
from postlib.resolver.iteration import MAX_GLUELESS, MAX_QUESTIONS
from postlib.resolver.reply import MAX_ALIASES

WWW = {"www": {"A": ["198.51.100.1"]}}


async def ask(rooted: Rooted, name: str, rrtype: str = "A", *, validate: bool = False) -> Answer:
    """One question in one observation."""
    async with rooted.served() as network:
        return await Resolver(network, validate=validate).resolve(name, rrtype)


def post(**signing: object) -> Rooted:
    """A root and `post.`."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2", **signing)  # type: ignore[arg-type]
    return rooted


def test_the_walk_asks_each_zone_once_and_no_more() -> None:
    """Without validation: no DS, no DNSKEY, and the next name starts at the zone that is known."""
    rooted = post()
    rooted.zone("auroria.post.", "192.0.2.3", WWW)

    async def observe() -> None:
        async with rooted.served() as network:
            resolver = Resolver(network, validate=False)
            await resolver.resolve("www.auroria.post", "A")
            await resolver.resolve("www.auroria.post", "A")
            assert (await resolver.resolve("nothing.auroria.post", "A")).exists is False
            assert resolver.work.questions == 4

    run(observe())
    assert rooted.asked == [("www.auroria.post.", "A")] * 3 + [("nothing.auroria.post.", "A")]


def test_a_server_with_only_an_ipv6_address_is_asked() -> None:
    rooted = post()
    rooted.zone("auroria.post.", "2001:db8::3", WWW)
    assert len(run(ask(rooted, "www.auroria.post")).records) == 1


def test_a_server_outside_the_zone_is_looked_up() -> None:
    """No glue: the address of ns.example. is asked for (RFC 1034, section 5.3.3, step 3)."""
    rooted = post()
    rooted.zone("example.", "192.0.2.4")
    zone = rooted.zone("hosted.post.", "192.0.2.4", WWW)
    rooted.delegate(rooted.zones[dns.name.from_text("post.")], zone.origin, {"ns.example.": ""})
    assert len(run(ask(rooted, "www.hosted.post")).records) == 1
    assert "ns.example." in rooted.questions("A")


@pytest.mark.parametrize("habit", ["refuses", "servfail", "silent"])
def test_the_second_server_answers_where_the_first_fails(habit: str) -> None:
    """Every server of the zone is tried before the zone is called lame."""
    rooted = _two_servers()
    rooted.machines["192.0.2.3"].habit = habit
    assert len(run(ask(rooted, "www.auroria.post")).records) == 1
    assert len(rooted.questions("A")) > 3


@pytest.mark.parametrize(("rcode", "reason"), [("REFUSED", "refused"), ("SERVFAIL", "servfail"), ("NOTAUTH", "notauth")])
def test_a_zone_whose_every_server_fails_is_lame(rcode: str, reason: str) -> None:
    """Lame: the parent answers, and all it names do not (RFC 1912, section 2.8)."""
    rooted = _two_servers()

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        broken = dns.message.make_response(dns.message.make_query(reply.question[0].name, reply.question[0].rdtype, id=reply.id))
        broken.set_rcode(dns.rcode.from_text(rcode))
        return broken

    rooted.tamper["auroria.post."] = tamper
    with pytest.raises(Lame) as raised:
        run(ask(rooted, "www.auroria.post"))
    assert raised.value.reason == reason
    assert raised.value.where == "auroria.post.: 192.0.2.3:53, 192.0.2.4:53"


def test_a_server_without_authority_is_lame() -> None:
    """A reply without AA is no answer of an authoritative server (RFC 1034, section 4.2.2)."""
    rooted = _two_servers()

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        reply.flags &= ~dns.flags.AA
        return reply

    rooted.tamper["auroria.post."] = tamper
    with pytest.raises(Lame, match="not-authoritative"):
        run(ask(rooted, "www.auroria.post"))


def test_a_referral_upwards_ends_there() -> None:
    """A server that refers to the root, or to the zone itself, is lame; the walk only goes down."""
    rooted = _two_servers()

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        upward = dns.message.make_response(dns.message.make_query(reply.question[0].name, reply.question[0].rdtype, id=reply.id))
        upward.authority = [dns.rrset.from_text(".", 60, "IN", "NS", "ns.")]
        return upward

    rooted.tamper["auroria.post."] = tamper
    with pytest.raises(Lame, match="upward-referral"):
        run(ask(rooted, "www.auroria.post"))


def test_a_silent_root_is_unreachable_and_not_lame() -> None:
    rooted = post()
    rooted.tamper["."] = lambda reply: None
    with pytest.raises(Unreachable, match="timeout") as raised:
        run(ask(rooted, "www.auroria.post"))
    assert not isinstance(raised.value, Lame)


def test_a_delegation_to_each_others_servers_ends() -> None:
    """a.post is served by ns.b.post, b.post by ns.a.post, and there is no glue: nobody can ever be asked."""
    rooted = post()
    parent = rooted.zones[dns.name.from_text("post.")]
    put(parent, "a.post.", "NS", "ns.b.post.")
    put(parent, "b.post.", "NS", "ns.a.post.")
    with pytest.raises(Lame, match="no-address"):
        run(ask(rooted, "www.a.post"))
    assert len(rooted.asked) < MAX_QUESTIONS


def test_many_servers_without_glue_cost_little() -> None:
    """NXNSAttack (CVE-2020-12667): a referral to many names of a victim makes us ask for few of them."""
    rooted = post()
    rooted.zone("victim.post.", "192.0.2.9")
    put(rooted.zones[dns.name.from_text("post.")], "evil.post.", "NS", *(f"n{i}.victim.post." for i in range(60)))
    with pytest.raises(Lame):
        run(ask(rooted, "www.evil.post"))
    assert len({name for name, _ in rooted.asked if name.endswith(".victim.post.")}) == MAX_GLUELESS


def test_records_of_other_zones_are_not_believed() -> None:
    """A server of auroria.post says where www.valdoria.post is: nobody asked it (RFC 5452, section 6)."""
    rooted = post()
    rooted.zone("valdoria.post.", "192.0.2.4", WWW)
    rooted.zone("auroria.post.", "192.0.2.3", {"alias": {"CNAME": ["www.valdoria.post."]}})

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        reply.answer.append(dns.rrset.from_text("www.valdoria.post.", 60, "IN", "A", "203.0.113.66"))
        return reply

    rooted.tamper["auroria.post."] = tamper
    answer = run(ask(rooted, "alias.auroria.post"))
    assert [record.to_text() for record in answer.records] == ["198.51.100.1"]


def test_glue_of_other_zones_is_not_believed() -> None:
    """`post.` may not say where a server of example. is."""
    rooted = post()
    rooted.zone("example.", "192.0.2.4")
    put(rooted.zones[dns.name.from_text("post.")], "auroria.post.", "NS", "ns.example.")

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        reply.additional.append(dns.rrset.from_text("ns.example.", 60, "IN", "A", "192.0.2.66"))
        return reply

    rooted.tamper["post."] = tamper
    rooted.zone("evil.", "192.0.2.66")
    with pytest.raises(Lame):
        run(ask(rooted, "www.auroria.post"))
    assert "ns.example." in rooted.questions("A")


def test_aliases_that_go_round_are_an_error() -> None:
    """A CNAME loop is no answer, and it is a fact about the zone that holds it."""
    rooted = post()
    rooted.zone("auroria.post.", "192.0.2.3", {"a": {"CNAME": ["b.auroria.post."]}, "b": {"CNAME": ["a.auroria.post."]}})
    with pytest.raises(Lame, match="alias-loop"):
        run(ask(rooted, "a.auroria.post", validate=True))


def test_a_long_chain_of_aliases_ends() -> None:
    rooted = post()
    chain = {f"a{i}": {"CNAME": [f"a{i + 1}.auroria.post."]} for i in range(40)}
    rooted.zone("auroria.post.", "192.0.2.3", chain)
    with pytest.raises(Lame, match="too-many-aliases"):
        run(ask(rooted, "a0.auroria.post"))
    assert len(rooted.asked) <= MAX_ALIASES + 4


def test_a_dname_that_makes_too_long_a_name_is_an_error() -> None:
    """RFC 6672, section 2.2: YXDOMAIN."""
    rooted = post()
    label = "x" * 60
    rooted.zone("auroria.post.", "192.0.2.3", {"old": {"DNAME": [f"{label}.{label}.{label}.auroria.post."]}})
    with pytest.raises(Lame, match="dname-too-long"):
        run(ask(rooted, f"{label}.old.auroria.post"))


def _two_servers() -> Rooted:
    rooted = post()
    zone = rooted.zone("auroria.post.", "192.0.2.3", WWW, signed=False)
    put(zone, "@", "NS", "ns.auroria.post.", "ns2.auroria.post.")
    rooted.machines["192.0.2.4"] = type(rooted.machines["192.0.2.3"])({zone.origin: zone})
    parent = rooted.zones[dns.name.from_text("post.")]
    rooted.delegate(parent, zone.origin, {"ns.auroria.post.": "192.0.2.3", "ns2.auroria.post.": "192.0.2.4"})
    return rooted
