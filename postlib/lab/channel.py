"""An accepted connection to read from and write to, plain or under TLS.

asyncio's own TLS drops the alert that tells a client why a handshake failed; a server's alert is a fact that people look for,
so here it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")

CHUNK = 16 * 1024  # octets at a time: the longest TLS record (RFC 8446, section 5.1)
CLOSING_SECONDS = 1.0  # for the client to close too


class Channel:
    """A plain TCP connection. Every method raises OSError where the other end is gone."""

    tls = ""  # the version, like "TLSv1.3"

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted

    async def read(self) -> bytes:
        """What comes next, at most CHUNK octets; b"" at the end."""
        return await asyncio.get_running_loop().sock_recv(self._socket, CHUNK)

    async def write(self, octets: bytes) -> None:
        """Send all of it."""
        await asyncio.get_running_loop().sock_sendall(self._socket, octets)

    async def close(self) -> None:
        """Say that this was all, and wait a moment for the client to say so: a close before would cut off what it still reads."""
        self._socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                while await Channel.read(self):
                    pass


class TlsChannel(Channel):
    """The server's side of a TLS connection. ssl.SSLError is an OSError."""

    def __init__(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(accepted)
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)

    async def handshake(self) -> None:
        """Shake hands; where that fails the client is told by an alert, and ssl.SSLError is raised."""
        await self._done(self._tls.do_handshake)
        self.tls = self._tls.version() or ""

    async def read(self) -> bytes:
        return await self._done(partial(self._tls.read, CHUNK))

    async def write(self, octets: bytes) -> None:
        while octets:
            octets = octets[await self._done(partial(self._tls.write, octets)) :]

    async def close(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):  # it says so while the client's own close_notify has not come
            self._tls.unwrap()
        await super().write(self._to_send.read())
        await super().close()

    async def _done(self, step: Callable[[], T]) -> T:
        """Take one step of TLS, sending and receiving for as long as it needs; whatever comes of it, its octets are sent."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                if self._to_send.pending:
                    await super().write(self._to_send.read())
            octets = await super().read()
            if octets:
                self._received.write(octets)
            else:
                self._received.write_eof()
