"""How a probe is made: facts are observed, then pure checks judge them. One probe a standard, one function a rule.

    probe = Probe("spf", "RFC 7208", observe)

    @probe.check("section 4.5", remedy=join_records, lesson="dmarc/02")
    def one_record(spf: Spf, profile: Profile) -> Verdict:
        '''The domain publishes exactly one SPF record.'''

The check's id (spf.one-record) is made of the names, its rule is the docstring: nothing is typed twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

import dns.exception
import dns.name

from postlib.finding import Finding, Level, Remedy, Status, Verdict, unknown
from postlib.network import CouldNotTell, Network, Unknown, Unreachable
from postlib.resolver import Resolver, read_name, read_type
from postlib.resolver.allowance import Allowance, asking_for

NOTHING: Mapping[str, tuple[str, ...]] = {}
T = TypeVar("T")
Facts = TypeVar("Facts")


class Profile(Protocol):
    """The judgement's data, as checks see it: thresholds and the purpose of a name. Severity is not for them."""

    def number(self, name: str) -> int:
        """A threshold. Raises KeyError if the profile has none of that name."""
        ...

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        ...

    def purpose(self, domain: str) -> str:
        """What mail of that name is for: staff, transactional, or none."""
        ...

    def level(self, check: str) -> Level:
        """How much a check matters: required, advised, or off."""
        ...


Judge = Callable[[Facts, Profile], Verdict]
Mend = Callable[[Facts], Remedy]


@dataclass(frozen=True)
class Check(Generic[Facts]):
    """One rule: its id, its text, where it is written, how to mend what breaks it, and the lesson that teaches it."""

    id: str
    rule: str
    reference: str
    judge: Judge[Facts]
    remedy: Mend[Facts] | None = None
    lesson: str = ""


@dataclass(frozen=True)
class Probe(Generic[Facts]):
    """The rules of one standard, over facts that `observe` sees.

    `asks` is what it always asks: what stands before the domain, and a type.
    """

    name: str
    standard: str
    observe: Callable[[Observation, str], Awaitable[Facts]]
    asks: tuple[tuple[str, str], ...] = ()
    checks: list[Check[Facts]] = field(default_factory=list)

    def check(
        self, section: str, *, remedy: Mend[Facts] | None = None, lesson: str = "", standard: str = ""
    ) -> Callable[[Judge[Facts]], Judge[Facts]]:
        """Make a function a check of this probe. `standard` names another document where the rule is written."""

        def register(judge: Judge[Facts]) -> Judge[Facts]:
            if not judge.__doc__:
                raise ValueError(f"{judge.__name__}: a check's docstring is its rule")
            name = f"{self.name}.{judge.__name__.replace('_', '-')}"
            reference = ", ".join(part for part in (standard or self.standard, section) if part)
            self.checks.append(Check(name, " ".join(judge.__doc__.split()), reference, judge, remedy, lesson))
            return judge

        return register


