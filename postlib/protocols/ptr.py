"""From an address to a name and back (RFC 1034, section 5.2.1), and whether the two agree (iprev: RFC 8601, section 2.7.3)."""

from __future__ import annotations

from dataclasses import dataclass

import dns.reversename

from postlib.network import Network, Unknown
from postlib.protocols.addresses import addresses, text
from postlib.protocols.service_identity import same_address
from postlib.resolver import Resolver

NAMES_LIMIT = 10  # PTR names looked at: RFC 7208, section 4.6.4, has the same bound


@dataclass(frozen=True)
class Reverse:
    """The names of an address. `confirmed` are those that lead back to it; `unknown` says why one could not be asked.

    `result` is iprev's word: pass, fail (names, and none leads back), permerror (no name), temperror.
    """

    ip: str
    reverse_name: str
    names: tuple[str, ...]
    confirmed: tuple[str, ...]
    unknown: Unknown | None = None

    @property
    def result(self) -> str:
        """RFC 8601's word for it."""
        if self.confirmed:
            return "pass"
        if self.unknown is not None:
            return "temperror"
        return "fail" if self.names else "permerror"


async def reverse(net: Network | Resolver, ip: str) -> Reverse:
    """The names of `ip`, and which of them are confirmed. Raises Unreachable for the PTR question, ValueError for no address."""
    resolver = Resolver.of(net)
    try:
        name = dns.reversename.from_address(ip)
    except dns.exception.DNSException as error:
        raise ValueError(f"not an address: {ip!r}") from error
    answer = await resolver.lookup(name, "PTR")
    names = tuple(sorted(text(record.target) for record in answer.records))[:NAMES_LIMIT]  # type: ignore[attr-defined]
    found = await resolver.together(addresses(resolver, host) for host in names)
    confirmed = tuple(f.host for f in found if any(same_address(ip, seen) for seen in f.seen))
    return Reverse(ip, text(name), names, confirmed, next((f.unknown for f in found if f.unknown is not None), None))
