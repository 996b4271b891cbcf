"""What a DMARC aggregate report says: RFC 9990, "Aggregate Reports" and appendix A, and the older schema of RFC 7489, appendix C.

Texts are as reported, without the white space around them. None: the element is absent; "": it is there and empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Schema = Literal["rfc9990", "rfc7489"]
NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"  # RFC 9990, appendix A
OLD_NAMESPACE = "http://dmarc.org/dmarc-xml/0.1"  # RFC 7489, appendix C; most old reports name none

POLICIES = ("none", "quarantine", "reject")
DISPOSITIONS = ("none", "pass", "quarantine", "reject")  # "pass" is new in RFC 9990
ALIGNED = ("pass", "fail")
ALIGNMENTS = ("r", "s")
TESTING = ("n", "y")
DISCOVERY_METHODS = ("psl", "treewalk")
REASONS = ("local_policy", "mailing_list", "other", "policy_test_mode", "trusted_forwarder")
OLD_REASONS = ("forwarded", "sampled_out")  # gone in RFC 9990
DKIM_RESULTS = ("none", "pass", "fail", "policy", "neutral", "temperror", "permerror")  # RFC 8601, section 2.7.1
SPF_RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")  # RFC 8601, section 2.7.2
SCOPES = ("mfrom", "helo")  # RFC 9990 keeps only mfrom


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the receiver did not do what the Domain Owner's policy asks: `type` is one of REASONS (or OLD_REASONS)."""

    type: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyEvaluated:
    """What DMARC came to: the disposition, and whether aligned DKIM and SPF passed. A word is "" where the report has none."""

    disposition: str
    dkim: str
    spf: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The domains that were looked at; `envelope_from` is "" for a null reverse-path."""

    header_from: str
    envelope_from: str | None = None
    envelope_to: str | None = None


@dataclass(frozen=True, slots=True)
class DkimResult:
    """One DKIM signature's own result, aligned or not."""

    domain: str
    selector: str | None
    result: str
    human_result: str | None = None


@dataclass(frozen=True, slots=True)
class SpfResult:
    """SPF's own result, aligned or not."""

    domain: str
    scope: str | None
    result: str
    human_result: str | None = None


@dataclass(frozen=True, slots=True)
class AuthResults:
    """The results of authentication, not yet compared with the Author Domain."""

    dkim: tuple[DkimResult, ...] = ()
    spf: tuple[SpfResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """`count` messages from one address that are alike in everything reported. `source_ip` is in its canonical form."""

    source_ip: str
    count: int
    policy_evaluated: PolicyEvaluated
    identifiers: Identifiers
    auth_results: AuthResults = AuthResults()


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """The DMARC Policy Record as the receiver found it, at `domain`. `pct` is of the old schema only."""

    domain: str
    p: str | None
    sp: str | None = None
    np: str | None = None
    adkim: str | None = None
    aspf: str | None = None
    testing: str | None = None
    discovery_method: str | None = None
    fo: str | None = None
    pct: int | None = None


@dataclass(frozen=True, slots=True)
class ReportMetadata:
    """Who reports, and for which period: `begin` to `end`, in UTC, whole seconds."""

    org_name: str
    email: str
    report_id: str
    begin: datetime
    end: datetime
    extra_contact_info: str | None = None
    generator: str | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregateReport:
    """One receiver's report on one Policy Domain.

    `oddities` are the words of what was tolerated on reading, in the order met (missing-sp, several-spf, zip …);
    they do not take part in comparison.
    """

    report_metadata: ReportMetadata
    policy_published: PolicyPublished
    records: tuple[Record, ...]
    version: str | None = "1.0"
    schema: Schema = "rfc9990"
    oddities: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What all reports say of one source: messages in all, those with aligned SPF and DKIM, and messages by disposition."""

    source_ip: str
    header_from: str
    envelope_from: str | None
    count: int
    spf: int
    dkim: int
    dispositions: tuple[tuple[str, int], ...]


def sources(reports: Iterable[AggregateReport]) -> tuple[SourceRow, ...]:
    """The reports' records put together by address, Author Domain and envelope domain; the most messages first."""
    tally: dict[tuple[str, str, str | None], list[Record]] = {}
    for report in reports:
        for record in report.records:
            identifiers = record.identifiers
            tally.setdefault((record.source_ip, identifiers.header_from, identifiers.envelope_from), []).append(record)
    rows = (_row(*key, records) for key, records in tally.items())
    return tuple(sorted(rows, key=lambda row: (-row.count, row.source_ip, row.header_from, row.envelope_from or "")))


def _row(source_ip: str, header_from: str, envelope_from: str | None, records: list[Record]) -> SourceRow:
    dispositions: Counter[str] = Counter()
    spf = dkim = 0
    for record in records:
        evaluated = record.policy_evaluated
        spf += record.count * (evaluated.spf == "pass")
        dkim += record.count * (evaluated.dkim == "pass")
        dispositions[evaluated.disposition] += record.count
    return SourceRow(source_ip, header_from, envelope_from, dispositions.total(), spf, dkim, tuple(sorted(dispositions.items())))
