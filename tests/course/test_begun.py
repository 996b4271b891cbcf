"""Labs are begun, kept beside the notebook, gone on with after the process has died, and begun anew without losing what was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlib.course import again, begin, handed_in, judge, resume

ROOT = Path(__file__).resolve().parents[2]
LAB = "spf-repair"
DIES = """
import os, signal
from datetime import UTC, datetime
from postlib.course import begin
internet = begin("spf-repair", "ana-12")
me = internet.domain(internet.learner.domain)
me.publish("@", "TXT", "v=spf1 mx -all")
internet.send(f"a@{me.name}", "clara@inbox.example")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTLIB_PROGRESS", str(tmp_path / "progress.json"))
    yield tmp_path


def test_a_lab_goes_on_after_its_process_was_killed(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES], cwd=folder, timeout=120, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == -signal.SIGKILL
    internet = resume(LAB)
    assert internet.learner is not None and internet.domain(internet.learner.domain).zone.get("@", "TXT") == ('"v=spf1 mx -all"',)
    assert len(internet.mailbox("clara@inbox.example")) == 1


def test_beginning_again_closes_the_old_internet_and_keeps_what_was_done(folder: Path) -> None:
    old = begin(LAB, "ana-12")
    old.domain(old.learner.domain).publish("@", "TXT", "v=spf1 mx -all")
    new = begin(LAB, "ana-12")
    assert old.servers.closed and not new.servers.closed and not new.journal()
    kept = json.loads((folder / f"{LAB}.ana-12.before.json").read_text())
    assert [act["act"] for act in kept["acts"]] == ["publish"]


def test_another_try_is_another_case() -> None:
    first = begin(LAB, "ana-12").learner
    assert again(LAB).learner.domain != first.domain != again(LAB).learner.domain


def test_what_is_not_begun_cannot_be_resumed_or_judged() -> None:
    with pytest.raises(ValueError, match="nothing is kept of the lab dkim-rotation"):
        resume("dkim-rotation")
    with pytest.raises(ValueError, match="no lab 'spf'"):
        begin("spf")
    with pytest.raises(ValueError, match="no learner's id"):
        begin(LAB, "../../etc/passwd")


def test_a_judge_leaves_the_learners_own_internet_alone() -> None:
    internet = begin(LAB, "ana-12")
    before = (len(internet.journal()), internet.clock.now(), internet.mailbox("clara@inbox.example"))
    judge(LAB)
    assert (len(internet.journal()), internet.clock.now(), internet.mailbox("clara@inbox.example")) == before


def test_only_what_is_json_is_handed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.user_ns |= {"internet": begin(LAB, "ana-12"), "table": [1, "two", None], "odd": {1, 2}, "large": "x" * 2_000_000}
        given = handed_in("internet", "table")
        assert given["table"] == [1, "two", None] and given["internet"]["learner"] == "ana-12"
        for name, why in (("odd", "it holds a set"), ("large", "longer than"), ("missing", "is not there")):
            with pytest.raises(ValueError, match=why):
                handed_in(name)
    finally:
        InteractiveShell.clear_instance()


def test_a_workshop_has_one_case_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "class")
    assert begin(LAB).learner.learner == "class"
    assert begin(LAB, "ana-12").learner.learner == "ana-12"


def test_a_grader_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLIB_PROGRESS", "off")
    internet = begin(LAB, "ana-12")
    internet.domain(internet.learner.domain).publish("x", "TXT", "a")
    assert list(folder.iterdir()) == []
