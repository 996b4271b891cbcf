"""One server at a time: how many questions it gets at once, and when it is left alone."""

from __future__ import annotations

import asyncio
from typing import cast

import dns.message
import dns.name
import dns.rdatatype
import pytest
from rooted import run

from postlib.dnssec.work import Work
from postlib.lab.listener import bind_pair
from postlib.network import Network, Unreachable
from postlib.resolver.upstream import MAX_AT_ONCE, MAX_SILENCES, MAX_VOLLEYS, Upstream

SERVER = "192.0.2.3"


class Slow(asyncio.DatagramProtocol):
    """A server that takes its time, or never answers; `most` is how many questions it has had on its hands at once."""

    def __init__(self, delay: float | None) -> None:
        self.delay = delay
        self.asked = self.open = self.most = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own does not inherit from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        self.open += 1
        self.most = max(self.most, self.open)
        if self.delay is not None:
            asyncio.get_running_loop().call_later(self.delay, self.answer, data, addr)

    def answer(self, data: bytes, addr: tuple[str, int]) -> None:
        self.open -= 1
        self.transport.sendto(dns.message.make_response(dns.message.from_wire(data)).to_wire(), addr)


async def burst(server: Slow, questions: int, timeout: float = 2.0) -> list[object]:
    """That many questions to one server, all at the same moment."""
    tcp, udp = bind_pair()
    tcp.close()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, sock=udp)
    network = Network(iterate=True, timeout=timeout, route=lambda *_: udp.getsockname()[:2])
    upstream = Upstream(network, Work(), dnssec=False)
    names = [dns.name.from_text(f"n{number}.example") for number in range(questions)]
    try:
        return list(await asyncio.gather(*(upstream.ask(name, dns.rdatatype.A, SERVER) for name in names), return_exceptions=True))
    finally:
        transport.close()


def test_questions_to_one_server_wait_for_their_turn() -> None:
    """A burst would fill the queue of its socket, and what is lost there would look like a silent server."""
    server = Slow(0.01)
    replies = run(burst(server, 4 * MAX_AT_ONCE))
    assert server.most == MAX_AT_ONCE
    assert all(isinstance(reply, dns.message.Message) for reply in replies)


@pytest.mark.parametrize("questions", [1, 4 * MAX_AT_ONCE])
def test_who_waits_behind_silence_does_not_ask_in_vain(questions: int) -> None:
    """What stands in the queue when a server has been given up fails at once, for the same reason."""
    server = Slow(None)
    replies = run(burst(server, questions, timeout=0.05))
    assert {reply.reason for reply in replies if isinstance(reply, Unreachable)} == {"timeout"} and len(replies) == questions
    assert MAX_SILENCES < MAX_AT_ONCE and server.asked == 2 * min(questions, MAX_AT_ONCE)


def test_one_loop_after_another_may_ask() -> None:
    """Whoever waited for a turn in a loop that ended is in nobody's way: `asyncio.run` twice with one resolver."""
    places: list[tuple[str, int]] = []
    upstream = Upstream(Network(iterate=True, timeout=2.0, route=lambda *_: places[-1]), Work(), dnssec=False)
    questions = [(dns.name.from_text(f"n{number}.example"), dns.rdatatype.A) for number in range(2 * MAX_AT_ONCE)]

    async def crowd() -> list[object]:
        tcp, udp = bind_pair()
        tcp.close()
        places.append(udp.getsockname()[:2])
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Slow(0.01), sock=udp)
        try:
            asked = [upstream.ask(*question, SERVER) for question in questions]
            volleys = [upstream.volley(questions[:1], SERVER) for _ in range(2 * MAX_VOLLEYS)]
            return [*await asyncio.gather(*asked), *(reply for [reply] in await asyncio.gather(*volleys))]
        finally:
            transport.close()

    for _ in range(2):
        replies = run(crowd())
        assert len(replies) == 2 * (MAX_AT_ONCE + MAX_VOLLEYS) and all(isinstance(reply, dns.message.Message) for reply in replies)
