"""DNS on sockets that are already bound: datagrams, and streams with a length before each message (RFC 1035, section 4.2; RFC 7766)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import cast

Reply = bytes | AsyncGenerator[bytes, None] | None
"""One message; or octets as they are to go out, datagram by datagram or until the connection is closed; or silence."""

TCP_IDLE = 10.0  # seconds a TCP client may be silent, or not read: RFC 7766, section 6.2.3


class Service(ABC):
    """Whoever has a reply to a question as it came from the wire."""

    @abstractmethod
    async def reply(self, wire: bytes, *, udp: bool) -> Reply:
        """The reply to one question, or None for silence."""

    def ready(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply, if it is at hand and nobody has to wait for it; None leaves the question to `reply`."""
        return None

    async def serve_udp(self, bound: socket.socket) -> Datagrams:
        """Answer on a bound UDP socket until that is closed."""
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Datagrams(self), sock=bound)
        return protocol

    async def serve_tcp(self, bound: socket.socket) -> Streams:
        """Answer on a listening TCP socket until that is closed."""
        streams = Streams(self)
        streams.server = await asyncio.start_server(streams.converse, sock=bound)
        return streams


class _Door:
    """What is being answered at one socket."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Stop answering, at once."""
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until nothing of it runs any more."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Datagrams(_Door, asyncio.DatagramProtocol):
    """One UDP socket; what has no answer at hand is answered in a task of its own, so that a slow answer holds up no other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own does not inherit from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        ready = self.service.ready(data, udp=True)
        if ready is not None:
            self.transport.sendto(ready, addr)
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        super().close()
        self.transport.close()

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = await self.service.reply(data, udp=True)
        if isinstance(reply, AsyncGenerator):
            async with contextlib.aclosing(reply):
                async for datagram in reply:
                    self._send(datagram, addr)
        elif reply is not None:
            self._send(reply, addr)

    def _send(self, datagram: bytes, addr: tuple[str, int]) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(datagram, addr)


class Streams(_Door):
    """One listening TCP socket, and the connections to it."""

    server: asyncio.Server

    def close(self) -> None:
        super().close()
        self.server.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client's questions, one after the other."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            # the client left: nothing is owed to it; or we close, which asyncio.streams would report as an error (before Python 3.12)
            with contextlib.suppress(TimeoutError, EOFError, ConnectionError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(TCP_IDLE):
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            wire = await reader.readexactly(length)
        reply = self.service.ready(wire, udp=False) or await self.service.reply(wire, udp=False)
        if isinstance(reply, AsyncGenerator):
            async with contextlib.aclosing(reply):
                async for octets in reply:
                    await _write(writer, octets)
        elif reply is not None:
            await _write(writer, struct.pack("!H", len(reply)) + reply)
        return isinstance(reply, bytes)


async def _write(writer: asyncio.StreamWriter, octets: bytes) -> None:
    writer.write(octets)
    async with asyncio.timeout(TCP_IDLE):
        await writer.drain()
