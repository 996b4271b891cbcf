"""What reports of others say: a table of the sources of mail (DMARC), and one of the domains mail was sent to (TLS)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from postlib.display.table import Table
from postlib.words import phrase

SOURCES = ("source", "header-from", "envelope-from", "messages", "spf-aligned", "dkim-aligned", "done")
SESSIONS = ("policy-domain", "policy-type", "sessions-good", "sessions-bad", "failures")


def sources(rows: Sequence[Any], reports: int) -> Table:
    """Rows of reports.sources: one a source, the most messages first."""
    caption = phrase("sources", reports=reports, messages=sum(row.count for row in rows), count=len({row.source_ip for row in rows}))
    return Table(caption, SOURCES, tuple(_source(row) for row in rows), frozenset(SOURCES[:3]) | {"done"})


def _source(row: Any) -> tuple[str, ...]:
    done = ", ".join(f"{disposition or '?'} {count}" for disposition, count in row.dispositions)
    numbers = (str(number) for number in (row.count, row.spf, row.dkim))
    return row.source_ip, row.header_from, row.envelope_from or "", *numbers, done


def sessions(reports: Iterable[Any]) -> Table:
    """TLS reports: for each domain and kind of policy, the sessions that went well and badly, and what went wrong."""
    good: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    failures: dict[tuple[str, str], Counter[str]] = {}
    told = tuple(reports)
    for policy in (policy for report in told for policy in report.policies):
        key = (policy.policy_domain, policy.policy_type)
        good[key] += policy.total_successful_session_count
        bad[key] += policy.total_failure_session_count
        for detail in policy.failure_details:
            failures.setdefault(key, Counter())[detail.result_type] += detail.failed_session_count
    rows = tuple((*key, str(good[key]), str(bad[key]), _counted(failures.get(key, Counter()))) for key in sorted(good))
    caption = phrase("tls-sources", reports=len(told), good=good.total(), bad=bad.total())
    return Table(caption, SESSIONS, rows, frozenset({"policy-domain", "policy-type", "failures"}))


def _counted(failures: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in failures.most_common())
