"""What a learner is told of a graded notebook: for each question what was observed, and never the source of a test."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor  # type: ignore[import-untyped]
from nbgrader.utils import is_grade, is_solution  # type: ignore[import-untyped]

from autograder.cells import new_cell, new_output
from autograder.learner import LEARNER, learner_said
from autograder.roles import grade_id

BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
TELLING = 8  # characters: a shorter line of a hidden test says nothing about it
LONGEST = 400  # characters of an error's text
HIDDEN = "(hidden)"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
IN_WORDS = {
    "CellTimeoutError": "It ran longer than is allowed and was stopped.",
    "DeadKernelError": "Python itself stopped while it ran.",
}


class GetPoints(GetGrades):  # type: ignore[misc]
    """nbgrader's step, which takes an answer that nobody has read yet for one worth nothing: such an answer gets `waits`."""

    def _get_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._get_score(cell, resources)
        about = cell.metadata.nbgrader
        grade = self.gradebook.find_grade(about.grade_id, self.notebook_id, self.assignment_id, self.student_id)
        about.waits = bool(grade.needs_manual_grade and grade.manual_score is None)


class TellOnly(NbGraderPreprocessor):  # type: ignore[misc]
    """Leave of a graded notebook what its learner is told: headings, answers, and of each test its docstring, points and outputs.

    Each cell left has `metadata.told`: the kind (heading, answer, test, written) and a title. What the page says at its top is in
    `resources["told"]`.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        secret = hidden_lines(nb)
        resources["told"] = {
            "title": next((line[2:] for cell in nb.cells for line in cell.source.splitlines() if _title(cell, line)), ""),
            "student": resources["nbgrader"]["student"],
            "said": learner_said(nb.cells),
            "waiting": sum(cell.metadata.nbgrader.points for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("waits")),
        }
        nb.cells = without_empty([told for cell in nb.cells for told in told_of(cell, secret)])
        return nb, resources


def _title(cell: NotebookNode, line: str) -> bool:
    return bool(cell.cell_type == "markdown" and line.startswith("# "))


def hidden_lines(nb: NotebookNode) -> list[str]:
    """The lines of all hidden tests, the longest first."""
    found: set[str] = set()
    for cell in filter(is_grade, nb.cells):
        hidden = False
        for line in cell.source.splitlines():
            hidden = (hidden or BEGIN in line) and END not in line
            if hidden and len(line.strip()) >= TELLING:
                found.add(line.strip())
    return sorted(found, key=len, reverse=True)


def without_empty(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells without headings below which nothing is told."""
    following = [cell.metadata.told.kind for cell in cells[1:]] + ["heading"]
    return [cell for cell, after in zip(cells, following, strict=True) if not cell.metadata.told.kind == after == "heading"]


def told_of(cell: NotebookNode, secret: list[str]) -> Iterator[NotebookNode]:
    """What is told of one cell; nothing of prose and setup cells but their headings."""
    if is_grade(cell) and is_solution(cell):
        yield told(cell, "written", "Your answer in words", cell.source, list(cell.get("outputs", [])), secret)
    elif is_grade(cell):
        title, rest = rule(cell)
        shown = [output for output in cell.get("outputs", []) if output.output_type != "execute_result"]
        yield told(cell, "test", title, rest, shown, secret)
    elif is_solution(cell) and grade_id(cell.metadata.nbgrader) != LEARNER:
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        yield told(cell, "answer", "Your answer", cell.source, errors, secret)
    elif cell.cell_type == "markdown":
        headings = [line for line in cell.source.splitlines() if line.startswith("##")]
        if headings:
            yield told(cell, "heading", "", headings[0], [], secret)


def told(cell: NotebookNode, kind: str, title: str, source: str, outputs: list[NotebookNode], secret: list[str]) -> NotebookNode:
    """A cell of the feedback. It is markdown where people wrote sentences, and code where they wrote code."""
    code = kind == "answer" and cell.cell_type == "code" or bool(outputs)
    about = {"nbgrader": cell.metadata.get("nbgrader", {}), "told": {"kind": kind, "title": title, "text": source}}
    return new_cell("code" if code else "markdown", source, about, [_plain(output, secret) for output in outputs])


def rule(cell: NotebookNode) -> tuple[str, str]:
    """The first sentence of a test's docstring, and the rest; the cell's name where there is none."""
    name = str(cell.metadata.nbgrader.grade_id)
    try:
        text = ast.get_docstring(ast.parse(cell.source)) if cell.cell_type == "code" else None
    except SyntaxError:
        text = None
    first, _, rest = (text or name).partition("\n")
    return first.strip(), rest.strip()


def _plain(output: NotebookNode, secret: list[str]) -> NotebookNode:
    """An output without what a test is made of: of an error one sentence, of text no line of a hidden test."""
    if output.output_type == "error":
        return new_output("stream", name="stderr", text=without(error_words(output), secret))
    if output.output_type == "stream":
        return new_output("stream", name=output.name, text=without(output.text, secret))
    shown = {kind: without(data, secret) if isinstance(data, str) else data for kind, data in output.data.items()}
    return new_output("display_data", data=shown)


def error_words(output: NotebookNode) -> str:
    """An error in one sentence."""
    said = COLOURS.sub("", str(output.evalue)).strip()[:LONGEST]
    return IN_WORDS.get(output.ename) or f"It ended in an error, {output.ename}: {said or 'no more is known'}"


def without(text: str, secret: list[str]) -> str:
    """The text without the lines of hidden tests."""
    for line in secret:
        text = text.replace(line, HIDDEN).replace(html.escape(line), HIDDEN)
    return text
