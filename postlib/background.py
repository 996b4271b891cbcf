"""One background event loop per process, so that people's calls need no `await`, also inside a running Jupyter loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started on first use in a daemon thread."""
    background = asyncio.new_event_loop()
    threading.Thread(target=background.run_forever, name="postlib", daemon=True).start()
    return background


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on the background loop and wait for its result; Ctrl-C cancels it.

    Raises RuntimeError when called from the background loop itself, where waiting would wait for ever.
    """
    if threading.current_thread().name == "postlib":
        work.close()
        raise RuntimeError("this call waits, so it cannot be made from inside the lab's own loop: await the async one instead")
    future = asyncio.run_coroutine_threadsafe(work, loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
