"""Octets kept for this user from one process to the next: a folder that nobody else can write to, bounded, never an error.

What is not there, broken, foreign or cannot be written is as if nothing were kept. Two processes at once do not disturb each
other: a file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SWITCH = "POSTLIB_CACHE"
MAGIC = b"postlib 1\n"
SUFFIX, UNFINISHED = ".world", ".tmp"
WHOLE_NAME, UNFINISHED_NAME = re.compile(r"[0-9a-f]{32}\.world"), re.compile(r"[0-9a-f]{16}\.tmp")  # whatever else is there is not ours
FILES = 8  # kept; a day has its own, and nobody comes back to last week's
LARGEST = 32 << 20  # octets of one file; the world `union` has 0.4 MB
FORGOTTEN = 3600.0  # seconds after which an unfinished file has no writer any more
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def folder() -> Path | None:
    """Where this user's caches are (XDG Base Directory Specification; Apple's and Microsoft's guidelines); None where nothing is kept.

    POSTLIB_CACHE in the environment names another folder, or is "off": then nothing is kept.
    """
    told = os.environ.get(SWITCH)
    if told is not None:
        return Path(told) if os.path.isabs(told) else None
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local, "postlib", "Cache") if local else None
    usual = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(usual):  # a relative one is to be ignored
        return Path(usual, "postlib")
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return None
    return Path(home, "Library/Caches/postlib" if sys.platform == "darwin" else ".cache/postlib")


def read(place: Path, key: str) -> bytes | None:
    """The octets kept under `key`, or None."""
    try:
        octets = _octets(place, _name(key))
    except OSError:
        return None
    start = MAGIC + hashlib.sha256(key.encode() + octets[len(MAGIC) + 32 :]).digest()
    return octets[len(start) :] if octets.startswith(start) else None


def write(place: Path, key: str, octets: bytes) -> None:
    """Keep the octets under `key`, as long as there is room; the oldest give way."""
    whole = MAGIC + hashlib.sha256(key.encode() + octets).digest() + octets
    if len(whole) > LARGEST:
        return
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _ours(os.lstat(place), stat.S_ISDIR):
            _replace(place, _name(key), whole)
            for old in _surplus(place):
                with contextlib.suppress(OSError):  # another process was quicker
                    os.unlink(old)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32] + SUFFIX


def _octets(place: Path, name: str) -> bytes:
    """A file's contents. Raises OSError, also for one that somebody else may have written."""
    if not _ours(os.lstat(place), stat.S_ISDIR):
        raise PermissionError(f"{place} is open to others")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(place / name, flags), "rb") as file:
        about = os.fstat(file.fileno())
        if not _ours(about, stat.S_ISREG) or about.st_size > LARGEST:
            raise PermissionError(f"{place / name} is open to others, or is none of ours")
        return file.read()


def _ours(about: os.stat_result, kind: Callable[[int], bool]) -> bool:
    """Whether it is of that kind, this user's, and writable by nobody else. Windows keeps others out of a user's folders itself."""
    if not kind(about.st_mode):
        return False
    return not hasattr(os, "geteuid") or (about.st_uid == os.geteuid() and not about.st_mode & WRITABLE_BY_OTHERS)


def _replace(place: Path, name: str, whole: bytes) -> None:
    """Put a file in place, whole, readable by this user alone."""
    unfinished = place / f"{os.urandom(8).hex()}{UNFINISHED}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(unfinished, flags, 0o600), "wb") as file:
            file.write(whole)
        os.replace(unfinished, place / name)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def _surplus(place: Path) -> Iterator[str]:
    """The files that give way: all but the newest ones, and unfinished ones that nobody writes any more."""
    with os.scandir(place) as entries:
        found = [(entry.stat(follow_symlinks=False).st_mtime, entry) for entry in entries]
    kept = sorted(((when, entry.path) for when, entry in found if WHOLE_NAME.fullmatch(entry.name)), reverse=True)
    yield from (path for _, path in kept[FILES:])
    forgotten = time.time() - FORGOTTEN
    yield from (entry.path for when, entry in found if UNFINISHED_NAME.fullmatch(entry.name) and when < forgotten)
