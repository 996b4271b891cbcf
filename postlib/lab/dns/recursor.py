"""The lab's recursive resolver: for dig, checkdmarc and any other client that asks with RD (RFC 1034, section 5; RFC 4035, section 3.2)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from postlib.lab.dns.answer import PAYLOAD
from postlib.network import Unreachable
from postlib.resolver import Answer, Resolver, Security

TCP_IDLE = 10.0  # seconds, RFC 7766, section 6.2.3
SIGNING = (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
AT_ONCE = 200  # questions under way; more are answered SERVFAIL


class Recursor:
    """Answers from a Resolver: AD where the answer is secure, SERVFAIL where it is bogus, unless the client checks itself (CD)."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply to one question; None for what is no question."""
        try:
            question = dns.message.from_wire(wire, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return None
        if question.flags & dns.flags.QR or not question.question:
            return None
        reply = dns.message.make_response(question, recursion_available=True, our_payload=PAYLOAD)
        await self._fill(reply, question)
        limit = min(max(question.payload, 512), PAYLOAD) if udp and question.edns >= 0 else 512 if udp else 65535
        return reply.to_wire(max_size=limit, prefer_truncation=True)

    async def _fill(self, reply: dns.message.Message, question: dns.message.Message) -> None:
        asked = question.question[0]
        if question.opcode() != dns.opcode.QUERY or len(self._tasks) > AT_ONCE:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return
        try:
            resolve = self.resolver.resolve if question.flags & dns.flags.CD else self.resolver.lookup
            answer = await resolve(asked.name, asked.rdtype)
        except Unreachable:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return
        except ValueError:  # ANY, AXFR and their like
            reply.set_rcode(dns.rcode.NOTIMP)
            return
        reply.set_rcode(answer.rcode)
        wants = question.flags & dns.flags.AD or question.ednsflags & dns.flags.DO
        reply.flags |= dns.flags.AD if wants and answer.security is Security.SECURE else 0
        reply.ednsflags |= question.ednsflags & dns.flags.DO
        self._sections(reply, answer, bool(question.ednsflags & dns.flags.DO))

    @staticmethod
    def _sections(reply: dns.message.Message, answer: Answer, dnssec: bool) -> None:
        """The records as their own servers sent them; signatures and denials only for those who ask (RFC 4035, section 3.2.1)."""
        wanted = [rrset for rrset in answer.answer if dnssec or rrset.rdtype not in SIGNING or rrset.rdtype == answer.rrtype]
        reply.answer = [_aged(rrset, answer.ttl) for rrset in wanted]
        reply.authority = [_aged(rrset, answer.ttl) for rrset in answer.authority if dnssec or rrset.rdtype not in SIGNING]

    async def serve_udp(self, bound: socket.socket) -> asyncio.BaseTransport:
        """Answer on a bound UDP socket until the transport is closed."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(self), sock=bound)
        return transport

    async def serve_tcp(self, bound: socket.socket) -> asyncio.Server:
        """Answer on a listening TCP socket until the server is closed."""
        return await asyncio.start_server(self._stream, sock=bound)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, EOFError, ConnectionError):  # the client left: nothing is owed to it
            async with asyncio.timeout(TCP_IDLE):
                length = struct.unpack("!H", await reader.readexactly(2))[0]
                wire = await reader.readexactly(length)
            reply = await self.handle(wire, udp=False)
            if reply is not None:
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, recursor: Recursor) -> None:
        self.recursor = recursor

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own does not inherit from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self.recursor._tasks.add(task)
        task.add_done_callback(self.recursor._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = await self.recursor.handle(data, udp=True)
        if reply is not None and not self.transport.is_closing():
            self.transport.sendto(reply, addr)


def _aged(rrset: dns.rrset.RRset, ttl: int) -> dns.rrset.RRset:
    """The same records with no more life than the cached answer has left."""
    return dns.rrset.from_rdata_list(rrset.name, min(rrset.ttl, ttl), list(rrset))
