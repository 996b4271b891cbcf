"""A small recursive-looking DNS server on loopback for tests of one standard at a time: real bytes, no lab, no DNSSEC.

    resolver = served({"example.com": {"TXT": ["v=spf1 -all"], "MX": ["10 mail.example.com."]}, "slow.example": "timeout"})

A name whose value is a word gets that outcome instead of records: "timeout", "servfail", "refused".
A type whose value is such a word gets it for that type alone. Names above a given name exist (empty non-terminals).
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from postlib.lab.listener import bind_pair
from postlib.network import Network
from postlib.resolver import Resolver

Records = Mapping[str, str | Mapping[str, str | Sequence[str]]]
SILENCE = 0.2  # seconds that a test waits for the silent
OUTCOMES = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED}


class Zones:
    """The records, and the questions that were asked of them, in order."""

    def __init__(self, records: Records) -> None:
        self.records = {dns.name.from_text(name): value for name, value in records.items()}
        self.heard: list[tuple[str, str]] = []  # with what a busy machine made the client say again
        self._tcp, self._udp = bind_pair()
        for door in (self._tcp, self._udp):
            door.setblocking(True)  # threads wait at them
        self.forwarder = f"127.0.0.1:{self._tcp.getsockname()[1]}"
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The different questions, in order."""
        return list(dict.fromkeys(self.heard))

    def resolver(self, timeout: float | None = None) -> Resolver:
        """A fresh observation of these zones; it waits long for an answer, unless the silence of some name is what is tested."""
        if timeout is None:
            timeout = SILENCE if self._silent() else 2.0
        return Resolver(Network(forwarder=self.forwarder, timeout=timeout), validate=False)

    def _silent(self) -> bool:
        return any("timeout" in (records, *(() if isinstance(records, str) else records.values())) for records in self.records.values())

    def _serve_udp(self) -> None:
        while True:
            wire, client = self._udp.recvfrom(65535)
            reply = self._reply(wire)
            if reply is not None:
                self._udp.sendto(reply.to_wire(max_size=1232, prefer_truncation=True), client)

    def _serve_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL))
                reply = self._reply(connection.recv(length, socket.MSG_WAITALL))
                if reply is not None:
                    wire = reply.to_wire(max_size=65535)
                    connection.sendall(len(wire).to_bytes(2) + wire)

    def _reply(self, wire: bytes) -> dns.message.Message | None:
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question, recursion_available=True)
        name, rrtype = question.question[0].name, question.question[0].rdtype
        self.heard.append((name.to_text(omit_final_dot=True), dns.rdatatype.to_text(rrtype)))
        for _ in range(16):
            records = self.records.get(name)
            if records is None:
                below = any(other.is_subdomain(name) for other in self.records)
                reply.set_rcode(dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN)
                return reply
            values = records if isinstance(records, str) else records.get(dns.rdatatype.to_text(rrtype), ())
            if isinstance(values, str):
                if values == "timeout":
                    return None
                reply.set_rcode(OUTCOMES[values])
                return reply
            if values:
                reply.answer.append(dns.rrset.from_text_list(name, 300, "IN", rrtype, values))
                return reply
            alias = "" if isinstance(records, str) else "".join(records.get("CNAME", ()))
            if not alias:
                return reply
            reply.answer.append(dns.rrset.from_text_list(name, 300, "IN", "CNAME", [alias]))
            name = dns.name.from_text(alias)
        return reply


def served(records: Records, timeout: float | None = None) -> Resolver:
    """A fresh observation of a fresh server for `records`."""
    return Zones(records).resolver(timeout)


def run(work):  # type: ignore[no-untyped-def]
    """Run a coroutine to its end, as a test does."""
    return asyncio.run(work)
