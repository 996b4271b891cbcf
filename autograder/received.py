"""What was handed in: every submission kept as it came, beside the older ones, with a note of what was wrong."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

ABOUT = "about.json"
AS_IT_CAME = "as-it-came.ipynb"


@dataclass(frozen=True)
class Received:
    """One submission of one student: where it came from, when (UTC), what a person should know, and why it cannot be graded, if so."""

    source: str
    at: str
    digest: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""


def received(folder: Path) -> list[Received]:
    """All submissions that are kept in a student's folder, the oldest first."""
    found = []
    for path in sorted(folder.glob(f"*/{ABOUT}"), key=lambda path: int(path.parent.name)):
        about = json.loads(path.read_text(encoding="utf-8"))
        found.append(Received(**{**about, "notes": tuple(about["notes"])}))
    return found


def latest(folder: Path) -> Received | None:
    """The submission that came last; None where there is none."""
    return max(received(folder), key=lambda one: datetime.fromisoformat(one.at), default=None)


def keep(folder: Path, about: Received, content: bytes | None) -> Path:
    """Keep a submission under the next number. `content` is None for what is too large to keep: the note says where it is."""
    number = 1 + max((int(path.name) for path in folder.glob("*") if path.name.isdigit()), default=0)
    place = folder / str(number)
    place.mkdir(parents=True)
    if content is not None:
        (place / AS_IT_CAME).write_bytes(content)
    half = place / (ABOUT + ".half")
    half.write_text(json.dumps(asdict(about), indent=1), encoding="utf-8")
    os.replace(half, place / ABOUT)
    return place
