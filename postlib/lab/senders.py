"""Firms that send for others: one with a machine of its own, a platform with pools, a company that rents machines out.

Each says in its DNS which machines are its own, and its customers include that (RFC 7208, section 5.2).
"""

from __future__ import annotations

import dns.name
import dns.rdatatype

from postlib.lab.addresses import Block
from postlib.lab.operator import operator
from postlib.lab.state import State
from postlib.lab.worlds import Entry

FIRST = 8  # place in the block of the first machine that sends
MACHINES = 6  # that send: two of a firm's own, the pools of a platform, the machines that are rented
POOLS = 4  # of a platform
RdataType = dns.rdatatype.RdataType


def machines(domain: str, label: str) -> tuple[str, ...]:
    """The names of a firm's machines that send."""
    return tuple(f"{label}{number}.{domain}" for number in range(1, MACHINES + 1))


def _sending(state: State, entry: Entry, block: Block, label: str) -> list[str]:
    """Put the firm and its machines on the Internet; gives the machines' IPv4 addresses."""
    operator(state, entry, block)
    zone = state.zone_of(dns.name.from_text(entry.domain))
    for place, host in enumerate(machines(entry.domain, label), FIRST):
        addresses = block.host(place)
        state.machine(host, addresses, entry.domain)
        state.glue(zone, dns.name.from_text(host), addresses)
    return [block.host(FIRST + number)[0] for number in range(MACHINES)]


def firm(state: State, entry: Entry, block: Block) -> None:
    """It sends from `out.<domain>`, which is its first machine until it moves: its SPF record names the name, not the address."""
    first = _sending(state, entry, block, "out")[0]
    zone = state.zone_of(dns.name.from_text(entry.domain))
    zone.put(dns.name.from_text(f"out.{entry.domain}"), RdataType.A, [first])
    zone.put(dns.name.from_text(f"_spf.{entry.domain}"), RdataType.TXT, [f'"v=spf1 a:out.{entry.domain} -all"'])


def platform(state: State, entry: Entry, block: Block) -> None:
    """It sends from pools: `_spf.<domain>` includes them all, `_spf1` to `_spf4` are one pool each."""
    addresses = _sending(state, entry, block, "pool")
    zone = state.zone_of(dns.name.from_text(entry.domain))
    pools = [f"_spf{number}.{entry.domain}" for number in range(1, POOLS + 1)]
    for name, address in zip(pools, addresses, strict=False):
        zone.put(dns.name.from_text(name), RdataType.TXT, [f'"v=spf1 ip4:{address} -all"'])
    everything = " ".join(f"include:{name}" for name in pools)
    zone.put(dns.name.from_text(f"_spf.{entry.domain}"), RdataType.TXT, [f'"v=spf1 {everything} -all"'])


def rented(state: State, entry: Entry, block: Block) -> None:
    """It rents machines out to many customers, who share its range of addresses."""
    _sending(state, entry, block, "rented")
