"""How a name server misbehaves: out of order, or against whoever asks it. Each habit is a function from a question to what is sent.

    silent         nothing                                      refuses, servfail, formerr   that response code
    no-tcp         by TCP nothing                               garbage, pointers            octets that are no message
    cut            a reply cut in the middle                    half                         by UDP "too long", by TCP half of it
    endless        by TCP a message without an end              slow                         by TCP an octet now and then
    late           the reply, when nobody waits any more        flood                        by UDP replies with other ids
    wrong-id, wrong-question                                    the reply to another question
    upward, sideways, itself, spreads                           a referral that leads nowhere, or to ever more servers
    alias-loop, aliases, dnames                                 an alias to itself, to the next one, to a longer name
    forged         sixty wrong signatures before each good one  poison                       records of other people's zones
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from postlib.lab.dns.serving import Reply

CHUNK = bytes(1 << 16)
INTERVAL = 0.05  # seconds between the octets of a slow server
LATE = 5.0  # seconds: longer than anybody waits
FLOOD = 200  # datagrams for one question
GARBAGE = 400  # octets
FORGED = 60  # signatures
SPREAD = 8  # servers of a referral, each of which needs another referral
LONGEST_LABEL = "x" * 63
ELSEWHERE = dns.name.from_text("elsewhere.test.")
VICTIMS = ("inbox.example.", "oldmail.example.", "printpost.example.")  # of the lab's worlds
POISON = "198.51.100.254"  # where nobody is


@dataclass(frozen=True)
class Asked:
    """A question as it came from the wire, how it came, and the reply of an honest server: None where it deserves none."""

    wire: bytes
    udp: bool
    honest: bytes | None

    @cached_property
    def question(self) -> dns.message.Message:
        """The question as a message."""
        return dns.message.from_wire(self.wire, ignore_trailing=True)

    @property
    def name(self) -> dns.name.Name:
        """The name that is asked for."""
        return self.question.question[0].name

    @property
    def origin(self) -> dns.name.Name:
        """The domain below the top level that the name is in: what such a server is asked for holds nothing else."""
        return self.name.split(min(3, len(self.name)))[1]

    def reply(self, *answer: dns.rrset.RRset, authority: tuple[dns.rrset.RRset, ...] = (), flags: int = dns.flags.AA) -> bytes:
        """A reply with these records."""
        made = dns.message.make_response(self.question)
        made.flags |= flags
        made.answer, made.authority = list(answer), list(authority)
        return made.to_wire(max_size=65535)


Habit = Callable[[Asked], Reply]


def behave(habit: str, wire: bytes, honest: bytes | None, *, udp: bool) -> Reply:
    """What a server with that habit sends to a question; what is none is answered as an honest server does."""
    asked = Asked(wire, udp, honest)
    return HABITS[habit](asked) if honest is not None and len(asked.question.question) == 1 else honest


def _response_code(rcode: dns.rcode.Rcode) -> Habit:
    def habit(asked: Asked) -> bytes:
        made = dns.message.make_response(asked.question)
        made.set_rcode(rcode)
        return made.to_wire()

    return habit


def _garbage(asked: Asked) -> bytes:
    """Octets that look random, and are the same for the same question."""
    return asked.wire[:2] + hashlib.shake_256(asked.wire[2:]).digest(GARBAGE)


def _pointers(asked: Asked) -> bytes:
    """A name that is a pointer to itself (RFC 1035, section 4.1.4)."""
    return asked.wire[:2] + struct.pack("!5H", dns.flags.QR | dns.flags.AA, 1, 0, 0, 0) + b"\xc0\x0c" + b"\0\1\0\1"


def _cut(asked: Asked) -> bytes:
    honest = asked.honest or b""
    return honest[: len(honest) // 2]


def _half(asked: Asked) -> Reply:
    return asked.reply(flags=dns.flags.TC) if asked.udp else _then_closed(asked.honest or b"")


async def _then_closed(message: bytes) -> AsyncGenerator[bytes, None]:
    yield struct.pack("!H", len(message)) + message[: len(message) // 2]


def _endless(asked: Asked) -> Reply:
    return asked.reply(flags=dns.flags.TC) if asked.udp else _without_end(asked.wire[:2])


async def _without_end(identity: bytes) -> AsyncGenerator[bytes, None]:
    yield b"\xff\xff" + identity
    while True:
        yield CHUNK


def _slow(asked: Asked) -> Reply:
    return asked.reply(flags=dns.flags.TC) if asked.udp else _octet_by_octet(asked.honest or b"")


async def _octet_by_octet(message: bytes) -> AsyncGenerator[bytes, None]:
    for octet in struct.pack("!H", len(message)) + message:
        yield bytes([octet])
        await asyncio.sleep(INTERVAL)


async def _late(asked: Asked) -> AsyncGenerator[bytes, None]:
    honest = asked.honest or b""
    await asyncio.sleep(LATE)
    yield honest if asked.udp else struct.pack("!H", len(honest)) + honest


def _flood(asked: Asked) -> Reply:
    return _others_ids(asked.honest or b"") if asked.udp else asked.honest


async def _others_ids(message: bytes) -> AsyncGenerator[bytes, None]:
    own = struct.unpack("!H", message[:2])[0]
    for number in range(1, FLOOD + 1):
        yield struct.pack("!H", (own + number) % 2**16) + message[2:]
        if number % 50 == 0:
            await asyncio.sleep(0)  # others have servers in this loop too


def _wrong_id(asked: Asked) -> bytes:
    honest = asked.honest or b""
    return bytes(octet ^ 0xFF for octet in honest[:2]) + honest[2:]


def _wrong_question(asked: Asked) -> bytes:
    made = dns.message.from_wire(asked.honest or b"")
    made.question = [dns.rrset.RRset(ELSEWHERE, rrset.rdclass, rrset.rdtype) for rrset in made.question]
    return made.to_wire(max_size=65535)


def _referral(to: Callable[[Asked], dns.name.Name], servers: Callable[[Asked], list[str]]) -> Habit:
    """Not an answer, but the servers of another zone."""

    def habit(asked: Asked) -> bytes:
        return asked.reply(authority=(dns.rrset.from_text_list(to(asked), 3600, "IN", "NS", servers(asked)),), flags=0)

    return habit


def _strangers(asked: Asked) -> list[str]:
    """Servers that nobody has heard of, other ones for every name: their addresses must be asked for here again."""
    mark = hashlib.sha256(asked.name.to_digestable()).hexdigest()[:12]
    return [f"n{number}-{mark}.{asked.origin}" for number in range(SPREAD)]


def _alias(to: Callable[[Asked], dns.name.Name]) -> Habit:
    def habit(asked: Asked) -> bytes:
        return asked.reply(dns.rrset.from_text(asked.name, 3600, "IN", "CNAME", to(asked).to_text()))

    return habit


def _next(asked: Asked) -> dns.name.Name:
    """Another name for every name, none of them longer."""
    return dns.name.from_text(f"a{hashlib.sha256(asked.name.to_digestable()).hexdigest()[:12]}.{asked.origin}")


def _dnames(asked: Asked) -> bytes:
    """An alias of all names below the zone's own, into which they fit only a few times (RFC 6672, section 2.2)."""
    if asked.name == asked.origin:
        return asked.honest or b""
    return asked.reply(dns.rrset.from_text(asked.origin, 3600, "IN", "DNAME", f"{LONGEST_LABEL}.{asked.origin}"))


