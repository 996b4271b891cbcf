"""One observation: a Network and the answers it has given so far."""

from __future__ import annotations

import asyncio
from datetime import datetime

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from postlib.network import Network, Unreachable
from postlib.resolver.answer import Answer, Security

Key = tuple[dns.name.Name, dns.rdatatype.RdataType]


class Resolver:
    """Asks a Network, each question once for as long as its answer lives by the Network's clock."""

    def __init__(self, network: Network, *, validate: bool = True) -> None:
        self.network = network
        self.validate = validate
        self._answers: dict[Key, tuple[datetime, asyncio.Task[Answer]]] = {}

    @classmethod
    def of(cls, net: Network | Resolver) -> Resolver:
        """`net` itself where it is a Resolver already, so that one observation shares one cache."""
        return net if isinstance(net, Resolver) else cls(net)

    async def resolve(self, name: str | dns.name.Name, rrtype: str | dns.rdatatype.RdataType) -> Answer:
        """The answer for that name and type, whatever its security.

        Raises Unreachable where nobody could be asked (servfail, timeout …), Lame where our own iteration saw
        every server of the zone fail, and dns.exception.DNSException for what is not a name or a type.
        """
        name = dns.name.from_text(name) if isinstance(name, str) else name
        rrtype = dns.rdatatype.from_text(rrtype) if isinstance(rrtype, str) else rrtype
        kept = self._answers.get((name, rrtype))
        if kept is None or (kept[1].done() and kept[0] <= self.network.clock.now()):
            forever = datetime.max.replace(tzinfo=self.network.clock.now().tzinfo)
            kept = (forever, asyncio.get_running_loop().create_task(self._forward(name, rrtype)))
            self._answers[name, rrtype] = kept
        return await asyncio.shield(kept[1])

    async def _forward(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Answer:
        question = dns.message.make_query(name, rrtype, want_dnssec=True, flags=dns.flags.RD | dns.flags.CD)
        server, port = self.network.forwarders[0]
        reply = await self.network.ask(question, server, port)
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise Unreachable(dns.rcode.to_text(reply.rcode()).lower(), f"{server}:{port}")
        chaining = reply.resolve_chaining() if reply.question else None
        aliases = tuple(c.target for rrset in (chaining.cnames if chaining else ()) for c in rrset)
        rrset = next((r for r in reply.answer if r.name == (aliases[-1] if aliases else name) and r.rdtype == rrtype), None)
        return Answer(name, rrtype, reply.rcode(), rrset, Security.INDETERMINATE, aliases)

    async def lookup(self, name: str | dns.name.Name, rrtype: str | dns.rdatatype.RdataType) -> Answer:
        """As `resolve`, but a bogus answer is none at all: Unreachable("bogus"), as behind any validating resolver."""
        answer = await self.resolve(name, rrtype)
        if answer.security is Security.BOGUS:
            raise Unreachable("bogus", f"{answer.name} {dns.rdatatype.to_text(answer.rrtype)}")
        return answer
