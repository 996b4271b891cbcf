"""Journals: lists of acts, alone or with the world and the time that they began in; read, bounded, and kept in files."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from postlib.acts import Act

LONGEST_JOURNAL = 5000  # acts: a learner makes some hundred, and replaying this many takes seconds
LARGEST_JOURNAL = 8 << 20  # octets of its file
MOST_LETTERS = 600  # of somebody else's journal: as many as a judge plays, and posting them takes half a minute
Source = str | Path | Mapping[str, Any] | Iterable[Act] | None


class Undone(tuple[Act, ...]):
    """Acts that were taken back, in the order in which they were done."""


@dataclass(frozen=True)
class Journal:
    """The acts, in order; and where they are to be replayed, as far as the journal says so ("" and None where it does not)."""

    acts: tuple[Act, ...] = ()
    world: str = ""
    seed: str = ""
    start: datetime | None = None

    def replayed(self, *, letters: bool, trusted: bool) -> list[Act]:
        """The acts to replay, with the letters or without. Raises ValueError for too many letters of somebody who is not trusted."""
        if not letters:
            return without_letters(self.acts)
        count = sum(map(is_letter, self.acts))
        if count > MOST_LETTERS and not trusted:
            raise ValueError(f"a journal with {count} letters is not replayed here; it may have {MOST_LETTERS}")
        return list(self.acts)

    def written(self) -> str:
        """The text of its file."""
        start = self.start.isoformat() if self.start is not None else ""
        return json.dumps({"world": self.world, "seed": self.seed, "start": start, "acts": self.acts}, indent=1)

    def write(self, path: Path) -> None:
        """Write its file, whole or not at all: who is killed on the way leaves the one that was there. Raises OSError, and
        ValueError for a journal that nobody could read again."""
        octets = self.written().encode()
        if len(octets) > LARGEST_JOURNAL or len(self.acts) > LONGEST_JOURNAL:
            raise ValueError(f"this journal is too long for its file: it may have {LONGEST_JOURNAL} acts and {LARGEST_JOURNAL} octets")
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_bytes(octets)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def is_letter(act: Act) -> bool:
    """Whether an act sends a letter: that needs an Internet that is up, all others only its data."""
    return bool(act.get("act") == "send")


def parted(acts: Sequence[Act], n: int) -> tuple[Sequence[Act], Undone]:
    """The acts that stay, and the last `n`, which are taken back. Raises ValueError if there are fewer."""
    if not 1 <= n <= len(acts):
        raise ValueError(f"the journal has {len(acts)} acts, so {n} cannot be taken back")
    return acts[:-n], Undone(acts[-n:])


def divided(acts: Sequence[Act]) -> tuple[list[Act], list[Act]]:
    """The acts before the first letter, and the others."""
    first = next((number for number, act in enumerate(acts) if is_letter(act)), len(acts))
    return list(acts[:first]), list(acts[first:])


def without_letters(acts: Iterable[Act]) -> list[Act]:
    """The acts that are left when no letter is sent; the time at which one was is waited for."""
    left: list[Act] = []
    for act in acts:
        if not is_letter(act):
            left.append(act)
        elif "at" in act and (not left or left[-1].get("at") != act["at"]):
            left.append({"act": "wait", "at": act["at"]})
    return left


def read(source: Source, world: str) -> Journal:
    """The journal of a file, or as it is given: a list of acts, or a mapping with `acts` and `world`, `seed`, `start`.

    Raises ValueError for what is none, for one longer than a person makes, and for one of another world than `world`.
    """
    if isinstance(source, str | Path):
        source = _file(Path(source))
    if isinstance(source, Mapping):
        return _whole(source, world)
    return Journal(_acts(source))


def _whole(told: Mapping[str, Any], world: str) -> Journal:
    found, seed, start = (told.get(key, "") for key in ("world", "seed", "start"))
    if "acts" not in told or not all(isinstance(value, str) for value in (found, seed, start)):
        raise ValueError("a journal is a list of acts, or a mapping with `acts`, and `world`, `seed` and `start` as text")
    if found not in ("", world):
        raise ValueError(f"this journal was kept in the world {found[:60]!r}, so it cannot be replayed in {world!r}")
    return Journal(_acts(told["acts"]), found, seed, _start(start) if start else None)


def _start(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"a journal starts at a time, not at {text[:60]!r}") from error
    if when.tzinfo is None:
        raise ValueError(f"a journal starts at a time with its time zone, not at {text[:60]!r}")
    return when


def _acts(told: Any) -> tuple[Act, ...]:
    if not isinstance(told, Iterable | None) or isinstance(told, Mapping | str):
        raise ValueError("a journal is a list of acts")
    acts: list[Any] = list(itertools.islice(told or (), LONGEST_JOURNAL + 1))
    if len(acts) > LONGEST_JOURNAL:
        raise ValueError(f"a journal has at most {LONGEST_JOURNAL} acts")
    if not all(isinstance(act, Mapping) for act in acts):
        raise ValueError("a journal is a list of acts, and each act a mapping of names to values")
    return tuple(dict(act) for act in acts)


def _file(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_JOURNAL + 1)
        if len(octets) > LARGEST_JOURNAL:
            raise ValueError(f"it is larger than {LARGEST_JOURNAL} octets")
        return json.loads(octets)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as a journal: {error}") from error
