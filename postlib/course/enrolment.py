"""The learner's id: kept in the learner's file, and written once into the notebooks of the labs beside start.ipynb."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from postlib.course import learner_file
from postlib.course.learner_file import Data
from postlib.course.seeds import LEARNER
from postlib.display.shown import Shown
from postlib.words import counted, phrase

CELL = "learner"  # the grade_id of the answer cell that holds the id
LINE = re.compile(r"^learner[ \t]*=[ \t]*(?P<quote>[\"'])(?P<id>[^\"'\n]*)(?P=quote)[ \t]*$", re.MULTILINE)
MOST_LINES = 50  # places in a notebook where such a line is looked for: ours
LARGEST = 20_000_000  # bytes of a notebook: ours; a lab as it is handed out has under 100 kB


def enroll(learner: str = "") -> Shown:
    """Keep the learner's id, and write it into the labs whose cell still says `learner = ""`.

    For a workshop, the environment's SEED=class is everybody's id. Raises ValueError, in one sentence, for an id of another shape.
    """
    given = _of_the_class() or learner
    if not given:
        known = enrolled()
        return Shown(phrase("enroll.is", learner=known) if known else phrase("enroll.who"))
    _held(given)

    def note(data: Data) -> None:
        data["learner"] = given

    told = [phrase("enroll.is", learner=given), learner_file.change(note)]
    folder = learner_file.start_folder()
    if learner_file.place() is not None and folder is not None:
        told += _written(folder, given)
    return Shown("\n".join(line for line in told if line))


def enrolled() -> str:
    """The learner's id; "" before start.ipynb has asked for it."""
    given = _of_the_class()
    if given:
        return _held(given)
    return str(learner_file.read()[0]["learner"])


def _of_the_class() -> str:
    return os.environ.get("SEED", "")


def _held(learner: str) -> str:
    if not isinstance(learner, str) or not LEARNER.fullmatch(learner):
        raise ValueError(f"{learner!r} cannot be an id: write 1 to 64 letters, digits, dots or hyphens, such as ana-12")
    return learner


def _written(folder: Path, learner: str) -> Iterator[str]:
    """Write the id into every lab below the folder, and say what was done."""
    done = 0
    for notebook in sorted(folder.glob("labs/*/*.ipynb")):
        name = notebook.relative_to(folder).as_posix()
        try:
            found = _enter(notebook, learner)
        except (OSError, ValueError, RecursionError):
            yield phrase("enroll.unreadable", notebook=name)
            continue
        if found == "":
            done += 1
        elif found is not None and found != learner:
            yield phrase("enroll.other", notebook=name, other=found, learner=learner)
    if done:
        yield counted("enroll.written", done)


def _enter(notebook: Path, learner: str) -> str | None:
    """Write the id into a notebook that has none. Returns the id that stood there, None for a notebook that does not ask for one."""
    if notebook.stat().st_size > LARGEST:
        raise ValueError("too large")
    text = notebook.read_bytes().decode("utf-8")
    before = json.loads(text)
    line = _line(before)
    if line is None or line["id"]:
        return None if line is None else line["id"]
    after = _with(before, line, learner)
    candidates = islice(_candidates(text, line[0], f'learner = "{learner}"'), MOST_LINES)
    made = next((made for made in candidates if json.loads(made) == after), None)
    if made is None:
        raise ValueError("the line was not found in the file")
    half = notebook.with_name(f".{notebook.name}.half")
    half.write_bytes(made.encode("utf-8"))
    shutil.copymode(notebook, half)
    os.replace(half, notebook)
    return ""


def _line(notebook: Any) -> re.Match[str] | None:
    """The line with the id in the one cell that asks for it."""
    cell = _cell(notebook)
    return LINE.search(_source(cell)) if cell is not None else None


def _cell(notebook: Any) -> Any:
    cells = notebook["cells"] if isinstance(notebook, dict) and isinstance(notebook.get("cells"), list) else []
    return next((cell for cell in cells if isinstance(cell, dict) and _grade_id(cell) == CELL), None)


def _grade_id(cell: Any) -> Any:
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return about.get("grade_id") if isinstance(about, dict) else None


def _source(cell: Any) -> str:
    source = cell.get("source", "")
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source)


def _with(notebook: Any, line: re.Match[str], learner: str) -> Any:
    """The notebook as data, with the id in its line and nothing else changed."""
    after = json.loads(json.dumps(notebook))
    cell = _cell(after)
    new = f'learner = "{learner}"'
    if isinstance(cell["source"], list):
        cell["source"] = [new + part[len(line[0]) :] if part.rstrip("\n") == line[0] else part for part in cell["source"]]
    else:
        cell["source"] = cell["source"][: line.start()] + new + cell["source"][line.end() :]
    return after


def _candidates(text: str, old: str, new: str) -> Iterator[str]:
    """The file's text with one occurrence of the line replaced, each in turn: all other bytes stay as they are."""
    written, wanted = json.dumps(old)[1:-1], json.dumps(new)[1:-1]
    start = text.find(written)
    while start >= 0:
        yield text[:start] + wanted + text[start + len(written) :]
        start = text.find(written, start + 1)
