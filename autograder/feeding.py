"""Write a page of feedback for each graded submission, with nbgrader's own step and our template."""

from __future__ import annotations

from autograder.course import Course, api
from autograder.grading import is_graded
from autograder.problem import reason


def graded(course: Course, lab: str) -> list[str]:
    """The students whose submission was graded."""
    found = sorted(path.parent.parent.name for path in course.build.glob(f"autograded/*/{lab}/{lab}.ipynb"))
    return [student for student in found if is_graded(course, lab, student)]


def feed_back(course: Course, lab: str, student: str) -> str:
    """Write the page anew. Returns the problem there was, in words; empty where there was none."""
    done = api(course).generate_feedback(lab, student, force=True)
    return "" if done["success"] else reason(done)
