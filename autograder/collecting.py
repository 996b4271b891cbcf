"""Take in what learners handed in. Nothing is lost: all that can be read is kept, and what cannot be used is told of, one by one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode
from nbgrader.utils import parse_utc  # type: ignore[import-untyped]

from autograder import whose
from autograder.cells import written
from autograder.course import Course
from autograder.delivered import STAMP, File, files
from autograder.notebook import Unreadable, read_notebook
from autograder.received import Received, keep, received
from autograder.roles import grade_ids

TOO_LARGE_TO_KEEP = 10_000_000  # bytes: of a larger file the readable part is kept, and the note says where the file is
TOO_OLD = "it has no cells of the lab any more, and was known by its name alone"


@dataclass(frozen=True)
class Told:
    """What became of one file: whose it is and of which lab where that is known, what to know, and whether it is a problem."""

    path: str
    student: str = ""
    lab: str = ""
    words: str = ""
    problem: bool = False


def collect(course: Course, places: list[Path]) -> Iterator[Told]:
    """Take in folders and archives; yields what became of each file. Raises Refused for a place that is neither."""
    labs = {
        lab: grade_ids(json.loads(course.release(lab).read_text(encoding="utf-8"))) for lab in course.labs if course.release(lab).exists()
    }
    for place in places:
        delivery = files(place)
        stamps = {file.path.parent: file for file in delivery if file.path.name == STAMP}
        notebooks = [file for file in delivery if file.is_notebook]
        depth = whose.wrapped([file.path for file in notebooks], labs)
        for file in sorted(delivery, key=lambda file: (file.at, file.path)):
            if file.is_notebook:
                stamp = stamps.get(file.path.parent)
                yield take(course, labs, replace(file, at=stamped(stamp, file.at)), depth, str(place))
            elif file.path.name != STAMP:
                yield Told(str(file.path), words=file.problem or "no notebook, so it was left where it is", problem=bool(file.problem))


def stamped(stamp: File | None, otherwise: datetime) -> datetime:
    """The time in a timestamp.txt, in UTC."""
    try:
        text = stamp.read().decode() if stamp and not stamp.problem else ""
        return parse_utc(text.strip()).replace(tzinfo=UTC) if text.strip() else otherwise
    except (ValueError, OverflowError, OSError):
        return otherwise


def take(course: Course, labs: dict[str, list[str]], file: File, depth: int, place: str) -> Told:
    """Take in one notebook."""
    path = PurePosixPath(*file.path.parts[depth:])
    notebook, content, problem = opened(file)
    student = whose.student(path, labs)
    lab = whose.lab(path, grade_ids(notebook) if notebook else [], labs) or (next(iter(labs)) if len(labs) == 1 and problem else "")
    if not student or not lab:
        missing = "whose it is" if not student else "which lab it is"
        why = f"; {problem}" if problem else ""
        return Told(str(file.path), student, lab, f"its name and its cells do not tell {missing}; it was left where it is{why}", True)
    notes = tuple(noticed(path, lab, notebook, labs[lab], content))
    digest = hashlib.sha256(content or problem.encode()).hexdigest()
    about = Received(f"{place}: {file.path}", file.at.isoformat(), digest, notes, problem and f"{path.name}: {problem}")
    folder = course.collected(lab, student)
    if any((one.digest, one.at) == (about.digest, about.at) for one in received(folder)):
        return Told(str(file.path), student, lab, "nothing new")
    number = keep(folder, about, kept(content, notebook))
    if notebook and newest(folder) == number.name:
        submit(course, lab, student, notebook, file.at)
    return Told(str(file.path), student, lab, "; ".join([*notes, problem] if problem else notes) or "collected", bool(problem))


def opened(file: File) -> tuple[NotebookNode | None, bytes, str]:
    """The notebook in a file and the file's bytes; or why it cannot be read."""
    if file.problem:
        return None, b"", file.problem
    content = b""
    try:
        content = file.read()
        return read_notebook(content), content, ""
    except Unreadable as error:
        return None, content, str(error)
    except OSError as error:
        return None, b"", f"it cannot be read: {error.strerror}"


def noticed(path: PurePosixPath, lab: str, notebook: NotebookNode | None, ids: list[str], content: bytes) -> Iterator[str]:
    """What a person should know of a notebook that was taken in."""
    if notebook is not None and not set(grade_ids(notebook)) & set(ids):
        yield TOO_OLD
    elif path.stem != lab and lab not in path.stem and notebook is not None:
        yield f"renamed: it came as {path.name[:80]!r} and was known by its cells"
    if len(content) > TOO_LARGE_TO_KEEP:
        yield f"it came with {len(content) // 1_000_000} MB; its outputs were left out"


def kept(content: bytes, notebook: NotebookNode | None) -> bytes | None:
    """What is kept of a submission: the file as it came, or of a very large one the notebook without outputs."""
    if len(content) <= TOO_LARGE_TO_KEEP:
        return content
    return written(notebook).encode() if notebook else None


def newest(folder: Path) -> str:
    """The number of the latest submission in a student's folder that can be read."""
    found = [(about.at, number) for number, about in enumerate(received(folder), 1) if not about.problem]
    return str(max(found)[1]) if found else ""


def submit(course: Course, lab: str, student: str, notebook: NotebookNode, at: datetime) -> None:
    """Put a notebook where nbgrader looks for what was submitted."""
    path = course.submitted(lab, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".half")
    half.write_text(written(notebook), encoding="utf-8")
    os.replace(half, path)
    (path.parent / STAMP).write_text(f"{at:%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf-8")
