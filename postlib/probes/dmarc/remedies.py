"""How DMARC is mended: always the step that loses no honest mail, and the next one only when reports allow it."""

from __future__ import annotations

from postlib import acts
from postlib.finding import Lever, Remedy, remedy
from postlib.network import Unknown
from postlib.probes import dkim, spf
from postlib.probes.dmarc.facts import Destination, Dmarc
from postlib.protocols.dmarc import Policy, Record
from postlib.protocols.dmarc.discovery import dmarc_records

RANK = (Policy.NONE, Policy.QUARANTINE, Policy.REJECT)
NEXT_RUNG = {Policy.NONE: Policy.QUARANTINE, Policy.QUARANTINE: Policy.REJECT, Policy.REJECT: Policy.REJECT}


def first_record(dmarc: Dmarc) -> Remedy:
    """The first record: nothing is asked of receivers but reports (RFC 9989, section 7.4). A domain without mail is closed at once."""
    if dmarc.null_mx:
        return close(dmarc)
    return _publish("dmarc.first-record", dmarc.at, f"v=DMARC1; p=none; rua={_own_address(dmarc)}", first_step=True)


def close(dmarc: Dmarc) -> Remedy:
    """A domain that sends no mail asks for refusal at once: no honest letter can be lost."""
    record = "v=DMARC1; p=reject"
    steps = [*spf.silence(dmarc.spf).acts, acts.publish(f"_dmarc.{dmarc.domain}", "TXT", record)]
    return remedy("dmarc.close", Lever.DNS_HOST, *steps, name=f"_dmarc.{dmarc.domain}", domain=dmarc.domain, record=record)


def join_records(dmarc: Dmarc) -> Remedy:
    """One record in place of several, with the mildest of their policies: today none of them counts."""
    step = dmarc.several
    assert step is not None, "the check that fails has seen several"
    records = [record for _, record in dmarc_records(tuple(text.encode("latin-1") for text in step.texts))]
    policies = [record.policy()[1] for record in records]
    mildest = min(policies, key=RANK.index)
    text = f"v=DMARC1; p={mildest}; rua={_agreed(dmarc)}"
    return _publish("dmarc.one-record", step.domain, text, first_step=mildest is not max(policies, key=RANK.index))


def mend_record(dmarc: Dmarc) -> Remedy:
    """The record without what cannot be read. A wrong p, sp or np made it p=none in effect; that is then where it starts."""
    record = _record(dmarc)
    addresses = {} if record.rua else {"rua": _own_address(dmarc)}
    if record.valid_policy:
        return _publish("dmarc.readable-record", dmarc.at, written(record, **addresses))
    return _publish("dmarc.readable-first", dmarc.at, written(record, p="none", sp="", np="", **addresses), first_step=True)


def climb(dmarc: Dmarc) -> Remedy:
    """The next rung, where the ladder stands: SPF, DKIM and reports first, for without them honest mail is lost unseen."""
    if dmarc.null_mx:
        return close(dmarc)
    record = dmarc.record
    if record is None or not record.valid_policy:
        return remedy("dmarc.record-first", Lever.DNS_HOST, first_step=True, domain=dmarc.domain)
    missing = _missing(dmarc, record)
    if missing:
        lever = Lever.MAIL_PROVIDER if missing == ["DKIM"] else Lever.DNS_HOST  # who signs the mail, and who publishes the records
        return remedy("dmarc.prepare", lever, first_step=True, domain=dmarc.domain, missing=", ".join(missing))
    tag = dmarc.discovery.tag or "p"
    rung = NEXT_RUNG[dmarc.discovery.requested or Policy.NONE]
    return _publish("dmarc.next-rung", dmarc.at, written(record, **{tag: rung.value}), first_step=True)


