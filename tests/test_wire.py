"""Messages are read as dnspython reads them, whatever is in them; and a reply is one to our question or it is none."""

from __future__ import annotations

import struct
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postlib.lab.dns.server import NameServer
from postlib.lab.internet import visit
from postlib.wire import HEADER, Question, read

NAME = dns.name.from_text("_dmarc.auroria.post")
ASKED = Question(NAME, dns.rdatatype.TXT)
ERRORS = (dns.exception.DNSException, ValueError, struct.error, IndexError)

NAMES = st.sampled_from(
    ["auroria.post.", "mx1.auroria.post.", "_DMARC.Auroria.post.", ".", "a\\000b.post.", f"{'x' * 63}.{'y' * 63}.post."]
)
TEXTS = {
    "A": st.sampled_from(["192.0.2.1", "198.51.100.7"]),
    "AAAA": st.sampled_from(["2001:db8::1", "::"]),
    "NS": NAMES,
    "CNAME": NAMES,
    "PTR": NAMES,
    "DNAME": NAMES,
    "MX": NAMES.map(lambda name: f"10 {name}"),
    "SOA": st.tuples(NAMES, NAMES).map(lambda names: f"{names[0]} {names[1]} 1 7200 3600 1209600 600"),
    "TXT": st.sampled_from(['"v=spf1 -all"', '""', '"a" "b"', f'"{"z" * 255}" "tail"']),
    "DS": st.just(f"1 13 2 {'ab' * 32}"),
    "NSEC": NAMES.map(lambda name: f"{name} A MX RRSIG NSEC"),
    "TLSA": st.just(f"3 1 1 {'0b' * 32}"),
    "CAA": st.just('0 issue "ca.test"'),
    "RRSIG": st.just("A 13 2 300 20261201000000 20261101000000 1 auroria.post. AAAA"),
    "TYPE65280": st.just("\\# 3 010203"),
}
RECORDS = st.sampled_from(sorted(TEXTS)).flatmap(lambda rrtype: st.tuples(NAMES, st.integers(0, 2**31 - 1), st.just(rrtype), TEXTS[rrtype]))


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message with any of these records in any section, with or without EDNS."""
    rrtype, edns = draw(st.sampled_from(["A", "TXT", "TYPE65280"])), draw(st.sampled_from([-1, 0]))
    question = dns.message.make_query(draw(NAMES), rrtype, use_edns=edns)
    message = dns.message.make_response(question)
    message.flags |= draw(st.sampled_from([0, dns.flags.AA, dns.flags.TC | dns.flags.AD]))
    message.set_rcode(draw(st.sampled_from([dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.REFUSED])))
    for section in (message.answer, message.authority, message.additional):
        for name, ttl, rrtype, text in draw(st.lists(RECORDS, max_size=4)):
            section.append(dns.rrset.from_text(name, ttl, "IN", rrtype, text))
    return message.to_wire(max_size=65535)


def outcome(reader: Any, wire: bytes) -> Any:
    """What comes of reading: all that a message says, or that it is none."""
    try:
        message = reader(wire)
    except ERRORS as error:
        return type(error)
    sections = [[(rrset.name.labels, rrset.to_text()) for rrset in section] for section in message.sections]
    return message.id, message.flags, message.rcode(), message.ednsflags, message.payload, message.options, sections


def theirs(wire: bytes) -> dns.message.Message:
    return dns.message.from_wire(wire, ignore_trailing=True)


@given(messages())
def test_a_message_is_read_as_dnspython_reads_it(wire: bytes) -> None:
    assert outcome(read, wire) == outcome(theirs, wire)


@given(messages(), st.data())
def test_a_damaged_message_too(wire: bytes, data: st.DataObject) -> None:
    damaged = bytearray(wire[: data.draw(st.integers(0, len(wire)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(read, bytes(damaged)) == outcome(theirs, bytes(damaged))


@given(st.binary(max_size=300))
@example(HEADER.pack(1, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1")  # a name that points at itself
@example(HEADER.pack(1, 0x8180, 0, 1, 0, 0) + b"\0\0\x29\4\xd0\0\0\0\0\0\0")  # OPT where it does not belong
@example(HEADER.pack(1, 0x8180, 0, 0, 0, 2) + 2 * b"\0\0\x29\4\xd0\0\0\0\0\0\0")  # two of them
@example(HEADER.pack(1, 0xAD80, 0, 0, 0, 0))  # an update
def test_anything_else_too(wire: bytes) -> None:
    assert outcome(read, wire) == outcome(theirs, wire)


def test_the_replies_of_a_whole_lab_are_read_alike() -> None:
    """Every answer of the servers of `clean` to questions that exist and do not, with signatures and denials."""
    with visit("clean") as internet:
        zones = [zone for zone in internet.state.zones if len(zone) > 2]
        for machine in internet.state.machines.values():
            if machine.shelf.zones:
                server = NameServer(machine.shelf)
                for zone in zones:
                    for rrtype in (dns.rdatatype.SOA, dns.rdatatype.MX, dns.rdatatype.DS, dns.rdatatype.CAA):
                        wire = server.handle(Question(zone, rrtype, dnssec=True).wire(), udp=False)
                        assert isinstance(wire, bytes) and outcome(read, wire) == outcome(theirs, wire)


@pytest.mark.parametrize("edns", [True, False])
def test_a_question_goes_out_as_dnspython_writes_it(edns: bool) -> None:
    flags = dns.flags.RD | dns.flags.CD
    wire = Question(NAME, dns.rdatatype.MX, int(flags), edns=edns, dnssec=edns).wire()
    theirs = {"use_edns": 0, "want_dnssec": True, "payload": 1232} if edns else {"use_edns": -1}
    assert wire == dns.message.make_query(NAME, "MX", flags=flags, id=int.from_bytes(wire[:2]), **theirs).to_wire()


def test_no_two_questions_have_ids_that_follow() -> None:
    """RFC 5452, section 4.3: an id that can be guessed lets a forger answer."""
    assert len({ASKED.wire()[:2] for _ in range(200)}) > 150


def replied(**changes: Any) -> tuple[bytes, bytes]:
    sent = ASKED.wire()
    reply = dns.message.make_response(dns.message.from_wire(sent))
    for name, value in changes.items():
        setattr(reply, name, value)
    return sent, reply.to_wire()


def test_a_reply_is_one_to_our_question_in_whatever_letters() -> None:
    other = dns.rrset.RRset(dns.name.from_text("_DMARC.AURORIA.POST"), 1, dns.rdatatype.TXT)  # type: ignore[arg-type]
    assert ASKED.answered(*replied()) and ASKED.answered(*replied(question=[other]))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 70000 % 65536},
        {"flags": dns.flags.Flag(0)},
        {"flags": dns.flags.QR | dns.flags.Flag(5 << 11)},
        {"question": [dns.rrset.RRset(NAME, 1, dns.rdatatype.MX)]},  # type: ignore[arg-type]
        {"question": [dns.rrset.RRset(NAME.parent(), 1, dns.rdatatype.TXT)]},  # type: ignore[arg-type]
        {"question": []},
    ],
    ids=["id", "a-question", "an-update", "another-type", "another-name", "no-question"],
)
def test_what_answers_something_else_is_none(changes: dict[str, Any]) -> None:
    sent, reply = replied(**changes)
    if "id" in changes:
        reply = bytes([sent[0] ^ 1]) + reply[1:]
    assert not ASKED.answered(sent, reply) and not ASKED.answered(sent, reply[:11])


def test_a_server_that_failed_may_leave_the_question_out() -> None:
    sent, reply = replied(question=[], flags=dns.flags.QR | dns.flags.Flag(dns.rcode.SERVFAIL))
    assert ASKED.answered(sent, reply)


def chained(links: int) -> bytes:
    """A record whose data is a chain of so many pointers, and a name that begins at its end."""
    head = HEADER.pack(1, 0x8180, 1, 2, 0, 0) + b"\1a\0\0\x10\0\1" + b"\xc0\x0c" + struct.pack("!HHIH", 65280, 1, 300, 2 * links)
    places = [HEADER.size, *range(len(head), len(head) + 2 * links, 2)]
    pointers = [struct.pack("!H", 0xC000 | place) for place in places]
    return head + b"".join(pointers[:-1]) + pointers[-1] + struct.pack("!HHIH", dns.rdatatype.NS, 1, 300, 2) + pointers[-1]


@pytest.mark.parametrize("links", [1, 14, 15, 16, 17, 4000])
def test_a_name_of_many_parts_is_read_as_there_and_never_followed_for_long(links: int) -> None:
    """With 8 000 pointers in a row, and thousands of names at their end, one datagram would hold us for seconds."""
    assert outcome(read, chained(links)) == outcome(theirs, chained(links))
    assert (outcome(read, chained(links)) is dns.name.PointerChainTooLong) == (links > 15)


@pytest.mark.parametrize("length", [40, 60, 150])
def test_what_is_truncated_in_the_middle_of_a_record_is_truncated(length: int) -> None:
    """RFC 2181, section 9: nothing of it counts but that the question is to be put by TCP."""
    sent, whole = replied(answer=[dns.rrset.from_text(NAME, 300, "IN", "TXT", f'"{"x" * 200}"')])
    cut = whole[:2] + struct.pack("!H", int.from_bytes(whole[2:4]) | dns.flags.TC) + whole[4:length]
    message = ASKED.datagram(sent, cut)
    assert message is not None and message.flags & dns.flags.TC and not message.answer
    assert ASKED.reply(sent, cut) is None and ASKED.datagram(sent, cut[:31]) is None
