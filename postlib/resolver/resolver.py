"""One observation: a Network and the answers it has given so far."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.edns import EDECode
from dns.rdtypes.ANY.SOA import SOA

from postlib.dnssec.work import Work
from postlib.network import Lame, Network, Unreachable
from postlib.resolver import delegation
from postlib.resolver.answer import Answer, Security
from postlib.resolver.forwarding import Forwarding
from postlib.resolver.iteration import Iteration
from postlib.resolver.memory import BOGUS_TTL, MAX_NEGATIVE_TTL, MAX_TTL, NO_SOA_TTL, Memory
from postlib.resolver.reply import MAX_ALIASES, Kind, Step
from postlib.resolver.trust import SIGNED_DENIALS, Chain
from postlib.resolver.upstream import Upstream
from postlib.resolver.validation import Judgement, judge

WORST = (Security.SECURE, Security.INSECURE, Security.INDETERMINATE, Security.BOGUS)
"""From best to worst: an answer is no better than its worst step."""


@dataclass(frozen=True)
class Kept:
    """An answer and the moment until which it lives."""

    answer: Answer
    until: datetime


@dataclass
class Course:
    """The steps from the name asked for to its records, with what each was worth."""

    name: dns.name.Name
    steps: list[Step] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)

    @property
    def current(self) -> dns.name.Name:
        """The name to ask for next."""
        return (self.steps[-1].target or self.steps[-1].name) if self.steps else self.name

    def follow(self, step: Step, judgement: Judgement | None) -> None:
        """Add a step. Raises Lame where aliases go round, or on and on: a fact about their zones, seen in their own data."""
        before = {self.name, *(step.target for step in self.steps)}
        self.steps.append(step)
        if judgement is not None:
            self.judgements.append(judgement)
        if step.target in before:
            raise Lame("alias-loop", f"{step.name} to {step.target}")
        if sum(step.target is not None for step in self.steps) > MAX_ALIASES:
            raise Lame("too-many-aliases", self.name.to_text())


class Resolver:
    """Asks a Network, each question once for as long as its answer lives by the Network's clock.

    It forwards, or walks from the root hints where the Network says `iterate`. With `validate` every answer is judged
    by the chain of trust from the Network's anchor; without it `security` is always indeterminate. `work` counts what was done.
    """

    def __init__(self, network: Network, *, validate: bool = True) -> None:
        self.network = network
        self.validate = validate
        self.work = Work()
        self._upstream = Upstream(network, self.work, dnssec=validate)
        self._fetcher: Forwarding | Iteration = (Iteration if network.iterate else Forwarding)(network, self._upstream)
        self._chain = Chain(network, self._fetcher, self.work)
        self._answers: Memory[tuple[dns.name.Name, dns.rdatatype.RdataType], Kept] = Memory(network.clock)

    @classmethod
    def of(cls, net: Network | Resolver) -> Resolver:
        """`net` itself where it is a Resolver already, so that one observation shares one cache."""
        return net if isinstance(net, Resolver) else cls(net)

    async def resolve(self, name: str | dns.name.Name, rrtype: str | dns.rdatatype.RdataType) -> Answer:
        """The answer for that name and type, whatever its security.

        Raises Unreachable where nobody could be asked (servfail, timeout …), Lame where our own iteration saw
        every server of the zone fail or the aliases go round, dns.exception.DNSException for what is not a name or a type,
        and ValueError for a type that no record has (ANY, AXFR …) or that only accompanies others (RRSIG).
        """
        name = dns.name.from_text(name) if isinstance(name, str) else name
        rrtype = dns.rdatatype.from_text(rrtype) if isinstance(rrtype, str) else rrtype
        if dns.rdatatype.is_metatype(rrtype) or rrtype == dns.rdatatype.RRSIG:
            raise ValueError(f"ask for the records of one type; {dns.rdatatype.to_text(rrtype)} is none")
        kept = await self._answers.get((name, rrtype), lambda: self._resolve(name, rrtype))
        left = int((kept.until - self.network.clock.now()).total_seconds())
        return replace(kept.answer, ttl=max(0, left))

    async def lookup(self, name: str | dns.name.Name, rrtype: str | dns.rdatatype.RdataType) -> Answer:
        """As `resolve`, but an answer that a validating resolver would withhold is none at all.

        Raises also Unreachable("bogus"), and Unreachable with the reason for which the chain could not be looked at.
        """
        answer = await self.resolve(name, rrtype)
        if answer.security is Security.BOGUS:
            raise Unreachable("bogus", f"{answer.name} {dns.rdatatype.to_text(answer.rrtype)}")
        unseen = next((link for link in answer.chain if link.ede == EDECode.NETWORK_ERROR), None)
        if unseen is not None:
            raise Unreachable(unseen.reason, unseen.detail)
        return answer

    async def servers(self, zone: str | dns.name.Name) -> delegation.Delegation:
        """The zone's servers: as its parent names them, as it names them itself, and what each one answers.

        Raises Unreachable where neither side can be asked.
        """
        zone = dns.name.from_text(zone) if isinstance(zone, str) else zone
        return await delegation.observe(self.resolve, self._fetcher, self._upstream, zone)

    def flush(self) -> None:
        """Forget every answer, zone cut, key and silence: the next question starts from nothing."""
        self._answers.forget()
        self._chain.forget()
        self._fetcher.forget()
        self._upstream.forget()

    async def _resolve(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> tuple[Kept, datetime]:
        course = Course(name)
        while not course.steps or course.steps[-1].target is not None:
            reply = await self._fetcher.fetch(course.current, rrtype)
            try:
                for step in reply.steps(follow=self._fetcher.follow):
                    course.follow(step, await judge(step, self._chain, self.work) if self.validate else None)
            except dns.name.NameTooLong as error:
                raise Lame("dname-too-long", course.current.to_text()) from error
        kept = self._kept(course, rrtype)
        return kept, kept.until

    def _kept(self, course: Course, rrtype: dns.rdatatype.RdataType) -> Kept:
        last = course.steps[-1]
        security = max((judgement.security for judgement in course.judgements), key=WORST.index, default=Security.INDETERMINATE)
        absent = last.kind is Kind.NO_NAME or any(judgement.no_name for judgement in course.judgements[-1:])
        ttl = min(_ttl(step) for step in course.steps)
        until = self.network.clock.now() + timedelta(seconds=min(ttl, BOGUS_TTL) if security is Security.BOGUS else ttl)
        answer = Answer(
            course.name,
            rrtype,
            dns.rcode.NXDOMAIN if absent else dns.rcode.NOERROR,
            last.signed.rrset if last.signed else None,
            security,
            tuple(step.target for step in course.steps if step.target is not None),
            tuple(dict.fromkeys(link for judgement in course.judgements for link in judgement.links)),
            answer=tuple(rrset for step in course.steps for rrset in _sections(step)),
            authority=_authority(course),
        )
        return Kept(answer, min([until, *(judgement.until for judgement in course.judgements)]))


def _ttl(step: Step) -> int:
    """How long a step may be kept, in seconds; a denial as its zone's SOA says (RFC 2308, section 5)."""
    if step.signed is not None:
        return int(min(step.signed.rrset.ttl, MAX_TTL))
    soas = [signed.rrset for signed in step.authority if signed.rrset.rdtype == dns.rdatatype.SOA]
    ttls = [min(soa.ttl, record.minimum, MAX_NEGATIVE_TTL) for soa in soas for record in soa if isinstance(record, SOA)]
    return min(ttls, default=NO_SOA_TTL)


def _sections(step: Step) -> tuple[dns.rrset.RRset, ...]:
    """The RRsets of a step in the answer; with a DNAME, the CNAME that follows from it (RFC 6672, section 3.1)."""
    if step.signed is None:
        return ()
    if step.target is None or step.signed.rrset.rdtype == dns.rdatatype.CNAME:
        return step.signed.sections
    synthetic = dns.rrset.from_text(step.name, step.signed.rrset.ttl, "IN", "CNAME", step.target.to_text())
    return (*step.signed.sections, synthetic)


def _authority(course: Course) -> tuple[dns.rrset.RRset, ...]:
    """What proves the answer: the denials of every step, and the SOA of a negative end."""
    last = course.steps[-1]
    types = (*SIGNED_DENIALS, dns.rdatatype.SOA) if last.signed is None else SIGNED_DENIALS
    proofs = {(s.rrset.name, s.rrset.rdtype): s for step in course.steps for s in step.authority if s.rrset.rdtype in types}
    return tuple(rrset for signed in proofs.values() for rrset in signed.sections)
