"""Waiting: a limit in seconds that counts only time in which our own event loop kept up.

A busy laptop must not make a server look silent, least of all a server of the lab, which answers from the same loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

PARTS = 4  # a limit is waited out in so many parts; one that ends later than it should by its own length does not count
SPARED = 16  # parts that may be left out: on a machine that never keeps up, five limits are the end


class Timer:
    """Calls `end` once, after `seconds` of time that counts, unless it is cancelled before."""

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._part, self._end = seconds / PARTS, end
        self._left, self._spared = PARTS, SPARED
        self._next()

    def cancel(self) -> None:
        """Call nobody."""
        self._handle.cancel()

    def _next(self) -> None:
        self._due = self._loop.time() + self._part
        self._handle = self._loop.call_at(self._due, self._passed)

    def _passed(self) -> None:
        if self._spared and self._loop.time() - self._due > self._part:
            self._spared -= 1
        else:
            self._left -= 1
        if self._left:
            self._next()
        else:
            self._end()


class Patience:
    """`async with Patience(seconds)`: as asyncio.timeout, by such a timer. Raises TimeoutError."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._timer = Timer(self._seconds, lambda: self._limit.reschedule(asyncio.get_running_loop().time()))

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)
