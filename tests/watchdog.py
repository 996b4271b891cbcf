"""An end to what hangs, whatever it hangs in."""

from __future__ import annotations

import contextlib
import faulthandler
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

WATCHDOG = 90  # seconds: what takes so long, on however slow a machine, does not end


@contextlib.contextmanager
def watchdog() -> Iterator[None]:
    """Fail if what is inside hangs, be it in a loop that never waits; where even that cannot interrupt it, end the run with all stacks."""

    def bark(number: int, frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"this hangs: it was not done after {WATCHDOG} seconds")

    before = signal.signal(signal.SIGALRM, bark)
    signal.alarm(WATCHDOG)
    faulthandler.dump_traceback_later(2 * WATCHDOG, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()
