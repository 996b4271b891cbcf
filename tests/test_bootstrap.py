"""The two commands: the learner's folder is never overwritten, a bad machine gets one sentence, a second run is quick."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
import handout

ROOT = Path(__file__).resolve().parent.parent


def notebook(*sources: str, output: str = "", **metadata: object) -> str:
    """A notebook with these code cells; `output` is what running left in it."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    cells = [{"cell_type": "code", "source": [source], "outputs": outputs, "metadata": {}, "execution_count": None} for source in sources]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def desk(tmp_path: Path, files: dict[str, str]) -> tuple[Path, Path]:
    """A project with these course files, and the learner's folder after a first copy."""
    for name, text in files.items():
        write(tmp_path / "course" / name, text)
    mine = tmp_path / "my"
    assert handout.copy_course(tmp_path, mine) == []
    return tmp_path, mine


def write(path: Path, text: str) -> None:
    """Write a file, its folders with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_course_is_copied_without_what_is_not_the_learners(tmp_path: Path) -> None:
    """Not the instructors' folder, nor hidden files, nor caches."""
    write(tmp_path / "build/release/spf/spf.ipynb", notebook("..."))
    write(tmp_path / "labs/spf/spf.ipynb", notebook("the answer"))
    write(tmp_path / "autograder/__init__.py", "")
    names = ("start.ipynb", "dmarc/01.ipynb", "teach/key.ipynb", ".hidden", "dmarc/__pycache__/x.pyc")
    _, mine = desk(tmp_path, dict.fromkeys(names, "{}"))
    assert sorted(str(path.relative_to(mine)) for path in mine.rglob("*") if path.is_file()) == [
        ".copied.json",
        "dmarc/01.ipynb",
        "labs/spf/spf.ipynb",
        "start.ipynb",
    ]
    assert (mine / "labs/spf/spf.ipynb").read_text() == notebook("...")


def test_in_an_archive_for_learners_the_labs_are_there_without_answers(tmp_path: Path) -> None:
    """It has no autograder: nothing is prepared, and `make clean` takes nothing away that would be missed."""
    write(tmp_path / "labs/spf/spf.ipynb", notebook("..."))
    root, mine = desk(tmp_path, {"start.ipynb": "{}"})
    assert (mine / "labs/spf/spf.ipynb").read_text() == notebook("...")
    assert handout.unreleased(root) == []


def test_a_lab_is_prepared_where_that_was_not_done_or_the_lab_is_newer(tmp_path: Path) -> None:
    """And not again."""
    for name in ("autograder/__init__.py", "labs/a/a.ipynb", "labs/b/b.ipynb", "labs/b/b.practice.journal.json", "labs/c/notes.ipynb"):
        write(tmp_path / name, "{}")
    assert handout.unreleased(tmp_path) == ["a", "b"]
    for lab in ("a", "b"):
        write(tmp_path / f"build/release/{lab}/{lab}.ipynb", "{}")
    assert handout.unreleased(tmp_path) == []
    later = (tmp_path / "build/release/b/b.ipynb").stat().st_mtime + 1
    os.utime(tmp_path / "labs/b/b.ipynb", (later, later))
    assert handout.unreleased(tmp_path) == ["b"]


