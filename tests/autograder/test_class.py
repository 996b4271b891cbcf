"""A class hands in a lab, all in one delivery: released, collected, graded, fed back, exported, and every number is as deserved."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from classmates import Mate, classroom
from classroom import LAB, ROOT, project

from autograder.collecting import collect
from autograder.course import Course
from autograder.feeding import feed_back
from autograder.grading import grade, submissions
from autograder.releasing import release
from autograder.results import COLUMNS, Result, results, write_csv
from postlib.course.seeds import LABS

QUICK = {"solution", "one-sender", "ungraded-tests", "deleted-tests", "exits", "empty"}
SETUP = "the setup cell"  # of a lab whose learner deleted what it stands on
BY_HAND = "to grade by hand"
PAGE_WITHOUT = ("handed_in(", "HIDDEN", "Traceback", "nobody told of", "mail=")  # what would be a test's source


def hand_in(course: Course, lab: str, only: set[str] | None, folder: Path) -> list[Mate]:
    """Release the lab, and let the class hand in: a folder a student."""
    release(course, lab)
    mates = classroom(course, lab, only)
    for mate in mates:
        (folder / mate.name).mkdir(parents=True)
        (folder / mate.name / "timestamp.txt").write_text(mate.stamp)
        for name, content in mate.files.items():
            (folder / mate.name / name).write_bytes(content)
    return mates


def deserved(mate: Mate, found: Result) -> None:
    """The points, and for whom a person is called."""
    told = [flag for flag in found.flags if not flag.startswith((BY_HAND, SETUP))]
    assert found.points == mate.points, (mate.name, found)
    assert len(told) == len(mate.told) and all(any(piece in flag for flag in told) for piece in mate.told), (mate.name, told)


def whole_way(course: Course, lab: str, only: set[str] | None, folder: Path) -> None:
    mates = hand_in(course, lab, only, folder)
    told = list(collect(course, [folder]))
    assert {one.student for one in told} == {mate.name for mate in mates} and {one.lab for one in told} == {lab}
    students = submissions(course, lab)
    assert {student for student, _ in grade(course, lab, students)} == set(students)
    found = {result.student: result for result in results(course, lab)}
    for mate in mates:
        deserved(mate, found[mate.name])
        if mate.points is not None:
            told_in_feedback(course, lab, mate)
    exported(list(found.values()))


def told_in_feedback(course: Course, lab: str, mate: Mate) -> None:
    """A page for each, that shows no test."""
    assert feed_back(course, lab, mate.name) == ""
    page = course.feedback(lab, mate.name).read_text(encoding="utf-8")
    assert not [word for word in PAGE_WITHOUT if word in page]
    assert f"{mate.points:g} of " in page
    for section in re.findall(r"<section.*?</section>", page, re.S):
        assert 'class="points lost"' not in section or "<pre" in section or "<table" in section or "<blockquote>" in section


def exported(rows: list[Result]) -> None:
    """The table says the same."""
    file = io.StringIO()
    write_csv(rows, file)
    written = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert tuple(written[0]) == COLUMNS
    assert [row["points"] for row in written] == ["" if row.points is None else f"{row.points:g}" for row in rows]


def test_a_small_class(course: Course, tmp_path: Path) -> None:
    whole_way(course, LAB, QUICK, tmp_path / "in")


@pytest.mark.full
def test_a_class(course: Course, tmp_path: Path) -> None:
    whole_way(course, LAB, None, tmp_path / "in")


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_of_a_lab_has_all_points_and_its_release_none(tmp_path: Path, lab: str) -> None:
    whole_way(Course(project(tmp_path / "course", ROOT / "labs" / lab)), lab, {"solution", "untouched"}, tmp_path / "in")


@pytest.mark.full
@pytest.mark.parametrize("lab", LABS)
def test_a_class_in_a_lab(tmp_path: Path, lab: str) -> None:
    whole_way(Course(project(tmp_path / "course", ROOT / "labs" / lab)), lab, None, tmp_path / "in")
