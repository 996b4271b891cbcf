"""Asking recursive servers: with RD, with CD, never trusting AD (RFC 4035, sections 3.2 and 4.9)."""

from __future__ import annotations

from collections.abc import Sequence

import dns.flags
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
            if message.rcode() in ANSWERS or (message.rcode() == dns.rcode.YXDOMAIN and message.answer):
                return Reply.of(message, name, rrtype, dns.name.root)
            failures.append(Unreachable(dns.rcode.to_text(message.rcode()).lower(), f"{server}:{port}"))
        raise failures[0] if failures else Unreachable("no-resolver", "this machine")

    async def fetch_many(self, questions: Sequence[tuple[dns.name.Name, dns.rdatatype.RdataType]]) -> list[Reply | None]:
        """What the first forwarder says to all of these at once; None where `fetch` would have to do more."""
        server, port = self._network.forwarders[0]
        messages = await self._upstream.volley(questions, server, port, flags=FLAGS)
        return [
            Reply.of(message, *question, dns.name.root) if message is not None and message.rcode() in ANSWERS else None
            for question, message in zip(questions, messages, strict=True)
        ]

    def kept_ds(self, name: dns.name.Name) -> Reply | None:
        """A forwarder gives no referrals, so nothing is known before it is asked."""
        return None

    def forget(self) -> None:
        """Nothing is kept here."""
