"""A reply as wire bytes that grows old: the same bytes for another question of that wording, with other TTLs and another id."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.rdatatype

HEADER = 12  # octets, RFC 1035, section 4.1.1
POINTER = 0xC0  # RFC 1035, section 4.1.4


@dataclass(frozen=True, slots=True)
class Aging:
    """A reply, the seconds that were left of it when it was made, and where its TTLs stand in it, each with its value then."""

    wire: bytes
    left: int
    ttls: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, wire: bytes, left: int) -> Aging:
        """The reply in `wire`, a whole message of our own, made when `left` seconds of its life were left."""
        return cls(wire, left, ttls(wire))

    def at(self, identity: bytes, left: int) -> bytes:
        """The reply to the question with that id when so many seconds are left of it: no record claims to live longer."""
        if left >= self.left:
            return identity + self.wire[2:]
        aged = bytearray(self.wire)
        aged[:2] = identity
        for offset, ttl in self.ttls:
            struct.pack_into("!L", aged, offset, min(ttl, left))
        return bytes(aged)


def ttls(wire: bytes) -> tuple[tuple[int, int], ...]:
    """Where the TTLs of a message's records stand, and what they are; the flags in the place of an OPT record's are none (RFC 6891).

    Raises struct.error or IndexError for what is no whole message.
    """
    questions, *records = struct.unpack_from("!4H", wire, 4)
    at, found = HEADER, []
    for _ in range(questions):
        at = _after_name(wire, at) + 4
    for _ in range(sum(records)):
        at = _after_name(wire, at)
        rrtype, _, ttl, length = struct.unpack_from("!HHLH", wire, at)
        if rrtype != dns.rdatatype.OPT:
            found.append((at + 4, ttl))
        at += 10 + length
    return tuple(found)


def _after_name(wire: bytes, at: int) -> int:
    """Where a name ends: after its empty label, or after its first pointer."""
    while wire[at]:
        if wire[at] >= POINTER:
            return at + 2
        at += 1 + wire[at]
    return at + 1
