"""The lab's recursive resolver: for dig, checkdmarc and any other client that asks with RD (RFC 1034, section 5; RFC 4035, section 3.2)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from postlib.lab.dns.aging import Aging
from postlib.lab.dns.answer import PAYLOAD
from postlib.lab.dns.serving import Service
from postlib.network import Unreachable
from postlib.resolver import Answer, Resolver, Security
from postlib.resolver.resolver import Kept

SIGNING = (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
AT_ONCE = 200  # questions under way; more are answered SERVFAIL
WRITTEN = 5000  # replies kept as wire bytes
LONGEST_QUESTION, LONGEST_REPLY = 512, 4096  # octets of those that are kept: 25 MB at the very most


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as it went out, and the kept answer that it was made from: it holds as long as the resolver keeps that very answer."""

    kept: Kept
    reply: Aging


class Recursor(Service):
    """Answers from a Resolver: AD where the answer is secure, SERVFAIL where it is bogus, unless the client checks itself (CD)."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._under_way = 0
        self._written: OrderedDict[tuple[bytes, bool], Written] = OrderedDict()

    def ready(self, wire: bytes, *, udp: bool) -> bytes | None:
        """The reply to a question that was asked before, in the same octets but for its id, while the answer lives."""
        key = wire[2:], udp
        written = self._written.get(key)
        if written is None:
            return None
        answer = written.kept.answer
        if self.resolver.kept(answer.name, answer.rrtype) is not written.kept:
            del self._written[key]
            return None
        return written.reply.at(wire[:2], written.kept.left(self.resolver.network.clock.now()))

    async def reply(self, wire: bytes, *, udp: bool) -> bytes | None:
        try:
            question = dns.message.from_wire(wire, ignore_trailing=True)
        except (dns.exception.DNSException, ValueError):
            return None
        if question.flags & dns.flags.QR:
            return None
        reply = dns.message.make_response(question, recursion_available=True, our_payload=PAYLOAD)
        reply.flags |= question.flags & dns.flags.CD  # RFC 4035, section 3.2.2
        self._under_way += 1
        try:
            answer = await self._fill(reply, question)
        finally:
            self._under_way -= 1
        limit = min(max(question.payload, 512), PAYLOAD) if udp and question.edns >= 0 else 512 if udp else 65535
        made = reply.to_wire(max_size=limit, prefer_truncation=True)
        if answer is not None:
            self._keep((wire[2:], udp), answer, made)
        return made

    def _keep(self, key: tuple[bytes, bool], answer: Answer, made: bytes) -> None:
        """Keep the reply made from `answer` with what the resolver keeps of it, which may be nothing."""
        kept = self.resolver.kept(answer.name, answer.rrtype)
        if kept is None or kept.at(self.resolver.network.clock.now()) != answer:
            return
        if len(key[0]) > LONGEST_QUESTION or len(made) > LONGEST_REPLY:
            return
        if len(self._written) >= WRITTEN:
            self._written.popitem(last=False)
        self._written[key] = Written(kept, Aging.of(made, answer.ttl))

    async def _fill(self, reply: dns.message.Message, question: dns.message.Message) -> Answer | None:
        """Write the reply. Returns the answer it was made from, if there was one."""
        rcode = self._refusal(question)
        if rcode is not None:
            reply.set_rcode(rcode)
            return None
        asked = question.question[0]
        try:
            resolve = self.resolver.resolve if question.flags & dns.flags.CD else self.resolver.lookup
            answer = await resolve(asked.name, asked.rdtype)
        except Unreachable:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return None
        except ValueError:  # ANY, AXFR and their like
            reply.set_rcode(dns.rcode.NOTIMP)
            return None
        reply.set_rcode(answer.rcode)
        wants = question.flags & dns.flags.AD or question.ednsflags & dns.flags.DO
        reply.flags |= dns.flags.AD if wants and answer.security is Security.SECURE else 0
        reply.ednsflags |= question.ednsflags & dns.flags.DO
        self._sections(reply, answer, bool(question.ednsflags & dns.flags.DO))
        return answer

    def _refusal(self, question: dns.message.Message) -> dns.rcode.Rcode | None:
        """Why a question is not looked into, as its response code; None where it is."""
        if question.edns > 0:
            return dns.rcode.BADVERS
        if question.opcode() != dns.opcode.QUERY:
            return dns.rcode.NOTIMP
        if len(question.question) != 1:
            return dns.rcode.FORMERR
        if question.question[0].rdclass != dns.rdataclass.IN:
            return dns.rcode.REFUSED
        return dns.rcode.SERVFAIL if self._under_way > AT_ONCE else None

    @staticmethod
    def _sections(reply: dns.message.Message, answer: Answer, dnssec: bool) -> None:
        """The records as their own servers sent them; signatures and denials only for those who ask (RFC 4035, section 3.2.1)."""
        wanted = [rrset for rrset in answer.answer if dnssec or rrset.rdtype not in SIGNING or rrset.rdtype == answer.rrtype]
        reply.answer = [_aged(rrset, answer.ttl) for rrset in wanted]
        reply.authority = [_aged(rrset, answer.ttl) for rrset in answer.authority if dnssec or rrset.rdtype not in SIGNING]


def _aged(rrset: dns.rrset.RRset, ttl: int) -> dns.rrset.RRset:
    """The same records with no more life than the cached answer has left."""
    return dns.rrset.from_rdata_list(rrset.name, min(rrset.ttl, ttl), list(rrset))
