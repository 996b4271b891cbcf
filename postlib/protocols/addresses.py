"""The addresses of a host: A (RFC 1035) and AAAA (RFC 3596), each told apart from "could not be asked"."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.name

from postlib.network import Network, Unknown, Unreachable
from postlib.resolver import Answer, Resolver, Security, read_name

WEAKEST_FIRST = (Security.BOGUS, Security.INDETERMINATE, Security.INSECURE, Security.SECURE)

Found = tuple[str, ...] | Unknown
"""Addresses as text; empty where there are none; Unknown where nobody could be asked."""


@dataclass(frozen=True)
class Addresses:
    """Where a host is reached. `alias` is the canonical name where `host` is a CNAME, else empty.

    `exists` is False where the name itself does not exist; `security` is the weaker of the two answers'.
    """

    host: str
    v4: Found
    v6: Found
    alias: str = ""
    exists: bool = True
    security: Security = Security.INDETERMINATE

    @property
    def seen(self) -> tuple[str, ...]:
        """The addresses that were found, IPv4 first; what could not be asked is left out."""
        return tuple(address for found in (self.v4, self.v6) if not isinstance(found, Unknown) for address in found)

    @property
    def unknown(self) -> Unknown | None:
        """Why the addresses are not all known, or None where they are."""
        return next((found for found in (self.v4, self.v6) if isinstance(found, Unknown)), None)

    @property
    def possible(self) -> bool:
        """Whether the host has an address, as far as could be told: what could not be asked counts for it."""
        return bool(self.seen) or self.unknown is not None


def text(name: dns.name.Name) -> str:
    """A name as people write it: lower case, without the final dot."""
    return name.to_text(omit_final_dot=True).lower()


async def addresses(net: Network | Resolver, host: str) -> Addresses:
    """The A and AAAA records of `host`, aliases followed. Raises ValueError for what is not a name."""
    resolver = Resolver.of(net)
    try:
        name = read_name(host)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"not a host name: {host!r}") from error
    v4, v6 = await resolver.together(_ask(resolver, name, rrtype) for rrtype in ("A", "AAAA"))
    answers = [answer for answer in (v4, v6) if isinstance(answer, Answer)]
    aliases = [text(answer.canonical) for answer in answers if answer.aliases]
    return Addresses(
        text(name),
        _addresses(v4),
        _addresses(v6),
        alias=aliases[0] if aliases else "",
        exists=all(answer.exists for answer in answers),
        security=_weakest(answers),
    )


async def _ask(resolver: Resolver, name: dns.name.Name, rrtype: str) -> Answer | Unknown:
    try:
        return await resolver.lookup(name, rrtype)
    except Unreachable as error:
        return Unknown(error.reason, error.where)


def _addresses(answer: Answer | Unknown) -> Found:
    if isinstance(answer, Unknown):
        return answer
    return tuple(sorted(record.to_text() for record in answer.records))


def _weakest(answers: list[Answer]) -> Security:
    states = {answer.security for answer in answers} | ({Security.INDETERMINATE} if len(answers) < 2 else set())
    return next(state for state in WEAKEST_FIRST if state in states)