def _missing(dmarc: Dmarc, record: Record) -> list[str]:
    """What must be there before a policy may be raised. What could not be told is not called missing."""
    vouchers, selectors = dmarc.spf.record, dmarc.dkim.selectors
    found = [] if isinstance(vouchers, Unknown) or vouchers else ["SPF"]
    if not isinstance(selectors, Unknown) and selectors.state == "absent":
        found.append("DKIM")
    return found if record.rua else [*found, "rua"]


def end_test(dmarc: Dmarc) -> Remedy:
    """The record without t=y."""
    return _publish("dmarc.end-test", dmarc.at, written(_record(dmarc), t=""))


def cover_subdomains(dmarc: Dmarc) -> Remedy:
    """The record without sp and np, so that p holds for every name below."""
    return _publish("dmarc.cover-subdomains", dmarc.at, written(_record(dmarc), sp="", np=""))


def ask_for_reports(dmarc: Dmarc) -> Remedy:
    """The record with an address for reports."""
    return _publish("dmarc.ask-for-reports", dmarc.at, written(_record(dmarc), rua=_own_address(dmarc)))


def agreed_reports(dmarc: Dmarc) -> Remedy:
    """The record with those addresses alone that may get reports. The others need a record of the destination's own."""
    asked = [destination.authorisation for destination in refused(dmarc)]
    queries = ", ".join(answer.query for answer in asked if not isinstance(answer, Unknown) and answer.query)
    return _publish("dmarc.agreed-reports", dmarc.at, written(_record(dmarc), rua=_agreed(dmarc)), query=queries or "-")


def without_obsolete(dmarc: Dmarc) -> Remedy:
    """The record without what RFC 9989 took away."""
    return _publish("dmarc.without-obsolete", dmarc.at, written(_record(dmarc)))


def publish_key(dmarc: Dmarc) -> Remedy:
    """A first DKIM key."""
    return dkim.publish_key(dmarc.dkim)


def refused(dmarc: Dmarc) -> list[Destination]:
    """The destinations that do not agree."""
    return [to for to in dmarc.destinations if not isinstance(to.authorisation, Unknown) and not to.authorisation.authorised]


def written(record: Record, **changes: str) -> str:
    """The record as text, without what is wrong or obsolete in it, and with some tags changed; an empty value takes a tag away."""
    wrong = {fault.tag for fault in record.faults}
    tags = {
        "p": (record.p or Policy.NONE).value,
        "sp": record.sp.value if record.sp else "",
        "np": record.np.value if record.np else "",
        "psd": record.psd.replace("u", ""),
        "t": record.t.replace("n", ""),
        "adkim": record.adkim.replace("r", ""),
        "aspf": record.aspf.replace("r", ""),
        "rua": ",".join(uri.text for uri in record.rua),
        "ruf": ",".join(uri.text for uri in record.ruf),
        "fo": "" if record.fo == ("0",) else ":".join(record.fo),
    }
    others = {name: value for name, value in record.unknown if name not in wrong}
    return "; ".join(["v=DMARC1", *(f"{name}={value}" for name, value in (tags | others | changes).items() if value)])


def _record(dmarc: Dmarc) -> Record:
    record = dmarc.record
    assert record is not None, "these checks fail only where there is a record"
    return record


def _own_address(dmarc: Dmarc) -> str:
    return f"mailto:dmarc@{dmarc.at}"


def _agreed(dmarc: Dmarc) -> str:
    """The addresses that may get reports; the domain's own where there is none."""
    answers = [(to.uri, to.authorisation) for to in dmarc.destinations]
    agreed = [uri for uri, answer in answers if not isinstance(answer, Unknown) and answer.authorised]
    return ",".join(dict.fromkeys(agreed)) or _own_address(dmarc)


def _publish(template: str, at: str, record: str, *, first_step: bool = False, **values: str) -> Remedy:
    name = f"_dmarc.{at}"
    act = acts.publish(name, "TXT", record)
    return remedy(template, Lever.DNS_HOST, act, first_step=first_step, name=name, record=record, **values)
