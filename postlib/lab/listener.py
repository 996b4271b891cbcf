"""One listening port on loopback, of two kinds: proxied (a PROXY header says who calls), and plain (the caller is the outsider).

The header is read from the bare socket, not an octet beyond it, so that TLS may begin right behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from postlib.lab.proxy import read_header
from postlib.network import OUTSIDER

LOOPBACK = "127.0.0.1"
ANYWHERE = (LOOPBACK, 0)  # a port that the system chooses
HEADER_SECONDS = 5.0  # proxy-protocol.txt, section 2, advises a timeout of at least 3 seconds
PAIRS = 40  # tries to bind TCP and UDP on one number
CONNECTIONS = 256  # at a time on one port; the rest wait in the kernel's queue
PAUSE_SECONDS = 0.1  # after an accept that failed, for example for want of file descriptors


@dataclass(frozen=True)
class Connection:
    """An accepted connection. `destination` and `port` are the lab's; "" and 0 on a plain port, where nobody says them."""

    socket: socket.socket
    source: str
    destination: str = ""
    port: int = 0


Serve = Callable[[Connection], Awaitable[None]]


def bind(place: tuple[str, int] = ANYWHERE) -> socket.socket:
    """A listening socket; whoever connects waits there until it is served."""
    return socket.create_server(place, backlog=CONNECTIONS)


def bind_pair(place: tuple[str, int] = ANYWHERE) -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets on one number: TCP first, then UDP on the same, and another try if it is taken."""
    for _ in range(PAIRS):
        tcp = bind(place)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        udp.setblocking(False)
        tcp.setblocking(False)
        return tcp, udp
    raise OSError(f"no port is free for both TCP and UDP, after {PAIRS} tries")


class Listener:
    """A port whose connections `serve` answers, each in a task of its own; `listening` is a socket from `bind`, else a new one.

    `serve` may raise OSError (the caller went away); any other exception is a bug and goes to the loop's exception handler.
    """

    def __init__(self, serve: Serve, *, proxied: bool, listening: socket.socket | None = None) -> None:
        self._serve = serve
        self._proxied = proxied
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket = listening or bind()
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def close(self) -> None:
        """Stop listening and end every connection."""
        tasks = [self._accepting, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            try:
                accepted, _ = await loop.sock_accept(self._socket)
            except OSError:
                self._room.release()
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            task = loop.create_task(self._answer(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _answer(self, accepted: socket.socket) -> None:
        with accepted:
            accepted.setblocking(False)
            with contextlib.suppress(OSError):  # a reply of several lines must not wait for the other side's late acknowledgement
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = await self._introduced(accepted)
            if connection is not None:
                with contextlib.suppress(OSError):
                    await self._serve(connection)

    async def _introduced(self, accepted: socket.socket) -> Connection | None:
        """Who calls; None for a caller that does not say so as it must."""
        if not self._proxied:
            return Connection(accepted, OUTSIDER[4])
        try:
            async with asyncio.timeout(HEADER_SECONDS):
                return Connection(accepted, *await read_header(_Bare(accepted)))
        except (ValueError, EOFError, OSError):
            return None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            task.get_loop().call_exception_handler({"message": "a lab server failed", "exception": error, "task": task})


class _Bare:
    """Exact reads from a non-blocking socket, with no buffer that could swallow what follows."""

    def __init__(self, bare: socket.socket) -> None:
        self._socket = bare

    async def readexactly(self, n: int, /) -> bytes:
        octets = b""
        while len(octets) < n:
            more = await asyncio.get_running_loop().sock_recv(self._socket, n - len(octets))
            if not more:
                raise EOFError("the connection ended within its first octets")
            octets += more
        return octets
