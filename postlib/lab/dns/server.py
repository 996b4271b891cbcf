"""A name server on loopback: UDP and TCP on sockets that are already bound, answers kept as wire bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from postlib.lab.dns.answer import Zones, respond

Asked = Callable[[str, str], None]
"""Told of every question: name and type as text."""

KEPT_ANSWERS = 20_000
TCP_IDLE = 10.0  # seconds a TCP client may be silent, RFC 7766, section 6.2.3
HABITS = ("", "silent", "refuses", "servfail")


@dataclass
class NameServer:
    """One machine's name service: the zones it holds and, for faults, a habit (silent, refuses, servfail)."""

    zones: Zones
    asked: Asked | None = None
    habit: str = ""
    _kept: dict[tuple[bytes, bool], bytes] = field(default_factory=dict)
    _version: int = -1

    def handle(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply to one question, or None for silence."""
        if self.habit:
            return self._by_habit(wire)
        version = sum(zone.version for zone in self.zones.values())
        if version != self._version or len(self._kept) >= KEPT_ANSWERS:
            self._kept.clear()
            self._version = version
        key = (wire[2:], udp)
        reply = self._kept.get(key)
        if reply is None:
            reply = respond(self.zones, wire, udp=udp)
            if reply is None:
                return None
            self._kept[key] = reply
        self._tell(wire)
        return wire[:2] + reply[2:]

    def _by_habit(self, wire: bytes) -> bytes | None:
        self._tell(wire)
        if self.habit == "silent":
            return None
        try:
            reply = dns.message.make_response(dns.message.from_wire(wire, question_only=True))
        except (dns.exception.DNSException, ValueError):
            return None
        reply.set_rcode(dns.rcode.REFUSED if self.habit == "refuses" else dns.rcode.SERVFAIL)
        return reply.to_wire()

    def _tell(self, wire: bytes) -> None:
        if self.asked is None:
            return
        with contextlib.suppress(dns.exception.DNSException, ValueError):  # a garbled question was answered; there is nothing to tell
            asked = dns.message.from_wire(wire, question_only=True).question[0]
            self.asked(asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype))

    async def serve_udp(self, bound: socket.socket) -> asyncio.BaseTransport:
        """Answer on a bound UDP socket until the transport is closed."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(self), sock=bound)
        return transport

    async def serve_tcp(self, bound: socket.socket) -> asyncio.Server:
        """Answer on a listening TCP socket until the server is closed (RFC 7766)."""
        return await asyncio.start_server(self._stream, sock=bound)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, EOFError, ConnectionError):  # the client left: nothing is owed to it
            while True:
                async with asyncio.timeout(TCP_IDLE):
                    length = struct.unpack("!H", await reader.readexactly(2))[0]
                    reply = self.handle(await reader.readexactly(length), udp=False)
                if reply is None:
                    break
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self.server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self.server.handle(data, udp=True)
        if reply is not None:
            self.transport.sendto(reply, addr)
