"""What time it is: one clock per Internet, the system's for the real one.

Caches, signatures, certificates, queues and reports all ask the same clock, so a lab day can pass in a moment.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

TEN_YEARS = timedelta(days=3650)  # the life of the lab's root certificate; an end to what one call, or one journal, may ask for


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

    It stands still so that the same acts give the same bytes on every run. It goes ten years from where it began, and no further.
    `advanced` is called whenever it has been advanced.
    """

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a lab clock needs a time with its time zone, for example datetime(2026, 11, 23, tzinfo=UTC)")
        try:
            self._now = self._start = at.astimezone(UTC)
        except OverflowError as error:
            raise ValueError(f"{at} is beyond what a calendar holds") from error
        self.advanced: Callable[[], None] = lambda: None
        self._ended = ""
        self._advancing = threading.RLock()
        self._bells: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The lab's present moment, in UTC."""
        return self._now

    def ring(self, when: datetime, bell: Callable[[], None]) -> None:
        """Call `bell` when the clock is advanced to `when` or past it; bells of one moment ring in the order they were set."""
        heapq.heappush(self._bells, (when, next(self._order), bell))

    def end(self, why: str) -> None:
        """Let nobody advance it any more: its Internet is over, and `why` is the sentence that says so."""
        self._ended = why

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move forward, ring every bell on the way, each at its own moment, and tell `advanced`. Returns the new time.

        Raises ValueError, and stays where it is, for a step backwards (a lab cannot un-send a message; `internet.undo()` and
        `internet.reset()` begin afresh), for one of which no end is in sight, and after `end`. What a bell raises is raised here; the
        clock has then stopped at that bell.
        """
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError as error:
            raise ValueError("a step that no calendar holds") from error
        self.move(step)
        self.advanced()
        return self._now

    def move(self, step: timedelta) -> None:
        """As `advance`, but `advanced` is not told: an act lets time pass so, and whoever does the act writes it down."""
        if step < timedelta(0):
            raise ValueError("a lab clock only goes forward; internet.undo() or internet.reset() go back")
        if self._ended:
            raise ValueError(self._ended)
        with self._advancing:
            if self._now - self._start + step > TEN_YEARS:
                raise ValueError(f"a lab clock goes {TEN_YEARS.days} days from its start and no further")
            self._ring_until(self._now + step)

    def _ring_until(self, until: datetime) -> None:
        while self._bells and self._bells[0][0] <= until:
            when, _, bell = heapq.heappop(self._bells)
            self._now = max(self._now, when)
            bell()
        self._now = max(self._now, until)  # a bell may itself have advanced the clock

    def __repr__(self) -> str:
        return f"LabClock({self._now:%Y-%m-%d %H:%M:%S} UTC)"
