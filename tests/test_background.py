"""The background loop: work that is interrupted ends, wherever it was, and nothing of it is left lying."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from postlib import background

ANYWHERE = """
import asyncio, signal, sys
from postlib import background

def interrupted(nth):
    seen = 0
    def line(frame, event, argument):
        nonlocal seen
        if frame.f_code is not background.call.__code__:
            return None
        seen += event == "line"
        if seen == nth and event == "line":
            signal.raise_signal(signal.SIGINT)
        return line
    sys.settrace(line)
    try:
        assert background.call(lambda: asyncio.sleep(0.01, "rested")) == "rested"
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)

background.loop()
places = 1
while interrupted(places):
    places += 1
print(places > 5)
"""


def test_an_interrupt_at_any_line_leaves_no_work_behind() -> None:
    done = subprocess.run([sys.executable, "-W", "default", "-c", ANYWHERE], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_work_that_is_interrupted_is_cancelled_before_the_interrupt_goes_on() -> None:
    seen: list[str] = []

    async def work() -> None:
        threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("ended")

    with pytest.raises(KeyboardInterrupt):
        background.run(work())
    assert seen == ["ended"]


def test_what_work_raises_is_raised_here() -> None:
    async def work() -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        background.run(work())


def test_the_loop_does_not_wait_for_itself() -> None:
    async def outer() -> None:
        background.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="inside the lab's own loop"):
        background.run(outer())
