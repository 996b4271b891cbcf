"""A class that hands in a lab: right, partly right, wrong, and hostile to the format; of each what it deserves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat
from classroom import LAB, LIMIT, SENDERS, named
from nbformat import NotebookNode, v4

from autograder.course import Course
from autograder.deserved import Answer, deserved
from postlib.course import case

FULL, NONE = "full", "none"  # points of a whole lab, as the machine gives them
FORGED, MISSING = "cells said another role", "deleted cells were put back"


@dataclass(frozen=True)
class Mate:
    """One of the class: the files handed in, the points that the machine should give (None: not graded), and what a person is told.

    `told` are pieces of the flags, one each; with none of them the work needs no look but of whoever reads its words.
    """

    name: str
    points: float | None
    told: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    stamp: str = "2026-11-20 10:00:00 UTC"


def most(notebook: NotebookNode) -> float:
    """The points that the machine can give."""
    return float(sum(cell.metadata.nbgrader.points for cell in tests(notebook)))


def tests(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if (about := cell.metadata.get("nbgrader")) and about.grade and not about.solution]


def blanks(notebook: NotebookNode) -> list[NotebookNode]:
    """The answer cells of code, but for the learner's id."""
    return [
        cell for cell in notebook.cells
        if cell.cell_type == "code" and (about := cell.metadata.get("nbgrader")) and about.solution and about.grade_id != "learner"
    ]  # fmt: skip


def handed(course: Course, lab: str, learner: str, answers: list[str]) -> NotebookNode:
    """The released notebook with these sources in its answer cells, and something in words."""
    notebook: Any = nbformat.read(course.release(lab), 4)
    named(notebook, "learner").source = f'learner = "{learner}"'
    for cell, source in zip(blanks(notebook), answers, strict=False):
        cell.source = source
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader"):
            cell.source = "A list says which machines may write in our name."
    return notebook


def sources(lab: str, answer: str, learner: str) -> list[str]:
    """An answer as the sources of the answer cells. Of a real lab it is a list of acts; a stage begins the next cell."""
    if lab == LAB:
        return STAND_IN[answer][0]
    parts: list[list[dict[str, Any]]] = [[]]
    for act in deserved(lab)[answer].filled(case(lab, learner or "practice")):
        parts.append([]) if act["act"] == "stage" else parts[-1].append(act)
    return [f"for act in {part!r}:\n    internet.do(act)" if part else "pass" for part in parts]


STAND_IN: dict[str, tuple[list[str], float]] = {
    "solution": ([SENDERS, LIMIT], 5),
    "one-sender": (['senders = ["counter"]', LIMIT], 3),
    "no-limit": ([SENDERS, "limit = 12"], 3),
    "no-list": (["senders = set()", LIMIT], 2),
}


def answers(lab: str) -> Iterator[Mate]:
    """Right, partly right and wrong, without files: the names are the answers'."""
    if lab == LAB:
        yield from (Mate(name, points) for name, (_, points) in STAND_IN.items())
    else:
        known: dict[str, Answer] = dict(deserved(lab))
        yield from (Mate(name, float(sum(answer.points.values()))) for name, answer in known.items())


def classroom(course: Course, lab: str, only: set[str] | None = None) -> list[Mate]:
    """The whole class, or those of these names."""
    source: Any = nbformat.read(course.source(lab), 4)
    made = [_answering(course, lab, mate) for mate in answers(lab) if only is None or mate.name in only]
    for name, (change, points, told) in CHANGES.items():
        if only is None or name in only:
            given = {FULL: most(source), NONE: 0.0, None: None}[points]
            made.append(Mate(name, given, told, {f"{lab}.ipynb": change(course, lab, name)}))
    return made


def _answering(course: Course, lab: str, mate: Mate) -> Mate:
    notebook = handed(course, lab, mate.name, sources(lab, mate.name, mate.name))
    return Mate(mate.name, mate.points, (), {f"{lab}.ipynb": nbformat.writes(notebook).encode()})


Change = Callable[[Course, str, str], bytes]


def solved(course: Course, lab: str, name: str) -> NotebookNode:
    return handed(course, lab, name, sources(lab, "solution", name))


def changed(change: Callable[[NotebookNode], object], start: Callable[..., NotebookNode] = solved) -> Change:
    """A notebook that somebody spoilt."""

    def make(course: Course, lab: str, name: str) -> bytes:
        notebook = start(course, lab, name)
        change(notebook)
        return json.dumps(notebook).encode()

    return make


