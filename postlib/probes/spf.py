"""SPF: which machines may send for a domain (RFC 7208)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import ABSENT, Absent, Unknown
from postlib.probe import Observation, Probe, Profile, readable, told
from postlib.protocols.mx import mail_exchangers
from postlib.protocols.spf import Directive, Lookups, LookupTerm, Mechanism, Record, SpfSyntaxError, is_spf, lookups, lookups_of, parse
from postlib.protocols.spf.outcome import Result

LOOKUPS, VOIDS = 10, 2  # RFC 7208, section 4.6.4
UNSEEN = ("unreachable", "not-asked", "not-walked")
MOST_INCLUDES = 20  # followed where several records stand side by side: twice what one record may reach


# Facts


@dataclass(frozen=True)
class Spf:
    """What the DNS says of a domain's SPF. `records` and `texts`, its other TXT records, are sorted: the DNS gives them in any order.

    `fault` is why the one record cannot be read. `lookups` is the worst case of the one record; where there are several or a broken
    one, `included` holds the same for each domain that they include or redirect to. `receives` is whether mail for the domain has
    anywhere to go, `null_mx` whether it says that there is no mail at all (RFC 7505).
    """

    domain: str
    records: tuple[str, ...] | Unknown
    texts: tuple[str, ...] | Unknown
    record: Record | Absent | Unknown
    fault: SpfSyntaxError | None
    lookups: Lookups | Absent | Unknown
    receives: bool | Unknown
    null_mx: bool | Unknown = False
    included: tuple[LookupTerm, ...] | Unknown = ()


# Observe


async def observe(net: Observation, domain: str) -> Spf:
    """The domain's TXT records, the SPF record among them, and the worst case of evaluating it."""
    mail = await told(mail_exchangers(net, domain))
    receives, null = (mail, mail) if isinstance(mail, Unknown) else (mail.accepts_mail, mail.null)
    answer = await told(net.lookup(domain, "TXT"))
    if isinstance(answer, Unknown):
        return Spf(domain, answer, answer, answer, None, answer, receives, null)
    records = tuple(sorted(readable(text) for text in answer.texts if is_spf(text)))
    others = tuple(sorted(readable(text) for text in answer.texts if not is_spf(text)))
    if len(records) != 1:
        return Spf(domain, records, others, ABSENT, None, ABSENT, receives, null, await told(_included(net, records)))
    try:
        record = parse(records[0])
    except SpfSyntaxError as error:
        return Spf(domain, records, others, ABSENT, error, ABSENT, receives, null, await told(_included(net, records)))
    return Spf(domain, records, others, record, None, await told(lookups(net, domain)), receives, null)


async def _included(net: Observation, records: tuple[str, ...]) -> tuple[LookupTerm, ...]:
    """What the includes and redirects of records that cannot be evaluated lead to. Raises Unreachable."""
    directives = [found for found in map(_directive, _terms(records)) if found is not None]
    followed = [d for d in directives if d.mechanism is Mechanism.INCLUDE and d.domain is not None and not d.domain.letters]
    targets = [(d.text, d.domain.expand({}).removesuffix(".")) for d in followed[:MOST_INCLUDES] if d.domain is not None]
    walked = await lookups_of(net, [domain for _, domain in targets])
    return tuple(LookupTerm(text, domain, inner=inner) for (text, domain), inner in zip(targets, walked, strict=True))


def _terms(records: tuple[str, ...] | Unknown) -> list[str]:
    """The terms of some records as directives of one, each once, without their `all`; a redirect becomes the include it stands for."""
    terms = [term for record in records for term in record.split(" ")[1:] if term and not _is_all(term)]
    return list(dict.fromkeys(f"include:{term[9:]}" if term.lower().startswith("redirect=") else term for term in terms))


def _read(term: str) -> Record | None:
    """The term as a record of its own; None for what cannot be read."""
    try:
        return parse(f"v=spf1 {term}")
    except SpfSyntaxError:
        return None


def _directive(term: str) -> Directive | None:
    """The term as a directive; None for a modifier, and for what cannot be read."""
    return next(iter(record.directives), None) if (record := _read(term)) else None


# Remedies


def publish_record(spf: Spf) -> Remedy:
    """One record in place of none or several: those of their terms that work; for a domain without any, its own mail servers or nobody.

    It ends in ~all as a first step: which machines send in the domain's name is only known once reports arrive (RFC 9989, section 7.4).
    """
    if not spf.records and not spf.receives:
        return silence(spf)
    ends = {term.lower() for record in spf.records for term in record.split(" ") if _is_all(term)}
    closed = ends == {"-all"}
    record = _written(spf, _working(spf, _terms(spf.records)), "-all" if closed else "~all")
    return _publish(spf, record, "spf.join-records" if closed else "spf.publish-record", first_step=not closed)


