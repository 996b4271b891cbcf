"""One background event loop per process, so that people's calls need no `await`, also inside a running Jupyter loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

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
    if _inside():
        work.close()
        raise RuntimeError("this call waits, so it cannot be made from inside the lab's own loop: await the async one instead")
    ended = threading.Event()
    future = asyncio.run_coroutine_threadsafe(_until_its_end(work, ended), loop())
    try:
        return future.result()
    except BaseException:
        if future.cancel():
            ended.wait(GRACE)  # whoever cleans up next must not meet work that still runs
        raise


async def _until_its_end(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()
