"""The DNS Tree Walk, the Organizational Domain and the policy that applies: RFC 9989, sections 4.10, 4.10.1 and 4.10.2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from postlib.network import Network, Unknown, Unreachable
from postlib.protocols.dmarc.domain import LONGEST_NAME, domain_name, label_count, shortened
from postlib.protocols.dmarc.record import DmarcSyntaxError, Policy, Record, parse
from postlib.resolver import Resolver

MOST_QUERIES = 8  # section 4.10: longer names are cut to the last seven labels after the first question


class Role(StrEnum):
    """Whose record speaks for the Author Domain, in the order of preference of section 4.10.1."""

    AUTHOR = "author"
    ORGANIZATIONAL = "organizational"
    PSD = "psd"


@dataclass(frozen=True)
class Step:
    """One question of a walk. `texts` are the TXT records that begin with v=DMARC1, as they stand.

    `outcome` is record, several (then all are discarded), other (TXT, none of them DMARC), no-data, no-name,
    or name-too-long (there cannot be such a name, and nobody was asked). `record` is None except for record.
    """

    domain: str
    query: str
    outcome: str
    texts: tuple[str, ...] = ()
    record: Record | None = None


@dataclass(frozen=True)
class Walk:
    """The questions asked from `start` towards the root. `stopped` is psd=n, psd=y, no-more-labels, or author-record.

    author-record is no whole walk: policy discovery asks nothing more where the Author Domain has a record of its own.
    """

    start: str
    steps: tuple[Step, ...]
    stopped: str

    @property
    def found(self) -> tuple[tuple[str, Record], ...]:
        """The names that publish a record, longest first, each with its record."""
        return tuple((step.domain, step.record) for step in self.steps if step.record is not None)


@dataclass(frozen=True)
class OrganizationalDomain:
    """An Organizational Domain (`str()` gives its name), and how it was found.

    `rule` is psd=n (that name), psd=y (one label below that name), fewest-labels, or no-record (the start itself).
    """

    name: str
    rule: str
    walk: Walk

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Discovery:
    """What policy discovery comes to.

    `record`, `domain` (where it is published) and `role` are the applicable record's, None and "" where there is none.
    `outcome` is record, no-record, or unusable (a wrong p, sp or np and no valid rua: no DMARC).
    `tag` is the one the policy was taken from; "" where a wrong p, sp or np made it none. `requested` is the policy before
    `t`, `policy` the one after. `exists` tells whether the Author Domain exists, None where it made no difference.
    Where that could not be told, `exists`, `requested` and `policy` are Unknown.
    """

    author_domain: str
    outcome: str
    walk: Walk
    record: Record | None = None
    domain: str = ""
    role: Role | None = None
    tag: str = ""
    exists: bool | Unknown | None = None
    requested: Policy | Unknown | None = None
    policy: Policy | Unknown | None = None


def targets(name: str) -> Iterator[str]:
    """The names a walk asks about, in order: the name, then its parents from the seventh label on; at most MOST_QUERIES."""
    yield name
    for count in range(min(label_count(name), MOST_QUERIES) - 1, 0, -1):
        yield shortened(name, count)


async def walk(net: Network | Resolver, name: str) -> Walk:
    """The whole walk from a name up. Raises Unreachable where a question stays open, ValueError for what is no domain name."""
    start = domain_name(name)
    resolver = Resolver.of(net)
    return await _climb(resolver, await _ask(resolver, start))


async def organizational_domain(net: Network | Resolver, name: str) -> OrganizationalDomain:
    """The Organizational Domain of a name, with the walk that led there (section 4.10.2). Raises as `walk` does."""
    return select(await walk(net, name))


def select(walk: Walk) -> OrganizationalDomain:
    """The Organizational Domain that a walk shows, judged from the longest name to the shortest (section 4.10.2)."""
    for domain, record in walk.found:
        if record.psd == "n":
            return OrganizationalDomain(domain, "psd=n", walk)
        if record.psd == "y" and domain != walk.start:
            # taken from the start: a long name's walk skips labels, and may not have asked about this one
            return OrganizationalDomain(shortened(walk.start, label_count(domain) + 1), "psd=y", walk)
    if walk.found:
        return OrganizationalDomain(walk.found[-1][0], "fewest-labels", walk)
    return OrganizationalDomain(walk.start, "no-record", walk)


async def discover(net: Network | Resolver, author_domain: str) -> Discovery:
    """The record that applies to mail from the Author Domain, and the policy it asks for (section 4.10.1).

    Raises Unreachable where it cannot be told which record applies, ValueError for what is no domain name.
    """
    author = domain_name(author_domain)
    resolver = Resolver.of(net)
    own = await _ask(resolver, author)
    if own.record is not None:
        return await _applied(resolver, Walk(author, (own,), "author-record"), author, own.record, Role.AUTHOR)
    walk = await _climb(resolver, own)
    records = dict(walk.found)
    organizational = select(walk).name
    if organizational in records:
        return await _applied(resolver, walk, organizational, records[organizational], Role.ORGANIZATIONAL)
    if walk.found:  # then the walk ended at psd=y; records between it and the Organizational Domain are nobody's policy
        return await _applied(resolver, walk, *walk.found[-1], Role.PSD)
    return Discovery(author, "no-record", walk)


async def _applied(resolver: Resolver, walk: Walk, domain: str, record: Record, role: Role) -> Discovery:
    """The policy of the record that applies: p at the Author Domain itself, sp or np above it, then t."""
    author = walk.start
    if not record.applies:
        return Discovery(author, "unusable", walk, record, domain, role)
    subdomain = role is not Role.AUTHOR
    exists = await _exists(resolver, author) if subdomain and record.valid_policy and record.np is not None else None
    if isinstance(exists, Unknown):
        return Discovery(author, "record", walk, record, domain, role, "", exists, exists, exists)
    tag, requested = record.policy(subdomain=subdomain, exists=exists is not False)
    policy = requested.one_level_down if record.t == "y" else requested
    return Discovery(author, "record", walk, record, domain, role, tag, exists, requested, policy)


async def _exists(resolver: Resolver, name: str) -> bool | Unknown:
    """Whether a name exists: NXDOMAIN alone denies it (section 3.2.13, RFC 8020), and not that of an alias's target."""
    try:
        answer = await resolver.lookup(name, "A")
    except Unreachable as error:
        return Unknown(error.reason, error.where)
    return answer.exists or bool(answer.aliases)


