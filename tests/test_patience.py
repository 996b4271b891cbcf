"""A limit counts only the time in which our own event loop kept up: a busy machine makes nobody look silent, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable

import dns.message
import dns.name
import dns.rdatatype
import pytest
from loopback import answering, leaf, listening, over_tls, reached, saying

from postlib.datagram import Flood, exchange
from postlib.network import Network, Unreachable
from postlib.patience import PARTS, SPARED, Patience
from postlib.protocols.http import fetch
from postlib.protocols.smtp import Conversation
from postlib.protocols.tls import handshake
from postlib.wire import Question

QUESTION = Question(dns.name.from_text("auroria.post"), dns.rdatatype.A)
OTHER = Question(dns.name.from_text("auroria.post"), dns.rdatatype.MX)
LIMIT = 0.2


class Dull(asyncio.DatagramProtocol):
    """A server in the client's own loop, which stands still for `seconds` before each reply."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        time.sleep(self.seconds)
        self.transport.sendto(dns.message.make_response(dns.message.from_wire(data)).to_wire(), addr)


async def asked(seconds: float) -> dns.message.Message:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Dull(seconds), local_addr=("127.0.0.1", 0))
    try:
        place = transport.get_extra_info("sockname")
        return await Network(route=lambda *_: place, timeout=LIMIT).ask(QUESTION, "192.0.2.1")
    finally:
        transport.close()


def test_a_loop_that_stood_still_makes_nobody_silent() -> None:
    """The reply comes after four limits, all of them spent in our own process."""
    assert asyncio.run(asked(4 * LIMIT)).rcode() == 0


def test_silence_is_silence_after_the_limit() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="timeout"):
            asyncio.run(Network(route=lambda *_: silent.getsockname(), timeout=0.05).ask(QUESTION, "192.0.2.1"))


def test_a_loop_that_never_keeps_up_does_not_wait_for_ever(limit: float = 0.04) -> None:
    passes = 0

    async def busy() -> None:
        nonlocal passes
        while True:
            passes += 1
            time.sleep(limit / PARTS * 2.5)  # every part ends too late
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.ensure_future(busy())
        with pytest.raises(TimeoutError):
            async with Patience(limit):
                await asyncio.Event().wait()
        task.cancel()

    asyncio.run(main())
    assert SPARED <= passes <= 4 * (SPARED + PARTS)


def test_what_ends_in_time_ends_without_a_word() -> None:
    async def main() -> str:
        async with Patience(LIMIT):
            await asyncio.sleep(0)
        await asyncio.sleep(2 * LIMIT)  # no timer is left behind
        return "well"

    assert asyncio.run(main()) == "well"


def flooded(take: object, strays: int = 4) -> object:
    async def main() -> object:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            work = asyncio.ensure_future(exchange([(b"?", take)], server.getsockname(), seconds=5, strays=strays))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            _, client = await asyncio.to_thread(server.recvfrom, 100)
            for number in range(strays):
                server.sendto(bytes([number]), client)
            [outcome] = await work
            return outcome

    return asyncio.run(main())


def test_a_flood_of_strays_ends() -> None:
    assert isinstance(flooded(lambda _: None), Flood)


def test_the_first_that_fits_is_taken() -> None:
    assert flooded(lambda octets: octets if octets == b"\2" else None) == b"\2"


def test_our_own_fault_in_reading_is_told() -> None:
    assert isinstance(flooded(lambda _: 1 // 0), ZeroDivisionError)


def test_of_many_at_once_each_has_its_own_outcome() -> None:
    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Dull(0), local_addr=("127.0.0.1", 0))
        network = Network(route=lambda *_: transport.get_extra_info("sockname"), timeout=1.0)
        try:
            return [reply and reply.question[0].rdtype for reply in await network.volley([QUESTION, OTHER, QUESTION], "192.0.2.1")]
        finally:
            transport.close()

    assert asyncio.run(main()) == [QUESTION.rrtype, OTHER.rrtype, QUESTION.rrtype]


def test_what_is_not_answered_in_a_volley_is_left_to_others() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        network = Network(route=lambda *_: silent.getsockname(), timeout=0.05)
        assert asyncio.run(network.volley([QUESTION, OTHER], "192.0.2.1")) == [None, None]


def test_who_sends_nothing_waits_for_nothing() -> None:
    async def main() -> list[object]:
        return await asyncio.wait_for(exchange([], ("127.0.0.1", 9), seconds=3600, strays=1), 60)

    assert asyncio.run(main()) == []


def interrupted(work: Awaitable[object], seconds: float = 0.11) -> object:
    """What becomes of the work in a loop that stands still for so long again and again."""

    async def busy() -> None:
        while True:
            time.sleep(seconds)
            await asyncio.sleep(0)

    async def main() -> object:
        task = asyncio.ensure_future(busy())
        try:
            return await work
        finally:
            task.cancel()

    return asyncio.run(main())


def test_a_loop_that_stood_still_makes_no_tls_web_or_mail_server_silent() -> None:
    """Each limit is over in a single one of these interruptions: 0.02 s for a handshake, five times that for a reply."""
    host = "192.0.2.80"

    async def greeted(network: Network) -> int:
        async with Conversation(network, host) as server:
            return (await server.ehlo()).code

    page = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    mail = saying(b"220 mx.auroria.post\r\n", b"250 mx.auroria.post\r\n", b"221 bye\r\n")
    with listening(page) as web, listening(over_tls(leaf("auroria.post").context(), page)) as tls, listening(mail) as smtp:
        network = reached({(host, 80): web, (host, 443): tls, (host, 25): smtp}, timeout=0.02)
        assert interrupted(handshake(network, host, 443, "auroria.post"))
        assert interrupted(fetch(network, "http://auroria.post/", address=host))
        assert interrupted(greeted(network)) == 250
