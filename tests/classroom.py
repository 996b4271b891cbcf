"""A small lab and a class that hands it in, for tests of the grading: four roles, partial credit, a hidden test, a hand-graded question."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

ROOT = Path(__file__).resolve().parent.parent
LAB = "paper-round"
SENDERS = 'senders = ["counter", "parcels", "tracing"]'
LIMIT = "limit = 10"
WORDS = "The newsletter service renumbers, and an include follows it."
POINTS = {"senders-test": 3.0, "limit-test": 2.0}  # what the machine gives; the question in words has 3 more
MOST = 8.0

SENDERS_TEST = '''"""Every service that sends for the operator is in your list.

One point for each service."""
given = handed_in("senders")
wanted = ["counter", "parcels"]
### BEGIN HIDDEN TESTS
wanted = [*wanted, "tracing"]  # the third sender nobody told of
### END HIDDEN TESTS
found = [name for name in wanted if name in given["senders"]]
print(f"{len(found)} of {len(wanted)} services are in your list.")
len(found)'''
LIMIT_TEST = '''"""The limit of DNS lookups is the number of RFC 7208."""
given = handed_in("limit")
right = given["limit"] == 10
print(f"You wrote {given['limit']!r}.")
2 if right else 0'''


def cell(kind: str, source: str, name: str = "", points: float | None = None, **roles: bool) -> NotebookNode:
    """A cell; with a name it is one of nbgrader's."""
    made: Any = (v4.new_code_cell if kind == "code" else v4.new_markdown_cell)(source)
    if name:
        known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name}
        made.metadata["nbgrader"] = known | roles | ({} if points is None else {"points": points})
    return made


def answer(code: str) -> str:
    return f"### BEGIN SOLUTION\n{code}\n### END SOLUTION"


def lab_notebook() -> NotebookNode:
    """The instructor's notebook."""
    made: Any = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    made.cells = [
        cell("markdown", "# The paper round\n\nWho sends for the operator?"),
        cell("code", 'learner = ""', "learner", solution=True),
        cell("code", "from postlib.course import handed_in", "setup", locked=True),
        cell("markdown", "## Your senders"),
        cell("code", answer(SENDERS), "senders", solution=True),
        cell("code", SENDERS_TEST, "senders-test", 3, grade=True, locked=True),
        cell("markdown", "## The limit"),
        cell("code", answer(LIMIT), "limit", solution=True),
        cell("code", LIMIT_TEST, "limit-test", 2, grade=True, locked=True),
        cell("markdown", "## In words\n\nWhat happens when a partner renumbers?"),
        cell("markdown", answer(WORDS), "in-words", 3, grade=True, solution=True),
    ]
    for number, one in enumerate(made.cells):
        one.id = f"cell-{number}"
    return made


def write(path: Path, notebook: NotebookNode) -> Path:
    """Write a notebook, its folders with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path


def project(folder: Path, lab: Path | None = None) -> Path:
    """A repository with one lab, the stand-in unless another is given, and the grading beside it."""
    shutil.copytree(ROOT / "autograder", folder / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    if lab is None:
        write(folder / "labs" / LAB / f"{LAB}.ipynb", lab_notebook())
    else:
        shutil.copytree(lab, folder / "labs" / lab.name)
    return folder


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell with that grade_id."""
    found: NotebookNode = next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name)
    return found


def answered(release: NotebookNode, learner: str = "", **answers: str) -> NotebookNode:
    """A released notebook with answers, by grade_id (`in_words` for in-words)."""
    for name, source in answers.items():
        named(release, name.replace("_", "-")).source = source
    named(release, "learner").source = f'learner = "{learner}"'
    return release
