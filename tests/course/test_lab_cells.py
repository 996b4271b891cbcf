"""The contract of a lab's cells: four roles, and a test cell takes from the learner only what it names in its first line."""

from __future__ import annotations

import ast
import builtins
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from postlib.course.seeds import LABS

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "labs").glob("*/*.ipynb"))
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
LONGEST_ANSWER = 5  # lines of Python
ROLES = {  # grade, locked, solution
    (False, True, False): "setup",
    (False, False, True): "answer",
    (True, True, False): "test",
    (True, False, True): "manual",
}


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def role(cell: dict[str, Any]) -> str:
    """The role of a cell, from nbgrader's own metadata; "" for one without."""
    about = cell["metadata"].get("nbgrader")
    return ROLES[about["grade"], about["locked"], about["solution"]] if about else ""


def of(path: Path, wanted: str) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path) if role(cell) == wanted]


def made_by(source: str) -> set[str]:
    """The names that a piece of code assigns or imports."""
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_every_lab_of_the_package_has_its_notebook_and_its_answers() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(LABS) == [path.parent.name for path in NOTEBOOKS]
    assert all((ROOT / "autograder" / "deserved" / f"{lab}.yaml").exists() for lab in LABS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_test_cell_uses_nothing_of_the_learners_but_what_it_names(path: Path) -> None:
    setup = set().union(*(made_by(source) for source in of(path, "setup")[:1]))
    imported = {name for name in setup if name not in ("internet", "me")}
    for source in of(path, "test"):
        first, second, *_ = ast.parse(source).body
        assert isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and str(first.value.value).endswith(".")
        assert ast.unparse(second).startswith("given = handed_in(")
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        assert names <= made_by(source) | imported | set(dir(builtins)) | {"display"}, source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_hidden_is_the_same_judge_with_other_mail(path: Path) -> None:
    for source in of(path, "test"):
        shown, rest = source.split(HIDDEN[0])
        hidden = rest.split(HIDDEN[1])[0]
        judged = [line for line in shown.splitlines() if "judge(" in line]
        again = [line for line in hidden.splitlines() if "judge(" in line]
        assert len(judged) == len(again) == 1
        assert again[0].startswith(judged[0].removesuffix(")") + ', mail="graded"')


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_answer_needs_more_than_five_lines_or_a_loop_or_a_function(path: Path) -> None:
    first, *answers = of(path, "answer")
    assert first == 'learner = ""'  # what start.ipynb fills in
    for source in answers:
        answer = source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0].strip()
        assert len(answer.splitlines()) <= LONGEST_ANSWER
        kinds = (ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.ClassDef)
        assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(answer)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_points_of_the_cells_are_those_of_the_judge(path: Path) -> None:
    points = {cell["id"]: cell["metadata"]["nbgrader"]["points"] for cell in cells(path) if role(cell) == "test"}
    deserved = yaml.safe_load((ROOT / "autograder" / "deserved" / f"{path.stem}.yaml").read_text(encoding="utf-8"))["solution"]["points"]
    assert sorted(points.values()) == sorted(deserved.values())


def test_a_track_has_one_question_that_a_person_reads() -> None:
    assert sum(len(of(path, "manual")) for path in NOTEBOOKS) == 1