async def _climb(resolver: Resolver, first: Step) -> Walk:
    """Steps 2 to 7 of section 4.10, the first question asked already."""
    steps = [first]
    remaining = targets(first.domain)
    next(remaining)
    while True:
        record = steps[-1].record
        if record is not None and record.psd != "u":
            return Walk(first.domain, tuple(steps), f"psd={record.psd}")
        target = next(remaining, None)
        if target is None:
            return Walk(first.domain, tuple(steps), "no-more-labels")
        steps.append(await _ask(resolver, target))


async def _ask(resolver: Resolver, domain: str) -> Step:
    """One question of a walk. Raises Unreachable."""
    query = f"_dmarc.{domain}"
    if len(query) > LONGEST_NAME:
        return Step(domain, query, "name-too-long")
    answer = await resolver.lookup(query, "TXT")
    found = dmarc_records(answer.texts)
    texts = tuple(text for text, _ in found)
    if len(found) == 1:
        return Step(domain, query, "record", texts, found[0][1])
    if found:
        return Step(domain, query, "several", texts)
    return Step(domain, query, "other" if answer.texts else "no-data" if answer.exists else "no-name")


def dmarc_records(texts: tuple[bytes, ...]) -> tuple[tuple[str, Record], ...]:
    """Those of some TXT records that are DMARC records, as text and as read; whatever else stands beside them is not meant for us."""
    found = []
    for text in texts:
        try:
            found.append((text.decode("latin-1"), parse(text)))
        except DmarcSyntaxError:
            continue
    return tuple(found)
