"""A course in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from classroom import LAB, ROOT, project

from autograder.course import Course
from autograder.releasing import release


@pytest.fixture(autouse=True)
def _kernels_find_postlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are processes of their own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("AUTOGRADER_DB", raising=False)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The stand-in lab, not yet released."""
    return Course(project(tmp_path / "course"))


@pytest.fixture(scope="session")
def _released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Course(project(tmp_path_factory.mktemp("released") / "course"))
    release(made, LAB)
    return made.root


@pytest.fixture
def released(tmp_path: Path, _released_once: Path) -> Course:
    """The stand-in lab, released."""
    return Course(Path(shutil.copytree(_released_once, tmp_path / "course")))
