"""Questions to single servers, and the memory of those that were silent."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from postlib.dnssec.work import Work
from postlib.network import Network, Unreachable
from postlib.resolver import allowance
from postlib.wire import Question

MAX_SILENCES = 4  # questions left without a reply by a server that never gave one, before it is left alone
MAX_AT_ONCE = 32  # questions to one server without a reply yet; more would fill the queue of its socket, and be lost
MAX_VOLLEYS = 12  # of some eight questions each, for the same reason
SILENCE = timedelta(minutes=15)  # how long a silent server is remembered: Unbound's infra-host-ttl
WITHOUT_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS)  # RFC 6891, section 7: ask again without it

Server = tuple[str, int]


@dataclass(frozen=True)
class Turns:
    """Who may ask each server now. A semaphore belongs to the event loop in which it was first waited for."""

    loop: asyncio.AbstractEventLoop
    questions: defaultdict[Server, asyncio.Semaphore] = field(default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(MAX_AT_ONCE)))
    volleys: defaultdict[Server, asyncio.Semaphore] = field(default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(MAX_VOLLEYS)))


class Upstream:
    """Asks one server at a time; `dnssec` sets the DO bit."""

    def __init__(self, network: Network, work: Work, *, dnssec: bool) -> None:
        self.network = network
        self.work = work
        self._dnssec = dnssec
        self._silences: dict[Server, tuple[int, datetime]] = {}
        self._heard: set[Server] = set()
        self._last_turns: Turns | None = None

    async def ask(
        self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, server: str, port: int = 53, *, flags: int = 0
    ) -> dns.message.Message:
        """The server's reply, whatever its rcode. Raises Unreachable, and Spent where no question is left to those who ask."""
        reply = await self._put(name, rrtype, server, port, flags, edns=True)
        if reply.rcode() in WITHOUT_EDNS:
            reply = await self._put(name, rrtype, server, port, flags, edns=False)
        return reply

    async def volley(
        self, questions: Sequence[tuple[dns.name.Name, dns.rdatatype.RdataType]], server: str, port: int = 53, *, flags: int = 0
    ) -> list[dns.message.Message | None]:
        """The server's replies to many questions put at once; None where one datagram each way was not enough, or is not to be."""
        nothing: list[dns.message.Message | None] = [None] * len(questions)
        async with self._turns().volleys[server, port]:
            if self.given_up(server, port):
                return nothing
            granted = allowance.current()
            for _ in questions:
                if granted is not None:
                    granted.spend()
                self.work.questions += 1
            asked = [Question(name, rrtype, flags, dnssec=self._dnssec) for name, rrtype in questions]
            try:
                heard = await self.network.volley(asked, server, port)
            except Unreachable:
                return nothing  # whoever asks again is told why
        if any(reply is not None for reply in heard):
            self._silences.pop((server, port), None)
            self._heard.add((server, port))
        return heard

    def silences(self, server: str, port: int = 53) -> int:
        """How many questions the server has left without a reply since its last one."""
        count, until = self._silences.get((server, port), (0, self.network.clock.now()))
        return count if until > self.network.clock.now() else 0

    def given_up(self, server: str, port: int = 53) -> bool:
        """Whether the server has been silent so often, and never otherwise, that asking again would only cost time."""
        return (server, port) not in self._heard and self.silences(server, port) >= MAX_SILENCES

    def forget(self) -> None:
        """Give every server another chance."""
        self._silences.clear()

    def _turns(self) -> Turns:
        """Those of the running loop: one resolver may be used in a loop that ended, and then in another."""
        loop, turns = asyncio.get_running_loop(), self._last_turns
        if turns is None or turns.loop is not loop:
            turns = self._last_turns = Turns(loop)
        return turns

    async def _put(
        self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType, server: str, port: int, flags: int, *, edns: bool
    ) -> dns.message.Message:
        question = Question(name, rrtype, flags, edns=edns, dnssec=edns and self._dnssec)
        try:
            async with self._turns().questions[server, port]:
                if self.given_up(server, port):  # while we waited for our turn
                    raise Unreachable("timeout", f"{server}:{port}")
                if (granted := allowance.current()) is not None:
                    granted.spend()
                self.work.questions += 1
                reply = await self.network.ask(question, server, port)
        except Unreachable as error:
            if error.reason == "timeout":
                self._silences[server, port] = self.silences(server, port) + 1, self.network.clock.now() + SILENCE
            raise
        self._silences.pop((server, port), None)
        self._heard.add((server, port))
        return reply
