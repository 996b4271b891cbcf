"""Grade the submissions of a lab, each by itself: one that fails stops nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from autograder.cells import read
from autograder.course import Course, api
from autograder.problem import reason
from autograder.run import RAN

WORKERS = 2
DIED = "the program that graded it was ended by it; read it before you run it"


def submissions(course: Course, lab: str) -> list[str]:
    """The students of whom there is something to grade."""
    return sorted(path.parent.parent.name for path in course.build.glob(f"submitted/*/{lab}/{lab}.ipynb"))


def grade(course: Course, lab: str, students: list[str], force: bool = False, workers: int = WORKERS) -> Iterator[tuple[str, str]]:
    """Grade these submissions; yields each student with the problem there was, or an empty text, in the order in which they are done.

    What is graded already and did not change is left alone, unless `force`.
    """
    left = list(students)
    for student, problem in _at_once(course, lab, left, force, workers):
        left.remove(student)
        yield student, problem
    for student in left:  # a worker died, and nobody knows of whom: each alone
        yield from list(_at_once(course, lab, [student], force, 1)) or [(student, note(course.failed(lab, student), DIED))]


def _at_once(course: Course, lab: str, students: list[str], force: bool, workers: int) -> Iterator[tuple[str, str]]:
    """Grade in processes of their own, for nbgrader changes the working directory. Ends early when one of them dies."""
    if not students:
        return
    with ProcessPoolExecutor(max(1, min(workers, len(students))), mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[str], str] = {pool.submit(grade_one, course, lab, student, force): student for student in students}
        for done in as_completed(waiting):
            try:
                problem = done.result()
            except BrokenProcessPool:
                continue
            yield waiting[done], problem


def grade_one(course: Course, lab: str, student: str, force: bool = False) -> str:
    """Grade one submission with nbgrader. Returns the problem there was, in words; empty where there was none."""
    failed = course.failed(lab, student)
    done = api(course).autograde(lab, student, force=force or changed(course, lab, student))
    if done["success"]:
        failed.unlink(missing_ok=True)
        return ""
    return note(failed, reason(done))


def note(failed: Path, problem: str) -> str:
    """Keep why a submission could not be graded, for the tables."""
    failed.parent.mkdir(parents=True, exist_ok=True)
    failed.write_text(problem, encoding="utf-8")
    return problem


def not_graded(course: Course, lab: str, student: str) -> str:
    """Why the last try to grade a submission failed; empty where it did not."""
    failed = course.failed(lab, student)
    return failed.read_text(encoding="utf-8") if failed.exists() else ""


def waits(course: Course, lab: str, student: str) -> bool:
    """Whether a submission is to be graded: never done, failed, or handed in anew."""
    return changed(course, lab, student) or bool(not_graded(course, lab, student))


def changed(course: Course, lab: str, student: str) -> bool:
    """Whether there is a newer submission than the one that was graded."""
    graded, submitted = course.autograded(lab, student), course.submitted(lab, student)
    return not is_graded(course, lab, student) or _written(graded) < _written(submitted)


def is_graded(course: Course, lab: str, student: str) -> bool:
    """Whether a submission was graded to the end: nbgrader writes the notebook once before it runs it."""
    graded = course.autograded(lab, student)
    return graded.exists() and bool(read(graded).metadata.get(RAN))


def _written(path: Path) -> float:
    return os.stat(path).st_mtime
