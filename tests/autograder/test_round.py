"""One submission through stock nbgrader as we set it up: the solution has every point, the untouched release none."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from classroom import LAB, LIMIT, MOST, SENDERS, WORDS, answered, lab_notebook, named, write
from nbformat import v4

from autograder.cells import new_cell, new_output
from autograder.course import Course
from autograder.feeding import feed_back
from autograder.grading import DIED, grade, grade_one
from autograder.problem import Refused
from autograder.releasing import release
from autograder.results import Result, results, span
from autograder.run import without_points

NAMES = ["POSTLIB_LEARNER", "POSTLIB_CACHE", "POSTLIB_PROGRESS", "POSTLIB_MISTAKES", "POSTLIB_GRADING_SEED"]


def test_a_release_holds_no_answer_and_no_hidden_test(course: Course) -> None:
    release(course, LAB)
    text = course.release(LAB).read_text()
    assert SENDERS not in text and WORDS not in text and "nobody told of" not in text
    notebook = nbformat.read(course.release(LAB), 4)
    assert named(notebook, "senders").source == "# write your answer here"
    assert named(notebook, "learner").source == 'learner = ""'


def graded(course: Course, student: str, **answers: str) -> Result:
    """Hand in, grade in this process, and look."""
    write(course.submitted(LAB, student), answered(nbformat.read(course.release(LAB), 4), student, **answers))
    assert grade_one(course, LAB, student) == ""
    (found,) = [result for result in results(course, LAB) if result.student == student]
    return found


def test_the_solution_has_all_the_machine_gives_and_the_release_nothing(released: Course) -> None:
    assert graded(released, "full", senders=SENDERS, limit=LIMIT, in_words=WORDS).points == 5
    nothing = graded(released, "none")
    assert (nothing.points, nothing.most, nothing.flags) == (0, MOST, ())


def test_a_kernel_knows_whose_work_it_runs_and_writes_nothing_for_it(released: Course) -> None:
    """The environment that plain nbgrader has too; and what stands below the last test is not run."""
    notebook = answered(nbformat.read(released.release(LAB), 4), "ada", senders="import os\nsenders = [os.environ[name] for name in NAMES]")
    named(notebook, "senders").source = f"NAMES = {NAMES!r}\n" + named(notebook, "senders").source + "\nprint(senders)"
    notebook.cells.append(v4.new_code_cell("print('asked the Internet')"))
    write(released.submitted(LAB, "ada"), notebook)
    assert grade_one(released, LAB, "ada") == ""
    ran = nbformat.read(released.autograded(LAB, "ada"), 4)
    learner, cache, progress, mistakes, seed = ast.literal_eval(named(ran, "senders").outputs[0].text)
    assert (learner, cache, progress, mistakes) == ("ada", "off", "off", "off")
    assert seed == (released.build / "grading-seed").read_text() and ran.cells[-1].outputs == []


def test_a_modules_name_beside_the_notebook_is_not_taken_for_a_library(released: Course) -> None:
    """A `json.py` that was handed in would be imported by the tests; no module is ever copied."""
    write(released.submitted(LAB, "ada"), answered(nbformat.read(released.release(LAB), 4), "ada"))
    (released.submitted(LAB, "ada").parent / "json.py").write_text("raise SystemExit")
    assert grade_one(released, LAB, "ada") == ""
    assert not list(released.autograded(LAB, "ada").parent.glob("*.py"))


def test_an_endless_answer_runs_out_of_time(released: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.course.CELL_SECONDS", 5)
    found = graded(released, "ada", senders="while True:\n    pass", limit=LIMIT)
    assert found.points == 2 and found.flags == ("senders ran out of time",)


def test_a_learner_who_prints_the_tests_reads_nothing_of_them_in_the_feedback(released: Course) -> None:
    """The session's own history holds the hidden test by then."""
    graded(released, "ada", senders="senders = 3", limit="import sys\nprint(In)\nraise ValueError(In[-2])")
    assert feed_back(released, LAB, "ada") == ""
    page = released.feedback(LAB, "ada").read_text()
    assert "nobody told of" not in page and "(hidden)" in page


def test_a_test_gives_points_or_none() -> None:
    """nbgrader gives all points for a result that it cannot read."""
    for result, right in {
        "3": True,
        "2.5": True,
        "0": True,
        "4": False,
        "-1": False,
        "nan": False,
        "'3'": False,
        "np.float64(3.0)": False,
    }.items():
        cell = new_cell("code", "", {"nbgrader": {"points": 3}}, [new_output("execute_result", data={"text/plain": result})])
        assert (without_points(cell) == "") is right, result
    assert "0 results" in without_points(new_cell("code", "", {"nbgrader": {"points": 3}}))


def test_a_lab_that_cannot_be_graded_is_not_released(course: Course) -> None:
    notebook = lab_notebook()
    named(notebook, "limit-test").source = "assert True"
    write(course.source(LAB), notebook)
    with pytest.raises(Refused, match="limit-test does not end in an expression"):
        release(course, LAB)
    with pytest.raises(Refused, match="there is no lab 'x'"):
        release(course, "x")


def test_the_instructors_files_are_not_released(course: Course) -> None:
    for name in ("answers.yaml", "test_lab.py", f"{LAB}.practice.journal.json", "models/model.yaml", "map.svg"):
        path = course.source(LAB).parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("secret")
    release(course, LAB)
    assert {path.name for path in course.release(LAB).parent.rglob("*") if path.is_file()} == {f"{LAB}.ipynb", "map.svg"}


def test_a_lab_in_use_is_released_again_and_keeps_its_grades(released: Course) -> None:
    graded(released, "ada", senders=SENDERS, limit=LIMIT)
    release(released, LAB)
    assert [result.points for result in results(released, LAB)] == [5]


def test_the_gradebook_may_be_elsewhere(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any SQLAlchemy URL, in the environment."""
    monkeypatch.setenv("AUTOGRADER_DB", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    release(course, LAB)
    assert (tmp_path / "elsewhere.db").exists() and not (course.build / "gradebook.db").exists()


def test_what_was_interrupted_is_not_graded(released: Course) -> None:
    """nbgrader writes the notebook among the graded ones before it runs it."""
    graded(released, "ada", senders=SENDERS, limit=LIMIT)
    interrupted = nbformat.read(released.autograded(LAB, "ada"), 4)
    del interrupted.metadata["autograder_ran"]
    released.autograded(LAB, "ada").chmod(0o644)
    write(released.autograded(LAB, "ada"), interrupted)
    assert [result.points for result in results(released, LAB)] == [None]
    assert grade_one(released, LAB, "ada") == "" and [result.points for result in results(released, LAB)] == [5]


@pytest.mark.full
def test_a_submission_that_ends_its_grader_stops_nobody(released: Course) -> None:
    for student, source in {"ada": SENDERS, "bob": "import os\nos.kill(os.getppid(), 9)"}.items():
        write(released.submitted(LAB, student), answered(nbformat.read(released.release(LAB), 4), student, senders=source))
    assert dict(grade(released, LAB, ["ada", "bob"])) == {"ada": "", "bob": DIED}
    assert [result.points for result in results(released, LAB)] == [3, None]


@pytest.mark.parametrize(("seconds", "words"), [(0, ""), (1, "1 min"), (3600, "1 h"), (90061, "1 d 1 h 1 min")])
def test_late_is_said_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