def silence(spf: Spf) -> Remedy:
    """The record of a domain that sends no mail."""
    return _publish(spf, "v=spf1 -all", "spf.nobody-sends")


def end_in_all(spf: Spf) -> Remedy:
    """The same record, closed with ~all: the safe step before -all. What lets everyone pass goes, also where it is included."""
    tree = spf.lookups if isinstance(spf.lookups, Lookups) else Lookups(spf.domain)
    opened = {term.term.lower().replace("redirect=", "include:", 1) for term in tree.terms if _wide(replace(tree, terms=(term,)))}
    terms = [term for term in _terms(spf.records) if not _everyone(_directive(term)) and term.lower() not in opened]
    return _publish(spf, _written(spf, terms, "~all"), "spf.close-record", first_step=True)


def without_broken_terms(spf: Spf) -> Remedy:
    """The record without the terms that cannot be evaluated, or that cost more than there is."""
    end = next((term for term in spf.records[0].split(" ") if _is_all(term)), "")
    terms = [term for term in spf.records[0].split(" ")[1:] if term and not _is_all(term)]
    return _publish(spf, _written(spf, _working(spf, terms), end or "~all"), "spf.shorten-record")


def _working(spf: Spf, terms: list[str]) -> list[str]:
    """Those terms that can be evaluated, in order, for as long as lookups and void lookups are left."""
    known = {term.term.lower(): term for term in (*(spf.lookups.terms if spf.lookups else ()), *spf.included)}
    kept, lookups_left, voids_left = [], LOOKUPS, VOIDS
    for term in terms:
        directive, walked = _directive(term), known.get(term.lower())
        if _read(term) is None or (directive and directive.mechanism is Mechanism.PTR) or (walked and _broken(walked)):
            continue
        inner = walked.inner if walked else None
        cost = 1 + (inner.total if inner else 0) if walked or (directive and directive.asks) else 0
        voids = len(walked.voids if walked else ()) + len(inner.voids if inner else ())
        if cost <= lookups_left and voids <= voids_left:
            kept.append(term)
            lookups_left, voids_left = lookups_left - cost, voids_left - voids
    return kept


def _broken(term: LookupTerm) -> bool:
    """Whether the term leads nowhere: to a void name, to what is no name, or to a record that does not work."""
    unsound = bool(term.inner and any(inner.problem and inner.problem not in UNSEEN for inner in (term.inner, *term.inner.broken)))
    return unsound or term.domain in term.voids or term.problem in ("not-a-name", "too-many-mail-servers")


def _written(spf: Spf, terms: list[str], end: str) -> str:
    """A record of those terms. Where none of them allows a machine any more, the domain's own mail servers come in their place."""
    redirect = [term for term in terms if term.lower().startswith("redirect=")]
    if not redirect and not any(_directive(term) is not None for term in terms) and spf.receives:
        terms = ["mx", *terms]
    return " ".join(["v=spf1", *terms, *([] if redirect else [end])])


def _publish(spf: Spf, record: str, template: str, *, first_step: bool = False) -> Remedy:
    act = acts.publish(spf.domain, "TXT", record, *spf.texts)
    return remedy(template, Lever.DNS_HOST, act, first_step=first_step, name=spf.domain, record=record)


def _is_all(term: str) -> bool:
    return term.lstrip("+-~?").lower() == "all"


def _everyone(directive: Directive | None) -> bool:
    """Whether the directive lets every machine pass."""
    if directive is None or directive.result is not Result.PASS:
        return False
    anywhere = directive.network is not None and directive.network.prefixlen == 0
    addresses = directive.mechanism in (Mechanism.A, Mechanism.MX) and 0 in (directive.ip4_prefix, directive.ip6_prefix)
    return directive.mechanism is Mechanism.ALL or anywhere or addresses


def _led(walked: Lookups) -> Iterator[Lookups]:
    """The records behind redirects and includes that allow, all the way down: who passes there passes here (RFC 7208, section 5.2)."""
    for inner in (term.inner for term in walked.terms if term.inner and term.term[0] not in "-~?"):
        yield inner
        yield from _led(inner)


def _wide(walked: Lookups) -> tuple[str, ...]:
    """What lets every machine pass in those records, each with its domain."""
    sound = [(inner.domain, parse(inner.record)) for inner in _led(walked) if not inner.problem]
    return tuple(dict.fromkeys(f"{d.text} ({domain})" for domain, record in sound for d in record.evaluated if _everyone(d)))


# Checks

probe = Probe("spf", "RFC 7208", observe, asks=(("", "TXT"), ("", "MX")))


@probe.check("section 4.5", remedy=publish_record, lesson="dmarc/02")
def one_record(spf: Spf, profile: Profile) -> Verdict:
    """The domain publishes exactly one SPF record."""
    if len(spf.records) == 1:
        return passed(record=spf.records)
    return failed(record=spf.records) if spf.records else failed(found="no-record")