class Observation(Resolver):
    """One look at an Internet: one cache of answers, and each probe's facts about a domain seen once, also by other probes.

    `selectors` are what we were told to look for, by domain: the DNS cannot be asked for a list of them (RFC 6376, section 3.1).
    A `quick` look takes the resolver's word for what the records say: nothing is validated or guessed, and no other machine is spoken to.
    """

    def __init__(
        self, network: Network, *, validate: bool = True, quick: bool = False, selectors: Mapping[str, tuple[str, ...]] = NOTHING
    ) -> None:
        super().__init__(replace(network, contacts=False) if quick else network, validate=validate and not quick)
        self.quick = self.in_turn = quick
        self.selectors = selectors
        self._facts: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._seen: dict[tuple[str, str], Any] = {}
        self._allowances: dict[str, Allowance] = {}

    @classmethod
    def on(cls, net: Network | Resolver) -> Observation:
        """`net` itself where it is an Observation already."""
        if isinstance(net, Observation):
            return net
        return cls(net.network if isinstance(net, Resolver) else net)

    async def facts(self, probe: Probe[Facts], domain: str) -> Facts:
        """What a probe sees of a domain, observed once. Raises what `observe` raises.

        All probes of one domain share one allowance of questions; what goes beyond it is Unreachable, and so unknown.
        """
        key = (probe.name, domain)
        if self.quick:  # most is here already (`prefetch`), and there is nobody to wait for
            if key not in self._seen:
                with self._asking(domain):
                    self._seen[key] = await probe.observe(self, domain)
            known: Facts = self._seen[key]
            return known
        if key not in self._facts:
            with self._asking(domain):
                self._facts[key] = asyncio.ensure_future(probe.observe(self, domain))
        task = self._facts[key]
        seen: Facts = task.result() if task.done() else await asyncio.shield(task)
        return seen

    async def look(self, domain: str, probes: Iterable[Probe[Any]]) -> None:
        """Ask at once all that these probes always ask; nothing is done where answers are validated, or asked of no forwarder."""
        asked = {ask for probe in probes for ask in probe.asks}
        with self._asking(domain):
            await self.prefetch((name, read_type(rrtype)) for prefix, rrtype in asked if (name := _below(prefix, domain)) is not None)

    def _asking(self, domain: str) -> contextlib.AbstractContextManager[None]:
        return asking_for(self._allowances.setdefault(domain, Allowance(domain)))

    def forget(self, domain: str) -> None:
        """Let go of the facts about one domain, also of those still being observed; the answers stay, for they may serve the next."""
        for key in [key for key in self._facts if key[1] == domain]:
            self._facts.pop(key).cancel()  # does nothing to a task that is done
        for key in [key for key in self._seen if key[1] == domain]:
            del self._seen[key]
        self._allowances.pop(domain, None)


def _below(prefix: str, domain: str) -> dns.name.Name | None:
    """The name with something before it; None where that is longer than a name can be."""
    try:
        return read_name(prefix + domain)
    except dns.exception.DNSException:
        return None


NOT_LOOKED = "quick-look"


def readable(text: bytes) -> str:
    """A TXT value as text; octets that are none stand as \\xNN."""
    return text.decode("utf-8", "backslashreplace")


async def told(question: Awaitable[T]) -> T | Unknown:
    """The answer, or Unknown with the reason: the one place where the network's silence becomes a value.

    That every server of a zone fails (Lame) is a fact about the delegation, where its own probe sees it; here it is silence.
    """
    try:
        return await question
    except Unreachable as error:
        return Unknown(error.reason, error.where)
    except CouldNotTell as error:  # the question itself depends on something unknown
        return error.unknown


async def run(
    probe: Probe[Any], observation: Observation, domain: str, profile: Profile, checks: Iterable[Check[Any]] | None = None
) -> list[Finding]:
    """The findings of one probe about one domain, by these checks, else by those that the profile does not switch off.

    Where the facts as a whole are unknown, every check touches that, and is unknown by itself.
    """
    facts = await told(observation.facts(probe, domain))
    today = observation.network.clock.now().date()
    return [judged(check, facts, profile, domain, today) for check in (wanted(probe, profile) if checks is None else checks)]


def wanted(probe: Probe[Any], profile: Profile) -> list[Check[Any]]:
    """The checks of a probe that a profile does not switch off."""
    return [check for check in probe.checks if profile.level(check.id) is not Level.OFF]


def judged(check: Check[Any], facts: Any, profile: Profile, domain: str, as_of: date) -> Finding:
    """One check's finding: a check that touches an Unknown is unknown, and a broken rule comes with its remedy."""
    try:
        verdict = check.judge(facts, profile)
    except CouldNotTell as error:
        verdict = unknown(reason=error.unknown.reason, where=error.unknown.where)
    verdict = verdict.under(check.rule, as_of)
    remedy = _remedy(check, facts) if verdict.status is Status.FAIL else None
    return Finding(domain, check.id, verdict, check.reference, profile.level(check.id), remedy, check.lesson)


def _remedy(check: Check[Any], facts: Any) -> Remedy | None:
    """The remedy, if it can be written from what was seen."""
    try:
        return check.remedy(facts) if check.remedy else None
    except CouldNotTell:
        return None
