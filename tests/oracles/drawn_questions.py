"""Questions for a set of zones, drawn by a seed: names that exist, that do not, that are empty, below cuts, aliases and wildcards."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.name

from postlib.lab.dns.zone import Zone

TYPES = ("A", "AAAA", "MX", "TXT", "NS", "SOA", "DS", "DNSKEY", "TLSA", "CAA", "SRV", "CNAME", "DNAME")
ODD = ("PTR", "NAPTR", "HINFO", "SVCB", "TYPE65280", "CDS", "NSEC3PARAM")
STREAM = -1
SIZES = (STREAM, STREAM, 0, 512, 1232, 4096)
NOWHERE = ("nothing", "a.b.c", "*", "*.x", "_25._tcp", "0", "zzz", "-", "xn--9ca")


@dataclass(frozen=True)
class Question:
    """What is asked, whether signatures are wanted (DO, RFC 3225), and by which way: STREAM is TCP; by UDP, the octets that may come
    back in one datagram (RFC 6891), 0 where nothing is said of that."""

    name: dns.name.Name
    rrtype: str
    dnssec: bool
    size: int = STREAM

    def __str__(self) -> str:
        return f"{self.name} {self.rrtype}{' +DO' if self.dnssec else ''}{f' +UDP {self.size}' if self.size != STREAM else ''}"


def drawn(
    zones: Sequence[Zone], count: int, seed: str, sizes: Sequence[int] = (STREAM,), types: Sequence[str] = TYPES
) -> Iterator[Question]:
    """`count` different questions, the zones in turn, always the same for the same seed."""
    chance = random.Random(seed)
    seen: set[Question] = set()
    while len(seen) < count:
        zone = zones[len(seen) % len(zones)]
        name, rrtype, size = _name(zone, chance), chance.choice(types), chance.choice(sizes) if len(sizes) > 1 else sizes[0]
        question = Question(name, rrtype, chance.random() < 0.6 and size != 0, size)
        if question not in seen:
            seen.add(question)
            yield question


def _name(zone: Zone, chance: random.Random) -> dns.name.Name:
    """A name of the zone; or one below it, or beside it; now and then in other letters."""
    name = chance.choice(zone.names)
    way = chance.random()
    if way < 0.35 or (way > 0.8 and name == zone.origin):
        made = name
    elif way < 0.8:
        made = _below(name, chance.choice(NOWHERE))
    else:
        made = _below(name.parent(), chance.choice(NOWHERE))
    return _shouted(made) if chance.random() < 0.1 else made


def _below(name: dns.name.Name, labels: str) -> dns.name.Name:
    try:
        return dns.name.from_text(labels, name)
    except dns.name.NameTooLong:
        return name


def _shouted(name: dns.name.Name) -> dns.name.Name:
    return dns.name.Name([label.upper() for label in name.labels])
