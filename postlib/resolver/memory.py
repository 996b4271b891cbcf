"""What has been learnt, for as long as it lives by the Network's clock, and what is being asked right now."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from postlib.clock import Clock
from postlib.resolver import allowance

K = TypeVar("K")
V = TypeVar("V")

MAX_ENTRIES = 8000  # for each kind of thing, some 2 kB each: room for the twenty domains of a scan, and for what all of them share
MAX_TTL = 86_400  # seconds: Unbound's cache-max-ttl
MAX_NEGATIVE_TTL = 10_800  # RFC 2308, section 5: one to three hours work well
NO_SOA_TTL = 5  # a denial without SOA is hardly kept (RFC 2308, section 5): Unbound 1.24, NORR_TTL
BOGUS_TTL = 60  # RFC 4035, section 4.7, asks for a short one; Unbound's val-bogus-ttl


@dataclass
class Pending(Generic[V]):
    """A question under way, and how many wait for it."""

    task: asyncio.Task[V]
    waiting: int = 0


class Memory(Generic[K, V]):
    """Values that end at their own moments. Those who ask for the same at the same time share one piece of work."""

    def __init__(self, clock: Clock, size: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._size = size
        self._kept: OrderedDict[K, tuple[V, datetime]] = OrderedDict()  # what was wanted last stands last
        self._pending: dict[K, Pending[V]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def peek(self, key: K) -> V | None:
        """What is kept and still lives, or None."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[1] > self._clock.now():
            if 2 * len(self._kept) > self._size:  # before that there is no need to know who was wanted last
                self._kept.move_to_end(key)
            return kept[0]
        del self._kept[key]
        return None

    def keep(self, key: K, value: V, until: datetime) -> None:
        """Keep `value` until that moment; the one that nobody has wanted for the longest time gives way where there is no room."""
        if until <= self._clock.now():
            return
        self._kept.pop(key, None)
        while len(self._kept) >= self._size:
            self._kept.popitem(last=False)
        self._kept[key] = value, until

    def until(self, seconds: int) -> datetime:
        """The moment so many seconds from now."""
        return self._clock.now() + timedelta(seconds=seconds)

    def forget(self) -> None:
        """Keep nothing, nor what is still being asked."""
        self._kept.clear()
        self._pending.clear()

    async def get(self, key: K, make: Callable[[], Awaitable[tuple[V, datetime]]]) -> V:
        """What is kept, else what `make` gives, which is kept until the moment it names. What it raises is not kept.

        Cancelling one who waits does not disturb the others; when nobody waits any more the work is cancelled too.
        Where the one who asked first has spent the allowance, those who ask on another one do the work themselves.
        """
        while True:
            kept = self.peek(key)
            if kept is not None:
                return kept
            try:
                return await self._share(key, make)
            except allowance.Spent as spent:
                if spent.allowance is allowance.current():
                    raise

    async def _share(self, key: K, make: Callable[[], Awaitable[tuple[V, datetime]]]) -> V:
        pending = self._pending.get(key)
        if pending is None or pending.task.get_loop() is not asyncio.get_running_loop():
            pending = self._pending[key] = Pending(asyncio.get_running_loop().create_task(self._make(key, make)))
        pending.waiting += 1
        try:
            return await asyncio.shield(pending.task)
        finally:
            pending.waiting -= 1
            if not pending.waiting:
                self._abandon(key, pending)

    def _abandon(self, key: K, pending: Pending[V]) -> None:
        if self._pending.get(key) is pending:
            del self._pending[key]
        pending.task.cancel()  # does nothing to a task that is done

    async def _make(self, key: K, make: Callable[[], Awaitable[tuple[V, datetime]]]) -> V:
        value, until = await make()
        pending = self._pending.get(key)
        if pending is not None and pending.task is asyncio.current_task():  # else it was forgotten meanwhile
            self.keep(key, value, until)
        return value
