"""Datagrams out, datagrams back: how DNS questions go by UDP, each from a port of its own (RFC 5452, section 9.2)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from postlib.patience import Timer

LARGEST = 65535
T = TypeVar("T")
Take = Callable[[bytes], T | None]
"""What is made of a datagram; None for one that is not meant for us."""


class Flood(Exception):
    """More strays came than anybody sends by mistake."""


async def exchange(
    messages: Sequence[tuple[bytes, Take[T]]], destination: tuple[str, int], *, seconds: float, strays: int
) -> list[T | Exception]:
    """Send each message once, and listen until its `take` has made something of what comes back.

    In place of a reply stands what happened: TimeoutError after `seconds`, Flood after so many strays, OSError where the machine
    says that nobody is there, and whatever `take` raises.
    """
    if not messages:
        return []
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    ears: list[_Ear[T]] = []

    def heard() -> None:
        if len(ears) == len(messages) and all(ear.outcome is not None for ear in ears):
            over.set()

    timer = Timer(seconds, over.set)
    try:
        for sent, take in messages:
            ears.append(_Ear(loop, take, strays, heard))
            ears[-1].begin(sent, destination)
        await over.wait()
    finally:
        timer.cancel()
        for ear in ears:
            ear.close()
    return [TimeoutError() if ear.outcome is None else ear.outcome for ear in ears]


class _Ear(Generic[T]):
    """One socket and what is heard there; `heard` is called once, when there is an outcome."""

    __slots__ = ("_heard", "_loop", "_socket", "_strays", "_take", "outcome")

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Take[T], strays: int, heard: Callable[[], None]) -> None:
        self._loop, self._take, self._strays, self._heard = loop, take, strays, heard
        self._socket: socket.socket | None = None
        self.outcome: T | Exception | None = None

    def begin(self, sent: bytes, destination: tuple[str, int]) -> None:
        """Send, and listen."""
        try:
            self._socket = udp = socket.socket(socket.AF_INET6 if ":" in destination[0] else socket.AF_INET, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.connect(destination)  # the kernel then drops what others send
            self._loop.add_reader(udp.fileno(), self._receive)
            udp.send(sent)
        except OSError as error:
            self._end(error)

    def close(self) -> None:
        """Listen no longer."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _receive(self) -> None:
        assert self._socket is not None  # `close` ends the calls
        try:
            taken = self._take(self._socket.recv(LARGEST))
        except BlockingIOError:
            return  # woken for nothing, for example by a wrong checksum
        except Exception as error:  # whoever waits is told, be it the network's fault or our own
            return self._end(error)
        self._strays -= taken is None
        if taken is not None or not self._strays:
            self._end(Flood() if taken is None else taken)

    def _end(self, outcome: T | Exception) -> None:
        self.outcome = outcome
        self.close()
        self._heard()