def test_a_newcomer_gets_the_labs_with_blanks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`autograder release` makes them, once, and says nothing on the screen."""
    pytest.importorskip("nbgrader")
    shutil.copytree(ROOT / "autograder", tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "labs" / "spf-repair", tmp_path / "labs" / "spf-repair")
    monkeypatch.chdir(tmp_path)  # from where Python takes a module first
    for name, value in {"ROOT": tmp_path, "BUILD": tmp_path / "build", "PYTHON": Path(sys.executable)}.items():
        monkeypatch.setattr(bootstrap, name, value)
    bootstrap.release()
    bootstrap.release()
    assert capsys.readouterr().out == "Preparing the labs ...\n"
    handout.copy_course(tmp_path, tmp_path / "my")
    (lab,) = (tmp_path / "my/labs").rglob("*.*")
    text = lab.read_text()
    assert "# write your answer here" in text and "BEGIN SOLUTION" not in text and "HIDDEN TESTS" not in text


def test_labs_that_cannot_be_prepared_do_not_keep_the_course_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says where the reason is."""
    write(tmp_path / "autograder/__main__.py", "raise SystemExit('no nbgrader here')")
    write(tmp_path / "labs/a/a.ipynb", "{}")
    monkeypatch.chdir(tmp_path)
    for name, value in {"ROOT": tmp_path, "BUILD": tmp_path / "build", "PYTHON": Path(sys.executable)}.items():
        monkeypatch.setattr(bootstrap, name, value)
    bootstrap.release()
    assert capsys.readouterr().out.splitlines()[1].endswith("build/labs.log says why.")
    assert (tmp_path / "build/labs.log").read_text().strip() == "no nbgrader here"


def test_a_file_left_alone_is_updated(tmp_path: Path) -> None:
    """Nothing of the learner's is lost by it."""
    root, mine = desk(tmp_path, {"start.md": "old"})
    write(root / "course/start.md", "new")
    assert handout.copy_course(root, mine) == []
    assert (mine / "start.md").read_text() == "new"


def test_a_changed_file_is_never_overwritten(tmp_path: Path) -> None:
    """The new one is put beside it, one sentence says so, and says it once."""
    root, mine = desk(tmp_path, {"start.ipynb": notebook("1")})
    write(mine / "start.ipynb", notebook("mine"))
    assert handout.copy_course(root, mine) == []  # the course did not change: nothing to say
    write(root / "course/start.ipynb", notebook("2"))
    (sentence,) = handout.copy_course(root, mine)
    assert "my/start.ipynb" in sentence and "start.new.ipynb" in sentence
    assert (mine / "start.ipynb").read_text() == notebook("mine")
    assert (mine / "start.new.ipynb").read_text() == notebook("2")
    assert handout.copy_course(root, mine) == []


def test_the_new_one_beside_is_the_learners_too(tmp_path: Path) -> None:
    """Changed as well, it stays, and the next is numbered; left alone, it is replaced."""
    root, mine = desk(tmp_path, {"start.md": "1"})
    write(mine / "start.md", "mine")
    for text in ("2", "3"):
        write(root / "course/start.md", text)
        handout.copy_course(root, mine)
        assert (mine / "start.new.md").read_text() == text
    write(mine / "start.new.md", "mine too")
    write(root / "course/start.md", "4")
    handout.copy_course(root, mine)
    assert [(mine / name).read_text() for name in ("start.md", "start.new.md", "start.new2.md")] == ["mine", "mine too", "4"]


def test_running_a_notebook_is_no_change(tmp_path: Path) -> None:
    """Outputs and metadata are not what a person wrote: it stays while the course stays, and is updated when the course is."""
    root, mine = desk(tmp_path, {"start.ipynb": notebook("1")})
    ran = notebook("1", output="hello", language_info={"version": "3.11"})
    write(mine / "start.ipynb", ran)
    handout.copy_course(root, mine)
    assert (mine / "start.ipynb").read_text() == ran
    write(root / "course/start.ipynb", notebook("2"))
    assert handout.copy_course(root, mine) == []
    assert (mine / "start.ipynb").read_text() == notebook("2")


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"start.md": 7}'])
def test_a_lost_list_of_what_was_copied_costs_nothing(tmp_path: Path, kept: str) -> None:
    """Without it every file that differs counts as the learner's."""
    root, mine = desk(tmp_path, {"start.md": "old", "same.md": "same"})
    write(mine / handout.COPIED, kept)
    write(root / "course/start.md", "new")
    assert len(handout.copy_course(root, mine)) == 1
    assert (mine / "start.md").read_text() == "old"


