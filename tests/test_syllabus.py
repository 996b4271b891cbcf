"""The syllabus is one list: every check points into it, what it calls ready is there, and a sheet lacks nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from postlib.course.contents import read
from postlib.probes import checks

ROOT = Path(__file__).parent.parent
COURSE, LABFOLDER = ROOT / "course", ROOT / "labs"
SYLLABUS = yaml.safe_load((COURSE / "syllabus.yaml").read_text(encoding="utf-8"))
TRACKS = {key: what for key, what in SYLLABUS.items() if "lessons" in what}
PAGES = {key: what for key, what in SYLLABUS.items() if "state" in what}
LESSONS = {key: what for track in TRACKS.values() for key, what in track["lessons"].items()} | PAGES
LABS = {key: what for track in TRACKS.values() for key, what in track["labs"].items()}
SHEET = {"title", "field", "level", "aims", "audience", "entry", "minutes", "lessons", "labs"}
ROAD = {"title", "time", "about"}
FIRST_DAY, SESSION = 6 * 60, 90  # minutes


def test_every_check_names_a_lesson_of_the_syllabus() -> None:
    assert {check.id: check.lesson for check in checks().values() if check.lesson not in LESSONS} == {}


def test_what_is_ready_is_there_and_what_is_there_is_listed() -> None:
    there = {f"{path.parent.name}/{path.stem.split('-')[0]}" for path in COURSE.glob("*/*.ipynb")}
    there |= {path.stem for path in COURSE.glob("*.ipynb")}
    assert there == {key for key, what in LESSONS.items() if what["state"] == "ready"}


def test_a_ready_lab_is_there_and_what_is_there_is_listed() -> None:
    there = {path.parent.name for path in LABFOLDER.glob("*/*.ipynb")}
    assert there == {key for key, what in LABS.items() if what["state"] == "ready"}


def test_a_title_asks_one_question() -> None:
    assert [what["title"] for key, what in LESSONS.items() if "/" in key and "?" not in what["title"]] == []


def test_a_sheet_lacks_nothing() -> None:
    """What a course sheet of the UPU's Trainpost tells: aims, audience, conditions, level, field (facts/postal.md, section 2.1)."""
    assert {key: SHEET ^ track.keys() for key, track in TRACKS.items() if SHEET ^ track.keys()} == {}
    assert all(3 <= len(track["aims"]) <= 5 for track in TRACKS.values())


def test_a_state_is_one_of_two_words() -> None:
    assert {what["state"] for what in (*LESSONS.values(), *LABS.values())} <= {"ready", "planned"}


def test_a_lab_practises_lessons_of_its_own_track() -> None:
    strange: dict[str, list[str]] = {}
    for track in TRACKS.values():
        strange |= {lab: what["practises"] for lab, what in track["labs"].items() if set(what["practises"]) - track["lessons"].keys()}
    assert strange == {}
    assert [lab for lab, what in LABS.items() if not what["practises"] or what["practises"] != sorted(what["practises"])] == []


def named(road: dict[str, Any]) -> set[str]:
    """The steps of a road."""
    sessions = [step for session in road.get("sessions", []) for step in (*session["steps"], *session.get("then", []))]
    return {*road.get("before", []), *sessions, *road.get("after", [])}


def test_a_road_has_its_time_and_names_what_there_is() -> None:
    """The first day fits into six hours, a session of the bootcamp into ninety minutes at the lessons' least."""
    roads, steps = SYLLABUS["roads"], read(ROOT).steps
    assert all(road.keys() >= ROAD for road in roads.values())
    assert set().union(*map(named, roads.values())) <= steps.keys()
    assert sum(steps[step].minutes[1] for session in roads["first-day"]["sessions"] for step in session["steps"]) <= FIRST_DAY
    sessions = roads["bootcamp"]["sessions"]
    assert len(sessions) == 5 and all(sum(steps[step].minutes[0] for step in session["steps"]) <= SESSION for session in sessions)
    assert all(session.get("then") for session in sessions[:-1])


def test_the_bootcamp_leaves_nothing_of_its_track_out() -> None:
    road, track = SYLLABUS["roads"]["bootcamp"], TRACKS["dmarc"]
    assert named(road) == {"start", "warm-up"} | track["lessons"].keys() | track["labs"].keys()
