"""What happens in a lab, as it happens: questions, messages, requests; kept in order, bounded, and streamed to whoever listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from postlib.clock import Clock

KEPT_EVENTS = 50_000


@dataclass(frozen=True)
class Event:
    """One thing that happened: when (lab time), at which machine, of what kind, and the details in order."""

    when: datetime
    where: str
    kind: str
    details: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.when:%Y-%m-%d %H:%M:%S} {self.where} {self.kind} {' '.join(self.details)}"


class Record:
    """The Internet's own log. Nothing of it goes to stderr: a notebook asks for what it wants to show."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._events: deque[tuple[datetime, str, str, tuple[str, ...]]] = deque(maxlen=KEPT_EVENTS)  # made Events when looked at
        self._listeners: list[Callable[[Event], None]] = []

    def note(self, where: str, kind: str, *details: str) -> None:
        """Write down one event and tell the listeners."""
        told = self.clock.now(), where, kind, details
        self._events.append(told)
        for listener in self._listeners:
            listener(Event(*told))

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Be told of every event from now on."""
        self._listeners.append(listener)

    def __iter__(self) -> Iterator[Event]:
        return iter([Event(*told) for told in tuple(self._events)])

    def of(self, kind: str) -> list[Event]:
        """The events of one kind, oldest first."""
        return [event for event in self if event.kind == kind]
