"""Looking at many domains: a scan ends when its consumer does, and one failure leaves nothing running behind."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from postlib import background
from postlib.finding import Level, Status, Verdict, passed
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.look import ascan, check, domain_name, scan
from postlib.network import CouldNotTell, Network, Unknown, Unreachable
from postlib.policies import profile
from postlib.probe import Observation, Probe, run

NAMES = ["valdoria.post", "inbox.example", "oldmail.example", "printpost.example", "parcel-desk.example"]


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as up:
        yield up


async def others() -> int:
    """How many tasks run on this loop that are a scan's: the lab's servers have their own names."""
    await asyncio.sleep(0.05)
    return sum(any(word in repr(task.get_coro()) for word in ("_look", "observe", "run(")) for task in asyncio.all_tasks())


def test_a_scan_gives_every_domain_once(internet: Internet) -> None:
    reports = list(scan([*NAMES, "VALDORIA.post."], internet, at_once=2))
    assert sorted(report.subject for report in reports) == sorted(NAMES)


def test_who_stops_early_stops_the_looking(internet: Internet, caplog: pytest.LogCaptureFixture) -> None:
    reports = scan(NAMES, internet)
    next(reports)
    reports.close()
    assert background.run(others()) == 0
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


def test_a_name_that_is_none_ends_a_scan_before_it_begins(internet: Internet) -> None:
    with pytest.raises(ValueError, match="is not a domain name"):
        next(scan([*NAMES, "no name"], internet))
    with pytest.raises(ValueError, match="at the least"):
        next(scan(NAMES, internet, at_once=0))


def test_a_bug_in_one_probe_is_raised_and_the_others_end(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    async def observe(_: Observation, domain: str) -> Any:
        raise ZeroDivisionError(domain)

    broken = Probe("broken", "RFC 0", observe)
    broken.check("")(rule)
    edition = replace(profile(), levels={**profile().levels, "broken.rule": Level.ADVISED})
    monkeypatch.setattr("postlib.look.PROBES", (broken, *__import__("postlib.probes").probes.PROBES))

    async def go() -> int:
        with pytest.raises(ZeroDivisionError):
            async for _ in ascan(NAMES, internet, profile=edition):
                pass
        return await others()

    assert asyncio.run(go()) == 0


def rule(facts: Any, _: Any) -> Verdict:
    """The rule holds."""
    return passed(value=facts.value)


@pytest.mark.parametrize("error", [CouldNotTell(Unknown("timeout", "here")), Unreachable("timeout", "here")], ids=["touched", "silence"])
def test_facts_that_could_not_be_observed_make_every_check_unknown(error: Exception, internet: Internet) -> None:
    async def observe(_: Observation, domain: str) -> Any:
        raise error

    probe = Probe("silent", "RFC 0", observe)
    probe.check("")(rule)
    [finding] = asyncio.run(run(probe, Observation(Network(route=internet.network.route)), "valdoria.post", Everything()))  # type: ignore[arg-type]
    assert finding.status.value == "unknown" and dict(finding.verdict.evidence) == {"reason": "timeout", "where": "here"}


class Everything:
    """A profile that asks for every check."""

    def level(self, check: str) -> Any:
        """As the course's for a check it requires."""
        return profile().level("spf.one-record")


def test_a_name_that_does_not_exist_fails_one_check_and_no_other() -> None:
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        report = check("valdroia.post", internet)
    assert [finding.check for finding in report.failed] == ["delegation.exists"] and report.exit_code == 1
    assert {finding.status for finding in report if finding.check != "delegation.exists"} == {Status.NOT_APPLICABLE}


def test_a_profile_names_the_selectors_that_nobody_can_guess() -> None:
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        for act in worlds.faults()["dkim-not-guessed"].on("valdoria.post"):
            internet.do(act)
        told = replace(profile(), selectors={"valdoria.post": ("s2026e",)})
        statuses = [check("valdoria.post", internet, profile=edition)["dkim.published"].status for edition in (profile(), told)]
    assert statuses == [Status.UNKNOWN, Status.PASS]


@pytest.mark.parametrize(
    "subject",
    [
        "*.post",
        "-a.post",
        "a-.post",
        "a!b.post",
        "\\000.post",
        "a b.post",
        "a@b.post",
        "https://auroria.post/",
        "a..post",
        ".",
        "",
        "x" * 64 + ".post",
    ],
)
def test_what_is_no_host_name_is_refused_before_anything_is_asked(subject: str) -> None:
    """One bad line must not end a scan halfway: it is said at once."""
    with pytest.raises(ValueError, match="is not a domain name"):
        domain_name(subject, Network())


def test_a_scan_leaves_the_garbage_collector_as_it_was(internet: Internet) -> None:
    before = gc.get_threshold()
    reports = scan(NAMES, internet)
    next(reports)
    during = gc.get_threshold()
    reports.close()
    assert gc.get_threshold() == before and (during[0] > before[0] or before[0] == 0)
