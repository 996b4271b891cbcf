"""Where an Internet is seen from, as data: what another process needs in order to see the same.

- Live: the real Internet, from wherever the process runs.
- Visited: a lab's Internet: the process visits the same world itself, at the same time, and replays the same acts.
- Booked: the Internet that a `postlib lab` keeps up, through its address book: only for processes on the same machine.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name

from postlib import background
from postlib.clock import SystemClock
from postlib.network import Network, Unreachable
from postlib.resolver import Resolver

if TYPE_CHECKING:
    from postlib.lab.internet import Internet

LINGER = 60.0  # seconds that a process keeps an Internet for the next who asks for it
PATIENCE = 10.0  # seconds for the one question that shows whether an address book's Internet is here


class OutOfSight(Exception):
    """From this process that Internet cannot be seen. The message is one sentence."""


@dataclass(frozen=True)
class Live:
    """The real Internet, with the settings of a Network."""

    network: Network
    lab = False

    def open(self) -> Network:
        """The Network."""
        return self.network


@dataclass(frozen=True)
class Visited:
    """A world, its seed, the time at which it began, the acts since then as JSON, and the domains that acts may change."""

    world: str
    seed: str
    start: datetime
    journal: str = "[]"
    only: frozenset[str] = frozenset()
    lab = True

    @classmethod
    def of(cls, internet: Internet) -> Visited:
        """The vantage of an Internet as it is now."""
        return cls(internet.world, internet.seed, internet.start, json.dumps(internet.journal()), internet.only)

    def open(self) -> Network:
        """The Network of a visit to the same. Its servers end when nobody holds the Network any more."""
        from postlib.lab.internet import visit

        return visit(self.world, at=self.start, seed=self.seed, journal=json.loads(self.journal), only=self.only).network


@dataclass(frozen=True)
class Booked:
    """The text of an address book."""

    text: str
    lab = True

    @classmethod
    def read(cls, path: str | Path) -> Booked:
        """The vantage of an address book's file. Raises OSError, and ValueError if it is none."""
        Network.load(path)
        return cls(Path(path).read_text(encoding="utf-8"))

    def open(self) -> Network:
        """The Network. Raises OutOfSight unless the book's own root answers here: elsewhere these ports are other people's, or nobody's."""
        with tempfile.TemporaryDirectory(prefix="postlib-book-") as folder:
            path = Path(folder) / "book.json"
            path.write_text(self.text, encoding="utf-8")
            network = Network.load(path)
        try:
            root = background.run(Resolver.of(replace(network, timeout=PATIENCE)).lookup(dns.name.root, "SOA"))
        except Unreachable as error:
            raise OutOfSight(f"that Internet is not up here ({error}); an address book is for the machine of `postlib lab`") from error
        if not root.records:
            raise OutOfSight("what answers here is not the Internet of that address book")
        return network


Vantage = Live | Visited | Booked


def vantage(internet: object) -> Vantage:
    """How another process sees the same: of a Network of the real Internet, of a lab's Internet, or of a vantage. Raises ValueError."""
    from postlib.lab.internet import Internet

    match internet:
        case Live() | Visited() | Booked():
            return internet
        case Network(lab=False, clock=SystemClock()):
            return Live(replace(internet))  # without the resolvers that this machine may have found already
        case Internet():
            return Visited.of(internet)
    raise ValueError("a lab's Network stays in its process: give the Internet itself, or Booked.read(FILE) for an address book")


class Stay:
    """One Internet in one process: opened by the first who asks, shared by all its threads, let go of when nobody has come for a while."""

    def __init__(self, seen: Vantage) -> None:
        self.seen = seen
        self._network: Network | None = None
        self._guests = 0
        self._lock = threading.Lock()
        self._end = threading.Timer(LINGER, self._ended)

    def enter(self) -> None:
        """Somebody is about to look."""
        with self._lock:
            self._end.cancel()
            self._guests += 1

    def network(self) -> Network:
        """The Network. Raises OutOfSight, and what a visit raises."""
        with self._lock:
            self._network = self._network or self.seen.open()
            return self._network

    def leave(self) -> None:
        """Somebody has looked; the last one to leave starts the wait."""
        with self._lock:
            self._guests -= 1
            if not self._guests:
                self._end = threading.Timer(LINGER, self._ended)
                self._end.daemon = True
                self._end.start()

    def _ended(self) -> None:
        with self._lock:
            if not self._guests:
                self._network = None  # and so its servers end
                if STAYS.get(self.seen) is self:
                    del STAYS[self.seen]


STAYS: dict[Vantage, Stay] = {}


@contextmanager
def opened(seen: Vantage) -> Iterator[Network]:
    """The Network of a vantage in this process, shared with whoever else looks from there. Raises OutOfSight, and what a visit raises."""
    if isinstance(seen, Live):
        yield seen.network
        return
    stay = STAYS.setdefault(seen, Stay(seen))
    stay.enter()
    try:
        yield stay.network()
    finally:
        stay.leave()
