"""Answers that a resolver seldom meets, each settled by a paragraph."""

from __future__ import annotations

from datetime import timedelta

import dns.name
import dns.rdatatype
import pytest
from rooted import AT, Rooted, put, run

from postlib.network import Lame
from postlib.resolver import Answer, Resolver, Security

WWW = {"www": {"A": ["198.51.100.1"]}}


async def resolved(rooted: Rooted, name: str, rrtype: str) -> Answer:
    async with rooted.served() as network:
        return await Resolver(network).resolve(name, rrtype)


def world(**signing: object) -> Rooted:
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    rooted.zone("auroria.post.", "192.0.2.3", WWW | {"old": {"DNAME": ["new.auroria.post."]}}, **signing)  # type: ignore[arg-type]
    return rooted


@pytest.mark.parametrize("signed", [True, False])
def test_the_cname_that_follows_from_a_dname_can_be_asked_for(signed: bool) -> None:
    """RFC 6672, section 5.3.1: nobody signs it; the DNAME's signature and its name are what makes it true."""
    answer = run(resolved(world(signed=signed), "x.old.auroria.post", "CNAME"))
    assert answer.security is (Security.SECURE if signed else Security.INSECURE)
    assert [record.to_text() for record in answer.records] == ["x.new.auroria.post."]
    assert answer.aliases == () and answer.rrset is not None and answer.rrset.name.to_text() == "x.old.auroria.post."
    assert {rrset.rdtype for rrset in answer.answer} >= {dns.rdatatype.DNAME, dns.rdatatype.CNAME}


def test_a_cname_beside_a_dname_is_our_own_and_not_the_servers() -> None:
    """RFC 6672, section 5.3.1: an attacker may change the CNAME, for it has no signature; the DNAME says where it leads."""
    rooted = world()

    def lie(reply):  # type: ignore[no-untyped-def]
        for rrset in list(reply.answer):
            if rrset.rdtype == dns.rdatatype.CNAME:
                reply.answer.remove(rrset)
                reply.answer.append(dns.rrset.from_text(rrset.name, rrset.ttl, "IN", "CNAME", "evil.example."))
        return reply

    rooted.tamper["auroria.post."] = lie
    answer = run(resolved(rooted, "x.old.auroria.post", "CNAME"))
    assert ([record.to_text() for record in answer.records], answer.security) == (["x.new.auroria.post."], Security.SECURE)


def test_the_name_of_a_dname_itself_has_no_cname() -> None:
    """RFC 6672, section 2.3: it redirects what is below it, and not itself."""
    answer = run(resolved(world(), "old.auroria.post", "CNAME"))
    assert (answer.records, answer.exists, answer.security) == ((), True, Security.SECURE)


def opted_out() -> Rooted:
    """auroria.post. with one unsigned delegation two labels down, in an opt-out span that hides it and the empty name above it."""
    rooted = world(denial="nsec3", opt_out=True)
    rooted.zone("branch.empty.auroria.post.", "192.0.2.4", WWW, signed=False)
    return rooted


@pytest.mark.parametrize("rrtype", ["A", "TXT", "DS"])
def test_an_empty_name_that_opt_out_hides_has_no_data(rrtype: str) -> None:
    """RFC 5155, sections 7.2.3 and 8.5, as erratum 3441 has them: not secure (section 9.2), and not bogus either."""
    answer = run(resolved(opted_out(), "empty.auroria.post", rrtype))
    assert (answer.exists, answer.records, answer.security) == (True, (), Security.INSECURE)
    assert answer.chain[-1].reason == "opt-out"


def test_without_opt_out_the_empty_name_has_a_proof_of_its_own() -> None:
    """RFC 5155, section 7.1; tests/dnssec/test_denial.py has the span without the flag, which proves nothing."""
    rooted = opted_out()
    rooted.resign("auroria.post.", opt_out=False)
    answer = run(resolved(rooted, "empty.auroria.post", "TXT"))
    assert (answer.exists, answer.security) == (True, Security.SECURE)


def until(rooted: Rooted, name: str, rrtype: str) -> int:
    answer = run(resolved(rooted, name, rrtype))
    assert answer.security is Security.SECURE
    return int(answer.ttl)


@pytest.mark.parametrize("denial", ["nsec", "nsec3"])
@pytest.mark.parametrize(("name", "rrtype"), [("www.auroria.post", "A"), ("www.auroria.post", "MX"), ("nothing.auroria.post", "A")])
def test_nothing_outlives_its_signature(denial: str, name: str, rrtype: str) -> None:
    """RFC 4035, section 5.3.3, for answers and denials alike: the zone's signatures end two minutes from now."""
    rooted = world(denial=denial)
    rooted.resign("auroria.post.", end=(AT + timedelta(minutes=2) - AT.replace(hour=0)) / timedelta(days=1))
    assert 0 < until(rooted, name, rrtype) <= 120


def test_keys_do_not_outlive_the_signature_over_them() -> None:
    """RFC 4035, section 5.3.3: half an hour later the key set is asked for again, though its TTL is a day and that of the DS an hour."""
    rooted = world(dnskey_ttl=86_400)
    rooted.resign("auroria.post.", end=(AT + timedelta(minutes=2) - AT.replace(hour=0)) / timedelta(days=1))

    async def observe() -> list[Security]:
        async with rooted.served() as network:
            resolver, found = Resolver(network), []
            for _ in range(2):
                found.append((await resolver.resolve("www.auroria.post", "A")).security)
                rooted.clock.advance(minutes=30)
                rooted.resign("auroria.post.", end=13.0)
            return found

    assert run(observe()) == [Security.SECURE] * 2
    assert rooted.questions("DNSKEY").count("auroria.post.") == 2


def test_a_server_that_is_an_alias_is_no_server() -> None:
    """RFC 2181, section 10.3: the target of an NS record must not be an alias. It is not followed, and the zone says whose name it is."""
    rooted = world()
    post = rooted.zones[dns.name.from_text("post.")]
    put(post, "www-ns.post.", "CNAME", "ns.auroria.post.")
    rooted.delegate(post, dns.name.from_text("lost.post."), {"www-ns.post.": ""})
    with pytest.raises(Lame) as caught:
        run(resolved(rooted, "www.lost.post", "A"))
    assert (caught.value.reason, caught.value.where) == ("no-address", "www-ns.post.")
