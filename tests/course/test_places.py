"""Start anywhere: `at("dmarc/02", "how it breaks")` is the Internet that the lesson has there, and nothing else is needed below it."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import FULL
from lessons import ROOT, Cell, Page, notebooks
from made_up import code, found
from oracles.needed import chance
from started import likeness, started_alone

from postlib.course import places, placing
from postlib.course.places import at

LESSONS = {lesson.id: lesson for lesson in placing.lessons(ROOT)}
TRIED = sorted(LESSONS) if FULL else [random.Random(chance()).choice(sorted(LESSONS))]
PLACES = ROOT / "postlib" / "course" / "places"
BOTH = f"dict(journal={placing.JOURNAL}, likeness=__import__('started').likeness(internet))"
BY_HAND = {"dmarc/03": {"omar@oldmail.example": "203.0.113.67"}}  # reader and source of what a lesson sends past all acts, by SMTP itself
START = datetime(2026, 11, 23, tzinfo=UTC)


def by_hand(lesson: str, like: dict[str, Any]) -> dict[str, Any]:
    """Without the letters that came without an act."""
    sources = BY_HAND.get(lesson, {})
    mail = {reader: [kept for kept in box if kept[1] != sources.get(reader)] for reader, box in like["mail"].items()}
    return {**like, "mail": {reader: box for reader, box in mail.items() if box}}


@pytest.mark.parametrize("name", sorted(LESSONS))
def test_what_is_kept_of_a_lesson_was_made_from_it(name: str) -> None:
    """After a change of a lesson's code or headings: make places."""
    kept = json.loads((PLACES / places.file_name(name)).read_text(encoding="utf-8"))
    assert kept["made_from"] == LESSONS[name].digest, f"{name} has changed: run make places"
    assert list(kept["headings"]) == list(LESSONS[name].headings)


def test_nothing_is_kept_of_lessons_that_are_no_more() -> None:
    assert set(places.lessons()) == LESSONS.keys()


@pytest.mark.parametrize("name", TRIED)
def test_each_heading_is_as_the_lesson_has_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running the lesson gives the same file; and `at` the same zones, the same letters in the same folders, the same time."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    told = LESSONS[name].asked(BOTH)
    assert placing.placed(LESSONS[name], {heading: there["journal"] for heading, there in told.items()}) == (
        PLACES / places.file_name(name)
    ).read_text(encoding="utf-8")
    for heading, there in told.items():
        with at(name, heading) as internet:
            assert by_hand(name, likeness(internet)) == by_hand(name, there["likeness"]), heading


@pytest.mark.parametrize("page", [page for page in notebooks() if page.id in LESSONS], ids=lambda page: str(page.id))
def test_nothing_from_above_a_heading_is_needed_below_it(page: Page) -> None:
    """Beside what the setup cell makes."""
    assert not list(started_alone(page))


def test_a_name_from_an_earlier_heading_is_found() -> None:
    cells = (code("a = 1", "setup"), "## One", code("b = a"), "## Two", code("c = [b for b in 'x']; print(a, c)"))
    assert not found(started_alone, *cells)
    assert not found(started_alone, *cells, code("b = 2\nawait b\nimport d\nprint(b, d, display)"))
    for source in ("b", "b += 1", "print(b)\nb = 2", "[x for x in b]", "f'{b}'", "for b in b: pass"):
        assert found(started_alone, *cells, code(source)), source
    (only,) = found(started_alone, *cells, code("b", "first"), code("b", "second"))  # said once
    assert "first" in only


def test_a_heading_in_the_middle_of_a_cell_counts() -> None:
    assert found(started_alone, "## One", code("b = 1"), Cell("c", "markdown", "The end.\n\n## Two\n\nMore."), code("b"))


def test_a_part_of_a_heading_is_enough_and_capitals_do_not_matter() -> None:
    with at("dmarc/02", "BREAKS") as short, at("DMARC/02", " how it  breaks ") as long, at("dmarc/02", "How it breaks") as exact:
        assert likeness(short) == likeness(long) == likeness(exact) != {}
        assert [act["act"] for act in short.journal()] == ["send", "send"]


def test_a_lesson_alone_is_its_beginning() -> None:
    with at("dmarc/02") as internet:
        assert internet.world == "union" and not internet.journal() and internet.clock.now() == internet.start


def test_it_goes_on_as_any_other_and_can_be_kept(tmp_path: Path) -> None:
    """The journal is one like the lesson's own: dated, and replayed to the same place."""
    from postlib import visit

    with at("dmarc/03", "check") as internet:
        assert internet.clock.now() - internet.start == timedelta(days=7)
        internet.send("ana@auroria.post", "clara@inbox.example")
        internet.save(tmp_path / "journal.json")
        with visit("union", journal=tmp_path / "journal.json") as again:
            assert likeness(again) == likeness(internet)


@pytest.mark.parametrize(
    ("lesson", "heading", "sentence"),
    [
        ("dmarc/99", "", r"there is no lesson 'dmarc/99' to start in; there are: .*dmarc/02"),
        ("../dmarc-02", "", "there is no lesson"),
        ("dmarc/02", "How it end", r"dmarc/02 has no heading with 'How it end'; its headings are: Before we start, The question, .*"),
        ("dmarc/02", "how it", r"more than one heading with 'how it'; its headings are: How it works, How it breaks$"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(lesson: str, heading: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        at(lesson, heading)


def told(*acts: dict[str, Any], now: int = 0) -> dict[str, Any]:
    """A journal of so many seconds."""
    return {"world": "union", "seed": "s", "start": str(START), "now": str(START + timedelta(seconds=now)), "acts": list(acts)}


def done(name: str, seconds: int = 0) -> dict[str, Any]:
    return {"act": name, "at": str(START + timedelta(seconds=seconds)), "cell": "c#0123456789ab"}


def test_time_is_kept_in_seconds_and_never_as_a_date() -> None:
    """Also where a heading stands in the middle of a wait, or at its end."""
    lesson = placing.Lesson("dmarc/01", {"cells": []})
    journals = {
        "One": told(),
        "Two": told(done("a"), done("wait", 50), now=50),
        "Three": told(done("a"), done("b", 90), now=90),
        "Four": told(done("a"), done("b", 90), now=100),
    }
    text = placing.placed(lesson, journals)
    kept = json.loads(text)
    assert not re.search(r"20\d\d|cell", text)
    assert kept["headings"] == {"One": 0, "Two": 2, "Three": 4, "Four": 5}
    place = places.Place("union", "s", kept["headings"], tuple(kept["acts"]))
    assert [(act["act"], act["at"]) for act in place.until("Four", START)] == [
        ("a", "2026-11-23T00:00:00+00:00"),
        ("b", "2026-11-23T00:01:30+00:00"),
        ("wait", "2026-11-23T00:01:40+00:00"),
    ]
    assert [act["act"] for act in place.until("Two", START)] == ["a", "wait"] and not place.until("One", START)


def test_a_lesson_that_takes_back_what_it_did_is_refused() -> None:
    """Its headings could not be told apart by a number of acts."""
    with pytest.raises(ValueError, match="dmarc/01 takes back what it did"):
        placing.placed(placing.Lesson("dmarc/01", {"cells": []}), {"One": told(done("a")), "Two": told(done("b"))})
