"""Make the learners' version of a lab, and look whether it is one."""

from __future__ import annotations

import ast
from datetime import datetime

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution  # type: ignore[import-untyped]

from autograder import cells
from autograder.course import Course, api
from autograder.problem import Refused, reason

MARKS = ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME")


def release(course: Course, lab: str, due: datetime | None = None) -> None:
    """Write build/release/LAB, and the lab into the gradebook; `due`: when it is due, in UTC.

    Raises Refused, with the reason, when the lab is not fit to be handed out; then nothing is released.
    """
    notebook = read(course, lab)
    problem = unfit(notebook)
    if problem:
        raise Refused(f"labs/{lab}/{lab}.ipynb: {problem}")
    grader = api(course)
    done = grader.generate_assignment(lab, force=True)
    if not done["success"]:
        raise Refused(f"{lab} could not be released: {reason(done)}")
    if due:
        with grader.gradebook as gradebook:
            gradebook.update_or_create_assignment(lab, duedate=due.replace(tzinfo=None))
    left = [mark for mark in MARKS if mark in course.release(lab).read_text(encoding="utf-8")]
    if left:
        course.release(lab).unlink()
        raise Refused(f"{lab} was not released: {left[0]!r} would be in it")


def read(course: Course, lab: str) -> NotebookNode:
    """The instructor's notebook of a lab. Raises Refused where there is none."""
    if lab not in course.labs:
        raise Refused(f"there is no lab {lab!r}; the labs are: {', '.join(course.labs) or 'none yet'}")
    try:
        return cells.read(course.source(lab))
    except ValueError as error:
        raise Refused(f"labs/{lab}/{lab}.ipynb is no notebook: {error}") from error


def unfit(notebook: NotebookNode) -> str:
    """Why a lab cannot be handed out, as a sentence; empty where it can."""
    tests = [cell for cell in notebook.cells if is_grade(cell) and not is_solution(cell)]
    if not tests:
        return "it has no test cell, so nothing in it could be graded"
    for cell in (cell for cell in tests if cell.cell_type == "code"):
        lines = ast.parse(cell.source).body
        if not lines or not isinstance(lines[-1], ast.Expr) or isinstance(lines[-1].value, ast.Constant) and len(lines) == 1:
            return f"the test cell {cell.metadata.nbgrader.grade_id} does not end in an expression, the points"
    return ""
