"""The lab's recursive resolver answers what it knows from kept octets: the same as an answer built at that moment, TTLs and all."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.rcode
import dns.rdataset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib import background
from postlib.lab.dns import recursor
from postlib.lab.dns.aging import Aging, ttls
from postlib.lab.dns.recursor import Recursor
from postlib.lab.internet import Internet, visit

AT = datetime(2026, 11, 23, tzinfo=UTC)
QUESTIONS = (
    ("auroria.post", "TXT"), ("auroria.post", "MX"), ("AuRoria.POST", "NS"), (".", "DNSKEY"), ("www.auroria.post", "A"),
    ("auroria.post", "CAA"), ("nobody.auroria.post", "A"), ("www.printpost.example", "A"), ("alias.auroria.post", "AAAA"),
)  # fmt: skip
WAYS: tuple[dict[str, bool | int], ...] = (
    {}, {"use_edns": 0}, {"want_dnssec": True}, {"want_dnssec": True, "payload": 512},
    {"flags": dns.flags.RD | dns.flags.AD}, {"flags": dns.flags.RD | dns.flags.CD, "want_dnssec": True},
)  # fmt: skip


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        up.domain("printpost.example").zone.sign(slip="bad-signature")
        up.domain("auroria.post").publish("alias", "CNAME", "www.valdoria.post.")
        yield up


def answered(server: Recursor, wire: bytes, *, udp: bool = True) -> bytes:
    """The reply as it is built for a question that comes for the first time."""
    reply = background.run(server.reply(wire, udp=udp))
    assert reply is not None
    return reply


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("udp", [True, False])
def test_a_kept_reply_is_octet_for_octet_the_one_built_at_that_moment(
    internet: Internet, way: dict[str, int], udp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 1035, section 3.2.1, and RFC 2181, section 8: a TTL counts down; nothing else of a reply changes with time, but the id."""
    monkeypatch.setattr(dns.rdataset.random, "shuffle", lambda records: None)  # dnspython writes the records of a set in any order
    internet.flush()
    server = Recursor(internet.servers.recursive)
    questions = [dns.message.make_query(name, rrtype, id=1, **way) for name, rrtype in QUESTIONS]
    wires = [question.to_wire() for question in questions]
    lasting = [wire for wire in wires if dns.message.from_wire(answered(server, wire, udp=udp)).rcode() in (0, dns.rcode.NXDOMAIN)]
    assert len(lasting) == len(wires) - (not way.get("flags", 0) & dns.flags.CD)  # else the bogus one is SERVFAIL
    aged = 0
    for step in (0, 1, 58, 240, 299, 3000):
        internet.clock.advance(seconds=step)
        for wire in lasting:
            ready = server.ready(b"\xab\xcd" + wire[2:], udp=udp)
            aged += ready is not None and step > 0
            assert ready in (None, answered(Recursor(internet.servers.recursive), b"\xab\xcd" + wire[2:], udp=udp))
    assert aged > 10


def test_a_kept_reply_ends_with_its_answer(internet: Internet) -> None:
    """RFC 1035, section 7.4: what has lived its TTL is asked for again."""
    internet.flush()
    server, wire = Recursor(internet.servers.recursive), dns.message.make_query("auroria.post", "MX").to_wire()
    ttl = dns.message.from_wire(answered(server, wire)).answer[0].ttl
    internet.clock.advance(seconds=ttl - 1)
    ready = server.ready(wire, udp=True)
    assert ready is not None and dns.message.from_wire(ready).answer[0].ttl == 1
    internet.clock.advance(seconds=1)
    assert server.ready(wire, udp=True) is None
    assert dns.message.from_wire(answered(server, wire)).answer[0].ttl == ttl


def test_flushing_the_resolver_forgets_the_octets_too(internet: Internet) -> None:
    server, wire = Recursor(internet.servers.recursive), dns.message.make_query("_dmarc.auroria.post", "TXT").to_wire()
    before = answered(server, wire)
    internet.domain("auroria.post").publish("_dmarc", "TXT", "v=DMARC1; p=reject")
    assert server.ready(wire, udp=True) == before  # as every cache of the world does, until the TTL is over
    internet.flush()
    assert server.ready(wire, udp=True) is None
    assert b"p=reject" in answered(server, wire)


def test_a_kept_reply_is_for_its_own_transport(internet: Internet) -> None:
    """What is truncated over UDP is whole over TCP (RFC 7766, section 5)."""
    server = Recursor(internet.servers.recursive)
    internet.domain("auroria.post").publish("many", "TXT", *(f"{n:0200d}" for n in range(8)))
    wire = dns.message.make_query("many.auroria.post", "TXT").to_wire()
    assert dns.message.from_wire(answered(server, wire)).flags & dns.flags.TC
    assert server.ready(wire, udp=False) is None
    assert len(dns.message.from_wire(answered(server, wire, udp=False)).answer[0]) == 8
    truncated, whole = server.ready(wire, udp=True), server.ready(wire, udp=False)
    assert truncated and whole and len(truncated) < 513 < len(whole)


def test_an_answer_that_must_not_be_kept_is_not(internet: Internet) -> None:
    """RFC 1035, section 3.2.1: a TTL of zero is for the transaction in progress alone. Nor is SERVFAIL kept as octets."""
    internet.domain("auroria.post").publish("now", "TXT", "this moment", ttl=0)
    server = Recursor(internet.servers.recursive)
    for name in ("now.auroria.post", "www.printpost.example"):
        wire = dns.message.make_query(name, "TXT" if name.startswith("now") else "A").to_wire()
        answered(server, wire)
        assert server.ready(wire, udp=True) is None


def test_the_kept_replies_are_bounded(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest gives way, and what is very long is not kept at all."""
    monkeypatch.setattr(recursor, "WRITTEN", 3)
    server = Recursor(internet.servers.recursive)
    wires = [dns.message.make_query(f"n{n}.auroria.post", "A").to_wire() for n in range(5)]
    for wire in wires:
        answered(server, wire)
    assert [server.ready(wire, udp=True) is not None for wire in wires] == [False, False, True, True, True]
    long = wires[4] + bytes(recursor.LONGEST_QUESTION)
    answered(server, long)
    assert server.ready(long, udp=True) is None


def test_no_time_lived_changes_nothing_but_the_id() -> None:
    reply = dns.message.make_response(dns.message.make_query("a.example", "A", id=7)).to_wire()
    assert Aging.of(reply, 60).at(b"\0\x09", 60) == b"\0\x09" + reply[2:]


@given(st.binary(max_size=200))
def test_what_is_no_message_is_an_error(wire: bytes) -> None:
    """Whatever the octets: the places of four octets each inside them, or a clear error."""
    try:
        found = ttls(wire)
    except (struct.error, IndexError):
        return
    assert all(12 <= offset <= len(wire) - 4 for offset, _ in found)
