"""A mailbox provider's aggregate reports: counted message by message, mailed when the day is over (RFC 9990)."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timedelta

from postlib.lab.mail.judging import INBOX, REFUSED, Decision, Judgement
from postlib.lab.smtp import Received
from postlib.network import Network, Unreachable
from postlib.protocols import dmarc, reports
from postlib.protocols.reports import AggregateReport, AuthResults, DkimResult, Identifiers, PolicyEvaluated, Record, SpfResult
from postlib.resolver import Resolver

REPORT = b"\r\nSubject: Report Domain:"  # how the subject of a report begins: RFC 9990, "Email"
Key = tuple[str, str]
"""The provider's domain and the domain whose policy was found."""


class Ledger:
    """What the providers of one Internet have seen today."""

    def __init__(self) -> None:
        self._records: dict[Key, Counter[Record]] = {}
        self._policies: dict[Key, dmarc.Record] = {}

    def count(self, provider: str, envelope: Received, judgement: Judgement, decision: Decision) -> None:
        """Count one message, if its author's domain has a policy record that asks for reports.

        A report that is no forgery is not counted: two who reported on each other's reports would never come to an end.
        """
        if judgement.passed and REPORT in envelope.message.split(b"\r\n\r\n", 1)[0]:
            return
        found = judgement.dmarc.discovery if judgement.dmarc else None
        if judgement.dmarc is None or found is None or found.record is None or not found.record.rua:
            return
        key = provider, found.domain
        self._policies[key] = found.record
        self._records.setdefault(key, Counter())[_record(envelope, judgement, judgement.dmarc, decision)] += 1

    def close(self, begin: datetime) -> list[tuple[str, dmarc.Record, AggregateReport]]:
        """The day's reports, one a provider and policy domain, and an empty ledger."""
        days = [(key, self._policies[key], rows) for key, rows in sorted(self._records.items(), key=lambda item: item[0])]
        self._records, self._policies = {}, {}
        return [(provider, policy, _report(provider, domain, policy, rows, begin)) for (provider, domain), policy, rows in days]


async def destinations(net: Network, policy_domain: str, policy: dmarc.Record) -> list[str]:
    """The mail addresses that may have a report: those of the domain itself, and others that agree (RFC 9990, section 4)."""
    resolver, found = Resolver(net), dict[str, None]()
    for uri in policy.rua:
        try:
            authorisation = await dmarc.report_authorised(resolver, policy_domain, uri)
        except Unreachable:
            continue  # a destination that could not be asked gets no report: RFC 9990 wants its word first
        found |= dict.fromkeys(uri.address for uri in authorisation.uris if uri.address)
    return list(found)


def _record(envelope: Received, judgement: Judgement, evaluation: dmarc.Evaluation, decision: Decision) -> Record:
    aligned = {identifier.mechanism for identifier in evaluation.aligned}
    disposition = "pass" if judgement.passed else {INBOX: "none", REFUSED: "reject"}.get(decision.folder, "quarantine")
    reasons = (reports.Reason("local_policy", decision.reason),) if decision.reason == "known-source" else ()
    words = {name: "pass" if name in aligned else "fail" for name in ("dkim", "spf")}
    verdict = PolicyEvaluated(disposition, words["dkim"], words["spf"], reasons)
    signatures = tuple(DkimResult(s.domain, s.selector, s.result) for s in judgement.dkim if s.domain)
    results = AuthResults(signatures, (SpfResult(judgement.spf.domain, "mfrom", judgement.spf.result.value),))
    who = Identifiers(evaluation.author_domain, envelope.sender.rpartition("@")[2], envelope.recipients[0].rpartition("@")[2])
    return Record(envelope.source, 1, verdict, who, results)


def _report(provider: str, domain: str, policy: dmarc.Record, rows: Counter[Record], begin: datetime) -> AggregateReport:
    records = tuple(
        Record(row.source_ip, count, row.policy_evaluated, row.identifiers, row.auth_results)
        for row, count in sorted(rows.items(), key=repr)
    )
    name = hashlib.sha256(f"{provider} {domain} {begin.isoformat()}".encode()).hexdigest()[:16]
    about = reports.ReportMetadata(provider, f"dmarc-reports@{provider}", f"{name}@{provider}", begin, begin + timedelta(days=1))
    words = {tag: str(value) if value else None for tag, value in (("p", policy.p), ("sp", policy.sp), ("np", policy.np))}
    published = reports.PolicyPublished(
        domain, words["p"], words["sp"], words["np"], policy.adkim, policy.aspf, policy.t, "treewalk", ":".join(policy.fo)
    )
    return AggregateReport(about, published, records)
