"""DMARC's answer for one message: RFC 9989, sections 4.4, 4.10.2 and 5.3.

Any aligned identifier that passes makes the message pass, whatever else could not be told. Otherwise an open question
makes it neither pass nor fail (section 5.3.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from postlib.network import Network, Unknown, Unreachable
from postlib.protocols.dmarc.discovery import Discovery, OrganizationalDomain, discover, organizational_domain
from postlib.protocols.dmarc.domain import domain_name, is_within
from postlib.protocols.dmarc.record import Policy, Record
from postlib.resolver import Resolver


class Result(StrEnum):
    """The results of the dmarc method in Authentication-Results (RFC 8601, section 2.7, as RFC 9989 registers them)."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True)
class Identifier:
    """A domain that SPF (its MAIL FROM) or a DKIM signature (its d=) speaks for, and whether it is aligned.

    `result` is the mechanism's own word in lower case; only those that passed, or may pass later, are compared: `aligned` is
    None for the others. `mode` is strict or relaxed. `reason` is identical, not-identical (strict), same-organization,
    other-organization, not-a-domain, not-authenticated, or the reason why it is Unknown. `organizational_domain` is set
    where a walk was needed.
    """

    mechanism: str
    result: str
    domain: str
    selector: str = ""
    mode: str = "relaxed"
    aligned: bool | Unknown | None = None
    reason: str = "not-authenticated"
    organizational_domain: OrganizationalDomain | None = None


@dataclass(frozen=True)
class Evaluation:
    """DMARC's answer for one message.

    `reason` is aligned, not-aligned, no-record, unusable-record, not-a-domain, or what stayed open:
    discovery, alignment, authentication, existence. `policy` is the one asked for after `t`, None where none is known;
    `disposition` is what it asks for this message (none, quarantine, reject): a receiver need not comply (section 5.4).
    `unreachable` says whom we could not ask, where that decided.
    """

    author_domain: str
    result: Result
    reason: str
    discovery: Discovery | None = None
    identifiers: tuple[Identifier, ...] = ()
    policy: Policy | None = None
    disposition: Policy = Policy.NONE
    unreachable: Unreachable | None = None

    @property
    def aligned(self) -> tuple[Identifier, ...]:
        """The identifiers that passed and are aligned."""
        return tuple(i for i in self.identifiers if i.result == "pass" and i.aligned is True)


async def evaluate(
    net: Network | Resolver, author_domain: str, *, spf: tuple[str, str] | None = None, dkim: Sequence[tuple[str, str, str]] = ()
) -> Evaluation:
    """Whether mail from the one Author Domain passes, given SPF's (result, MAIL FROM domain) and DKIM's (result, d, s) each.

    For a null reverse-path give SPF's HELO domain, which then stands for MAIL FROM (RFC 7208, section 2.4).
    Never raises for what the DNS or the message says: temperror where it could not be told, permerror where the Author
    Domain is no domain name, none where DMARC does not apply.
    """
    try:
        author = domain_name(author_domain)
    except ValueError:
        return Evaluation(author_domain, Result.PERMERROR, "not-a-domain")
    resolver = Resolver.of(net)
    try:
        discovery = await discover(resolver, author)
    except Unreachable as error:
        return Evaluation(author, Result.TEMPERROR, "discovery", unreachable=error)
    if discovery.record is None or discovery.outcome == "unusable":
        reason = "no-record" if discovery.record is None else "unusable-record"
        return Evaluation(author, Result.NONE, reason, discovery)
    compare = _Comparison(resolver, author)
    identifiers = [await compare(identifier) for identifier in _identifiers(discovery.record, spf, dkim)]
    return _conclude(discovery, tuple(identifiers))


def _identifiers(record: Record, spf: tuple[str, str] | None, dkim: Sequence[tuple[str, str, str]]) -> list[Identifier]:
    modes = {"r": "relaxed", "s": "strict"}
    found = [Identifier("spf", spf[0].lower(), spf[1], mode=modes[record.aspf])] if spf else []
    return found + [Identifier("dkim", result.lower(), domain, selector, modes[record.adkim]) for result, domain, selector in dkim]


class _Comparison:
    """Compares identifiers with one Author Domain; walks once for each name, and only where nothing shorter decides."""

    def __init__(self, resolver: Resolver, author: str) -> None:
        self._resolver = resolver
        self._author = author
        self._organizations: dict[str, OrganizationalDomain | Unknown] = {}

    async def __call__(self, identifier: Identifier) -> Identifier:
        """The identifier with its alignment (section 4.4.1 and 4.4.2)."""
        if identifier.result not in ("pass", "temperror"):
            return identifier
        try:
            domain = domain_name(identifier.domain)
        except ValueError:
            return replace(identifier, aligned=False, reason="not-a-domain")
        identifier = replace(identifier, domain=domain)
        if domain == self._author:
            return replace(identifier, aligned=True, reason="identical")
        if identifier.mode == "strict":
            return replace(identifier, aligned=False, reason="not-identical")
        return await self._relaxed(identifier)

    async def _relaxed(self, identifier: Identifier) -> Identifier:
        """Whether both have one Organizational Domain. It is a parent of both: a name outside the author's needs no walk."""
        if identifier.domain.rpartition(".")[2] != self._author.rpartition(".")[2]:
            return replace(identifier, aligned=False, reason="other-organization")
        ours = await self._organization(self._author)
        if isinstance(ours, Unknown):
            return replace(identifier, aligned=ours, reason=ours.reason)
        if not is_within(identifier.domain, ours.name):
            return replace(identifier, aligned=False, reason="other-organization")
        theirs = await self._organization(identifier.domain)
        if isinstance(theirs, Unknown):
            return replace(identifier, aligned=theirs, reason=theirs.reason)
        same = ours.name == theirs.name
        reason = "same-organization" if same else "other-organization"
        return replace(identifier, aligned=same, reason=reason, organizational_domain=theirs)

    async def _organization(self, name: str) -> OrganizationalDomain | Unknown:
        if name not in self._organizations:
            try:
                self._organizations[name] = await organizational_domain(self._resolver, name)
            except Unreachable as error:
                self._organizations[name] = Unknown(error.reason, error.where)
        return self._organizations[name]


def _conclude(discovery: Discovery, identifiers: tuple[Identifier, ...]) -> Evaluation:
    """Pass, fail, or neither (sections 5.3.5 and 5.3.6)."""
    author = discovery.author_domain
    policy = discovery.policy if isinstance(discovery.policy, Policy) else None
    if any(i.result == "pass" and i.aligned is True for i in identifiers):
        return Evaluation(author, Result.PASS, "aligned", discovery, identifiers, policy)
    open_alignments = [i.aligned for i in identifiers if isinstance(i.aligned, Unknown)]
    if open_alignments:
        unreachable = Unreachable(open_alignments[0].reason, open_alignments[0].where)
        return Evaluation(author, Result.TEMPERROR, "alignment", discovery, identifiers, policy, unreachable=unreachable)
    if any(i.result == "temperror" and i.aligned is True for i in identifiers):
        return Evaluation(author, Result.TEMPERROR, "authentication", discovery, identifiers, policy)
    if isinstance(discovery.policy, Unknown):
        unreachable = Unreachable(discovery.policy.reason, discovery.policy.where)
        return Evaluation(author, Result.TEMPERROR, "existence", discovery, identifiers, unreachable=unreachable)
    return Evaluation(author, Result.FAIL, "not-aligned", discovery, identifiers, policy, policy or Policy.NONE)
