"""Whose notebook is it, and of which lab? Read from the names that an LMS gives, and from the lab's own cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # as a learner's id in start.ipynb
MOODLE = re.compile(r".+_(?P<id>[0-9]+)_assignsubmission_.+")  # a folder a student: "Ada Lovelace_1234_assignsubmission_file_"
CANVAS = re.compile(r"[^_]+_(?:LATE_)?(?P<id>[0-9]+)_[0-9]+_.+", re.IGNORECASE)  # "lovelaceada_1234_98765_spf-repair.ipynb"
WRAPPERS = {"submissions", "submitted"}  # folders that are nobody's


def wrapped(paths: Iterable[PurePosixPath], labs: Iterable[str]) -> int:
    """How many folders around a whole delivery are nobody's: 0 or 1."""
    folders = [path.parts[:-1] for path in paths]
    first = {parts[0] if parts else "" for parts in folders}
    second = {parts[1] if len(parts) > 1 else "" for parts in folders}
    if len(first) != 1 or "" in second or second & set(labs):
        return int(len(first) == 1 and bool(first & WRAPPERS) and "" not in second)
    return int(len(second) > 1 or bool(first & WRAPPERS))


def student(path: PurePosixPath, labs: Iterable[str]) -> str:
    """The student's id in a path within a delivery; empty where there is none."""
    moodle = [found["id"] for part in path.parts[:-1] if (found := MOODLE.fullmatch(part))]
    if moodle:
        return moodle[0]
    if len(path.parts) > 1:
        return _id(path.parts[0])
    canvas = CANVAS.fullmatch(path.stem)
    return canvas["id"] if canvas else _id(_without_lab(path.stem, labs))


def _without_lab(stem: str, labs: Iterable[str]) -> str:
    """The name of a file without the lab's; empty where nothing else is in it."""
    for lab in sorted(labs, key=len, reverse=True):
        for beside in (stem.removesuffix(lab), stem.removeprefix(lab)):
            if beside != stem:
                return beside.strip(" _-.")
    return stem


def _id(text: str) -> str:
    return text if STUDENT.fullmatch(text) else ""


def lab(path: PurePosixPath, cells: Iterable[str], labs: Mapping[str, Iterable[str]]) -> str:
    """The lab of a notebook: by the grade_ids of its cells that no other lab has, then by its name; empty where neither tells.

    `labs` has for each lab the grade_ids of its cells.
    """
    has = set(cells)
    own = {name: set(ids).difference(*(other for key, other in labs.items() if key != name)) for name, ids in labs.items()}
    found = max(labs, key=lambda name: len(own[name] & has), default="")
    if found and own[found] & has:
        return found
    named = [name for name in labs if name in path.parts[:-1] or path.stem.startswith(name) or path.stem.endswith(name)]
    return max(named, key=len) if named else ""
