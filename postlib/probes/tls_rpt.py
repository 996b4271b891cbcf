"""TLS-RPT: where senders report that TLS with the domain's mail servers failed (RFC 8460)."""

from __future__ import annotations

from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import mx
from postlib.protocols.mx import Exchangers
from postlib.protocols.text_record import versioned
from postlib.protocols.tls_rpt import TlsRpt, discover

ABSENT, SEVERAL = "no-record", "several-records"

# Facts


@dataclass(frozen=True)
class Reporting:
    """The domain's TLS-RPT record, and whether it takes mail at all."""

    domain: str
    found: TlsRpt | Unknown
    exchangers: Exchangers | Unknown

    @property
    def records(self) -> tuple[str, ...]:
        """The TLS-RPT records, without the other TXT records of the name."""
        return tuple(sorted(readable(versioned(self.found.texts, "TLSRPTv1"))))


def readable(texts: tuple[bytes, ...]) -> tuple[str, ...]:
    """TXT values as text; octets that are none stand as \\xNN."""
    return tuple(text.decode("utf-8", "backslashreplace") for text in texts)


# Observe


async def observe(net: Observation, domain: str) -> Reporting:
    """The record, and the exchangers that it is about."""
    return Reporting(domain, await told(discover(net, domain)), (await net.facts(mx.probe, domain)).exchangers)


# Remedies


def publish_record(facts: Reporting) -> Remedy:
    """One record that can be read, in place of what is there. The mailbox must exist: the sentence says so."""
    name = f"_smtp._tls.{facts.domain}"
    others = [text for text in readable(facts.found.texts) if not text.startswith("v=TLSRPTv1")]
    record = f"v=TLSRPTv1; rua={','.join(_destinations(facts)) or f'mailto:tls-reports@{facts.domain}'}"
    return remedy("tls-rpt.publish-record", Lever.DNS_HOST, acts.publish(name, "TXT", record, *others), name=name, record=record)


def _destinations(facts: Reporting) -> tuple[str, ...]:
    return facts.found.record.rua if facts.found.record is not None else ()


# Checks

probe = Probe("tls-rpt", "RFC 8460", observe, asks=(("_smtp._tls.", "TXT"),))


@probe.check("section 3", remedy=publish_record, lesson="dmarc/10")
def published(facts: Reporting, profile: Profile) -> Verdict:
    """The domain asks with a TLS-RPT record for reports on TLS that failed."""
    if facts.found.failure != ABSENT:
        return passed(record=facts.records)
    if not facts.exchangers.accepts_mail:
        return not_applicable(found="takes-no-mail")
    return failed(found=ABSENT)


@probe.check("section 3", remedy=publish_record, lesson="dmarc/10")
def one_record(facts: Reporting, profile: Profile) -> Verdict:
    """There is no more than one TLS-RPT record: senders ignore several."""
    if facts.found.failure == ABSENT:
        return not_applicable(found=ABSENT)
    return failed(record=facts.records) if facts.found.failure == SEVERAL else passed(record=facts.records)


@probe.check("section 3", remedy=publish_record, lesson="dmarc/10")
def syntax(facts: Reporting, profile: Profile) -> Verdict:
    """The TLS-RPT record can be read."""
    if facts.found.failure in (ABSENT, SEVERAL):
        return not_applicable(found=facts.found.failure)
    if facts.found.record is None:
        return failed(record=facts.records, problem=facts.found.failure)
    return passed(record=facts.records)


@probe.check("section 3", remedy=publish_record, lesson="dmarc/10")
def destination(facts: Reporting, profile: Profile) -> Verdict:
    """The TLS-RPT record names a mail address (mailto) or a web address (https) that reports can be sent to."""
    if facts.found.record is None:
        return not_applicable(found="no-readable-record")
    if not facts.found.record.rua:
        return failed(rua=facts.found.record.unusable)
    return passed(rua=facts.found.record.rua, advice="tls-rpt.unusable-beside" if facts.found.record.unusable else "")
