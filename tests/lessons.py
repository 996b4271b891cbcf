"""What the course says to people, read once for all tests: notebooks, Markdown pages, and the texts in YAML.

A `Page` has an id that a test can be asked for with `-k`: `start`, `dmarc/01`, `labs/spf-repair`, `questions/dmarc/02`, `hints/spf-repair`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from sentences import Sentence, sentences

ROOT = Path(__file__).resolve().parent.parent
COURSE, LABS, DATA = ROOT / "course", ROOT / "labs", ROOT / "postlib" / "course"
MADE = {"README.md"}  # written by a command
SILENT_KEYS = {"came", "right", "several", "id", "lesson", "concept", "source"}  # in YAML: not text for people


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook, or one text of another page, under the name that a finding gives."""

    id: str
    kind: str  # markdown, code or raw
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    outputs: bool = False
    counted: bool = False  # has an execution count

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The prose; a cell of code has none."""
        return sentences(self.source) if self.kind == "markdown" else []


@dataclass(frozen=True)
class Page:
    """A notebook, a page or a file of texts."""

    id: str
    path: Path
    cells: tuple[Cell, ...]
    notebook: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file, as a finding names it."""
        return str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else str(self.path)

    @property
    def lesson(self) -> bool:
        """Whether it is a lesson of a track: those have the six headings."""
        return self.notebook and re.fullmatch(r"[a-z]+/\d\d", self.id) is not None

    @property
    def lab(self) -> bool:
        return self.notebook and self.id.startswith("labs/")

    @property
    def told(self) -> Iterator[tuple[Cell, Sentence]]:
        """Every sentence, with its cell."""
        return ((cell, sentence) for cell in self.cells for sentence in cell.sentences)

    def finding(self, cell: Cell, what: str) -> str:
        """`file: cell id: what is wrong`."""
        return f"{self.name}: {cell.id}: {what}"


def notebook(path: Path) -> Page:
    """A notebook file as a page. ValueError: it is no notebook of format 4."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("nbformat") != 4:
        raise ValueError(f"{path}: not a notebook of format 4")
    return Page(page_id(path), path, tuple(map(_cell, content["cells"])), notebook=True, metadata=content["metadata"])


def _cell(cell: Mapping[str, Any]) -> Cell:
    source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    counted = cell.get("execution_count") is not None
    return Cell(str(cell.get("id", "")), cell["cell_type"], source, cell["metadata"], bool(cell.get("outputs")), counted)


def page_id(path: Path) -> str:
    """`dmarc/01` for course/dmarc/01-names.ipynb, `start`, `labs/spf-repair`, `questions/dmarc/02`."""
    if path.is_relative_to(LABS):
        return f"labs/{path.parent.name if path.stem == path.parent.name else path.stem}"
    if path.suffix == ".yaml":
        return f"{path.parent.name}/{re.sub(r'-(?=[0-9]+$)', '/', path.stem)}"
    inside = path.relative_to(COURSE) if path.is_relative_to(COURSE) else Path(path.name)
    return re.sub(r"(/\d\d)-.*$", r"\1", str(inside.with_suffix("")))


def markdown_page(path: Path) -> Page:
    """A Markdown file; each part below a heading of level two is a cell."""
    parts = re.split(r"(?m)^(?=## )", path.read_text(encoding="utf-8"))
    cells = tuple(Cell(part.splitlines()[0].strip("# "), "markdown", part) for part in parts if part.strip())
    return Page(page_id(path), path, cells)


def texts_page(path: Path) -> Page:
    """A YAML file of texts; each text is a cell, named by the way to it."""
    return Page(page_id(path), path, tuple(_texts(yaml.safe_load(path.read_text(encoding="utf-8")), "")))


def _texts(value: object, way: str) -> Iterator[Cell]:
    if isinstance(value, str):
        yield Cell(way, "markdown", value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in SILENT_KEYS:
                yield from _texts(inner, f"{way}.{key}".strip("."))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _texts(inner, f"{way}.{number}")


def notebooks() -> list[Page]:
    """Every notebook of the course and the labs."""
    paths = sorted([*COURSE.rglob("*.ipynb"), *LABS.rglob("*.ipynb")])
    return [notebook(path) for path in paths if ".ipynb_checkpoints" not in path.parts]


def pages() -> list[Page]:
    """Everything that is read: notebooks first, then pages, then questions and hints."""
    written = [markdown_page(path) for path in sorted([*COURSE.glob("*.md"), *LABS.rglob("*.md")]) if path.name not in MADE]
    told = [texts_page(path) for folder in ("questions", "hints") for path in sorted((DATA / folder).rglob("*.yaml"))]
    return notebooks() + written + told


def reading_order(syllabus: Mapping[str, Any]) -> list[str]:
    """The ids of the lessons as the syllabus has them: start, warm-up, then each track.

    `start` is first because `make course` opens it; the warm-up may be skipped, and then its words are known.
    """
    single = [key for key in ("start", "warm-up") if key in syllabus]
    return single + [key for track in syllabus.values() for key in track.get("lessons", {})]


def before(page: str, syllabus: Mapping[str, Any]) -> list[str]:
    """The lessons that a reader of this page has read: start, warm-up and what comes earlier in its own track.

    The questions of a lesson come after it, and so do a lab and its hints, after the lessons it practises.
    """
    order = reading_order(syllabus)
    if page in order:
        track = page.split("/")[0]
        earlier = order[: order.index(page)]
        return [key for key in earlier if "/" not in key or key.split("/")[0] == track]
    if page.startswith("questions/"):
        lesson = page.removeprefix("questions/")
        return [*before(lesson, syllabus), lesson] if lesson in order else order
    return _before_lab(page.split("/")[-1], syllabus) or order


def _before_lab(lab: str, syllabus: Mapping[str, Any]) -> list[str]:
    labs = {name: what for track in syllabus.values() for name, what in track.get("labs", {}).items()}
    if lab not in labs:
        return []
    last = labs[lab]["practises"][-1]
    return [*before(last, syllabus), last]
