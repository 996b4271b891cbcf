"""SPF: which machines may send for a domain (RFC 7208)."""

from __future__ import annotations

from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import ABSENT, Absent, Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.protocols.mx import mail_exchangers
from postlib.protocols.spf import Lookups, Mechanism, Record, SpfSyntaxError, is_spf, lookups, parse
from postlib.protocols.spf.outcome import Result

LOOKUPS, VOIDS = 10, 2  # RFC 7208, section 4.6.4
UNSEEN = ("unreachable", "not-asked", "not-walked")
DANGEROUS = ("0.0.0.0/0", "::/0")


# Facts


@dataclass(frozen=True)
class Spf:
    """What the DNS says of a domain's SPF. `texts` are its other TXT records; `fault` is why the one record cannot be read."""

    domain: str
    records: tuple[str, ...] | Unknown
    texts: tuple[str, ...] | Unknown
    record: Record | Absent | Unknown
    fault: SpfSyntaxError | None
    lookups: Lookups | Absent | Unknown
    receives: bool | Unknown


# Observe


async def observe(net: Observation, domain: str) -> Spf:
    """The domain's TXT records, the SPF record among them, and the worst case of evaluating it."""
    receives = await told(_receives(net, domain))
    answer = await told(net.lookup(domain, "TXT"))
    if isinstance(answer, Unknown):
        return Spf(domain, answer, answer, answer, None, answer, receives)
    records = tuple(readable(text) for text in answer.texts if is_spf(text))
    others = tuple(readable(text) for text in answer.texts if not is_spf(text))
    if len(records) != 1:
        return Spf(domain, records, others, ABSENT, None, ABSENT, receives)
    walked = await told(lookups(net, domain))
    try:
        return Spf(domain, records, others, parse(records[0]), None, walked, receives)
    except SpfSyntaxError as error:
        return Spf(domain, records, others, ABSENT, error, walked, receives)


def readable(text: bytes) -> str:
    """A TXT value as text; octets that are none stand as \\xNN."""
    return text.decode("utf-8", "backslashreplace")


async def _receives(net: Observation, domain: str) -> bool:
    return (await mail_exchangers(net, domain)).accepts_mail


# Remedies


def publish_record(spf: Spf) -> Remedy:
    """One record in place of none or several: the terms of those there are; for a domain without any, its own mail servers or nobody."""
    terms = [term for record in spf.records for term in record.split()[1:] if not _is_all(term)]
    if not terms and spf.receives:
        terms = ["mx"]
    return _publish(spf, " ".join(["v=spf1", *dict.fromkeys(terms), "-all"]), "spf.publish-record")


def end_in_all(spf: Spf) -> Remedy:
    """The same record, closed."""
    terms = [term for term in spf.records[0].split()[1:] if not _is_all(term) and not any(wide in term for wide in DANGEROUS)]
    return _publish(spf, " ".join(["v=spf1", *terms, "-all"]), "spf.close-record")


def without_broken_terms(spf: Spf) -> Remedy:
    """The record without the terms that cannot be evaluated, or that cost more than there is."""
    kept, left, terms = [], LOOKUPS, spf.lookups.terms if spf.lookups else ()
    costs = {term.term.lower(): 1 + (term.inner.total if term.inner else 0) for term in terms}
    broken = {term.term.lower() for term in terms if term.voids or (term.inner and term.inner.problem)}
    for term in spf.records[0].split()[1:]:
        cost = costs.get(term.lower(), 0)
        if term.lower() not in broken and cost <= left and _sound(term) and "ptr" not in term.lower():
            kept.append(term)
            left -= cost
    if not any(_is_all(term) or term.lower().startswith("redirect=") for term in kept):
        kept.append("-all")
    return _publish(spf, " ".join(["v=spf1", *kept]), "spf.shorten-record")


def _publish(spf: Spf, record: str, template: str) -> Remedy:
    act = acts.publish(spf.domain, "TXT", record, *spf.texts)
    return remedy(template, Lever.DNS_HOST, act, name=spf.domain, record=record)


