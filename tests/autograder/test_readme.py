"""The instructor's way, as README.md says it: its commands, read from there and run in a shell, one after the other."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import LIMIT, ROOT, SENDERS, answered, lab_notebook, write

README = ROOT / "autograder" / "README.md"
LAB = "spf-repair"  # the README's; the notebook is the stand-in, which is quick
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
SHIM = '#!/bin/sh\nexec "{python}" -m autograder "$@"\n'
NEEDS_A_LOOK = {"autograder collect", "autograder grade", "autograder export"}  # exit code 1: the class has such a one
HANDED_OUT = ("course", "requirements", ".jupyter", "bootstrap.py", "handout.py", "pyproject.toml", "README.md", "Makefile", "LICENSE")


def whole(folder: Path) -> Path:
    """A copy of the project with the stand-in under the name of the README's lab."""
    ignored = shutil.ignore_patterns("__pycache__", "*.ipynb_checkpoints")
    for name in ("autograder", "postlib", *HANDED_OUT):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name, **({"ignore": ignored} if copy is shutil.copytree else {}))
    write(folder / "labs" / LAB / f"{LAB}.ipynb", lab_notebook())
    return folder


def shell(root: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project, its programs first on the path."""
    programs = root / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "autograder").write_text(SHIM.format(python=sys.executable))
    (programs / "autograder").chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(root), "HOME": str(root)}
    return subprocess.run(["sh", "-c", line], cwd=root, env=environment, capture_output=True, text=True, timeout=300)


def hand_in(root: Path) -> None:
    """An archive with two learners, one of them late, and one whose file is empty."""
    release = nbformat.read(root / "build" / "release" / LAB / f"{LAB}.ipynb", 4)
    full = nbformat.writes(answered(release, "ada", senders=SENDERS, limit=LIMIT))
    late = nbformat.writes(answered(release, "bob", senders="senders = []", limit=LIMIT))
    with zipfile.ZipFile(root / "submissions.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"ada/{LAB}.ipynb", (2026, 11, 30, 8, 0, 0)), full)
        archive.writestr(zipfile.ZipInfo("bob/what I did.ipynb", (2026, 12, 2, 20, 30, 0)), late)
        archive.writestr("cyd.ipynb", "")


def run(root: Path, line: str) -> None:
    done = shell(root, line)
    expected = int(any(line.startswith(begin) for begin in NEEDS_A_LOOK))
    assert done.returncode == expected, (line, done.stdout, done.stderr)
    assert "Warning" not in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
def test_the_way_from_release_to_export(tmp_path: Path) -> None:
    root = whole(tmp_path)
    lines = [line for block in BLOCKS for line in ([block] if block.startswith("cd ") else block.splitlines())]
    assert len(lines) == 6
    for line in lines[:5]:
        if line.startswith("autograder collect"):
            hand_in(root)
        run(root, line)
    rows = {row["student"]: row for row in csv.DictReader((root / "points.csv").read_text().splitlines())}
    assert [(rows[name]["points"], rows[name]["late"]) for name in ("ada", "bob", "cyd")] == [("5", ""), ("2", "1 d 2 h 30 min"), ("", "")]
    assert "renamed" in rows["bob"]["flags"] and "the file is empty" in rows["cyd"]["flags"]
    assert sorted(path.name for path in (root / "build" / "feedback").iterdir()) == ["ada", "bob"]
    learners_archive(root)


@pytest.mark.full
@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
def test_the_same_with_nbgraders_own_commands(tmp_path: Path) -> None:
    root = whole(tmp_path)
    run(root, f"autograder release {LAB}")
    hand_in(root)
    assert shell(root, "autograder collect submissions.zip").returncode == 1
    done = shell(root, f"set -e\n{BLOCKS[-1]}")
    assert done.returncode == 0, done.stderr
    rows = {row["student_id"]: row for row in csv.DictReader((root / "build" / "nbgrader.csv").read_text().splitlines())}
    assert [float(rows[name]["score"]) for name in ("ada", "bob")] == [5, 2]
    assert (root / "build" / "feedback" / "ada" / LAB / f"{LAB}.html").exists()
    assert not list((root / "autograder").glob("*.db"))


def learners_archive(root: Path) -> None:
    """A learner can start from the archive, and finds no answer in it."""
    there = root / "elsewhere"
    with zipfile.ZipFile(root / "learners.zip") as archive:
        archive.extractall(there)
    (top,) = there.iterdir()
    assert not (top / "autograder").exists() and not (top / "tests").exists() and (top / ".jupyter").exists()
    texts = {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}
    secrets = [SENDERS, "nobody told of", "### BEGIN HIDDEN", "### BEGIN SOLUTION", *answers_of_the_labs()]
    assert not [(path, secret) for path, text in texts.items() for secret in secrets if secret.encode() in text]
    copied = "import bootstrap, handout; print(handout.copy_course(bootstrap.ROOT, bootstrap.MINE))"
    done = subprocess.run([sys.executable, "-c", copied], cwd=top, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""})
    assert done.stdout == "[]\n" and (top / "my" / "labs" / LAB / f"{LAB}.ipynb").exists() and (top / "my" / "start.ipynb").exists()


def answers_of_the_labs() -> list[str]:
    """The longest line of each answer of the real labs: it must stand nowhere but in labs/."""
    found = []
    for path in (ROOT / "labs").glob("*/*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            if "### BEGIN SOLUTION" in cell.source:
                inside = cell.source.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
                found.append(max(inside.splitlines(), key=len).strip())
    return found


def test_the_rubric_is_the_lab_s() -> None:
    """The yes/no lines stand in the lab above the answer, so that learners know them and the formgrader shows them."""
    rubric = re.findall(r"^[0-9]\. (.+)$", (ROOT / "autograder" / "rubrics" / "dmarc.md").read_text(encoding="utf-8"), re.M)
    asked = "\n".join(cell.source for cell in nbformat.read(ROOT / "labs" / LAB / f"{LAB}.ipynb", 4).cells if cell.cell_type == "markdown")
    assert len(rubric) == 4 and not [line for line in rubric if line not in asked]
