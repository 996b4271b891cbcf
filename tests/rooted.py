"""A small signed Internet on loopback, with a root: real questions and answers for tests of the resolver.

    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    rooted.zone("auroria.post.", "192.0.2.3", {"www": {"A": ["198.51.100.1"]}})
    async with rooted.served() as network: ...

Each zone gets an SOA, a server `ns` with its address, and in its parent NS, glue and, where it is signed, DS.
`rooted.tamper["auroria.post."]` may change every reply about that zone, give octets in its place, or None for silence.
`rooted.asked` is what was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from postlib.clock import LabClock
from postlib.lab.dns.answer import respond
from postlib.lab.dns.server import NameServer, Shelf
from postlib.lab.dns.serving import Reply
from postlib.lab.dns.signing import Signing, ZoneKey
from postlib.lab.dns.zone import Zone
from postlib.lab.listener import bind_pair
from postlib.network import Network, Unreachable

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT_SERVER = "192.0.2.1"
Tamper = Callable[[dns.message.Message], dns.message.Message | bytes | None]
Records = Mapping[str, Mapping[str, list[str]]]


def key(seed: str, algorithm: int = 13) -> ZoneKey:
    """A zone key that is always the same for the same seed; RSA ones are made anew."""
    digest = hashlib.sha256(seed.encode()).digest()
    if algorithm == 15:
        return ZoneKey(ed25519.Ed25519PrivateKey.from_private_bytes(digest), 15)
    if algorithm in (5, 7, 8, 10):
        return ZoneKey(rsa.generate_private_key(65537, 2048), algorithm)
    return ZoneKey(ec.derive_private_key(int.from_bytes(digest), ec.SECP384R1() if algorithm == 14 else ec.SECP256R1()), algorithm)


def collisions(record: DNSKEY, count: int) -> list[DNSKEY]:
    """Keys of one tag: the tag is a sum, so 16-bit words may change places (KeyTrap, CVE-2023-50387)."""
    words = [record.key[i : i + 2] for i in range(0, len(record.key), 2)]
    return [made for n in range(count) if isinstance(made := record.replace(key=b"".join(words[n:] + words[:n])), DNSKEY)]


@dataclass
class Machine(NameServer):
    """A name server whose replies may be changed on the way, by the zone that they are about."""

    tamper: Mapping[str, Tamper] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def handle(self, wire: bytes, *, udp: bool) -> Reply:
        question = dns.message.from_wire(wire).question[0]
        self.heard.append((question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
        if self.shelf.habit:
            return super().handle(wire, udp=udp)
        tamper = self._tamper(question.name, question.rdtype)
        reply = respond(self.shelf.zones, wire, udp=udp and tamper is None)
        if reply is None or tamper is None:
            return reply
        changed = tamper(dns.message.from_wire(reply))
        if changed is None or isinstance(changed, bytes):
            return changed
        return changed.to_wire(max_size=1232 if udp else 65535, prefer_truncation=True)

    def _tamper(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Tamper | None:
        if rrtype == dns.rdatatype.DS and name != dns.name.root:
            name = name.parent()
        origin = max((zone for zone in self.shelf.zones if name.is_subdomain(zone)), key=len, default=None)
        return None if origin is None else self.tamper.get(origin.to_text())


class Rooted:
    """Zones, the addresses that hold them, and how the replies are tampered with."""

    def __init__(self, at: datetime = AT, **signing: Any) -> None:
        self.at = at
        self.clock = LabClock(at)
        self.zones: dict[dns.name.Name, Zone] = {}
        self.machines: dict[str, Shelf] = {}
        self.tamper: dict[str, Tamper] = {}  # by zone
        self.asked: list[tuple[str, str]] = []
        self.zone(".", ROOT_SERVER, **signing)

    def zone(
        self, name: str, server: str, records: Records | None = None, *, signed: bool = True, algorithm: int = 13, **signing: Any
    ) -> Zone:
        """Add a zone and delegate it from the deepest zone above it."""
        origin = dns.name.from_text(name)
        parent = self.parent(origin)
        zone = self.zones[origin] = Zone(origin)
        ns = dns.name.from_text("ns", origin)
        put(zone, "@", "SOA", f"{ns} hostmaster.{origin if len(origin) > 1 else ''} 1 7200 3600 1209600 300")
        put(zone, "@", "NS", ns.to_text())
        put(zone, "ns", "AAAA" if ":" in server else "A", server)
        for owner, types in (records or {}).items():
            for rrtype, values in types.items():
                put(zone, owner, rrtype, *values)
        if signed:
            zone.signing = Signing(origin, (key(name, algorithm),), self.at, **signing)
        self.machines.setdefault(server, Shelf()).put(zone)
        if parent is not None:
            self.delegate(parent, origin, {ns.to_text(): server})
            if zone.signing is not None:
                put(parent, name, "DS", *zone.signing.ds())
        return zone

    def parent(self, origin: dns.name.Name) -> Zone | None:
        """The deepest zone above."""
        above = [zone for name, zone in self.zones.items() if origin.is_subdomain(name) and name != origin]
        return max(above, key=lambda zone: len(zone.origin), default=None)

    def delegate(self, parent: Zone, origin: dns.name.Name, servers: Mapping[str, str]) -> None:
        """Name the servers of `origin` in its parent, with glue where they lie inside the parent; no address gives no glue."""
        put(parent, origin.to_text(), "NS", *servers)
        for server, address in servers.items():
            if address and dns.name.from_text(server).is_subdomain(origin):
                put(parent, server, "AAAA" if ":" in address else "A", address)

    def ds(self, name: str, *texts: str) -> None:
        """Replace the DS set in the parent; without texts, take it away."""
        origin = dns.name.from_text(name)
        parent = self.parent(origin)
        assert parent is not None
        if texts:
            put(parent, name, "DS", *texts)
        else:
            parent.take(origin, dns.rdatatype.DS)

    def resign(self, name: str, **changes: Any) -> None:
        """Sign the zone in another way."""
        zone = self.zones[dns.name.from_text(name)]
        assert zone.signing is not None
        zone.signing = replace(zone.signing, **changes)
        zone.touch()

    def questions(self, rrtype: str) -> list[str]:
        """The names that were asked for with that type."""
        return [name for name, asked in self.asked if asked == rrtype]

    @contextlib.asynccontextmanager
    async def served(self, **settings: Any) -> AsyncIterator[Network]:
        """Open a loopback socket for each address, and give the Network that leads to them."""
        async with contextlib.AsyncExitStack() as stack:
            ports = {address: await self._open(stack, shelf) for address, shelf in self.machines.items()}

            def route(address: str, port: int, transport: str) -> tuple[str, int]:
                if address not in ports or port != 53:
                    raise Unreachable("no-route", f"{address}:{port}")
                return "127.0.0.1", ports[address]

            root = self.zones[dns.name.root].signing
            anchor = root.ds() if root else ()
            hints = (("ns.", (ROOT_SERVER,)),)
            defaults: dict[str, Any] = {"iterate": True, "timeout": 1.0, "clock": self.clock, "trust_anchor": anchor, "root_hints": hints}
            yield Network(**(defaults | {"route": route} | settings))

    @contextlib.asynccontextmanager
    async def on_one_port(self) -> AsyncIterator[int]:
        """All zones on one loopback port, as a foreign validator that cannot be given addresses needs them."""
        async with contextlib.AsyncExitStack() as stack:
            yield await self._open(stack, Shelf(dict(self.zones)))

    @contextlib.asynccontextmanager
    async def on_their_addresses(self) -> AsyncIterator[None]:
        """Each server on its own address and port 53: only inside a network namespace that has these addresses on `lo`."""
        async with contextlib.AsyncExitStack() as stack:
            for address, shelf in self.machines.items():
                await self._open(stack, shelf, (address, 53))
            yield

    async def _open(self, stack: contextlib.AsyncExitStack, shelf: Shelf, place: tuple[str, int] = ("127.0.0.1", 0)) -> int:
        machine = Machine(shelf, tamper=self.tamper, heard=self.asked)
        tcp, udp = bind_pair(place)
        stack.callback((await machine.serve_udp(udp)).close)
        server = await machine.serve_tcp(tcp)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        return int(udp.getsockname()[1])


def put(zone: Zone, owner: str, rrtype: str, *values: str) -> None:
    """Publish, with an owner relative to the zone."""
    zone.put(dns.name.from_text(owner, zone.origin), dns.rdatatype.from_text(rrtype), values)


def days(number: float) -> timedelta:
    """So many days."""
    return timedelta(days=number)


def run(work: Any) -> Any:
    """Run a coroutine to its end, as a test does."""
    return asyncio.run(work)