def untouched(course: Course, lab: str, name: str) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(course.release(lab), 4)
    return notebook


def _delete(notebook: NotebookNode) -> None:
    notebook.cells = [cell for cell in notebook.cells if not (about := cell.metadata.get("nbgrader")) or not about.locked]


def _forge(notebook: NotebookNode, **said: Any) -> None:
    for cell in tests(notebook):
        cell.metadata.nbgrader.update(said)


def _as_markdown(notebook: NotebookNode) -> None:
    for cell in tests(notebook):
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]


def _double(notebook: NotebookNode) -> None:
    notebook.cells = [copy for cell in notebook.cells for copy in ([cell, NotebookNode(cell)] if cell in tests(notebook) else [cell])]


def _give_all(notebook: NotebookNode) -> None:
    for cell in tests(notebook):
        cell.source = "1000"


def _old(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]


def _strange(notebook: NotebookNode) -> None:
    """Known by its name alone: nothing of the lab is left."""
    notebook.cells = [v4.new_code_cell("1 + 1"), v4.new_markdown_cell("My work.")]


def _bare(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata = {"nbgrader": ["nothing", "true"]}


def _noise(notebook: NotebookNode) -> None:
    notebook.cells.insert(0, v4.new_code_cell("import sys, warnings\nprint('hm', file=sys.stderr)\nwarnings.warn('hm')"))
    notebook.cells.insert(0, v4.new_markdown_cell("A half of a sign: \ud83d"))


def _large(notebook: NotebookNode) -> None:
    blanks(notebook)[0].outputs = [v4.new_output("stream", text="x" * 12_000_000)]


def _answer(notebook: NotebookNode, source: str) -> None:
    blanks(notebook)[0].source = source


def _learner(notebook: NotebookNode, source: str) -> None:
    named(notebook, "learner").source = source


def _shared(course: Course, lab: str, name: str) -> NotebookNode:
    return handed(course, lab, "", sources(lab, "solution", ""))


def _others(course: Course, lab: str, name: str) -> NotebookNode:
    return handed(course, lab, "somebody-else", sources(lab, "solution", "somebody-else"))


def nothing(_: NotebookNode) -> None:
    """Leave it as it is."""


EMPTIED = "no cells of the lab any more"
CHANGES: dict[str, tuple[Change, str | None, tuple[str, ...]]] = {
    "untouched": (changed(nothing, untouched), NONE, ()),
    "deleted-tests": (changed(_delete), FULL, (MISSING,)),
    "forged-points": (changed(lambda notebook: _forge(notebook, points=1000)), FULL, (FORGED,)),
    "forged-manual": (changed(lambda notebook: _forge(notebook, solution=True), untouched), NONE, (FORGED,)),
    "ungraded-tests": (changed(lambda notebook: _forge(notebook, grade=False), untouched), NONE, (FORGED,)),
    "tests-as-text": (changed(_as_markdown), FULL, (FORGED,)),
    "doubled-tests": (changed(_double), FULL, ()),
    "gives-all": (changed(_give_all, untouched), NONE, ()),
    "old-format": (changed(_old), FULL, ()),
    "bare": (changed(_bare), FULL, (FORGED, EMPTIED)),
    "strange": (changed(_strange), NONE, (MISSING, EMPTIED)),
    "noise": (changed(_noise), FULL, ()),
    "large": (changed(_large), FULL, ("it came with 12 MB",)),
    "exits": (changed(lambda notebook: _answer(notebook, "import os\nos._exit(0)")), None, ("not graded: its code ended",)),
    "shared-operator": (changed(nothing, _shared), FULL, ("names no learner",)),
    "somebody": (changed(nothing, _others), FULL, ("learner is 'somebody-else'",)),
    "computed-learner": (changed(lambda notebook: _learner(notebook, f"learner = {'untold'!r}.upper()"), untouched), NONE, ()),
    "empty": (lambda *_: b"", None, ("the file is empty",)),
    "broken": (lambda *_: b'{"cells": [', None, ("its JSON breaks",)),
    "deep": (lambda *_: b"[" * 100_000, None, ("it is damaged",)),
    "no-text": (lambda *_: b"\xff\xfe\x00", None, ("not text in UTF-8",)),
    "no-notebook": (lambda *_: b'{"cells": [3]}', None, ("no notebook cell",)),
}