def _is_all(term: str) -> bool:
    return term.lstrip("+-~?").lower() == "all"


def _sound(term: str) -> bool:
    try:
        parse(f"v=spf1 {term}")
    except SpfSyntaxError:
        return False
    return True


# Checks

probe = Probe("spf", "RFC 7208", observe)


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
        return not_applicable(found="no-single-record")
    if spf.lookups.total > LOOKUPS:
        return failed(lookups=spf.lookups.total)
    return _seen(spf.lookups) or passed(lookups=spf.lookups.total)


@probe.check("section 4.6.4", remedy=without_broken_terms, lesson="dmarc/02")
def two_voids(spf: Spf, profile: Profile) -> Verdict:
    """At most two terms of the SPF record lead to names that have nothing."""
    if not spf.record or not spf.lookups:
        return not_applicable(found="no-single-record")
    names = tuple(f"{term.term} ({name})" for term, name in spf.lookups.voids)
    if len(names) > VOIDS:
        return failed(void=names)
    return _seen(spf.lookups) or passed(void=names, advice="spf.void-terms" if names else "")


@probe.check("section 5.2", remedy=without_broken_terms, lesson="dmarc/02")
def includes_work(spf: Spf, profile: Profile) -> Verdict:
    """Every domain that the SPF record includes or redirects to publishes a working SPF record."""
    if not spf.record or not spf.lookups:
        return not_applicable(found="no-single-record")
    broken = tuple(f"{inner.domain} ({inner.problem})" for inner in spf.lookups.broken if inner.problem not in UNSEEN)
    if broken:
        return failed(included=broken)
    return _seen(spf.lookups) or passed()


@probe.check("section 5.1", remedy=end_in_all, lesson="dmarc/02")
def says_who_may_not(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record ends in -all or ~all, so that it says something of every other machine."""
    if not spf.record:
        return not_applicable(found="no-single-record")
    ends = [directive for directive in spf.record.directives if directive.mechanism is Mechanism.ALL]
    if not ends:
        redirect = spf.record.redirect
        return passed(redirect=redirect.text) if redirect is not None else failed(all="none")
    allowed = {"-": Result.FAIL, "~": Result.SOFTFAIL}
    good = ends[0].result in [allowed[word] for word in profile.words("spf.all") if word in allowed]
    return passed(all=ends[0].text) if good else failed(all=ends[0].text)


@probe.check("section 5.6", remedy=end_in_all, lesson="dmarc/02")
def not_everyone(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record does not allow the whole Internet to send."""
    if not spf.record:
        return not_applicable(found="no-single-record")
    wide = tuple(d.text for d in spf.record.directives if d.result is Result.PASS and (d.mechanism is Mechanism.ALL or _everyone(d.text)))
    return failed(term=wide) if wide else passed()


@probe.check("section 5.5", remedy=without_broken_terms, lesson="dmarc/02")
def no_ptr(spf: Spf, profile: Profile) -> Verdict:
    """The SPF record does not use the mechanism ptr, which is slow and unreliable."""
    if not spf.record:
        return not_applicable(found="no-single-record")
    terms = tuple(d.text for d in spf.record.directives if d.mechanism is Mechanism.PTR)
    return failed(term=terms) if terms else passed()


def _everyone(term: str) -> bool:
    return any(term.endswith(wide) for wide in DANGEROUS)


def _seen(walked: Lookups) -> Verdict | None:
    """Unknown where part of the tree could not be asked; None where all was seen."""
    unseen = next((inner for inner in (walked, *walked.broken) if inner.problem in UNSEEN), None)
    term = next((term for term in walked.walk() if term.problem in UNSEEN), None)
    if unseen is not None:
        return unknown(reason=unseen.problem, where=unseen.domain)
    return unknown(reason=term.problem, where=term.domain) if term is not None else None
