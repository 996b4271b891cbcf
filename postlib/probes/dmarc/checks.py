"""The rules of DMARC."""

from __future__ import annotations

from collections.abc import Callable

from postlib.finding import Verdict, failed, not_applicable, passed, unknown
from postlib.network import Unknown
from postlib.probe import Probe, Profile
from postlib.probes.dmarc import remedies
from postlib.probes.dmarc.facts import Dmarc, as_written, observe
from postlib.protocols.dmarc import Policy, Record

HARMLESS = ("obsolete-size", "fo-without-ruf")  # ignored, as RFC 9989 asks

probe = Probe("dmarc", "RFC 9989", observe, asks=(("_dmarc.", "TXT"),))


@probe.check("section 4.10.1", remedy=remedies.first_record, lesson="dmarc/04")
def published(dmarc: Dmarc, profile: Profile) -> Verdict:
    """A DMARC record is published for the domain, or for the organization above it."""
    elsewhere = () if isinstance(dmarc.misplaced, Unknown) else dmarc.misplaced
    if dmarc.record is not None:
        return passed(name=f"_dmarc.{dmarc.at}", elsewhere=elsewhere, advice="dmarc.misplaced" if elsewhere else "")
    if dmarc.several is not None:
        return not_applicable(found="several-records")
    return failed(found="not-a-dmarc-record" if dmarc.texts else "no-record", text=dmarc.texts, elsewhere=elsewhere)


@probe.check("section 4.10", remedy=remedies.join_records, lesson="dmarc/04")
def one_record(dmarc: Dmarc, profile: Profile) -> Verdict:
    """There is one DMARC record only: of several none counts."""
    if dmarc.several is not None:
        return failed(name=dmarc.several.query, record=[as_written(text) for text in dmarc.several.texts])
    return passed(name=f"_dmarc.{dmarc.at}") if dmarc.record is not None else _no_record()


@probe.check("section 4.7", remedy=remedies.mend_record, lesson="dmarc/04")
def readable(dmarc: Dmarc, profile: Profile) -> Verdict:
    """Every tag of the DMARC record can be read."""
    record = dmarc.record
    if record is None:
        return _no_record()
    faults = tuple(f"{f.tag or '…'}={as_written(f.value)} ({f.word})" for f in record.faults if f.word not in HARMLESS)
    if faults:
        return failed(tag=faults)
    strange = tuple(f"{name}={as_written(value)}" for name, value in record.unknown)
    return passed(unknown_tag=strange, advice="dmarc.unknown-tags" if strange else "")


@probe.check("section 4.7", remedy=remedies.climb, lesson="dmarc/08")
def enforced(dmarc: Dmarc, profile: Profile) -> Verdict:
    """The DMARC policy asks receivers to keep mail that fails out of the inbox."""
    purpose = "none" if dmarc.null_mx else profile.purpose(dmarc.domain)
    allowed = profile.words(f"dmarc.policies.{purpose}")
    if dmarc.policy is None:
        return failed(found="no-policy")
    policy = dmarc.policy.value
    shown = f"{dmarc.discovery.tag or 'p'}={policy}"
    if policy not in allowed:
        return failed(policy=shown, domain=dmarc.at)
    advice = {("staff", "reject"): "dmarc.lists", ("transactional", "quarantine"): "dmarc.reject-fits"}.get((purpose, policy), "")
    return passed(policy=shown, domain=dmarc.at, advice=advice)


@probe.check("section 4.7", remedy=remedies.end_test, lesson="dmarc/06")
def not_testing(dmarc: Dmarc, profile: Profile) -> Verdict:
    """The DMARC record does not say that its policy is only a test (t=y)."""
    if dmarc.record is None:
        return _no_record()
    return failed(tag="t=y") if dmarc.record.t == "y" else passed()


