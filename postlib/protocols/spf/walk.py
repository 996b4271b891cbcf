"""The worst case of a record: every term that would ask the DNS if nothing matched before it (RFC 7208, section 4.6.4).

No client is needed, so a domain can be told before any mail is sent what its record costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import dns.name
from dns.rdtypes.ANY.MX import MX

from postlib.network import Network, Unreachable
from postlib.protocols.spf.asking import MAIL_SERVERS, a_labels, dns_name, malformed
from postlib.protocols.spf.macro import target_name
from postlib.protocols.spf.record import Directive, Mechanism, Modifier, Record, SpfSyntaxError, is_spf, parse
from postlib.resolver import Resolver
from postlib.resolver.answer import Answer

RECORDS = 40  # records read: four times what any evaluation may reach
QUESTIONS = 400  # questions asked: RECORDS times the ten lookups of one evaluation


@dataclass(frozen=True)
class LookupTerm:
    """One term that costs a lookup. `domain` is its target, "" where it depends on the message.

    `voids` are the names that would be void lookups: without addresses of either family, mail servers, or TXT records.
    `problem` is a word, "" where there is none: depends-on-message (an include or redirect that cannot be followed),
    not-a-name, too-many-mail-servers, unreachable, not-asked (past our bounds). `inner` is where an include or redirect leads.
    """

    term: str
    domain: str = ""
    voids: tuple[str, ...] = ()
    problem: str = ""
    detail: str = ""
    inner: Lookups | None = None


@dataclass(frozen=True)
class Lookups:
    """The record of one domain and its terms that cost lookups, those behind includes and redirects with them.

    `problem` is a word, "" for a sound record: malformed, too-long, no-such-domain, no-record, several-records, syntax, loop,
    unreachable (with who was asked), not-walked (past RECORDS).
    """

    domain: str
    record: str = ""
    terms: tuple[LookupTerm, ...] = ()
    problem: str = ""
    detail: str = ""

    @property
    def total(self) -> int:
        """How many of the ten lookups an evaluation costs at worst."""
        return sum(1 + (term.inner.total if term.inner else 0) for term in self.terms)

    @property
    def voids(self) -> tuple[tuple[LookupTerm, str], ...]:
        """Each void lookup, two of which are allowed: the term and the name, in order."""
        return tuple((term, name) for term in self.walk() for name in term.voids)

    @property
    def broken(self) -> tuple[Lookups, ...]:
        """The records below this one that have a problem: missing, wrong, or not to be told."""
        return tuple(term.inner for term in self.walk() if term.inner and term.inner.problem)

    @property
    def complete(self) -> bool:
        """Whether all was seen: nothing unreachable, past our bounds, or dependent on the message."""
        unseen = ("unreachable", "not-asked", "not-walked", "depends-on-message")
        problems = (*(term.problem for term in self.walk()), *(record.problem for record in self.broken))
        return not any(problem in unseen for problem in problems)

    def walk(self) -> Iterator[LookupTerm]:
        """Every term, each followed by those below it."""
        for term in self.terms:
            yield term
            if term.inner:
                yield from term.inner.walk()


async def lookups(net: Network | Resolver, domain: str) -> Lookups:
    """The worst case for the record of `domain`, through its includes and redirects: at most RECORDS records and QUESTIONS questions.

    Raises Unreachable if the record of `domain` itself cannot be had; what cannot be had below it is told in the tree.
    """
    return (await lookups_of(net, (domain,)))[0]


async def lookups_of(net: Network | Resolver, domains: Sequence[str]) -> tuple[Lookups, ...]:
    """The same for several domains, one after the other, within the same bounds for all of them together. Raises Unreachable."""
    walk = _Walk(Resolver.of(net))
    return tuple([await _lookups(walk, a_labels(domain)) for domain in domains])


async def _lookups(walk: _Walk, domain: str) -> Lookups:
    if not malformed(domain):
        try:
            await walk.ask(domain, "TXT")
        except _PastBounds:
            return Lookups(domain, problem="not-walked", detail=str(QUESTIONS))
    return await walk.record(domain, ())


class _PastBounds(Exception):
    """QUESTIONS have been asked."""


class _TooManyMailServers(Exception):
    """One mx has more than MAIL_SERVERS."""


class _Walk:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._records = 0
        self._questions = 0

    async def ask(self, name: str | dns.name.Name, rrtype: str) -> Answer:
        """One question. Raises Unreachable and _PastBounds."""
        self._questions += 1
        if self._questions > QUESTIONS:
            raise _PastBounds
        target = dns_name(name) if isinstance(name, str) else name
        assert target is not None, "callers ask for names only"
        return await self._resolver.lookup(target, rrtype)

    async def record(self, domain: str, path: tuple[str, ...]) -> Lookups:
        """The record of `domain` and what it leads to."""
        if problem := malformed(domain):
            return Lookups(domain, problem=problem)
        if domain.lower() in path:
            return Lookups(domain, problem="loop", detail=" ".join((*path, domain.lower())))
        if self._records >= RECORDS:
            return Lookups(domain, problem="not-walked", detail=str(RECORDS))
        self._records += 1
        try:
            answer = await self.ask(domain, "TXT")
            found = _only_record(domain, answer)
            return found if isinstance(found, Lookups) else await self._terms(domain, found, (*path, domain.lower()))
        except Unreachable as error:
            return Lookups(domain, problem="unreachable", detail=str(error))
        except _PastBounds:
            return Lookups(domain, problem="not-walked", detail=str(QUESTIONS))

    async def _terms(self, domain: str, record: Record, path: tuple[str, ...]) -> Lookups:
        """The record's terms: all looked at together, then each include and the redirect followed in turn."""
        asking: list[Directive | Modifier] = [directive for directive in record.evaluated if directive.asks]
        if record.redirect:
            asking.append(record.redirect)
        terms = await self._resolver.together(self._term(term, domain) for term in asking)
        for index, term in enumerate(asking):
            if _follows(term) and terms[index].domain:
                terms[index] = replace(terms[index], inner=await self.record(terms[index].domain, path))
        return Lookups(domain, record.text, tuple(terms))

    async def _term(self, term: Directive | Modifier, domain: str) -> LookupTerm:
        spec = term.value if isinstance(term, Modifier) else term.domain
        if spec is not None and not spec.letters <= {"d"}:
            return LookupTerm(term.text, problem="depends-on-message" if _follows(term) else "")
        target = target_name(spec.expand({"d": domain})) if spec else domain
        name = dns_name(target)
        if name is None:
            return LookupTerm(term.text, target, problem="not-a-name")
        try:
            return LookupTerm(term.text, target, await self._voids(term, name))
        except Unreachable as error:
            return LookupTerm(term.text, target, problem="" if _follows(term) else "unreachable", detail=str(error))
        except _PastBounds:
            return LookupTerm(term.text, target, problem="not-asked", detail=str(QUESTIONS))
        except _TooManyMailServers as error:
            return LookupTerm(term.text, target, problem="too-many-mail-servers", detail=str(error))

    async def _voids(self, term: Directive | Modifier, name: dns.name.Name) -> tuple[str, ...]:
        """The names that answer with nothing."""
        if isinstance(term, Modifier) or term.mechanism is Mechanism.INCLUDE:
            return await self._void(name, "TXT")
        if term.mechanism is Mechanism.EXISTS:
            return await self._void(name, "A")
        if term.mechanism is Mechanism.A:
            return await self._void(name, "A", "AAAA")
        return await self._void_mail_servers(name) if term.mechanism is Mechanism.MX else ()

    async def _void_mail_servers(self, name: dns.name.Name) -> tuple[str, ...]:
        servers = sorted(mx.exchange for mx in (await self.ask(name, "MX")).records if isinstance(mx, MX))
        if not servers:
            return (name.to_text(omit_final_dot=True),)
        if len(servers) > MAIL_SERVERS:
            raise _TooManyMailServers(len(servers))
        void = await self._resolver.together(self._void(server, "A", "AAAA") for server in servers if server != dns.name.root)
        return tuple(name for names in void for name in names)

    async def _void(self, name: dns.name.Name, *rrtypes: str) -> tuple[str, ...]:
        """The name, if it has records of none of these types."""
        answers = await self._resolver.together(self.ask(name, rrtype) for rrtype in rrtypes)
        return () if any(answer.records for answer in answers) else (name.to_text(omit_final_dot=True),)


def _follows(term: Directive | Modifier) -> bool:
    """Whether the term leads to another record."""
    return isinstance(term, Modifier) or term.mechanism is Mechanism.INCLUDE


def _only_record(domain: str, answer: Answer) -> Record | Lookups:
    """The domain's only record, or what is wrong."""
    texts = [text for text in answer.texts if is_spf(text)]
    shown = "\n".join(text.decode("latin-1") for text in texts)
    if not texts:
        return Lookups(domain, problem="no-record" if answer.exists else "no-such-domain")
    if len(texts) > 1:
        return Lookups(domain, shown, problem="several-records", detail=str(len(texts)))
    try:
        return parse(texts[0])
    except SpfSyntaxError as error:
        return Lookups(domain, shown, problem="syntax", detail=str(error))
