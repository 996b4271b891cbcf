"""Octets kept for this user: whole or not at all, bounded, and nobody else's."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.lab import store

UNIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows keeps others out of a user's folders itself")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "postlib"


def only_file(place: Path) -> Path:
    [file] = place.iterdir()
    return file


@UNIX
def test_what_is_kept_comes_back_under_its_own_key(place: Path) -> None:
    assert store.read(place, "a") is None
    store.write(place, "a", b"1")
    store.write(place, "a", b"one")
    assert (store.read(place, "a"), store.read(place, "b")) == (b"one", None)
    assert (stat.S_IMODE(place.stat().st_mode), stat.S_IMODE(only_file(place).stat().st_mode)) == (0o700, 0o600)


@given(st.data())
def test_a_broken_file_is_as_if_nothing_were_kept(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Truncated, longer, one octet changed: found by the digest."""
    place = tmp_path_factory.mktemp("store", numbered=True) / "cache"
    store.write(place, "a", b"octets of a world")
    file = only_file(place)
    good = file.read_bytes()
    file.write_bytes(data.draw(st.binary(max_size=100) | st.integers(0, len(good)).map(lambda n: good[:n]) | _changed(good)))
    assert store.read(place, "a") == (b"octets of a world" if file.read_bytes() == good else None)


def _changed(good: bytes) -> st.SearchStrategy[bytes]:
    places = st.tuples(st.integers(0, len(good) - 1), st.integers(1, 255))
    return places.map(lambda pair: good[: pair[0]] + bytes([good[pair[0]] ^ pair[1]]) + good[pair[0] + 1 :])


def test_a_file_under_another_key_is_not_believed(place: Path) -> None:
    """Its name is not what counts."""
    store.write(place, "a", b"one")
    only_file(place).rename(place / store._name("b"))
    assert store.read(place, "b") is None


@UNIX
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_can_write_is_not_read(place: Path, mode: int) -> None:
    store.write(place, "a", b"one")
    only_file(place).chmod(mode)
    assert store.read(place, "a") is None
    only_file(place).chmod(0o600)
    place.chmod(mode | 0o111)
    assert store.read(place, "a") is None
    store.write(place, "b", b"two")
    assert len(list(place.iterdir())) == 1


@UNIX
def test_what_belongs_to_somebody_else_is_not_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(place, "a", b"one")
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1)
    assert store.read(place, "a") is None


@UNIX
def test_what_is_no_plain_file_is_not_read_nor_waited_for(place: Path) -> None:
    """A symbolic link, a pipe without a writer, a folder."""
    store.write(place, "a", b"one")
    file = only_file(place)
    aside = place.parent / "aside"
    file.rename(aside)
    file.symlink_to(aside)
    assert store.read(place, "a") is None
    file.unlink()
    os.mkfifo(file, 0o600)
    assert store.read(place, "a") is None
    file.unlink()
    file.mkdir()
    assert store.read(place, "a") is None
    store.write(place, "a", b"two")  # cannot be put there
    assert [path.name for path in place.iterdir()] == [file.name]


def test_a_folder_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        store.write(place, "a", b"one")
        assert store.read(place, "a") is None
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store.write(tmp_path / "link", "a", b"one")
    assert not list((tmp_path / "real").iterdir())


def test_the_oldest_gives_way_and_so_does_what_nobody_finishes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LARGEST", 1000)
    for number in range(store.FILES):
        store.write(place, str(number), b"x")
        os.utime(place / store._name(str(number)), (number, number))
    (place / "mine.txt").write_text("somebody's own")
    for name, when in (("0" * 16 + ".tmp", 0.0), (f"{1:016x}.tmp", time.time())):
        (place / name).write_text("")
        os.utime(place / name, (when, when))
    store.write(place, "another", b"x")
    assert [store.read(place, key) for key in ("0", "1", "another")] == [None, b"x", b"x"]
    assert {"mine.txt", f"{1:016x}.tmp"} == {path.name for path in place.iterdir() if path.suffix != store.SUFFIX}
    store.write(place, "huge", bytes(1000))
    assert store.read(place, "huge") is None


def test_in_a_folder_that_others_use_only_our_own_files_give_way(place: Path) -> None:
    """POSTLIB_CACHE may name a folder in which somebody keeps a thesis."""
    place.mkdir(mode=0o700, parents=True)
    theirs = {"thesis.tmp", "0" * 15 + ".tmp", "F" * 16 + ".tmp", *(f"save{number}.world" for number in range(store.FILES + 1))}
    for name in theirs:
        (place / name).write_text("mine")
        os.utime(place / name, (0, 0))
    for number in range(store.FILES + 1):
        store.write(place, str(number), b"x")
    found = {path.name for path in place.iterdir()}
    assert theirs <= found and len(found - theirs) == store.FILES


def test_the_folder_is_where_the_system_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG Base Directory Specification: a relative XDG_CACHE_HOME is to be ignored. POSTLIB_CACHE comes before all."""
    monkeypatch.setenv("POSTLIB_CACHE", str(tmp_path))
    assert store.folder() == tmp_path
    monkeypatch.setenv("POSTLIB_CACHE", "off")
    assert store.folder() is None
    monkeypatch.delenv("POSTLIB_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(sys, "platform", "linux")
    assert store.folder() == tmp_path / ".cache" / "postlib"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert store.folder() == tmp_path / "Library" / "Caches" / "postlib"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert store.folder() == tmp_path / "xdg" / "postlib"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert store.folder() == tmp_path / "local" / "postlib" / "Cache"
    monkeypatch.delenv("LOCALAPPDATA")
    assert store.folder() is None
