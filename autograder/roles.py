"""What each cell of a submission is, taken from the gradebook: what the submission says of itself does not count."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook  # type: ignore[import-untyped]
from nbgrader.preprocessors import NbGraderPreprocessor  # type: ignore[import-untyped]

from autograder.cells import new_cell, read
from autograder.run import RAN

SCHEMA = 3  # of nbgrader's cell metadata
SEEN = "autograder"  # notebook metadata: what was mended, for the table of results
ROLE = ("grade", "solution", "task", "locked", "points")


@dataclass(frozen=True)
class Role:
    """A cell as it was released, its hidden part included."""

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    grade: bool
    solution: bool
    task: bool
    points: float | None

    def metadata(self) -> dict[str, Any]:
        """nbgrader's metadata of this cell."""
        found: dict[str, Any] = {key: getattr(self, key) for key in ("grade", "solution", "task", "locked", "checksum", "cell_type")}
        found |= {"grade_id": self.name, "schema_version": SCHEMA}
        return found if self.points is None else found | {"points": self.points}

    def cell(self, source: str) -> NotebookNode:
        """A cell of this role."""
        return new_cell(self.cell_type, source, {"nbgrader": self.metadata()})


class GiveRoles(NbGraderPreprocessor):  # type: ignore[misc]
    """Give every cell the role of the release, and bring back what is missing. What was mended is noted in the notebook's metadata."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            roles = released(gradebook.find_notebook(about["notebook"], about["assignment"]))
        layout = laid_out(self.parent.parent.coursedir, about)
        nb.cells, forged = with_roles(nb.cells, roles, {slot.id: slot.name for slot in layout if slot.name in roles})
        missing = bring_back(nb.cells, layout, roles)
        nb.metadata[SEEN] = {"missing": missing, "forged": forged}
        nb.metadata.pop(RAN, None)
        return nb, resources


def released(notebook: Any) -> dict[str, Role]:
    """The cells of a notebook of the gradebook, by grade_id."""
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    answers = {cell.name for cell in notebook.solution_cells}
    return {
        cell.name: Role(
            cell.name, cell.cell_type, cell.source, cell.checksum, bool(cell.locked), cell.name in graded, cell.name in answers,
            cell.name in tasks, (graded | tasks).get(cell.name),
        )
        for cell in notebook.source_cells
    }  # fmt: skip


def with_roles(cells: list[NotebookNode], roles: dict[str, Role], ids: dict[str, str]) -> tuple[list[NotebookNode], list[str]]:
    """The cells, each with the role of its grade_id; of two with one grade_id the later has it. Also the ids whose role was another.

    A cell that lost its metadata is known by its id: `ids` has the grade_ids by cell id.
    """
    said = [grade_id(cell.metadata.get("nbgrader")) for cell in cells]
    names = [
        name if name in roles else ids[cell.id] if ids.get(cell.get("id", "")) not in (None, *said) else ""
        for cell, name in zip(cells, said, strict=True)
    ]
    forged = []
    for number, (cell, name) in enumerate(zip(list(cells), names, strict=True)):
        about = cell.metadata.pop("nbgrader", None)
        if name and name not in names[number + 1 :]:
            cells[number] = roles[name].cell(cell.source)
            cells[number].id = cell.get("id", cells[number].id)
            if not role_said(about, cell, roles[name]):
                forged.append(name)
    return cells, sorted(forged)


def grade_id(said: Any) -> str:
    """The grade_id in a cell's metadata; empty where there is none."""
    name = said.get("grade_id") if isinstance(said, dict) else None
    return name if isinstance(name, str) else ""


def role_said(said: Any, cell: NotebookNode, role: Role) -> bool:
    """Whether a submitted cell still says the role that it had."""
    wanted, said = role.metadata(), said if isinstance(said, dict) else {}
    return cell.cell_type == role.cell_type and all((said.get(key) or None) == (wanted.get(key) or None) for key in ROLE)


def bring_back(cells: list[NotebookNode], layout: list[Slot], roles: dict[str, Role]) -> list[str]:
    """Put what is missing of the release after the nearest cell that it followed there and that is left. Returns the grade_ids."""
    missing = []
    for number, slot in enumerate(layout):
        if slot.name in roles and _place(cells, slot) is None:
            before = (_place(cells, earlier) for earlier in reversed(layout[:number]))
            cells.insert(next((place for place in before if place is not None), -1) + 1, roles[slot.name].cell(roles[slot.name].source))
            missing.append(slot.name)
    return missing


def _place(cells: list[NotebookNode], slot: Slot) -> int | None:
    """Where a cell of the release stands in a submission: a cell of nbgrader's by its grade_id, any other by its id or its text."""
    for number, cell in enumerate(cells):
        name = grade_id(cell.metadata.get("nbgrader"))
        if name == slot.name if name else (cell.get("id") == slot.id or cell.source == slot.source):
            return number
    return None


@dataclass(frozen=True)
class Slot:
    """A cell of the instructor's notebook: its id, its grade_id if it has one, its text."""

    id: str
    name: str
    source: str


def laid_out(coursedir: Any, about: dict[str, str]) -> list[Slot]:
    """The cells of the instructor's notebook from top to bottom: the gradebook keeps no order."""
    folder = coursedir.format_path(coursedir.source_directory, ".", about["assignment"])
    cells = read(Path(folder, f"{about['notebook']}.ipynb")).cells
    return [Slot(cell.get("id", ""), grade_id(cell.metadata.get("nbgrader")), cell.source) for cell in cells]


def grade_ids(notebook: dict[str, Any]) -> list[str]:
    """The grade_ids of a notebook's cells from top to bottom."""
    named = (grade_id(cell["metadata"].get("nbgrader")) for cell in notebook["cells"])
    return [name for name in named if name]
