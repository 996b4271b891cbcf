"""A name server: what one machine answers from the zones it holds, with answers kept as wire bytes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from postlib.lab.dns.answer import respond
from postlib.lab.dns.serving import Service
from postlib.lab.dns.zone import Zone

Asked = Callable[[str, str], None]
"""Told of every question: name and type as text."""

KEPT_ANSWERS = 20_000
HABITS = ("", "silent", "refuses", "servfail", "no-tcp")


@dataclass
class Shelf:
    """The zones that one machine holds and, for faults, a habit (silent, refuses, servfail, no-tcp); both may change while it serves."""

    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    habit: str = ""
    changes: int = 0

    def put(self, zone: Zone) -> None:
        """Hold a zone from now on."""
        self.zones[zone.origin] = zone
        self.changes += 1

    def drop(self, origin: dns.name.Name) -> None:
        """Hold a zone no longer: questions for it are refused. Raises ValueError if it was not held."""
        if self.zones.pop(origin, None) is None:
            raise ValueError(f"this server does not hold {origin}")
        self.changes += 1

    @property
    def version(self) -> tuple[int, int]:
        """Differs whenever an answer may."""
        return self.changes, sum(zone.version for zone in self.zones.values())


@dataclass
class NameServer(Service):
    """One machine's name service. `lock` is held while its zones are read: acts change them from another thread."""

    shelf: Shelf
    asked: Asked | None = None
    lock: contextlib.AbstractContextManager[Any] = field(default_factory=threading.RLock, repr=False)
    _kept: dict[tuple[bytes, bool], bytes] = field(default_factory=dict)
    _version: tuple[int, int] = (-1, -1)

    async def reply(self, wire: bytes, *, udp: bool) -> bytes | None:
        with self.lock:
            return self.handle(wire, udp=udp)

    def handle(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply to one question, or None for silence."""
        if self.shelf.habit and not (self.shelf.habit == "no-tcp" and udp):
            return self._by_habit(wire)
        if self.shelf.version != self._version or len(self._kept) >= KEPT_ANSWERS:
            self._kept.clear()
            self._version = self.shelf.version
        key = (wire[2:], udp)
        reply = self._kept.get(key)
        if reply is None:
            reply = respond(self.shelf.zones, wire, udp=udp)
            if reply is None:
                return None
            self._kept[key] = reply
        self._tell(wire)
        return wire[:2] + reply[2:]

    def _by_habit(self, wire: bytes) -> bytes | None:
        self._tell(wire)
        if self.shelf.habit in ("silent", "no-tcp"):
            return None
        try:
            reply = dns.message.make_response(dns.message.from_wire(wire, question_only=True))
        except (dns.exception.DNSException, ValueError):
            return None
        reply.set_rcode(dns.rcode.REFUSED if self.shelf.habit == "refuses" else dns.rcode.SERVFAIL)
        return reply.to_wire()

    def _tell(self, wire: bytes) -> None:
        if self.asked is None:
            return
        with contextlib.suppress(dns.exception.DNSException, ValueError):  # a garbled question was answered; there is nothing to tell
            asked = dns.message.from_wire(wire, question_only=True).question[0]
            self.asked(asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype))
