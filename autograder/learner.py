"""The cells that are the learner's: handed out without their answers; and the id that stands in one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions  # type: ignore[import-untyped]

LEARNER = "learner"  # the grade_id of the cell in which the learner's own id stands, and its name there


class KeepLearner(ClearSolutions):  # type: ignore[misc]
    """Blank every answer, but for the cell `learner = ""`: start.ipynb writes the id there, and an untouched one must still run."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, cell_index: int) -> tuple[NotebookNode, Any]:
        kept = cell.metadata.get("nbgrader", {}).get("grade_id") == LEARNER and self.begin_solution_delimeter not in cell.source
        return (cell, resources) if kept else super().preprocess_cell(cell, resources, cell_index)


def learner_said(cells: Iterable[NotebookNode]) -> str:
    """The learner's id that a notebook states in its first line `learner = "…"`, read and never run; empty where there is none."""
    for cell in cells:
        said = stated(cell.source) if cell.cell_type == "code" else None
        if said is not None:
            return said
    return ""


def stated(source: str) -> str | None:
    """The text that a cell gives the name `learner`; empty where it is no plain text, None where the cell does not name it."""
    try:
        lines = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for line in lines:
        if isinstance(line, ast.Assign) and [getattr(target, "id", "") for target in line.targets] == [LEARNER]:
            return line.value.value.strip() if isinstance(line.value, ast.Constant) and isinstance(line.value.value, str) else ""
    return None
