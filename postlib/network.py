"""The one door out: one DNS question to one server, one TCP connection. The lab changes the address book, not the code.

    Unreachable           nobody could be asked, or nobody answered: never a statement about a domain
      x Lame              the parent zone answers, and every server it names for the zone does not (RFC 1912, section 2.8)
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import ssl
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import certifi
import dns.exception
import dns.flags
import dns.message

from postlib.clock import Clock, LabClock, SystemClock
from postlib.datagram import Flood, exchange
from postlib.patience import Patience
from postlib.unknown import ABSENT, Absent, CouldNotTell, Unknown
from postlib.wire import Question

__all__ = ["ABSENT", "Absent", "CouldNotTell", "Lame", "Network", "Unknown", "Unreachable"]

Transport = Literal["udp", "tcp"]
Route = Callable[[str, int, Transport], tuple[str, int]]
"""The lab's address book: from an address and port of its Internet to a loopback address and port; raises Unreachable."""

TRIES = 2  # UDP loses packets: RFC 1035, section 4.2.1, asks for another try
STRAY_REPLIES = 16  # replies that answer something else, before we stop listening (a forger's flood must end)
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # NAT64, RFC 6052, section 2.1
COMPATIBLE = ipaddress.IPv6Network("::/96")  # IPv4 inside IPv6, given up: RFC 4291, section 2.5.5.1
PROXY_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"  # PROXY protocol version 2, section 2.2
OUTSIDER = {4: "203.0.113.250", 6: "2001:db8:ffff::250"}  # who we are in a lab when no `source` is given

# https://www.iana.org/domains/root/servers, and the root's DS of 2017 and 2024, https://data.iana.org/root-anchors/
ROOT_HINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a.root-servers.net.", ("198.41.0.4",)),
    ("b.root-servers.net.", ("170.247.170.2",)),
    ("c.root-servers.net.", ("192.33.4.12",)),
    ("d.root-servers.net.", ("199.7.91.13",)),
    ("e.root-servers.net.", ("192.203.230.10",)),
    ("f.root-servers.net.", ("192.5.5.241",)),
    ("i.root-servers.net.", ("192.36.148.17",)),
    ("k.root-servers.net.", ("193.0.14.129",)),
)
TRUST_ANCHOR: tuple[str, ...] = (
    "20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d",
    "38696 8 2 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16",
)