@probe.check("section 4.7", remedy=remedies.cover_subdomains, lesson="dmarc/06")
def subdomains_covered(dmarc: Dmarc, profile: Profile) -> Verdict:
    """The DMARC policy for subdomains, and for names that do not exist, is no weaker than the one for the domain."""
    record = dmarc.record
    if record is None or not record.valid_policy:
        return _no_record()
    if dmarc.at != dmarc.organization.name:
        return not_applicable(found="below-organization")
    sp = record.sp or record.p or Policy.NONE
    np = record.np or sp
    rank = remedies.RANK.index
    weaker = tuple(tag for tag, policy in (("sp", sp), ("np", np)) if rank(policy) < rank(record.p or Policy.NONE))
    return _below(failed, record, weaker) if weaker else _below(passed, record, ("sp", "np"))


def _below(say: Callable[..., Verdict], record: Record, tags: tuple[str, ...]) -> Verdict:
    """What holds below the domain: the tags as written, and for one that is not written, the one that takes its place."""
    asked = {"p": record.p or Policy.NONE, **{tag: policy for tag, policy in (("sp", record.sp), ("np", record.np)) if policy is not None}}
    above = {"sp": "p", "np": "sp" if "sp" in asked else "p"}
    instead = {tag: (f"{above[tag]}={asked[above[tag]]}",) if tag in tags and tag not in asked else () for tag in above}
    written = tuple(f"{tag}={asked[tag]}" for tag in tags if tag in asked)
    return say(policy=written, instead_of_sp=instead["sp"], instead_of_np=instead["np"])


@probe.check("section 4.7", remedy=remedies.ask_for_reports, lesson="dmarc/05")
def reports_wanted(dmarc: Dmarc, profile: Profile) -> Verdict:
    """The DMARC record names an address for aggregate reports (rua)."""
    if dmarc.record is None:
        return _no_record()
    if dmarc.null_mx:
        return not_applicable(found="null-mx")
    return passed(address=tuple(uri.text for uri in dmarc.record.rua)) if dmarc.record.rua else failed(found="no-rua")


@probe.check("section 4", remedy=remedies.agreed_reports, lesson="dmarc/05", standard="RFC 9990")
def reports_authorised(dmarc: Dmarc, profile: Profile) -> Verdict:
    """Every address for reports belongs to the same organization, or its domain agrees to receive them."""
    if dmarc.record is None or not dmarc.record.rua:
        return not_applicable(found="no-rua")
    refused = [(to.uri, to.authorisation.reason) for to in remedies.refused(dmarc)]
    if refused:
        return failed(address=[f"{uri} ({'not-agreed' if reason == 'no-record' else reason})" for uri, reason in refused])
    silent = next((to.authorisation for to in dmarc.destinations if isinstance(to.authorisation, Unknown)), None)
    if silent is not None:
        return unknown(reason=silent.reason, where=silent.where)
    return passed(address=[to.uri for to in dmarc.destinations])


@probe.check("appendix C", remedy=remedies.without_obsolete, lesson="dmarc/06")
def no_obsolete_tags(dmarc: Dmarc, profile: Profile) -> Verdict:
    """The DMARC record uses nothing that RFC 9989 took away: pct, rf, ri, and the size limit behind an address."""
    if dmarc.record is None:
        return _no_record()
    sizes = [f"{fault.tag}=…!{fault.value}" for fault in dmarc.record.faults if fault.word == "obsolete-size"]
    old = [f"{name}={as_written(value)}" for name, value in dmarc.record.obsolete] + sizes
    return failed(tag=old) if old else passed()


@probe.check("section 7.4", remedy=remedies.publish_key, lesson="dmarc/03")
def dkim_behind_reject(dmarc: Dmarc, profile: Profile) -> Verdict:
    """A domain under p=reject signs its mail with DKIM, and does not rely on SPF alone."""
    if dmarc.null_mx or profile.purpose(dmarc.domain) == "none":
        return not_applicable(found="sends-no-mail")
    if dmarc.policy is None or dmarc.policy.value != Policy.REJECT:
        return not_applicable(found="not-under-reject")
    if dmarc.dkim.live:
        return passed(selector=tuple(key.selector for key in dmarc.dkim.live))
    absent = dmarc.dkim.selectors.state == "absent"
    return failed(found="no-selector") if absent else unknown(found="no-selector-guessed")


def _no_record() -> Verdict:
    return not_applicable(found="no-single-record")
