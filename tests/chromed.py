"""Debian's Chromium, which never asks anybody, and Jupyter servers that are waited for. The screenshots stay for people to look at."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).parent.parent / "build" / "screenshots"
CHROMIUM = shutil.which("chromium")
MISSING = "chromium is not installed (Debian: chromium)"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
STARTS = 90  # seconds for a server to answer: a bound, not a measure


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, token: str, room: Path, **how: Any) -> Iterator[None]:
    """A Jupyter server of that command, from when it answers to the end of the block; its log lies in `room`."""
    with (room / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **how)
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}", process, room / "log")
            yield
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers. Raises AssertionError, with the end of its log, when it does not, or has ended."""
    for _ in range(STARTS * 4):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"no answer within {STARTS} s: {log.read_text()[-2000:]}")
