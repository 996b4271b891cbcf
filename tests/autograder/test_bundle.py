"""The archive for learners: what `make course` needs, the labs without answers, and nothing of the graders'."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")

import handout
from autograder.bundle import ROOF, write_bundle
from autograder.course import Course
from autograder.problem import Refused

FILES = {
    "bootstrap.py": "", "handout.py": "", "pyproject.toml": "", "course/start.ipynb": "{}", "course/teach/key.ipynb": "the key",
    "labs/a/a.ipynb": "the answer", "labs/a/a.practice.journal.json": "the answer", "build/release/a/a.ipynb": "{}",
    "build/gradebook.db": "", "autograder/__init__.py": "", "postlib/__init__.py": "", "postlib/__pycache__/x.pyc": "",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small one, with a lab that is released."""
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


def test_it_holds_what_learners_need_and_no_answer(project: Path, tmp_path: Path) -> None:
    count = write_bundle(Course(project), tmp_path / "learners.zip")
    with zipfile.ZipFile(tmp_path / "learners.zip") as archive:
        held = {name.removeprefix(f"{ROOF}/"): archive.read(name).decode() for name in archive.namelist()}
    assert held.keys() == {"bootstrap.py", "handout.py", "pyproject.toml", "course/start.ipynb", "labs/a/a.ipynb", "postlib/__init__.py"}
    assert held["labs/a/a.ipynb"] == "{}" and count == len(held)


def test_unpacked_it_fills_the_folder_of_a_learner(project: Path, tmp_path: Path) -> None:
    """As `make course` does; nothing is prepared for it."""
    write_bundle(Course(project), tmp_path / "learners.zip")
    with zipfile.ZipFile(tmp_path / "learners.zip") as archive:
        archive.extractall(tmp_path)
    root = tmp_path / ROOF
    assert handout.unreleased(root) == [] and handout.copy_course(root, root / "my") == []
    assert (root / "my/labs/a/a.ipynb").read_text() == "{}" and (root / "my/start.ipynb").exists()


def test_the_same_content_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        write_bundle(Course(project), tmp_path / name)
        os.utime(project / "bootstrap.py", (0, 0))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_from_what_is_no_whole_project_none_is_written(project: Path, tmp_path: Path) -> None:
    (project / "course/start.ipynb").unlink()
    with pytest.raises(Refused, match=r"course/start\.ipynb is not here"):
        write_bundle(Course(project), tmp_path / "learners.zip")
    assert not (tmp_path / "learners.zip").exists()
