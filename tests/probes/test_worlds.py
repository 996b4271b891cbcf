"""A world says who is there and what is wrong with each; what a report must then find is computed from that."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib.finding import Finding, Status
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.look import check, scan
from postlib.report import Report

AT = datetime(2026, 11, 23, tzinfo=UTC)
UNION = worlds.load("union")
LEARNER = "auroria.post"


@functools.cache
def reports() -> dict[str, Report]:
    with visit("union", at=AT) as internet:
        return {report.subject: report for report in scan((entry.domain for entry in UNION.entries), internet)}


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


def expected(entry: worlds.Entry) -> dict[str, str]:
    """What the faults of an entry leave of a well-kept domain of its kind."""
    model = "valdoria.post" if entry.kind != "hosted" else next(e.domain for e in UNION.entries if e.kind == "hosted" and not e.faults)
    left = {finding.check: finding.status.value for finding in reports()[model]}
    for name in entry.faults:
        left |= worlds.faults()[name].changes(left)
    return left


def broken(statuses: dict[str, str]) -> dict[str, str]:
    return {check: status for check, status in statuses.items() if status in ("fail", "unknown")}


@pytest.mark.parametrize("domain", [entry.domain for entry in UNION.entries])
def test_a_report_finds_what_the_world_says_and_nothing_else(domain: str) -> None:
    entry = next(entry for entry in UNION.entries if entry.domain == domain)
    assert broken({finding.check: finding.status.value for finding in reports()[domain]}) == broken(expected(entry))


def test_valdoria_keeps_every_rule() -> None:
    assert reports()["valdoria.post"].exit_code == 0 and not reports()["valdoria.post"].failed and not reports()["valdoria.post"].unknown


@functools.cache
def findings() -> tuple[Finding, ...]:
    return reports()[LEARNER].failed


def test_the_learner_s_domain_can_be_forged_and_its_mail_arrives(internet: Internet) -> None:
    assert reports()[LEARNER].exit_code == 1
    assert internet.campaign("parcel-fee").arrived == 2
    assert internet.send(f"ana@{LEARNER}", "clara@inbox.example").arrived


@pytest.mark.parametrize("number", range(len(worlds.load("union").entries[1].faults)))
def test_each_remedy_alone_heals_the_learner_s_domain(internet: Internet, number: int) -> None:
    """Its finding turns to pass, nothing required breaks, honest mail still arrives."""
    finding = findings()[number]
    assert finding.remedy is not None and finding.remedy.acts, finding.check
    internet.domain(LEARNER).apply(finding)
    after = check(LEARNER, internet)
    assert after[finding.check].status is Status.PASS
    assert {f.check for f in after.failed if f.required} <= {f.check for f in findings() if f.required}
    assert internet.send(f"ana@{LEARNER}", "clara@inbox.example").arrived


def test_all_remedies_together_leave_nothing_to_mend(internet: Internet) -> None:
    """Remedy after remedy, as a person would: look, apply the first, look again."""
    for _ in range(40):
        todo = [finding for finding in check(LEARNER, internet).failed if finding.remedy and finding.remedy.acts]
        if not todo:
            break
        internet.domain(LEARNER).apply(todo[0])
    last = check(LEARNER, internet)
    assert (last.exit_code, [finding.check for finding in last.failed]) == (0, [])
    assert internet.campaign("parcel-fee").arrived == 0
    assert internet.send(f"ana@{LEARNER}", "clara@inbox.example").arrived
