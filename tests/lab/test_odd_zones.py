"""What NSD and Unbound taught our authoritative server, on the zones of tests/oracles/trial.py; here without them."""

from __future__ import annotations

from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from oracles.trial import zones

from postlib.lab.dns import denial
from postlib.lab.dns.answer import respond

HELD = zones(datetime(2026, 11, 23, tzinfo=UTC))


def asked(name: str, rrtype: str, *, dnssec: bool = True) -> dns.message.Message:
    """The answer to one question, each record on its own, so that repetition is seen."""
    wire = respond(HELD, dns.message.make_query(name, rrtype, want_dnssec=dnssec).to_wire(), udp=False)
    assert wire is not None
    return dns.message.from_wire(wire, one_rr_per_rrset=True)


def owners(reply: dns.message.Message, rrtype: str) -> list[str]:
    return sorted(rrset.name.to_text() for rrset in reply.authority if rrset.rdtype == dns.rdatatype.from_text(rrtype))


def test_an_empty_wildcard_is_proven_by_the_nsec_before_it() -> None:
    """RFC 4035, section 3.1.3.4, where the wildcard has names below and no data of its own."""
    reply = asked("x.hollow.nsec.trial", "A")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
    assert owners(reply, "NSEC") == ["below.*.hollow.nsec.trial.", "unsigned.three.four.nsec.trial."]


@pytest.mark.parametrize("name", ["x.two.optout.trial", "x.one.two.optout.trial"])
def test_a_name_below_what_opt_out_hides_is_denied_from_the_closest_provable_encloser(name: str) -> None:
    """RFC 5155, sections 1.3 and 7.2.1: `two` has no NSEC3 of its own, so the proof begins at the apex."""
    reply = asked(name, "A")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    zone = HELD[dns.name.from_text("optout.trial")]
    apex = denial.absent_type(zone, zone.origin)[0].name.to_text()
    assert apex in owners(reply, "NSEC3") and len(owners(reply, "NSEC3")) in (2, 3)


@pytest.mark.parametrize("rrtype", ["CNAME", "ANY"])
def test_the_alias_made_from_a_dname_is_the_answer_to_who_asks_for_it(rrtype: str) -> None:
    """RFC 1034, section 4.3.2, step 3a: an alias is followed only for another type."""
    reply = asked("nothing.moved.nsec.trial", rrtype)
    assert reply.rcode() == dns.rcode.NOERROR and not reply.authority
    assert reply.answer[-1].rdtype == dns.rdatatype.CNAME


def test_a_long_chain_is_followed_to_its_end() -> None:
    reply = asked("chain0.nsec.trial", "A", dnssec=False)
    assert [rrset.rdtype for rrset in reply.answer].count(dns.rdatatype.CNAME) == 12
    assert reply.answer[-1].rdtype == dns.rdatatype.A


@pytest.mark.parametrize(("name", "aliases"), [("loop1", 2), ("self", 1), ("x.wild-loop", 2), ("x.moved-self", 16)])
def test_a_loop_ends_and_nothing_is_said_twice(name: str, aliases: int) -> None:
    """RFC 2181, section 5: a message has no record twice."""
    reply = asked(f"{name}.nsec.trial", "A")
    records = [rrset.to_text() for rrset in (*reply.answer, *reply.authority)]
    assert len(records) == len(set(records))
    assert [rrset.rdtype for rrset in reply.answer].count(dns.rdatatype.CNAME) == aliases


def test_an_unsigned_zone_sends_no_ds_with_a_referral() -> None:
    """RFC 4035, section 3.1.4, speaks of signed zones."""
    reply = asked("x.signed-cut.plain.trial", "A")
    assert {rrset.rdtype for rrset in reply.authority} == {dns.rdatatype.NS}
    assert not reply.flags & dns.flags.AA
