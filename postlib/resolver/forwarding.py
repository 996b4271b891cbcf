"""Asking recursive servers: with RD, with CD, never trusting AD (RFC 4035, sections 3.2 and 4.9)."""

from __future__ import annotations

from collections.abc import Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from postlib.network import Network, Unreachable
from postlib.resolver.reply import ANSWERS, Reply
from postlib.resolver.upstream import Upstream

FLAGS = dns.flags.RD | dns.flags.CD


class Forwarding:
    """Fetches replies from the Network's forwarders, the next one where the first fails."""

    follow = True
    """A recursive server's reply holds the whole of an answer, with all its aliases."""

    def __init__(self, network: Network, upstream: Upstream) -> None:
        self._network = network
        self._upstream = upstream

    async def fetch(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Reply:
        """The first forwarder's reply that is an answer. Raises Unreachable, with the first one's reason, where none gives any."""
        failures: list[Unreachable] = []
        for server, port in sorted(self._network.forwarders, key=lambda pair: self._upstream.silences(*pair)):
            try:
                message = await self._upstream.ask(name, rrtype, server, port, flags=FLAGS)
            except Unreachable as error:
                failures.append(error)
                continue
            fault = _fault(message)
            if not fault:
                return Reply.of(message, name, rrtype, dns.name.root)
            failures.append(Unreachable(fault, f"{server}:{port}"))
        raise failures[0] if failures else Unreachable("no-resolver", "this machine")

    async def fetch_many(self, questions: Sequence[tuple[dns.name.Name, dns.rdatatype.RdataType]]) -> list[Reply | None]:
        """What the first forwarder says to all of these at once; None where `fetch` would have to do more."""
        try:
            server, port = self._network.forwarders[0]
        except Unreachable:  # which `fetch` will say
            return [None] * len(questions)
        messages = await self._upstream.volley(questions, server, port, flags=FLAGS)
        return [
            Reply.of(message, *question, dns.name.root) if message is not None and not _fault(message) else None
            for question, message in zip(questions, messages, strict=True)
        ]

    def kept_ds(self, name: dns.name.Name) -> Reply | None:
        """A forwarder gives no referrals, so nothing is known before it is asked."""
        return None

    def forget(self) -> None:
        """Nothing is kept here."""


def _fault(message: dns.message.Message) -> str:
    """Why this is no answer of a recursive server, as a word of the catalogue; empty if it is one.

    Servers named instead of an answer, without the SOA of a denial, are a referral and say nothing of the name (RFC 2308, section 2.2).
    """
    if message.rcode() not in ANSWERS and not (message.rcode() == dns.rcode.YXDOMAIN and message.answer):
        return dns.rcode.to_text(message.rcode()).lower()
    types = {rrset.rdtype for rrset in message.authority}
    referred = not message.answer and dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
    return "not-recursive" if referred and message.rcode() == dns.rcode.NOERROR else ""
