"""The syllabus is one list: every check points into it, and what it calls ready is there."""

from __future__ import annotations

from pathlib import Path

import yaml

from postlib.probes import checks

COURSE = Path(__file__).parent.parent / "course"
SYLLABUS = yaml.safe_load((COURSE / "syllabus.yaml").read_text(encoding="utf-8"))
LESSONS = {key: what for track in SYLLABUS.values() for key, what in track.get("lessons", {}).items()} | {
    key: SYLLABUS[key] for key in ("start", "warm-up")
}


def test_every_check_names_a_lesson_of_the_syllabus() -> None:
    assert {check.id: check.lesson for check in checks().values() if check.lesson not in LESSONS} == {}


def test_what_is_ready_is_there_and_what_is_there_is_listed() -> None:
    there = {str(path.relative_to(COURSE)).removesuffix(".ipynb").split("-")[0] for path in COURSE.rglob("*.ipynb")}
    assert there == {key for key, what in LESSONS.items() if what["state"] == "ready"}


def test_a_title_asks_one_question() -> None:
    assert [what["title"] for key, what in LESSONS.items() if "/" in key and "?" not in what["title"]] == []
