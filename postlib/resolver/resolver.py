"""One observation: a Network and the answers it has given so far."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.edns import EDECode
from dns.rdtypes.ANY.SOA import SOA

from postlib.dnssec.work import Work
from postlib.network import Lame, Network, Unreachable
from postlib.resolver import delegation
from postlib.resolver.allowance import TOO_MANY, Spent
from postlib.resolver.answer import Answer, Security
from postlib.resolver.forwarding import Forwarding
from postlib.resolver.iteration import Iteration
from postlib.resolver.memory import BOGUS_TTL, MAX_NEGATIVE_TTL, MAX_TTL, NO_SOA_TTL, Memory
from postlib.resolver.reply import MAX_ALIASES, Kind, Step
from postlib.resolver.trust import SIGNED_DENIALS, Chain
from postlib.resolver.upstream import Upstream
from postlib.resolver.validation import Judgement, judge

T = TypeVar("T")
WORST = (Security.SECURE, Security.INSECURE, Security.INDETERMINATE, Security.BOGUS)
"""From best to worst: an answer is no better than its worst step."""


@dataclass(eq=False)
class Kept:
    """An answer and the moment until which it lives."""

    answer: Answer
    until: datetime

    def at(self, now: datetime) -> Answer:
        """The answer with what is left of its life."""
        left = self.left(now)
        if left != self.answer.ttl:
            self.answer = replace(self.answer, ttl=left)
        return self.answer

    def left(self, now: datetime) -> int:
        """Whole seconds of life."""
        return max(0, int((self.until - now).total_seconds()))


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
        self.in_turn = False
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

        Raises Unreachable where nobody could be asked (servfail, timeout …) or the asker's allowance is spent, Lame where our own
        iteration saw every server of the zone fail or the aliases go round, dns.exception.DNSException for what is not a name or a type,
        and ValueError for a type that no record has (ANY, AXFR …) or that only accompanies others (RRSIG).
        """
        name, rrtype = read_name(name) if isinstance(name, str) else name, read_type(rrtype)
        kept = self._answers.peek((name, rrtype))
        if kept is not None:
            return kept.at(self.network.clock.now())
        try:
            return await self.answer(name, rrtype)
        except Spent as spent:
            raise Unreachable(TOO_MANY, spent.allowance.subject) from spent

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

    def kept(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Kept | None:
        """The answer that is kept and still lives; None where it would have to be asked for."""
        return self._answers.peek((name, rrtype))

    async def servers(self, zone: str | dns.name.Name) -> delegation.Delegation:
        """The zone's servers: as its parent names them, as it names them itself, and what each one answers.

        Raises Unreachable where neither side can be asked.
        """
        zone = read_name(zone) if isinstance(zone, str) else zone
        try:
            return await delegation.observe(self, self._fetcher, self._upstream, zone)
        except Spent as spent:
            raise Unreachable(TOO_MANY, spent.allowance.subject) from spent

    async def together(self, works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """What many pieces of work come to, in their order: all at once, or one by one where most answers are at hand (`in_turn`)."""
        return [await work for work in works] if self.in_turn else await asyncio.gather(*works)

    async def prefetch(self, questions: Iterable[tuple[dns.name.Name, dns.rdatatype.RdataType]]) -> None:
        """Ask for all of these at once and keep what comes: through a forwarder, where nothing is validated.

        A head start and no more: what takes a second try, TCP or another forwarder is left to those who resolve it.
        """
        wanted = [question for question in questions if self.kept(*question) is None]
        if self.validate or isinstance(self._fetcher, Iteration) or not wanted:
            return
        for (name, rrtype), reply in zip(wanted, await self._fetcher.fetch_many(wanted), strict=True):
            course = Course(name)
            with contextlib.suppress(Lame, dns.name.NameTooLong):
                for step in reply.steps(follow=True) if reply is not None else ():
                    course.follow(step, None)
                if course.steps and course.steps[-1].target is None:
                    kept = self._kept(course, rrtype)
                    self._answers.keep((name, rrtype), kept, kept.until)

    def flush(self) -> None:
        """Forget every answer, zone cut, key and silence: the next question starts from nothing."""
        self._answers.forget()
        self._chain.forget()
        self._fetcher.forget()
        self._upstream.forget()

    async def answer(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Answer:
        """As `resolve`; raises Spent itself."""
        kept = await self._answers.get((name, rrtype), lambda: self._resolve(name, rrtype))
        return kept.at(self.network.clock.now())

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
            last.rrset,
            security,
            tuple(step.target for step in course.steps if step.target is not None),
            tuple(dict.fromkeys(link for judgement in course.judgements for link in judgement.links)),
            answer=tuple(rrset for step in course.steps for rrset in _sections(step)),
            authority=_authority(course),
        )
        return Kept(answer, min([until, *(judgement.until for judgement in course.judgements)]))


@lru_cache(maxsize=4096)
def read_name(text: str) -> dns.name.Name:
    """The name in `text`, read once for the many who ask for it. Raises dns.exception.DNSException."""
    return dns.name.from_text(text)


@lru_cache(maxsize=256)
def read_type(rrtype: str | dns.rdatatype.RdataType) -> dns.rdatatype.RdataType:
    """A type that can be asked for. Raises dns.exception.DNSException for what is no type, ValueError for those without records."""
    asked = dns.rdatatype.from_text(rrtype) if isinstance(rrtype, str) else rrtype
    if dns.rdatatype.is_metatype(asked) or asked == dns.rdatatype.RRSIG:
        raise ValueError(f"ask for the records of one type; {dns.rdatatype.to_text(asked)} is none")
    return asked


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
    return step.signed.sections if step.made is None else (*step.signed.sections, step.made)


def _authority(course: Course) -> tuple[dns.rrset.RRset, ...]:
    """What proves the answer: the denials of every step, and the SOA of a negative end."""
    last = course.steps[-1]
    types = (*SIGNED_DENIALS, dns.rdatatype.SOA) if last.signed is None else SIGNED_DENIALS
    proofs = {(s.rrset.name, s.rrset.rdtype): s for step in course.steps for s in step.authority if s.rrset.rdtype in types}
    return tuple(rrset for signed in proofs.values() for rrset in signed.sections)
