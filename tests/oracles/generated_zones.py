"""Zones made by chance, always the same for the same seed: legal ones (named-checkzone loads them), and odd in every way that is legal.

    zones("a seed", 40, today)      one after the other: unsigned, NSEC, NSEC3, opt-out; some with a child zone

A zone's origin is in its seed, so that a zone that was found wanting is made again alone: `zones("a seed", 40, today)[origin]`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import dns.name
import dns.rdatatype
from rooted import key

from postlib.lab.dns.signing import SEP, ZONE, Signing, ZoneKey
from postlib.lab.dns.zone import RdataType, Zone

Name = dns.name.Name
ABOVE = "gen."
SERVER = "192.0.2.53"
LABELS = (
    *(b"www", b"a", b"b", b"c", b"mail", b"_tcp", b"_25", b"*", b"0", b"Z", b"MiXeD", b"-", b"xn--9ca", b"*a", b"**", b"[", b"{"),
    *(b"x" * 63, b"\x00", b"\xff", b"a.b", b"\\", b'"', b" ", b"@", b";", b"$", b"(", b"\x7f\x80"),
)
DEPTHS = {1: 45, 2: 28, 3: 15, 4: 10, 30: 2}  # labels below the apex, and how often
TTLS = (3600, 3600, 3600, 60, 0, 86400)
SIGNED: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"denial": "nsec3"},
    {"denial": "nsec3", "salt": b"\xca\xfe", "iterations": 5},
    {"denial": "nsec3", "opt_out": True},
    {},
    {"denial": "nsec3", "salt": bytes(range(255)), "iterations": 1},
    {"denial": "nsec3", "iterations": 150},
    {"denial": "nsec3", "opt_out": True, "salt": b"\x00", "iterations": 2},
)
ALGORITHMS = (13, 13, 13, 13, 15, 14, 8)


def zones(seed: str, count: int, today: datetime) -> dict[Name, Zone]:
    """`count` zones below `gen.`, and the child zones of some of them, by their origin."""
    made: dict[Name, Zone] = {}
    for number in range(count):
        zone = Maker(dns.name.from_text(f"z{number}.{ABOVE}"), seed).whole(today, SIGNED[number % len(SIGNED)])
        made[zone.origin] = zone
        for child in children(zone, seed, today):
            made[child.origin] = child
    return made


def children(zone: Zone, seed: str, today: datetime, *, lame: bool = True) -> list[Zone]:
    """The zones that are delegated to SERVER there, made small; a DS stands for a signed one, and becomes its own.

    With `lame` only those with one server of their own: the server then refers to itself for the others. Else all, and those below them.
    """
    made = []
    for cut in [name for name in zone.nodes if name != zone.origin and zone.cut(name) == name]:
        targets = [record.target for record in zone.nodes[cut][RdataType.NS]]
        if targets != [_ns(cut)] and (lame or not any(target.is_subdomain(zone.origin) for target in targets)):
            continue
        signed = RdataType.DS in zone.nodes[cut]
        child = Maker(cut, seed).whole(today, {"denial": "nsec"} if signed else None, sets=4)
        made.append(child)
        if child.signing is not None:
            zone.put(cut, RdataType.DS, child.signing.ds())
        if not lame:
            made += children(child, seed, today, lame=False)
    return made


def signing(origin: Name, seed: str, today: datetime, **how: Any) -> Signing:
    """A signer with keys of its own: one that does both, or one for the keys and one for the rest."""
    chance = random.Random(f"{seed} {origin} keys")
    algorithm = how.pop("algorithm", None) or chance.choice(ALGORITHMS)
    keys = [_key(f"{origin}", algorithm, ZONE | SEP)]
    if chance.random() < 0.3:
        keys.append(_key(f"{origin} zone", algorithm, ZONE))
    return Signing(origin, tuple(keys), today, **how)


def _key(seed: str, algorithm: int, flags: int) -> ZoneKey:
    made = _rsa(flags) if algorithm == 8 else key(seed, algorithm)
    return ZoneKey(made.private, algorithm, flags)


@cache
def _rsa(flags: int) -> ZoneKey:
    """RSA keys cannot be derived: two for all the zones of one process are enough."""
    return key(str(flags), 8)


def _ns(origin: Name) -> Name:
    return dns.name.from_text("ns1", origin)


class Maker:
    """One zone in the making."""

    def __init__(self, origin: Name, seed: str) -> None:
        self.zone = Zone(origin)
        self.chance = random.Random(f"{seed} {origin}")
        self.labels = self.chance.sample(LABELS, 7)  # few, so that names meet: beside, above and below each other
        self.kinds: dict[str, tuple[int, Callable[[Name], list[str]]]] = {
            "A": (10, lambda _: [f"198.18.{self._number(256)}.{self._number(256)}" for _ in range(self._many())]),
            "AAAA": (4, lambda _: [f"2001:db8::{self._number(65536):x}" for _ in range(self._many())]),
            "TXT": (12, lambda _: [self._strings() for _ in range(self._many())]),
            "MX": (6, lambda _: [f"{self._number(65536)} {self._target()}" for _ in range(self._many())]),
            "SRV": (2, lambda _: [f"{self._number(9)} 1 {self._number(65536)} {self._target()}" for _ in range(self._many())]),
            "CAA": (1, lambda _: [f'{self._number(256)} issue "ca.example"']),
            "TLSA": (2, lambda _: [f"3 1 1 {self._octets(32).hex()}"]),
            "PTR": (1, lambda _: [self._target()]),
            "NAPTR": (1, lambda _: [f'{self._number(9)} 1 "u" "E2U+sip" "" {self._target()}']),
            "RP": (1, lambda _: [f"{self._target()} {self._target()}"]),
            "SVCB": (1, lambda _: [f"1 {self._target()} alpn=h2"]),
            "TYPE65280": (1, lambda _: [rf"\# {size} {self._octets(size).hex()}" for size in [self._number(40) + 1]]),
            "CNAME": (12, lambda _: [self._target()]),
            "DNAME": (3, lambda _: [self._target()]),
            "NS": (10, self._servers),
        }

    def whole(self, today: datetime, how: dict[str, Any] | None, sets: int = 0) -> Zone:
        """The zone with its apex and so many record sets more, signed or not."""
        zone, seed = self.zone, f"{self.chance.random()}"
        self._put(
            zone.origin, "SOA", [f"{_ns(zone.origin)} hostmaster.{zone.origin} {self._number(2**32)} 7200 3600 1209600 {self._ttl()}"]
        )
        self._put(zone.origin, "NS", [f"{_ns(zone.origin)}", *(["ns.elsewhere.example."] if not sets and self._number(3) == 0 else [])])
        zone.put(_ns(zone.origin), RdataType.A, [SERVER])
        for _ in range(sets or self.chance.choice((1, 6, 12, 12, 25))):
            rrtype = self.chance.choices(list(self.kinds), [weight for weight, _ in self.kinds.values()])[0]
            self._try(self._name(), rrtype)
        if how is not None:
            zone.signing = signing(zone.origin, seed, today, **how)
        return zone

    def _try(self, name: Name, rrtype: str) -> None:
        """Publish one set, if a zone may have it there; a cut gets glue, or a DS, or neither."""
        if not self._allowed(name, rrtype):
            return
        self._put(name, rrtype, self.kinds[rrtype][1](name))
        if rrtype == "NS":
            for target in [record.target for record in self.zone.nodes[name][RdataType.NS] if record.target.is_subdomain(name)]:
                if self._number(5):
                    self._put(target, "A", [SERVER])
            if self._number(2):
                self._put(name, "DS", [f"{self._number(65536)} 13 2 {self._octets(32).hex()}"])

    def _allowed(self, name: Name, rrtype: str) -> bool:
        """RFC 1034, section 3.6.2, RFC 6672, sections 2.3 and 2.4; no cut above what is there, nor at a wildcard (RFC 4592, 4.2)."""
        zone, here = self.zone, self.zone.nodes.get(name, {})
        above = [zone.nodes.get(higher, {}) for higher in [zone.origin, *zone.ancestors(name)] if higher != name]
        if any(RdataType.DNAME in node or (node is not zone.nodes.get(zone.origin) and RdataType.NS in node) for node in above):
            return False
        if RdataType.CNAME in here or (RdataType.NS in here and name != zone.origin):
            return False
        below = any(other != name and other.is_subdomain(name) for other in zone.nodes)
        if rrtype in ("CNAME", "NS"):
            return name != zone.origin and not here and not (rrtype == "NS" and (below or b"*" in name.labels))
        return rrtype != "DNAME" or (not below and not here and b"*" not in name.labels)

    def _put(self, name: Name, rrtype: str, texts: Sequence[str]) -> None:
        self.zone.put(name, dns.rdatatype.from_text(rrtype), texts, 3600 if name == self.zone.origin else self._ttl())

    def _name(self) -> Name:
        """A name of the zone, made of its few labels; now and then the apex."""
        if self._number(12) == 0:
            return self.zone.origin
        depth = self.chance.choices(list(DEPTHS), list(DEPTHS.values()))[0]
        name = self.zone.origin
        for _ in range(depth):
            longer = (self.chance.choice(self.labels), *name.labels)
            if sum(len(label) + 1 for label in longer) > 200:
                break
            name = dns.name.Name(longer)
        return name

    def _target(self) -> str:
        """A name to point to: one that is there, one that may be, one elsewhere; in the letters that came."""
        way = self.chance.random()
        if way < 0.5:
            return self.chance.choice(list(self.zone.nodes)).to_text()
        if way < 0.85:
            return self._name().to_text()
        return self.chance.choice(("www.elsewhere.example.", f"z0.{ABOVE}", f"x.z1.{ABOVE}", ".", "MiXeD.Elsewhere.EXAMPLE."))

    def _servers(self, cut: Name) -> list[str]:
        """Where a cut leads: to a child zone of ours; or elsewhere, with or without a server inside."""
        way = self.chance.random()
        if way < 0.5:
            return [_ns(cut).to_text()]
        if way < 0.55:  # more than fit into a small datagram (RFC 9471)
            return [f"ns{number}.{self._number(10**9)}.{cut}" for number in range(20)]
        if way < 0.7:
            return [_ns(cut).to_text(), "ns.elsewhere.example."]
        return self.chance.choice((["ns.elsewhere.example."], [_ns(self.zone.origin).to_text(), "ns.elsewhere.example."]))

    def _strings(self) -> str:
        """A TXT value of one string or of many, of any octets."""
        sizes = [self._number(256) for _ in range(self.chance.choice((1, 1, 1, 2, 5, 12)))]
        return " ".join('"' + "".join(f"\\{octet:03d}" for octet in self._octets(size)) + '"' for size in sizes)

    def _many(self) -> int:
        return int(self.chance.choice((1, 1, 1, 2, 3, 3, 20)))

    def _ttl(self) -> int:
        return int(self.chance.choice(TTLS))

    def _number(self, below: int) -> int:
        return self.chance.randrange(below)

    def _octets(self, count: int) -> bytes:
        return self.chance.randbytes(count)
