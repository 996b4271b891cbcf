"""Journals in files: whole or not at all, with their world and time, never too long to be read; and whatever else a file may hold."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.lab import journal as journals
from postlib.lab.internet import Internet, visit

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


def test_a_kept_journal_is_in_its_file_after_every_act(internet: Internet, tmp_path: Path) -> None:
    path = tmp_path / "lab.journal.json"
    internet.keep(path)
    for act in (
        lambda: internet.stage("one"),
        lambda: internet.send("ana@auroria.post", "clara@inbox.example"),
        lambda: internet.domain("auroria.post").publish("x", "TXT", "x"),
    ):
        act()
        kept = journals.read(path, "union")
        assert (kept.acts, kept.world, kept.seed, kept.start) == (internet.journal(), "union", "union", AT)
    internet.reset()
    assert journals.read(path, "union").acts == () and list(tmp_path.iterdir()) == [path]
    internet.close()
    with pytest.raises(ValueError, match="is closed"):
        internet.stage("after the end")
    assert journals.read(path, "union").acts == ()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from postlib.lab.internet import visit
internet = visit("union", at=datetime(2026, 11, 23, tzinfo=UTC))
internet.keep(sys.argv[1])
internet.stage("one")
internet.undo()
internet.clock.advance(days=2, hours=3)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_time_that_passed_last_is_kept_too_when_the_kernel_dies(tmp_path: Path) -> None:
    """A wait of its own is no act; and the Internet after an undo has another clock."""
    path = tmp_path / "lab.journal.json"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=120).returncode == -signal.SIGKILL
    with visit("union", journal=path) as again:
        assert again.clock.now() == AT + timedelta(days=2, hours=3)


def test_a_kept_journal_has_its_own_time_and_seed_unless_others_are_given(tmp_path: Path) -> None:
    path, later = tmp_path / "lab.journal.json", AT + timedelta(days=1)
    with visit("clean", at=AT, seed="another") as internet:
        internet.stage("one")
        internet.save(path)
    with visit("clean", journal=path) as again:
        assert (again.start, again.seed) == (AT, "another") and len(again.journal()) == 1
    with visit("clean", journal={**json.loads(path.read_text()), "acts": []}, at=later, seed="mine") as again:
        assert (again.start, again.seed) == (later, "mine")
    with pytest.raises(ValueError, match="kept in the world 'clean', so it cannot be replayed in 'union'"):
        visit("union", journal=path)


def test_a_file_is_written_whole_or_not_at_all(internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lab.journal.json"
    internet.keep(path)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            internet.stage("one")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError):
        internet.keep(tmp_path / "nowhere" / "lab.journal.json")
    internet.stage("two")
    assert len(journals.read(path, "union").acts) == 2, "the place before is still the place"


def test_a_journal_that_is_kept_never_becomes_too_long_to_be_read(
    internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "LONGEST_JOURNAL", 3)
    internet.keep(tmp_path / "journal.json")
    internet.stage("one")
    internet.stage("two")
    for another in (lambda: internet.stage("three"), lambda: internet.send("ana@auroria.post", "clara@inbox.example")):
        with pytest.raises(ValueError, match="full"):
            another()
    internet.clock.advance(days=1)
    internet.save(tmp_path / "journal.json")
    with visit("union", journal=tmp_path / "journal.json") as again:
        assert len(again.journal()) == 3
    monkeypatch.setattr(journals, "LARGEST_JOURNAL", 10)
    with pytest.raises(ValueError, match="octets"):
        internet.save(tmp_path / "journal.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)
PARTS = st.fixed_dictionaries({}, optional={"world": JSON, "seed": JSON, "start": JSON | st.just("2026-11-23"), "acts": JSON, "x": JSON})


@given(PARTS | JSON.filter(lambda value: not isinstance(value, str)))
def test_anything_is_a_journal_or_an_error(told: Any) -> None:
    try:
        found = journals.read(told, "union")
    except ValueError:
        return
    assert found.world in ("", "union") and (found.start is None or found.start.tzinfo) and all(isinstance(act, dict) for act in found.acts)


@pytest.mark.parametrize("told", [{"acts": 5}, {"world": "union"}, {"acts": [], "start": "soon"}, {"acts": [], "start": "2026-11-23"}])
def test_a_mapping_that_is_no_journal_is_an_error(told: Any) -> None:
    with pytest.raises(ValueError, match="journal"):
        visit("union", journal=told)
