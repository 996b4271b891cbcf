"""What time it is: one clock per Internet, the system's for the real one.

Caches, signatures, certificates, queues and reports all ask the same clock, so a lab day can pass in a moment.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The present moment, in UTC, with its time zone."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    def __repr__(self) -> str:
        return "SystemClock()"


class LabClock:
    """A clock that stands still until it is advanced, and rings the bells that were set on the way.

    It stands still so that the same acts give the same bytes on every run.
    """

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a lab clock needs a time with its time zone, for example datetime(2026, 11, 23, tzinfo=UTC)")
        self._now = at.astimezone(UTC)
        self._bells: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The lab's present moment, in UTC."""
        return self._now

    def ring(self, when: datetime, bell: Callable[[], None]) -> None:
        """Call `bell` when the clock is advanced to `when` or past it; bells of one moment ring in the order they were set."""
        heapq.heappush(self._bells, (when, next(self._order), bell))

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move forward and ring every bell on the way, each at its own moment. Returns the new time.

        Raises ValueError for a step backwards: a lab cannot un-send a message; `internet.reset()` starts it again.
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta(0):
            raise ValueError("a lab clock only goes forward; internet.reset() starts the Internet again")
        until = self._now + step
        while self._bells and self._bells[0][0] <= until:
            when, _, bell = heapq.heappop(self._bells)
            self._now = max(self._now, when)
            bell()
        self._now = until
        return self._now

    def __repr__(self) -> str:
        return f"LabClock({self._now:%Y-%m-%d %H:%M:%S} UTC)"