def _forged(asked: Asked) -> bytes:
    """KeyTrap's other half (CVE-2023-50387): signatures that must all be tried before the good one."""
    made = dns.message.from_wire(asked.honest or b"")
    for section in (made.answer, made.authority):
        for rrset in section:
            if rrset.rdtype == dns.rdatatype.RRSIG:
                good = list(rrset)
                wrong = [good[0].replace(signature=bytes([number]) * 64) for number in range(FORGED)]
                rrset.clear()
                for record in (*wrong, *good):
                    rrset.add(record)
    return made.to_wire(max_size=1232 if asked.udp else 65535, prefer_truncation=True)


def _poison(asked: Asked) -> bytes:
    """The honest reply, and what this server has no right to say (RFC 5452, section 6)."""
    made = dns.message.from_wire(asked.honest or b"")
    for victim in VICTIMS:
        made.answer.append(dns.rrset.from_text(victim, 86400, "IN", "A", POISON))
        made.answer.append(dns.rrset.from_text(victim, 86400, "IN", "TXT", '"v=spf1 +all"'))
    for zone in (*VICTIMS, "post.", "example.", "."):
        made.authority.append(dns.rrset.from_text(zone, 86400, "IN", "NS", f"ns1.{asked.origin}"))
        made.additional.append(dns.rrset.from_text(f"ns1.{zone.removeprefix('.')}", 86400, "IN", "A", POISON))
    return made.to_wire(max_size=65535)


def _without_tcp(asked: Asked) -> bytes | None:
    return asked.honest if asked.udp else None


def _silence(asked: Asked) -> None:
    return None


HABITS: Mapping[str, Habit] = {
    "silent": _silence,
    "refuses": _response_code(dns.rcode.REFUSED),
    "servfail": _response_code(dns.rcode.SERVFAIL),
    "formerr": _response_code(dns.rcode.FORMERR),
    "no-tcp": _without_tcp,
    "garbage": _garbage,
    "pointers": _pointers,
    "cut": _cut,
    "half": _half,
    "endless": _endless,
    "slow": _slow,
    "late": _late,
    "flood": _flood,
    "wrong-id": _wrong_id,
    "wrong-question": _wrong_question,
    "upward": _referral(lambda asked: dns.name.root, lambda asked: ["ns.root.test."]),
    "sideways": _referral(lambda asked: ELSEWHERE, lambda asked: [f"ns.{ELSEWHERE}"]),
    "itself": _referral(lambda asked: asked.origin, lambda asked: [f"ns1.{asked.origin}"]),
    "spreads": _referral(lambda asked: asked.name, _strangers),
    "alias-loop": _alias(lambda asked: asked.name),
    "aliases": _alias(_next),
    "dnames": _dnames,
    "forged": _forged,
    "poison": _poison,
}
"""What a server may do, by the name that the act `serve` gives it."""
