"""One background event loop per process, so that people's calls need no `await`, also inside a running Jupyter loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from functools import cache
from typing import Any, Generic, TypeVar

T = TypeVar("T")
GRACE = 5.0  # seconds that cancelled work may take to end
_starting = threading.Lock()  # two threads may come first together


def loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started on first use in a daemon thread. A forked child gets one of its own."""
    with _starting:
        return _loop()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    background = asyncio.new_event_loop()
    threading.Thread(target=background.run_forever, name="postlib", daemon=True).start()
    return background


def _forked() -> None:
    """The child has no thread that would run the parent's loop, nor one that would let go of the lock."""
    global _starting
    _starting = threading.Lock()
    _loop.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _inside() -> bool:
    """Whether this thread is the one that runs the background loop."""
    try:
        return asyncio.get_running_loop() is loop()
    except RuntimeError:  # no loop runs here
        return False


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on the background loop and wait for its result; Ctrl-C cancels it.

    Raises RuntimeError when called from the background loop itself, where waiting would wait for ever.
    """
    return call(lambda: work)


def call(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """As `run`, for work that is made on the loop: so Ctrl-C at no moment leaves work behind that nobody began."""
    errand = _Errand(make)
    try:
        if _inside():
            raise RuntimeError("this call waits, so it cannot be made from inside the lab's own loop: await the async one instead")
        loop().call_soon_threadsafe(errand.begin)
        errand.ended.wait()
    except BaseException:
        _stop(errand)
        raise
    return errand.result()


def _stop(errand: _Errand[Any]) -> None:
    """Cancel it, and wait: whoever cleans up next must not meet work that still runs."""
    if _inside():
        errand.stop()
    else:
        loop().call_soon_threadsafe(errand.stop)
        errand.ended.wait(GRACE)


class _Errand(Generic[T]):
    """One piece of work on its way to the loop. `begin` and `stop` happen there, in the order in which they were asked for."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self.make, self.ended = make, threading.Event()
        self.task: asyncio.Task[T] | None = None

    def begin(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.make())
        self.task.add_done_callback(self._end)

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
        else:  # interrupted before it was on its way
            self.make().close()
            self.ended.set()

    def _end(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits any more
        self.ended.set()

    def result(self) -> T:
        """What the work returned, or raised."""
        if self.task is None or self.task.cancelled():
            raise CancelledError("the work was cancelled before it ended")
        return self.task.result()
