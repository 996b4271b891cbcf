"""Who has how many points, and whom a person should look at: read from the gradebook, the graded notebooks and the notes of collecting."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry  # type: ignore[import-untyped]

from autograder.cells import read
from autograder.course import Course, api
from autograder.grading import changed, is_graded, not_graded
from autograder.learner import learner_said
from autograder.received import latest
from autograder.roles import SEEN, grade_id
from autograder.run import NO_POINTS

NOTHING = "nothing handed in"
COLUMNS = ("student", "lab", "points", "most", "late", "penalty", "flags")


@dataclass(frozen=True)
class Result:
    """One student in one lab. `points` is None where nothing could be graded; `late` is in seconds; each flag is a few words."""

    student: str
    lab: str
    points: float | None
    most: float
    late: float = 0.0
    penalty: float = 0.0
    flags: tuple[str, ...] = ()

    @property
    def needs_look(self) -> bool:
        """Whether a person should look: not for somebody who handed in nothing."""
        return bool(self.flags) and self.flags != (NOTHING,)

    def row(self) -> tuple[str, ...]:
        """The words of a table, in the order of COLUMNS."""
        points = "" if self.points is None else f"{self.points:g}"
        return (self.student, self.lab, points, f"{self.most:g}", span(self.late), f"{self.penalty:g}", "; ".join(self.flags))


def span(seconds: float) -> str:
    """How late, in days, hours and minutes; empty for not late."""
    minutes = int(seconds // 60) or int(seconds > 0)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return " ".join(f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number)


def results(course: Course, lab: str) -> list[Result]:
    """Every student of a lab, by id: who handed in, whether it could be read or not, and who is in the gradebook only."""
    with api(course).gradebook as gradebook:
        try:
            most = gradebook.find_assignment(lab).max_score
        except MissingEntry:
            return []
        students = {student.id for student in gradebook.students} | set(handed_in(course, lab))
        return [result(course, gradebook, lab, student, most) for student in sorted(students)]


def handed_in(course: Course, lab: str) -> list[str]:
    """The students from whom something came, readable or not."""
    submitted = {path.parent.name for path in course.build.glob(f"submitted/*/{lab}")}
    return sorted(submitted | {path.name for path in course.build.glob(f"collected/{lab}/*")})


def result(course: Course, gradebook: Gradebook, lab: str, student: str, most: float) -> Result:
    """What one student has. Nothing is None of points where the submission could not be graded."""
    flags = list(noted(course, lab, student))
    if not course.submitted(lab, student).exists():
        return Result(student, lab, None, most, flags=tuple(flags or [NOTHING]))
    failed = not_graded(course, lab, student)
    if failed or not is_graded(course, lab, student):
        return Result(student, lab, None, most, flags=(*flags, f"not graded: {failed or 'not yet'}"))
    submission = gradebook.find_submission(lab, student)
    penalty = submission.late_submission_penalty or 0.0
    if changed(course, lab, student):
        flags.append("a newer submission is not graded yet")
    flags += flagged(course, lab, student, bool(submission.score))
    flags += by_hand(submission)
    return Result(student, lab, submission.score - penalty, most, max(0.0, submission.total_seconds_late), penalty, tuple(flags))


def noted(course: Course, lab: str, student: str) -> Iterator[str]:
    """What collecting noted of the latest submission."""
    about = latest(course.collected(lab, student))
    if about:
        yield from about.notes
        if about.problem:
            yield about.problem


def flagged(course: Course, lab: str, student: str, points: bool) -> Iterator[str]:
    """What the graded notebook shows that a person should know. Whose case it was is told, and never punished."""
    notebook = read(course.autograded(lab, student))
    said = learner_said(notebook.cells)
    if said and said != student:
        yield f"the notebook's learner is {said[:64]!r}"
    if points and not said:
        yield "the notebook names no learner: it was done on the operator that all share"
    seen = notebook.metadata.get(SEEN, {})
    for key, words in (("missing", "deleted cells were put back"), ("forged", "cells said another role than they have")):
        if seen.get(key):
            yield f"{words}: {', '.join(seen[key])}"
    for cell in notebook.cells:
        yield from _of_cell(cell)


def _of_cell(cell: NotebookNode) -> Iterator[str]:
    about = cell.metadata.get("nbgrader", {})
    errors = {output.ename for output in cell.get("outputs", []) if output.output_type == "error"}
    if "CellTimeoutError" in errors:
        yield f"{grade_id(about) or 'a cell'} ran out of time"
    if NO_POINTS in errors:
        yield f"the test {grade_id(about)} gave no points"
    if errors and about.get("locked") and not about.get("grade"):
        yield f"the setup cell {grade_id(about)} ended in an error"
    if about.get("grade") and not errors and any(output.get("name") == "stderr" for output in cell.get("outputs", [])):
        yield f"the test {grade_id(about)} wrote a warning, so nbgrader gave nothing for it"


def by_hand(submission: Any) -> list[str]:
    """The questions that wait for a person."""
    names = [grade.name for notebook in submission.notebooks for grade in notebook.grades if grade.needs_manual_grade]
    return [f"to grade by hand: {', '.join(sorted(names))}"] if names else []


def write_csv(rows: list[Result], file: TextIO) -> None:
    """One row a student and lab."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.row() for row in rows)
