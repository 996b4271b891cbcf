"""Every fault alone on a clean domain causes its findings, no more and no less; every remedy, applied, heals."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

import pytest
from _pytest.mark import ParameterSet

from postlib.finding import Status
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.lab.personalities import servable
from postlib.lab.personality import PERSONALITIES
from postlib.look import check
from postlib.probes import checks
from postlib.report import Report

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
FAULTS = worlds.faults()


def case(name: str) -> ParameterSet:
    """A fault, skipped where the local OpenSSL cannot speak as badly as its servers must."""
    words = {str(act.get("personality") or act.get("certificate")) for act in FAULTS[name].acts if act["act"] in ("web", "mail")}
    missing = sorted((words & PERSONALITIES.keys()) - servable())
    reason = f"the local OpenSSL cannot serve {', '.join(missing)}"
    return pytest.param(name, marks=pytest.mark.skipif(bool(missing), reason=reason))


FAULT_CASES = [case(name) for name in FAULTS]


@functools.cache
def clean() -> dict[str, Status]:
    with visit("clean", at=AT) as internet:
        return statuses(check(CLEAN, internet))


def statuses(report: Report) -> dict[str, Status]:
    return {finding.check: finding.status for finding in report}


def faulty(name: str) -> Internet:
    internet = visit("clean", at=AT)
    for act in FAULTS[name].on(CLEAN):
        internet.do(act)
    return internet


def test_the_clean_domain_keeps_every_rule() -> None:
    assert {name: status.value for name, status in clean().items() if status not in (Status.PASS, Status.NOT_APPLICABLE)} == {}


@pytest.mark.parametrize("name", FAULT_CASES)
def test_a_fault_causes_its_findings_and_no_others(name: str) -> None:
    fault = FAULTS[name]
    with faulty(name) as internet:
        now = statuses(check(CLEAN, internet))
    changed = {key: status.value for key, status in now.items() if status is not clean()[key]}
    assert changed == fault.changes({key: status.value for key, status in clean().items()})


@pytest.mark.parametrize("name", FAULT_CASES)
def test_every_remedy_heals(name: str) -> None:
    """Its finding turns to pass, no required check turns to fail, and honest mail still arrives."""
    with faulty(name) as internet:
        before = check(CLEAN, internet)
        for finding in before.failed:
            assert finding.remedy is not None, f"{finding.check} fails and says nothing of how to mend it"
            if not finding.remedy.acts or finding.check not in FAULTS[name].causes:
                continue  # a side effect is mended by mending its cause
            with faulty(name) as mended:
                mended.domain(CLEAN).apply(finding.remedy)
                after = check(CLEAN, mended)
                assert after[finding.check].status is Status.PASS, finding.remedy
                worse = {f.check for f in after.failed if f.required and before[f.check].status is not Status.FAIL}
                assert not worse, finding.remedy
                assert mended.send(f"ana@{CLEAN}", "clara@inbox.example").outcome == "inbox"


def test_every_check_is_seen_to_fail_by_some_fault() -> None:
    seen = {check for fault in FAULTS.values() for check, status in fault.causes.items() if status == "fail"}
    assert set(checks()) - seen == set()
