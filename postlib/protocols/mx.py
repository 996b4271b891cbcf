"""Where a domain's mail goes: MX (RFC 5321, section 5.1), null MX (RFC 7505), and the domain's own address where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name

from postlib.network import Network, Unknown
from postlib.protocols.addresses import Addresses, addresses, text
from postlib.protocols.service_identity import is_address
from postlib.resolver import Resolver, Security

EXCHANGERS_LIMIT = 64  # hosts looked up; a UDP answer of 512 octets holds about thirty. The others are named, their addresses Unknown
NOT_ASKED = "not-asked"  # why they are


@dataclass(frozen=True)
class Exchanger:
    """One mail host. `addresses` tells what is absent from what could not be asked.

    `flaw` is cname (RFC 5321, section 5.1, and RFC 2181, section 10.3), ip-literal, no-address, or empty.
    """

    preference: int
    host: str
    addresses: Addresses
    flaw: str = ""


@dataclass(frozen=True)
class Exchangers:
    """A domain's mail hosts, the most preferred (lowest number) first.

    `null` is a lone null MX: no mail at all. `mixed_null` is one beside others, which RFC 7505, section 3, forbids.
    `implicit` means that there is no MX and the domain's own address stands for it. `exists` is False for NXDOMAIN.
    `security` is the MX answer's own.
    """

    domain: str
    hosts: tuple[Exchanger, ...]
    null: bool = False
    mixed_null: bool = False
    implicit: bool = False
    exists: bool = True
    security: Security = Security.INDETERMINATE

    @property
    def accepts_mail(self) -> bool:
        """Whether mail for the domain has anywhere to go; a host that could not be asked counts as a place."""
        return any(host.addresses.possible for host in self.hosts)


async def mail_exchangers(net: Network | Resolver, domain: str) -> Exchangers:
    """The domain's mail hosts with their addresses, aliases followed (RFC 5321, section 5.1).

    Raises Unreachable where the MX question itself could not be answered.
    """
    resolver = Resolver.of(net)
    answer = await resolver.lookup(domain, "MX")
    if not answer.exists:
        return Exchangers(domain, (), exists=False, security=answer.security)
    records = sorted({(int(r.preference), r.exchange) for r in answer.records})  # type: ignore[attr-defined]
    targets = [(preference, exchange) for preference, exchange in records if exchange != dns.name.root]
    if not records:
        return await _implicit(resolver, domain, answer.security)
    hosts = await resolver.together(_exchanger(resolver, p, exchange) for p, exchange in targets[:EXCHANGERS_LIMIT])
    hosts += [_not_asked(p, text(exchange)) for p, exchange in targets[EXCHANGERS_LIMIT:]]
    null = len(targets) < len(records)
    return Exchangers(domain, tuple(hosts), null and not targets, null and bool(targets), security=answer.security)


async def _implicit(resolver: Resolver, domain: str, security: Security) -> Exchangers:
    """No MX: the domain is its own exchanger, at preference 0, if it has an address."""
    found = await addresses(resolver, domain)
    hosts = (Exchanger(0, text(dns.name.from_text(domain)), found),) if found.possible else ()
    return Exchangers(domain, hosts, implicit=bool(hosts), security=security)


async def _exchanger(resolver: Resolver, preference: int, exchange: dns.name.Name) -> Exchanger:
    found = await addresses(resolver, exchange.to_text())
    host = text(exchange)
    return Exchanger(preference, host, found, _flaw(host, found))


def _not_asked(preference: int, host: str) -> Exchanger:
    """A host past the bound: it is named, and nothing more is known of it."""
    unknown = Unknown(NOT_ASKED, host)
    return Exchanger(preference, host, Addresses(host, unknown, unknown))


def _flaw(host: str, found: Addresses) -> str:
    if is_address(host):
        return "ip-literal"
    if found.alias:
        return "cname"
    return "" if found.possible else "no-address"