class Unreachable(Exception):
    """Nobody answered: `reason` is a word of the catalogue (timeout, refused, no-route, servfail …), `where` is who was asked."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(reason, where)
        self.reason = reason
        self.where = where

    def __str__(self) -> str:
        return f"{self.reason} at {self.where}"


class Lame(Unreachable):
    """Every authoritative server of the zone failed, seen by our own iteration: a fact about the zone."""


@dataclass(frozen=True)
class Network:
    """An Internet as seen from one place. `Network()` is the real one; a lab hands out the same class with another `route`.

    `forwarder` "address:port" is asked instead of the system's resolvers; `iterate` walks from the root hints.
    `timeout` is in seconds, for each question and each connection. `source` is this machine's address inside a lab.
    `certificate_roots` is PEM text; empty means the usual public roots. Without `contacts` no machine but name servers is spoken to.
    """

    forwarder: str | None = None
    iterate: bool = False
    timeout: float = 2.0
    source: str | None = None
    contacts: bool = True
    route: Route | None = field(default=None, repr=False)
    root_hints: tuple[tuple[str, tuple[str, ...]], ...] = field(default=ROOT_HINTS, repr=False)
    trust_anchor: tuple[str, ...] = field(default=TRUST_ANCHOR, repr=False)
    certificate_roots: str = field(default="", repr=False)
    clock: Clock = field(default_factory=SystemClock)

    @classmethod
    def load(cls, path: str | Path, **changes: Any) -> Network:
        """The fail-closed Network of an address book written by `postlib lab`; `changes` are other settings of it, never its route.

        Raises OSError if the file cannot be read, ValueError if it is no address book, or leads off this machine.
        """
        if "route" in changes:
            raise ValueError("the route of an address book cannot be changed: it is what keeps its packets on this machine")
        try:
            book = json.loads(Path(path).read_text(encoding="utf-8"))
            routes = {(str(a), int(p), t): _loopback(h, q) for a, p, t, h, q in book["routes"]}
            settings: dict[str, Any] = {
                "iterate": True,
                "root_hints": tuple((_text(name), tuple(str(ipaddress.ip_address(a)) for a in many)) for name, many in book["root_hints"]),
                "trust_anchor": tuple(_text(ds) for ds in book["trust_anchor"]),
                "certificate_roots": _text(book["certificate_roots"]),
                "clock": LabClock(datetime.fromisoformat(book["at"])),
            }
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"{path} is not an address book of `postlib lab`: {error!r}") from error

        def route(address: str, port: int, transport: Transport) -> tuple[str, int]:
            try:
                return routes[address, port, transport]
            except KeyError:
                raise Unreachable("no-route", f"{address}:{port}") from None

        return cls(**(settings | {"route": route} | changes))

    @cached_property
    def forwarders(self) -> tuple[tuple[str, int], ...]:
        """The recursive servers to ask, in order: the one given, else the system's."""
        if self.forwarder is None:
            from dns.resolver import Resolver  # only here: with an HTTP client installed it loads that too

            try:
                system = Resolver()
            except dns.exception.DNSException as error:
                raise Unreachable("no-resolver", "this machine") from error
            return tuple((str(server), 53) for server in system.nameservers)
        host, _, port = self.forwarder.rpartition(":")
        if not host or self.forwarder.count(":") > 1 and not host.startswith("["):
            host, port = self.forwarder, "53"
        host = host.strip("[]")
        try:
            return ((str(ipaddress.ip_address(host)), int(port)),)
        except ValueError:
            raise ValueError(f"a forwarder is an address and a port, like 127.0.0.1:5300, not {self.forwarder!r}") from None

    @property
    def lab(self) -> bool:
        """Whether this is a lab's Internet: no packet then leaves the machine."""
        return self.route is not None

    async def ask(self, question: Question, server: str, port: int = 53, *, tcp: bool = False) -> dns.message.Message:
        """Put one question to one server, by UDP and, where the reply is truncated, by TCP. Returns the reply, whatever its rcode.

        Raises Unreachable: timeout, refused, no-route, malformed.
        """
        if not tcp:
            reply = await self._ask_udp(question, server, port)
            if not reply.flags & dns.flags.TC:
                return reply
        return await self._ask_tcp(question, server, port)

    async def volley(self, questions: Sequence[Question], server: str, port: int = 53) -> list[dns.message.Message | None]:
        """Put many questions to one server at once, once each and by UDP alone; None where that was not enough, and `ask` would go on.

        Raises Unreachable: no-route.
        """
        destination = self._destination(server, port, "udp")
        heard = await exchange([_letter(q) for q in questions], destination, seconds=self.timeout, strays=STRAY_REPLIES)
        return [one if isinstance(one, dns.message.Message) and not one.flags & dns.flags.TC else None for one in heard]

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open one TCP connection. In a lab it begins with a PROXY header, so that the far end sees our address there.

        Raises Unreachable: timeout, refused, no-route, not-contacted.
        """
        if not self.contacts:
            raise Unreachable("not-contacted", f"{address}:{port}")
        reader, writer = await self._open(address, port)
        if self.lab:
            source = self.source or OUTSIDER[ipaddress.ip_address(address).version]
            writer.write(proxy_header(source, address, port))
        return reader, writer

    def tls_context(self) -> ssl.SSLContext:
        """A client context that trusts this Internet's roots; in a lab it verifies nothing, for ssl cannot be told the time."""
        roots = {"cadata": self.certificate_roots} if self.certificate_roots else {"cafile": certifi.where()}
        context = ssl.create_default_context(**roots)  # type: ignore[arg-type]
        if self.lab:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _destination(self, address: str, port: int, transport: Transport) -> tuple[str, int]:
        """Where packets for that address really go. In a lab only to loopback; live, never to a special address (RFC 6890)."""
        if self.route is not None:
            host, real_port = self.route(address, port, transport)
            if not ipaddress.ip_address(host).is_loopback:
                raise Unreachable("no-route", f"{address}:{port}")
            return host, real_port
        if public(address) or (address, port) in self.forwarders:
            return address, port
        raise Unreachable("special-address", f"{address}:{port}")

    async def _ask_udp(self, question: Question, server: str, port: int) -> dns.message.Message:
        destination = self._destination(server, port, "udp")
        for _ in range(TRIES):
            [heard] = await exchange([_letter(question)], destination, seconds=self.timeout, strays=STRAY_REPLIES)
            if isinstance(heard, dns.message.Message):
                return heard
            if isinstance(heard, TimeoutError):
                continue
            if isinstance(heard, Flood | OSError):
                raise Unreachable("malformed" if isinstance(heard, Flood) else _reason(heard), f"{server}:{port}") from heard
            raise heard
        raise Unreachable("timeout", f"{server}:{port}")

    async def _ask_tcp(self, question: Question, server: str, port: int) -> dns.message.Message:
        wire = question.wire()
        reader, writer = await self._open(server, port)
        try:
            writer.write(struct.pack("!H", len(wire)) + wire)
            async with Patience(self.timeout):
                length = struct.unpack("!H", await reader.readexactly(2))[0]
                reply = question.reply(wire, await reader.readexactly(length))
        except TimeoutError as error:
            raise Unreachable("timeout", f"{server}:{port}") from error
        except (OSError, EOFError) as error:
            raise Unreachable("closed", f"{server}:{port}") from error
        finally:
            writer.close()
        if reply is None:
            raise Unreachable("malformed", f"{server}:{port}")
        return reply

    async def _open(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, real_port = self._destination(address, port, "tcp")
        try:
            async with Patience(self.timeout):
                return await asyncio.open_connection(host, real_port)
        except TimeoutError as error:
            raise Unreachable("timeout", f"{address}:{port}") from error
        except OSError as error:
            raise Unreachable(_reason(error), f"{address}:{port}") from error


def public(address: str) -> bool:
    """Whether an address is one of the public Internet, also the IPv4 address that an IPv6 one carries inside (RFC 6890, 6052, 3056)."""
    target = ipaddress.ip_address(address)
    if isinstance(target, ipaddress.IPv6Address):
        if target.ipv4_mapped or target.sixtofour or target in TRANSLATED:
            inner = target.ipv4_mapped or target.sixtofour or ipaddress.IPv4Address(int(target) & 0xFFFFFFFF)
            return public(str(inner))
        if target.teredo or target.is_site_local or target in COMPATIBLE:
            return False
    return target.is_global and not target.is_multicast


def proxy_header(source: str, destination: str, port: int) -> bytes:
    """A PROXY protocol version 2 header for TCP, as sent by a host at `source` (port 49152) to `destination`."""
    ends = [ipaddress.ip_address(source), ipaddress.ip_address(destination)]
    if ends[0].version != ends[1].version:
        ends[0] = ipaddress.ip_address(OUTSIDER[ends[1].version])
    addresses = b"".join(end.packed for end in ends) + struct.pack("!HH", 49152, port)
    family = b"\x11" if ends[1].version == 4 else b"\x21"
    return PROXY_SIGNATURE + b"\x21" + family + struct.pack("!H", len(addresses)) + addresses


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _loopback(host: Any, port: Any) -> tuple[str, int]:
    """A place on this machine, from an address book. Raises ValueError for any other."""
    address, number = ipaddress.ip_address(_text(host)), int(port)
    if not address.is_loopback or not 0 < number < 2**16:
        raise ValueError(f"{host} port {port} is not a port of this machine")
    return str(address), number


def _letter(question: Question) -> tuple[bytes, Callable[[bytes], dns.message.Message | None]]:
    """A question as it goes out, and how its reply is known."""
    sent = question.wire()
    return sent, partial(question.datagram, sent)


def _reason(error: OSError) -> str:
    limits = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.EADDRNOTAVAIL)  # of this machine
    return "local-limit" if error.errno in limits else "refused" if isinstance(error, ConnectionRefusedError) else "unreachable"