def test_a_file_that_was_deleted_comes_back(tmp_path: Path) -> None:
    """That is how a learner starts a lesson afresh."""
    root, mine = desk(tmp_path, {"start.md": "text"})
    (mine / "start.md").unlink()
    handout.copy_course(root, mine)
    assert (mine / "start.md").read_text() == "text"


def test_what_is_no_notebook_inside_counts_by_its_bytes(tmp_path: Path) -> None:
    """A broken notebook is a file like any other."""
    for text in ("", "[]", '{"cells": 3}', '{"cells": [{}]}', "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")):
        write(tmp_path / "a.ipynb", text)
        assert handout.written(tmp_path / "a.ipynb") == handout.fingerprint(tmp_path / "a.ipynb") != ""


def test_a_taken_port_is_said_and_the_next_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """JupyterLab then starts all the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = bootstrap.free_port(port)
    assert other > port
    assert capsys.readouterr().out == f"Port {port} is taken; using {other}.\n"


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "8888.0"])
def test_a_port_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the numbers that would do."""
    monkeypatch.setenv("PORT", text)
    with pytest.raises(bootstrap.Stop, match="1 to 65535"):
        bootstrap.wished_port()


def ready(**other: str) -> dict[str, str]:
    """The note of an environment that is as it should be."""
    made = {"python": sys.version, "place": str(bootstrap.VENV), "project": handout.fingerprint(ROOT / "pyproject.toml")}
    return made | {"kernel": bootstrap.EXTENSION, "course": handout.fingerprint(ROOT / "requirements" / "course.lock")} | other


def test_an_environment_that_is_ready_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note written last says which Python, place, lock and project it was made for; without Python here nothing could be made anew."""
    monkeypatch.setattr(bootstrap, "READY", tmp_path / "ready.json")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "none")
    handout.write_json(bootstrap.READY, ready())
    bootstrap.environment("course")


def test_an_environment_from_before_gets_what_its_kernels_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a package fetched anew."""
    paths = {"VENV": tmp_path, "READY": tmp_path / "ready.json", "PYTHON": Path(sys.executable), "KERNEL": tmp_path / "etc/kernel.py"}
    for name, path in {**paths, "BUILD": tmp_path / "build"}.items():
        monkeypatch.setattr(bootstrap, name, path)
    handout.write_json(bootstrap.READY, ready(kernel="other", place=str(tmp_path)))
    bootstrap.environment("course")
    assert (tmp_path / "etc/kernel.py").read_text() == bootstrap.EXTENSION
    assert handout.read_json(bootstrap.READY) == ready(place=str(tmp_path))
    assert not list((tmp_path / "build").iterdir())  # pip would have left its log


def test_a_failed_command_shows_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps all of them."""
    monkeypatch.setattr(bootstrap, "BUILD", tmp_path)
    with pytest.raises(bootstrap.Stop, match=r"(?s)^line 85\n.*line 99\n\npip-x failed; .* build/pip-x.log$"):
        bootstrap.logged([sys.executable, "-c", "for i in range(100): print('line', i)\nraise SystemExit(3)"], "pip-x", str)
    assert (tmp_path / "pip-x.log").read_text().startswith("line 0\n")


def test_a_wrong_word_gets_the_usage() -> None:
    """One sentence, no traceback."""
    outcome = subprocess.run([sys.executable, str(ROOT / "bootstrap.py"), "tset"], capture_output=True, text=True)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (2, "", "usage: python bootstrap.py course | test | bench\n")


@pytest.mark.parametrize("name", ["bootstrap.py", "handout.py"])
def test_an_old_python_can_read_it_and_nothing_is_needed(name: str) -> None:
    """So that Python 3.6 says which Python is wanted, and a bare machine needs no package."""
    tree = ast.parse((ROOT / name).read_text(), feature_version=(3, 6))
    names = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names | {"handout"}
