"""The profile quick: what the DNS says of many domains' mail, as a full look would say it, and nobody else is spoken to."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib.finding import Status
from postlib.lab.internet import Internet, visit
from postlib.look import check, scan
from postlib.policies import profile


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as up:
        yield up


def test_every_check_is_one_of_the_course_as_severe_as_there() -> None:
    quick, course = profile("quick"), profile()
    assert quick.quick and not course.quick
    assert quick.levels.items() <= course.levels.items()


def test_a_quick_look_says_what_a_full_look_says(internet: Internet) -> None:
    """Over the whole of `union`: no check passes or fails that a full look judges otherwise, and nothing is left unknown."""
    full = {report.subject: report for report in scan(internet.domains(), internet)}
    for report in scan(internet.domains(), internet, profile="quick"):
        said = {finding.check: finding.status for finding in report}
        known = {name: full[report.subject][name].status for name in said if full[report.subject][name].status is not Status.UNKNOWN}
        assert {name: said[name] for name in known} == known, report.subject
        assert said.keys() == profile("quick").levels.keys() and Status.UNKNOWN not in said.values(), report.subject


def test_a_quick_look_speaks_to_no_machine_of_the_domain(internet: Internet) -> None:
    before = len(list(internet.record))
    check("valdoria.post", internet, profile="quick")
    assert {event.kind for event in list(internet.record)[before:]} == {"question"}
