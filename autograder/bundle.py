"""The archive that an instructor hands out: all that a learner needs for `make course`, and nothing that would give answers away."""

from __future__ import annotations

import fnmatch
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.course import Course
from autograder.problem import Refused

FILES = ("README.md", "LICENSE", "CHANGELOG.md", "Makefile", "bootstrap.py", "handout.py", "pyproject.toml", "environment.yml")
FOLDERS = {"course": "course", "postlib": "postlib", "requirements": "requirements", ".jupyter": ".jupyter", "build/release": "labs"}
NEEDED = ("bootstrap.py", "handout.py", "pyproject.toml", "course/start.ipynb")
LEFT_OUT = ("__pycache__", "*.pyc", ".ipynb_checkpoints", "*.half", "*.egg-info", ".DS_Store")
INSTRUCTORS = ("course/teach",)
ROOF = "postal-security"  # the folder that unpacking makes
MOMENT = (2026, 1, 1, 0, 0, 0)  # of every file: the same content, the same bytes


def write_bundle(course: Course, path: Path) -> int:
    """Write the archive; returns how many files it holds. Raises Refused where a learner could not start from it."""
    missing = [name for name in NEEDED if not (course.root / name).is_file()]
    if missing:
        raise Refused(f"no archive was written: {', '.join(missing)} is not here")
    files = dict(handed_out(course))
    half = path.with_name(path.name + ".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in files.items():
            entry = zipfile.ZipInfo(f"{ROOF}/{name}", MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, source.read_bytes())
    os.replace(half, path)
    return len(files)


def handed_out(course: Course) -> Iterator[tuple[str, Path]]:
    """The files of the archive: the name there, and where each lies here. Released labs are in `labs`, where `make clean` leaves them."""
    yield from ((name, course.root / name) for name in FILES if (course.root / name).is_file())
    for folder, there in FOLDERS.items():
        for path in sorted((course.root / folder).rglob("*")):
            name = path.relative_to(course.root).as_posix()
            if path.is_file() and not path.is_symlink() and not _left_out(name):
                yield there + name.removeprefix(folder), path


def _left_out(name: str) -> bool:
    parts = name.split("/")
    return any(name.startswith(folder + "/") for folder in INSTRUCTORS) or any(
        fnmatch.fnmatch(part, pattern) for part in parts for pattern in LEFT_OUT
    )
