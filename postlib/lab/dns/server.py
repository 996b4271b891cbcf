"""A name server: what one machine answers from the zones it holds, with answers kept as wire bytes."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import dns.name

from postlib.lab.dns.answer import Replied, replied
from postlib.lab.dns.habits import behave
from postlib.lab.dns.serving import Reply, Service
from postlib.lab.dns.zone import Edition, Zone

Asked = Callable[[str, str], None]
"""Told of every question: name and type as text."""

KEPT_ANSWERS = 2000  # of one machine; the oldest gives way, and is made again when it is asked for
LONGEST_QUESTION = 512  # octets of one that is kept


@dataclass
class Shelf:
    """The zones that one machine holds and, for faults, a habit (`postlib.lab.dns.habits`); both may change while it serves."""

    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    habit: str = ""
    changes: int = 0

    def put(self, zone: Zone) -> None:
        """Hold a zone from now on."""
        self.zones[zone.origin] = zone
        self.changes += 1

    def drop(self, origin: dns.name.Name) -> None:
        """Hold a zone no longer: questions for it are refused. Raises ValueError if it was not held."""
        if origin not in self.zones:
            raise ValueError(f"this server does not hold {origin}")
        del self.zones[origin]
        self.changes += 1

    def behave(self, habit: str, changes: int) -> None:
        """Take on a habit; `changes` is another number whenever an answer may be another."""
        self.habit, self.changes = habit, changes


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and what it was made from: it holds while the shelf and the zone are as they were."""

    reply: bytes
    changes: int
    edition: Edition | None
    number: int
    question: tuple[str, str]


@dataclass
class NameServer(Service):
    """One machine's name service. `lock` is held while its zones are read: acts change them from another thread."""

    shelf: Shelf
    asked: Asked | None = None
    lock: contextlib.AbstractContextManager[Any] = field(default_factory=threading.RLock, repr=False)
    _kept: OrderedDict[tuple[bytes, bool], Kept] = field(default_factory=OrderedDict)

    def ready(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply to a question that was asked before, in the same octets but for its id, while nothing has changed it."""
        with self.lock:
            kept = self._kept.get((wire[2:], udp))
            if kept is None or kept.changes != self.shelf.changes or self.shelf.habit:
                return None
            if kept.edition is not None and kept.number != kept.edition.number:
                return None
        if self.asked is not None:
            self.asked(*kept.question)
        return wire[:2] + kept.reply[2:]

    async def reply(self, wire: bytes, *, udp: bool) -> Reply:
        with self.lock:
            return self.handle(wire, udp=udp)

    def handle(self, wire: bytes, *, udp: bool) -> Reply:
        """The reply to one question, or None for silence."""
        if self.shelf.habit:
            made = replied(self.shelf.zones, wire, udp=udp)
            self._tell(made)
            return behave(self.shelf.habit, wire, made.wire if made is not None else None, udp=udp)
        made = replied(self.shelf.zones, wire, udp=udp)
        self._tell(made)
        if made is None:
            return None
        self._keep((wire[2:], udp), made)
        return made.wire

    def _tell(self, made: Replied | None) -> None:
        if made is not None and self.asked is not None:
            self.asked(*made.question)

    def _keep(self, key: tuple[bytes, bool], made: Replied) -> None:
        if len(key[0]) > LONGEST_QUESTION:
            return
        self._kept.pop(key, None)
        while len(self._kept) >= KEPT_ANSWERS:
            self._kept.popitem(last=False)
        edition = made.zone.edition if made.zone is not None else None
        self._kept[key] = Kept(made.wire, self.shelf.changes, edition, edition.number if edition else 0, made.question)