@probe.check("section 4.6", remedy=without_broken_terms, lesson="dmarc/02")
def syntax(spf: Spf, profile: Profile) -> Verdict:
    """Every term of the SPF record can be read."""
    if len(spf.records) != 1:
        return not_applicable(found="no-single-record")
    if spf.fault is not None:
        return failed(term=spf.fault.term, problem=spf.fault.reason)
    return passed(record=spf.records)


@probe.check("section 4.6.4", remedy=without_broken_terms, lesson="dmarc/02")
def ten_lookups(spf: Spf, profile: Profile) -> Verdict:
    """Evaluating the SPF record takes at most ten DNS lookups, whoever sends."""
    if not spf.record or not spf.lookups:
        return _no_record(spf)
    if spf.lookups.total > LOOKUPS:
        return failed(lookups=spf.lookups.total)
    return _seen(spf.lookups) or passed(lookups=spf.lookups.total)


@probe.check("section 4.6.4", remedy=without_broken_terms, lesson="dmarc/02")
def two_voids(spf: Spf, profile: Profile) -> Verdict:
    """At most two terms of the SPF record lead to names that have nothing."""
    if not spf.record or not spf.lookups:
        return _no_record(spf)
    names = tuple(f"{term.term} ({name})" for term, name in spf.lookups.voids)
    if len(names) > VOIDS:
        return failed(void=names)
    return _seen(spf.lookups) or passed(void=names, advice="spf.void-terms" if names else "")


@probe.check("section 4.6.4", remedy=without_broken_terms, lesson="dmarc/02")
def ten_mail_servers(spf: Spf, profile: Profile) -> Verdict:
    """No term of the SPF record leads to more than ten mail servers."""
    if not spf.record or not spf.lookups:
        return _no_record(spf)
    long = tuple(f"{term.term} ({term.detail})" for term in spf.lookups.walk() if term.problem == "too-many-mail-servers")
    return failed(term=long) if long else _seen(spf.lookups) or passed()


@probe.check("section 5.2", remedy=without_broken_terms, lesson="dmarc/02")
def includes_work(spf: Spf, profile: Profile) -> Verdict:
    """Every domain that the SPF record includes or redirects to publishes a working SPF record."""
    if not spf.record or not spf.lookups:
        return _no_record(spf)
    broken = tuple(f"{inner.domain} ({inner.problem})" for inner in spf.lookups.broken if inner.problem not in UNSEEN)
    if broken:
        return failed(included=broken)
    return _seen(spf.lookups) or passed()


@probe.check("section 5.1", remedy=end_in_all, lesson="dmarc/02")
def says_who_may_not(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record ends in -all or ~all, so that it says something of every other machine."""
    if not spf.record:
        return _no_record(spf)
    ends = [directive for directive in spf.record.directives if directive.mechanism is Mechanism.ALL]
    if not ends:
        redirect = spf.record.redirect
        return passed(redirect=redirect.text) if redirect is not None else failed(all="no-end")
    allowed = {"-": Result.FAIL, "~": Result.SOFTFAIL}
    good = ends[0].result in [allowed[word] for word in profile.words("spf.all") if word in allowed]
    return passed(all=ends[0].text) if good else failed(all=ends[0].text)


@probe.check("section 5.6", remedy=end_in_all, lesson="dmarc/02")
def not_everyone(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record does not allow the whole Internet to send."""
    if not spf.record or not spf.lookups:
        return _no_record(spf)
    wide = tuple(directive.text for directive in spf.record.directives if _everyone(directive))
    wide += _wide(spf.lookups)
    return failed(term=wide) if wide else _seen(spf.lookups, (spf.lookups, *_led(spf.lookups))) or passed()


@probe.check("section 5.5", remedy=without_broken_terms, lesson="dmarc/02")
def no_ptr(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record does not use the mechanism ptr, which is slow and unreliable."""
    if not spf.record:
        return _no_record(spf)
    terms = tuple(d.text for d in spf.record.directives if d.mechanism is Mechanism.PTR)
    return failed(term=terms) if terms else passed()


def _no_record(spf: Spf) -> Verdict:
    """Nothing can be said of the terms: there is not one SPF record, or it cannot be read."""
    return not_applicable(found="no-single-record" if spf.fault is None else "unreadable-record")


def _seen(walked: Lookups, among: Iterable[Lookups | LookupTerm] = ()) -> Verdict | None:
    """Unknown where part of the tree, or of those parts of it, could not be asked; None where all was seen."""
    parts = (*among,) or (walked, *walked.broken, *walked.walk())
    unseen = next((part for part in parts if part.problem in UNSEEN), None)
    if unseen is None:
        return None
    reason, _, where = unseen.detail.partition(" at ") if unseen.problem == "unreachable" else (unseen.problem, "", unseen.domain)
    return unknown(reason=reason, where=where)
