"""The learner's own file, progress.json: read, changed and written whole or not at all, also by two kernels at once.

It stands in the folder that holds start.ipynb, found upward from the working directory; without one, in the working directory.
POSTLIB_PROGRESS=off keeps nothing on the disk, only in this process; POSTLIB_PROGRESS=/path/file.json is another file.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from postlib.words import phrase

VERSION = 1
NAME = "progress.json"
START = "start.ipynb"
LARGEST = 1_000_000  # bytes: ours; a whole course is under 100 kB
MOST_ENTRIES = 2_000  # of one section: ours; several times what the whole course asks
PATIENCE = 5.0  # seconds to wait for another kernel that writes: ours; a writing takes milliseconds
SECTIONS = ("questions", "predictions", "reached", "hints", "concepts", "survey")

Data = dict[str, Any]
Change = Callable[[Data], None]

_kept_here: Data = {}  # what is kept while POSTLIB_PROGRESS is off


def empty() -> Data:
    """The file of somebody who has not begun."""
    return {"version": VERSION, "learner": "", **{section: {} for section in SECTIONS}}


def start_folder() -> Path | None:
    """The nearest folder, from the working directory upward, that holds start.ipynb."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / START).is_file()), None)


def place() -> Path | None:
    """Where the file is; None when it is switched off."""
    asked = os.environ.get("POSTLIB_PROGRESS", "")
    if asked.lower() in ("off", "0", "no"):
        return None
    return Path(asked) if asked else (start_folder() or Path.cwd()) / NAME


def read() -> tuple[Data, str]:
    """What is kept, and a sentence if the file could not be used. A broken or foreign file is put aside, never lost."""
    try:
        path = place()
        return (_here(), "") if path is None else _read(path)
    except OSError as error:
        return empty(), phrase("file.not-read", file=NAME, why=error.strerror or error)


def change(made: Change) -> str:
    """Change what is kept: read anew, changed and replaced under a lock. Returns "", or a sentence when it could not be kept."""
    try:
        path = place()
        if path is None:
            made(_here())
            return ""
        with _alone(path):
            data, told = _read(path)
            made(data)
            _write(path, data)
        return told
    except OSError as error:
        return phrase("file.not-kept", file=NAME, why=error.strerror or error)


def _here() -> Data:
    if not _kept_here:
        _kept_here.update(empty())
    return _kept_here


def _read(path: Path) -> tuple[Data, str]:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        return empty(), ""
    data = _understood(text)
    if data is not None:
        return data, ""
    aside = _put_aside(path)
    return empty(), phrase("file.broken", file=path.name, aside=aside.name)


def _understood(text: bytes) -> Data | None:
    """The data of a file of ours; None for anything else."""
    try:
        data = json.loads(text.decode("utf-8"))
        return data if len(text) <= LARGEST and _ours(data) else None
    except (ValueError, RecursionError):
        return None


def _ours(data: Any) -> bool:
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("learner"), str):
        return False
    return all(isinstance(data.get(section), dict) and _sound(section, data[section]) for section in SECTIONS)


_NUMBER = (int, float)
_KINDS: dict[str, dict[str, Any]] = {
    "questions": {"asked": str, "answer": list, "at_first": bool, "right": bool, "tries": int, "again": int, "due": str},
    "predictions": {"asked": str, "guess": int, "compared": bool},
    "reached": {"asked": str, "points": _NUMBER, "most": _NUMBER},
}


def _sound(section: str, entries: Data) -> bool:
    """Whether every entry has the shape that is written here."""
    if len(entries) > MOST_ENTRIES:
        return False
    if section == "hints":
        return all(isinstance(used, list) and all(isinstance(number, int) for number in used) for used in entries.values())
    if section in ("concepts", "survey"):
        return _answers(entries)
    kinds = _KINDS[section]
    return all(isinstance(entry, dict) and all(isinstance(entry.get(key), kinds[key]) for key in kinds) for entry in entries.values())


def _answers(entries: Any) -> bool:
    """Whether this is numbers and times, by names, in names."""
    if isinstance(entries, dict):
        return all(_answers(entry) for entry in entries.values())
    return isinstance(entries, int | str)


def _put_aside(path: Path) -> Path:
    """Give a file another name that is free: progress.broken.json, progress.broken-2.json …"""
    for number in range(1, MOST_ENTRIES):
        aside = path.with_name(f"{path.stem}.broken{f'-{number}' if number > 1 else ''}{path.suffix}")
        if not aside.exists():
            os.replace(path, aside)
            return aside
    raise OSError(f"there are {MOST_ENTRIES} broken files beside it")


def _write(path: Path, data: Data) -> None:
    for section in SECTIONS:
        for oldest in list(data[section])[:-MOST_ENTRIES]:
            del data[section][oldest]
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        half.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the file. The system lets go of it when a process dies, so that no lock outlives its owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a+b") as file:
        until = time.monotonic() + PATIENCE
        while not _locked(file.fileno()):
            if time.monotonic() > until:
                raise TimeoutError(0, phrase("file.busy"))
            time.sleep(0.01)
        yield


if sys.platform == "win32":
    import msvcrt

    def _locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
