"""The one door out: it fails closed in a lab, and refuses special addresses on the real Internet."""

from __future__ import annotations

import asyncio
import copy
import errno
import json
import pickle
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rdatatype
import pytest
from zones import Zones

from postlib.clock import LabClock
from postlib.network import ABSENT, CouldNotTell, Lame, Network, Transport, Unknown, Unreachable, _reason, proxy_header
from postlib.wire import Question

QUESTION = Question(dns.name.from_text("auroria.post"), dns.rdatatype.A)
HIDDEN = ["2002:7f00:1::1", "64:ff9b::a00:1", "::7f00:1", "fec0::1", "::ffff:100.64.0.1", "::ffff:224.0.0.1", "::ffff:127.0.0.1"]
SPECIAL = ["192.0.2.1", "198.51.100.7", "203.0.113.9", "10.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "2001:db8::1", "::1"]
OTHER = dns.message.make_response(dns.message.make_query("other.post", "A")).to_wire()
FORWARDERS = {"127.0.0.1:5300": ("127.0.0.1", 5300), "[::1]:5300": ("::1", 5300), "::1": ("::1", 53), "127.0.0.1": ("127.0.0.1", 53)}


@pytest.fixture(autouse=True)
def nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any packet for another machine is an error of the test run, whatever the code under test makes of it."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        assert address[0] in ("127.0.0.1", "::1"), f"a packet for {address} would have left the machine"
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


def closed(address: str, port: int, transport: Transport) -> tuple[str, int]:
    raise Unreachable("no-route", f"{address}:{port}")


@pytest.mark.parametrize("address", SPECIAL + HIDDEN)
def test_a_live_network_refuses_special_addresses(address: str) -> None:
    """RFC 5737, RFC 3849, RFC 6890: nobody we want to ask is there."""
    for work in (Network().ask(QUESTION, address), Network().connect(address, 25)):
        with pytest.raises(Unreachable, match="special-address"):
            asyncio.run(work)


def test_a_live_network_may_ask_its_own_forwarder_on_loopback() -> None:
    zones = Zones({"auroria.post": {"A": ["192.0.2.36"]}})
    network = Network(forwarder=zones.forwarder)
    (server, port) = network.forwarders[0]
    assert asyncio.run(network.ask(QUESTION, server, port)).answer


def test_a_lab_fails_closed() -> None:
    network = Network(route=closed)
    for work in (network.ask(QUESTION, "8.8.8.8"), network.connect("8.8.8.8", 25)):
        with pytest.raises(Unreachable, match="no-route"):
            asyncio.run(work)


def test_a_route_that_leads_off_the_machine_is_not_taken() -> None:
    network = Network(route=lambda address, port, transport: ("192.0.2.1", port))
    with pytest.raises(Unreachable, match="no-route"):
        asyncio.run(network.ask(QUESTION, "192.0.2.1"))


def test_silence_is_a_timeout_and_a_closed_port_is_refused() -> None:
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    network = Network(route=lambda *_: ("127.0.0.1", port), timeout=0.05)
    with silent, pytest.raises(Unreachable, match="timeout"):
        asyncio.run(network.ask(QUESTION, "192.0.2.1"))
    with pytest.raises(Unreachable, match="refused"):
        asyncio.run(network.connect("192.0.2.1", 25))


@pytest.mark.parametrize(
    "noise", [b"", b"\0", b"garbage" * 40, QUESTION.wire(), OTHER], ids=["empty", "short", "garbage", "question", "other"]
)
def test_replies_that_do_not_answer_are_passed_over(noise: bytes) -> None:
    """RFC 5452, section 9: a reply fits only with the same id and question."""

    async def go() -> None:
        loop = asyncio.get_running_loop()
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        network = Network(route=lambda *_: server.getsockname(), timeout=1.0)
        asking = asyncio.ensure_future(network.ask(QUESTION, "192.0.2.1"))
        wire, client = await loop.sock_recvfrom(server, 4096)
        await loop.sock_sendto(server, noise, client)
        await loop.sock_sendto(server, dns.message.make_response(dns.message.from_wire(wire)).to_wire(), client)
        assert (await asking).id == int.from_bytes(wire[:2])
        server.close()

    asyncio.run(go())


@pytest.mark.parametrize("forwarder", ["", "auroria.post:53", "1.2.3:53", "127.0.0.1:port"])
def test_a_forwarder_is_an_address_and_a_port(forwarder: str) -> None:
    with pytest.raises(ValueError, match="a forwarder is an address"):
        _ = Network(forwarder=forwarder).forwarders


@pytest.mark.parametrize(("text", "expected"), FORWARDERS.items())
def test_forwarders_of_both_families(text: str, expected: tuple[str, int]) -> None:
    assert Network(forwarder=text).forwarders == (expected,)


def test_an_address_book_gives_the_same_fail_closed_network(tmp_path: Path) -> None:
    book = {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", 5300]], "root_hints": [["ns.root.test.", ["192.0.2.1"]]], "trust_anchor": [],
            "certificate_roots": "", "at": "2026-11-23T00:00:00+00:00"}  # fmt: skip
    path = tmp_path / "book.json"
    path.write_text(json.dumps(book))
    network = Network.load(path)
    assert network.lab and network.clock.now() == datetime(2026, 11, 23, tzinfo=UTC)
    assert network.route is not None and network.route("192.0.2.1", 53, "udp") == ("127.0.0.1", 5300)
    with pytest.raises(Unreachable, match="no-route"):
        network.route("192.0.2.2", 53, "udp")
    path.write_text("{}")
    with pytest.raises(ValueError, match="is not an address book"):
        Network.load(path)


def test_whatever_touches_an_unknown_could_not_tell() -> None:
    unknown = Unknown("timeout", "192.0.2.1:53")
    touches = [lambda: unknown.records, lambda: bool(unknown), lambda: len(unknown), lambda: list(unknown), lambda: unknown == 1,  # type: ignore[arg-type]
               lambda: unknown[0], lambda: unknown < 3, lambda: "x" in unknown]  # type: ignore[operator]  # fmt: skip
    for touch in touches:
        with pytest.raises(CouldNotTell) as caught:
            touch()
        assert caught.value.unknown is unknown
    assert not ABSENT


def test_a_proxy_header_carries_source_and_destination() -> None:
    header = proxy_header("192.0.2.25", "198.51.100.3", 25)
    assert header[:13] == b"\r\n\r\n\0\r\nQUIT\n\x21"
    assert header[16:24] == bytes([192, 0, 2, 25, 198, 51, 100, 3])
    assert proxy_header("192.0.2.25", "2001:db8::3", 25)[13] == 0x21


def test_a_lab_clock_rings_in_order_and_never_goes_back() -> None:
    clock, rung = LabClock(datetime(2026, 11, 23, tzinfo=UTC)), []
    for hours in (3, 1, 2):
        clock.ring(datetime(2026, 11, 23, hours, tzinfo=UTC), lambda hours=hours: rung.append((hours, clock.now().hour)))  # type: ignore[misc]
    clock.advance(hours=2)
    assert rung == [(1, 1), (2, 2)]
    clock.advance(days=1)
    assert rung[-1] == (3, 3)
    with pytest.raises(ValueError, match="only goes forward; internet.undo.. or internet.reset.. go back"):
        clock.advance(days=-1)
    clock.advanced = lambda: rung.append((0, clock.now().hour))
    clock.move(timedelta(hours=1))
    assert rung[-1] == (3, 3), "an act is written down by whoever does it"
    clock.advance(hours=1)
    assert rung[-1] == (0, 4)
    clock.end("it is over")
    with pytest.raises(ValueError, match="it is over"):
        clock.advance()
    assert rung[-1] == (0, 4) == (0, clock.now().hour)
    with pytest.raises(ValueError, match="time zone"):
        LabClock(datetime(2026, 11, 23))


def test_an_unknown_is_not_even_text_or_a_number() -> None:
    """A text of it would stand as evidence under a check that passed."""
    unknown = Unknown("timeout", "192.0.2.1:53")
    told: Any = unknown
    touches = [lambda: str(told), lambda: f"{told}", lambda: told + 1, lambda: 1 + told, lambda: int(told), lambda: told(),
               lambda: {1} | told, lambda: told != 1, lambda: "x".join(told)]  # fmt: skip
    for touch in touches:
        with pytest.raises(CouldNotTell):
            touch()


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_facts_survive_a_copy_and_a_pickle(again: Any) -> None:
    """A scan over several processes hands them over."""
    unknown = again(Unknown("timeout", "192.0.2.1:53"))
    assert isinstance(unknown, Unknown) and unknown.reason == "timeout" and "timeout" in repr(unknown)
    assert again(ABSENT) is ABSENT
    for error in (Unreachable("timeout", "192.0.2.1:53"), Lame("servfail", "post.")):
        assert str(again(error)) == str(error) and (again(error).reason, again(error).where) == (error.reason, error.where)
    assert again(CouldNotTell(unknown)).unknown.where == "192.0.2.1:53"


BOOK: dict[str, Any] = {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", 5300]], "root_hints": [["ns.root.test.", ["192.0.2.1"]]],
                        "trust_anchor": [], "certificate_roots": "", "at": "2026-11-23T00:00:00+00:00"}  # fmt: skip
HOSTILE_BOOKS: dict[str, Any] = {
    "a list": [],
    "off the machine": BOOK | {"routes": [["192.0.2.1", 53, "udp", "192.0.2.1", 53]]},
    "a name": BOOK | {"routes": [["192.0.2.1", 53, "udp", "localhost", 5300]]},
    "no port": BOOK | {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", 0]]},
    "a port beyond all": BOOK | {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", 10**30]]},
    "a port without end": BOOK | {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", float("inf")]]},
    "a long route": BOOK | {"routes": [[1, 2, 3, 4, 5, 6]]},
    "hints that are text": BOOK | {"root_hints": [["ns.root.test.", "192.0.2.1"]]},
    "an anchor of numbers": BOOK | {"trust_anchor": [1]},
    "roots of numbers": BOOK | {"certificate_roots": 5},
    "no time zone": BOOK | {"at": "2026-11-23"},
    "no time": BOOK | {"at": 5},
}


@pytest.mark.parametrize("book", HOSTILE_BOOKS.values(), ids=HOSTILE_BOOKS)
def test_a_hostile_address_book_is_refused(book: Any, tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(book))
    with pytest.raises(ValueError, match="is not an address book"):
        Network.load(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "\xff", ""])
def test_what_is_no_file_of_json_is_no_address_book(text: str, tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="is not an address book"):
        Network.load(path)


def test_no_setting_opens_an_address_book(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(BOOK))
    with pytest.raises(ValueError, match="route"):
        Network.load(path, route=None)
    network = Network.load(path, forwarder="8.8.8.8:53", iterate=False)
    with pytest.raises(Unreachable, match="no-route"):
        asyncio.run(network.ask(QUESTION, "8.8.8.8"))


def test_a_lab_clock_stays_where_it_is_when_asked_for_too_much() -> None:
    clock, rung = LabClock(datetime(2026, 11, 23, tzinfo=UTC)), []
    clock.ring(datetime(2026, 11, 24, tzinfo=UTC), lambda: rung.append(1))
    for absurd in ({"days": 10**9}, {"days": 10**12}, {"days": 3651}, {"seconds": float("nan")}, {"hours": float("inf")}):
        with pytest.raises(ValueError):
            clock.advance(**absurd)
    assert clock.now() == datetime(2026, 11, 23, tzinfo=UTC) and not rung


def test_a_bell_may_advance_the_clock_and_one_that_raises_stops_it_there() -> None:
    clock, rung = LabClock(datetime(2026, 11, 23, tzinfo=UTC)), []

    def broken() -> None:
        raise OSError("broken")

    clock.ring(datetime(2026, 11, 24, tzinfo=UTC), lambda: rung.append(clock.advance(days=3)))
    clock.ring(datetime(2026, 11, 25, tzinfo=UTC), lambda: rung.append(clock.now()))
    assert clock.advance(days=1) == datetime(2026, 11, 27, tzinfo=UTC) and len(rung) == 2
    clock.ring(datetime(2026, 11, 28, tzinfo=UTC), broken)
    with pytest.raises(OSError, match="broken"):
        clock.advance(days=5)
    assert clock.now() == datetime(2026, 11, 28, tzinfo=UTC) == clock.advance()


@pytest.mark.parametrize("code", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN", "EADDRNOTAVAIL"])
def test_what_this_machine_has_run_out_of_is_its_own_limit(code: str) -> None:
    assert _reason(OSError(getattr(errno, code), "")) == "local-limit"
    assert [_reason(OSError(number, "")) for number in (errno.ECONNREFUSED, errno.EHOSTUNREACH)] == ["refused", "unreachable"]
