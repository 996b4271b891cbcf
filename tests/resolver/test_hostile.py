"""Zones and servers that mean harm: no false *secure*, no crash, no endless work."""

from __future__ import annotations

import asyncio

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from chains import without_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from rooted import Rooted, Tamper, collisions, run

from postlib.dnssec.work import MAX_KEY_CANDIDATES, MAX_SIGNATURES, MAX_VERIFICATIONS
from postlib.lab.dns import denial
from postlib.lab.dns.signing import ZoneKey
from postlib.network import Unreachable
from postlib.resolver import Answer, Resolver, Security

NAME = "www.auroria.post"


def victim() -> Rooted:
    """auroria.post, signed, with one address."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2", denial="nsec3")
    rooted.zone("auroria.post.", "192.0.2.3", {"www": {"A": ["198.51.100.1"]}})
    return rooted


async def observe(rooted: Rooted, name: str = NAME, timeout: float = 0.2) -> tuple[Answer, Resolver]:
    """One question, and what it cost."""
    async with rooted.served(timeout=timeout) as network:
        resolver = Resolver(network)
        return await resolver.resolve(name, "A"), resolver


def test_keytrap_ends_soon() -> None:
    """CVE-2023-50387: thirty keys of one tag and sixty wrong signatures, honestly signed as a key set."""
    rooted = victim()
    zone = rooted.zones[dns.name.from_text("auroria.post.")]
    assert zone.signing is not None
    (own,) = zone.signing.keys
    rooted.resign("auroria.post.", keys=(own, *(Borrowed(own, record) for record in collisions(own.dnskey, 30)[1:])))
    rooted.tamper["auroria.post."] = _many_wrong_signatures

    answer, resolver = run(observe(rooted))
    assert answer.security is Security.BOGUS
    above = 4 * MAX_KEY_CANDIDATES  # the root, post. and the key set
    assert resolver.work.verifications <= MAX_SIGNATURES * MAX_KEY_CANDIDATES + above


class Borrowed(ZoneKey):
    """A key that is published and never signs."""

    def __init__(self, own: ZoneKey, record: object) -> None:
        super().__init__(own.private, own.algorithm, active=False)
        self.__dict__["dnskey"] = record


def _many_wrong_signatures(reply: dns.message.Message) -> dns.message.Message:
    for rrset in list(reply.answer):
        if rrset.covers == dns.rdatatype.A:
            wrong = [rrset[0].replace(signature=bytes([n]) * 64) for n in range(60)]
            reply.answer = [r for r in reply.answer if r is not rrset] + [dns.rrset.from_rdata(rrset.name, 60, *wrong)]
    return reply


def test_a_thousand_denials_are_not_all_verified() -> None:
    """Every NSEC costs a verification: an answer has a budget."""

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        signature = next((rrset[0] for rrset in reply.authority if rrset.covers == dns.rdatatype.NSEC), None)
        if signature is not None:
            for n in range(300):
                owner = dns.name.from_text(f"n{n}.auroria.post.")
                reply.authority.insert(0, dns.rrset.from_text(owner, 60, "IN", "NSEC", "www.auroria.post. A"))
                reply.authority.insert(0, dns.rrset.from_rdata(owner, 60, signature.replace(signature=bytes([n % 256]) * 64)))
        return reply

    rooted = victim()
    rooted.tamper["auroria.post."] = tamper
    answer, resolver = run(observe(rooted, "nothing.auroria.post"))
    assert answer.security is Security.BOGUS
    assert answer.broken is not None and answer.broken.reason == "too-much-work"
    assert resolver.work.verifications < MAX_VERIFICATIONS + 10


def test_a_stripped_delegation_is_not_taken_for_an_unsigned_one() -> None:
    """An attacker takes the DS out of the referral and of the reply to the question for it (RFC 4035, section 5.2)."""

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        for section in (reply.answer, reply.authority):
            section[:] = [rrset for rrset in section if dns.rdatatype.DS not in (rrset.rdtype, rrset.covers)]
        return reply

    rooted = victim()
    rooted.tamper["post."] = tamper
    answer, _ = run(observe(rooted))
    assert answer.security is Security.BOGUS


def test_a_referral_that_proves_nothing_is_asked_about_again() -> None:
    """A slip in the referral alone does no harm: the DS itself is asked for."""

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        if reply.question[0].rdtype != dns.rdatatype.DS:
            for rrset in reply.authority:
                if rrset.covers == dns.rdatatype.DS:
                    spoilt = rrset[0].replace(signature=bytes(64))
                    reply.authority = [r for r in reply.authority if r is not rrset] + [dns.rrset.from_rdata(rrset.name, 60, spoilt)]
        return reply

    rooted = victim()
    rooted.tamper["post."] = tamper
    answer, _ = run(observe(rooted))
    assert answer.security is Security.SECURE
    assert rooted.questions("DS") == ["auroria.post."]


def test_another_zones_genuine_denial_denies_nothing() -> None:
    """`post.` denies everything below its cut with its own, good NSEC of the cut (RFC 6840, section 4.1)."""
    rooted = victim()
    rooted.resign("post.", denial="nsec")

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        parent = rooted.zones[dns.name.from_text("post.")]
        nsec = next(rrset for owner, rrset in denial.chain(parent) if owner == dns.name.from_text("auroria.post."))
        made = parent.signature(nsec.name, nsec)
        assert made is not None
        reply.answer, reply.authority = [], [nsec, dns.rrset.from_rdata(nsec.name, 60, *made)]
        return reply

    rooted.tamper["auroria.post."] = tamper
    answer, _ = run(observe(rooted))
    assert answer.security is Security.BOGUS


@settings(max_examples=60)
@given(data=st.data())
def test_no_changed_octet_makes_another_answer_secure(data: st.DataObject) -> None:
    """Any octets of any reply of auroria.post are changed on the way: the true answer, or none, or one that is not secure."""
    where, value = data.draw(st.floats(0, 1, exclude_max=True)), data.draw(st.integers(1, 255))
    rrtype = data.draw(st.sampled_from([dns.rdatatype.A, dns.rdatatype.DNSKEY]))

    def garble(reply: dns.message.Message) -> dns.message.Message | bytes:
        if reply.question[0].rdtype != rrtype:
            return reply
        wire = bytearray(reply.to_wire(max_size=65535))
        wire[int(where * len(wire))] ^= value
        return bytes(wire)

    rooted = victim()
    rooted.tamper["auroria.post."] = garble
    try:
        answer, _ = run(observe(rooted, timeout=0.02))
    except Unreachable:
        return
    if answer.security is Security.SECURE:
        assert [record.to_text() for record in answer.records] == ["198.51.100.1"]


@pytest.mark.parametrize("tamper", [without_signature(dns.rdatatype.A), lambda reply: b"", lambda reply: b"\0" * 12, lambda reply: None])
def test_rubbish_is_unreachable_or_bogus(tamper: Tamper) -> None:
    rooted = victim()
    rooted.tamper["auroria.post."] = tamper
    try:
        answer, _ = run(observe(rooted, timeout=0.02))
    except Unreachable:
        return
    assert answer.security is Security.BOGUS


def test_nothing_hangs_where_everything_is_silent() -> None:
    rooted = victim()
    rooted.machines["192.0.2.1"].habit = "silent"
    with pytest.raises(Unreachable):
        run(asyncio.wait_for(observe(rooted, timeout=0.02), 5))
