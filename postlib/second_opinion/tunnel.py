"""A CONNECT proxy on loopback (RFC 9110, section 9.3.6) that leads to the HTTPS servers of one Internet, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import re

from postlib.network import Network, Unreachable
from postlib.resolver import Resolver

LOOPBACK = "127.0.0.1"
HTTPS = 443
REQUEST = re.compile(rb"CONNECT ([A-Za-z0-9._-]{1,253}):(\d{1,5}) HTTP/1\.[01]\r\n")
HEAD = 8192  # octets of a request's head, as much as widespread servers take
PATIENCE = 10.0  # seconds without an octet before a tunnel is closed
CHUNK = 65536


class Refused(Exception):
    """The tunnel does not lead there: `status` is the HTTP status and its reason."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Tunnel:
    """`port` is where it listens, from `open` until `close`. Names are resolved, and connections made, through the Network alone."""

    def __init__(self, network: Network) -> None:
        self._resolver = Resolver(network)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> Tunnel:
        """Listen on a port that the system chooses."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0, limit=HEAD)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):  # the client left
            try:
                far_reader, far_writer = await self._open(reader)
            except Refused as refused:
                writer.write(f"HTTP/1.1 {refused.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
        writer.close()

    async def _open(self, reader: asyncio.StreamReader) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection that the client asks for. Raises Refused."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        except asyncio.LimitOverrunError:
            raise Refused("431 Request Header Fields Too Large") from None
        asked = REQUEST.match(head)
        if asked is None:
            raise Refused("405 Method Not Allowed")
        if int(asked[2]) != HTTPS:
            raise Refused("403 Forbidden")
        last = "no-address"
        for address in await self._addresses(asked[1].decode()):
            try:
                return await self._resolver.network.connect(address, HTTPS)
            except Unreachable as error:
                last = error.reason
        raise Refused(f"502 {last}")

    async def _addresses(self, host: str) -> list[str]:
        try:
            found = [await self._resolver.lookup(host, rrtype) for rrtype in ("A", "AAAA")]
        except (Unreachable, ValueError) as error:
            raise Refused(f"502 {error.reason if isinstance(error, Unreachable) else 'no-name'}") from error
        return [record.to_text() for answer in found for record in answer.records]


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass octets on until the reader's side ends or falls silent; then end the writer's."""
    try:
        while octets := await asyncio.wait_for(reader.read(CHUNK), PATIENCE):
            writer.write(octets)
            await writer.drain()
    finally:
        writer.close()
