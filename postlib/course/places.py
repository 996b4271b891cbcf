"""Start anywhere: the Internet as it is at a heading of a lesson. What the lesson has done by then is kept as data, and done again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources

from postlib.acts import Act
from postlib.lab.internet import Internet, visit


@dataclass(frozen=True)
class Place:
    """A lesson's acts, without dates, and how many of them are done at each heading. `world` and `seed` are what it visits."""

    world: str
    seed: str
    headings: dict[str, int]
    acts: tuple[Act, ...]

    def until(self, heading: str, start: datetime) -> list[Act]:
        """The journal at a heading, for an Internet that starts at `start`. KeyError: there is no such heading."""
        journal: list[Act] = []
        now = start
        for act in self.acts[: self.headings[heading]]:
            if act["act"] == "advance":
                now += timedelta(seconds=act["seconds"])
            else:
                journal.append({**act, "at": now.isoformat()})
        ended = journal[-1]["at"] if journal else start.isoformat()
        return journal if ended == now.isoformat() else [*journal, {"act": "wait", "at": now.isoformat()}]


def at(lesson: str, heading: str = "") -> Internet:
    """The Internet as it is at a heading of a lesson: `at("dmarc/02", "How it breaks")`; without a heading, as the lesson begins.

    The clock starts at today 00:00 UTC, as with `visit`. A part of the heading is enough where only one has it ("breaks"), and
    capitals do not matter. Only the lesson's variable `internet` is raised: run its setup cell with this in place of `visit(…)`.
    Raises ValueError, with those there are, for a lesson or a heading that is none.
    """
    place = of(lesson)
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    done = place.until(found(place.headings, heading, lesson), start) if heading.strip() else []
    return visit(place.world, seed=place.seed, at=start, journal=done)


def found(headings: Sequence[str] | dict[str, int], wanted: str, lesson: str) -> str:
    """The heading that is meant. Raises ValueError where none is, or more than one."""
    words = " ".join(wanted.casefold().split())
    near = [heading for heading in headings if words in heading.casefold()]
    exact = [heading for heading in near if words == heading.casefold()]
    if len(exact or near) != 1:
        why = "has more than one heading" if near else "has no heading"
        raise ValueError(f"{lesson} {why} with {wanted.strip()[:60]!r}; its headings are: {', '.join(near or headings)}")
    return (exact or near)[0]


def lessons() -> tuple[str, ...]:
    """The lessons that can be started at a heading."""
    names = (path.name for path in _folder().iterdir() if path.name.endswith(".json"))
    return tuple(sorted(re.sub(r"-(?=[0-9]+$)", "/", name.removesuffix(".json")) for name in names))


@lru_cache(maxsize=4)
def of(lesson: str) -> Place:
    """What is kept of a lesson. Raises ValueError for one that is none."""
    known = lessons()
    name = lesson.strip().casefold()
    if name not in known:
        raise ValueError(f"there is no lesson {lesson.strip()[:60]!r} to start in; there are: {', '.join(known)}")
    told = json.loads(_folder().joinpath(file_name(name)).read_text(encoding="utf-8"))
    return Place(told["world"], told["seed"], told["headings"], tuple(told["acts"]))


def file_name(lesson: str) -> str:
    """The file of a lesson: `dmarc-02.json`."""
    return f"{lesson.replace('/', '-')}.json"


def _folder() -> resources.abc.Traversable:
    return resources.files("postlib.course").joinpath("places")
