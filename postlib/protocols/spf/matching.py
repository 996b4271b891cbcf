"""The mechanisms that look at addresses and names (RFC 7208, section 5); include is evaluation itself."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import dns.name
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from postlib.protocols.spf.asking import MAIL_SERVERS, POINTERS, Asking, Halt, dns_name
from postlib.protocols.spf.client import Address, Client
from postlib.protocols.spf.outcome import Outcome, Result
from postlib.protocols.spf.record import Directive, Mechanism


@dataclass(frozen=True)
class Match:
    """Whether a term matched, and why, in the words of Step."""

    matched: bool
    reason: str
    value: str = ""
    inner: Outcome | None = None


async def match_directive(directive: Directive, target: str, client: Client, asking: Asking, pointers: Pointers) -> Match:
    """Evaluate one mechanism other than include, its target name expanded. Raises Halt."""
    if directive.mechanism is Mechanism.ALL:
        return Match(True, "always")
    if directive.network is not None:
        return _network(directive, client)
    name = dns_name(target)
    if name is None:  # section 4.8 leaves it open; as in section 4.3, such a name is not there
        return Match(False, "not-a-name", target)
    if directive.mechanism is Mechanism.PTR:
        return await pointers.under(target)
    if directive.mechanism is Mechanism.EXISTS:  # always A, also for IPv6 (section 5.7)
        found = await _addresses(asking, name, "A")
        return Match(bool(found), "exists" if found else "no-such-name", target)
    hosts = [name] if directive.mechanism is Mechanism.A else await _mail_servers(asking, name)
    return await _hosts(hosts, directive, client, asking)


def _network(directive: Directive, client: Client) -> Match:
    """ip4 and ip6 (section 5.6)."""
    assert directive.network is not None
    if directive.network.version != client.ip.version:
        return Match(False, "other-family", f"IPv{directive.network.version}")
    matched = client.ip in directive.network
    return Match(matched, "in-network" if matched else "not-in-network", str(directive.network))


async def _hosts(hosts: list[dns.name.Name], directive: Directive, client: Client, asking: Asking) -> Match:
    """a and mx (sections 5.3 and 5.4): compare with each host's addresses, and stop at the first that matches."""
    if not hosts:
        return Match(False, "no-mail-server")
    prefix = directive.ip4_prefix if client.ip.version == 4 else directive.ip6_prefix
    seen = False
    for host in hosts:
        for address in await _addresses(asking, host, client.rrtype):
            seen = True
            network = ip_network((address, prefix), strict=False)
            if client.ip in network:
                return Match(True, "in-network", str(network) if prefix < address.max_prefixlen else str(address))
    return Match(False, "not-in-network" if seen else "no-address", client.rrtype)


async def _mail_servers(asking: Asking, name: dns.name.Name) -> list[dns.name.Name]:
    """The names of the MX records by preference; a null MX (RFC 7505) names none. Raises Halt for more than ten."""
    records = [r for r in (await asking.ask(name, "MX", counted=True)).records if isinstance(r, MX)]
    if len(records) > MAIL_SERVERS:
        raise Halt(Result.PERMERROR, "too-many-mail-servers", str(len(records)))
    return [mx.exchange for mx in sorted(records, key=lambda mx: (mx.preference, mx.exchange)) if mx.exchange != dns.name.root]


async def _addresses(asking: Asking, name: dns.name.Name, rrtype: str, *, counted: bool = True) -> list[Address]:
    records = (await asking.ask(name, rrtype, counted=counted)).records
    return [ip_address(record.address) for record in records if isinstance(record, (A, AAAA))]


class Pointers:
    """The client's validated names (section 5.5), looked up once.

    What they find is not counted as void: the client chooses these names, and no client may turn a fail into a permerror
    (section 4.6.4 gives the same reason for leaving aside what is more than ten).
    """

    def __init__(self, asking: Asking, client: Client) -> None:
        self._asking = asking
        self._client = client
        self._names: list[str] | None = None

    async def under(self, target: str) -> Match:
        """Whether a validated name is `target` or below it."""
        for name in await self.validated():
            if _is_under(name, target):
                return Match(True, "validated", name)
        return Match(False, "not-validated", target)

    async def best(self, domain: str) -> str:
        """The value of %{p} (section 7.3): the domain itself, else a name below it, else any, else "unknown"."""
        names = await self.validated()
        same = [name for name in names if name.lower() == domain.lower()]
        below = [name for name in names if _is_under(name, domain)]
        return (same or below or names or ["unknown"])[0]

    async def validated(self) -> list[str]:
        """The names that the client's address points to and that point back to it: the first ten at most."""
        if self._names is None:
            self._names = [name.to_text(omit_final_dot=True) for name in await self._pointed() if await self._points_back(name)]
        return self._names

    async def _pointed(self) -> list[dns.name.Name]:
        labels = reversed(self._client.dotted.split("."))
        reverse = dns.name.from_text(".".join(labels) + f".{self._client.reverse_zone}.arpa.")
        try:
            records = (await self._asking.ask(reverse, "PTR", counted=False)).records
        except Halt:  # a DNS error means no name (section 5.5); the query itself keeps the error
            return []
        return sorted(record.target for record in records if isinstance(record, PTR))[:POINTERS]  # sorted: the same ten every time

    async def _points_back(self, name: dns.name.Name) -> bool:
        try:
            return self._client.ip in await _addresses(self._asking, name, self._client.rrtype, counted=False)
        except Halt:  # "that domain name is skipped" (section 5.5)
            return False


def _is_under(name: str, target: str) -> bool:
    return f".{name}".lower().endswith(f".{target}".lower())
