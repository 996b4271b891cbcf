"""What a judge finds: outcomes with points. The words for them are in the catalogue, by lab and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Note = tuple[str, Mapping[str, str]]
"""The id of a phrase, and its values."""


@dataclass(frozen=True)
class Outcome:
    """One thing that was tried on the learner's Internet.

    `part` is the lab's part, `kind` names the texts (phrases judge.<lab>.<kind>.sent, .happened and .wanted, filled with `values`).
    `lesson` teaches it. It is worth `most` points or none.
    """

    part: str
    kind: str
    right: bool
    most: int
    lesson: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """All of its points, or none."""
        return self.most if self.right else 0


@dataclass(frozen=True)
class Judged:
    """What became of everything that a judge tried. `notes` are ids of phrases with values: what a reader should know beside it."""

    lab: str
    subject: str
    outcomes: tuple[Outcome, ...]
    notes: tuple[Note, ...] = ()

    @property
    def points(self) -> int:
        """The points reached."""
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def most(self) -> int:
        """The points that can be reached."""
        return sum(outcome.most for outcome in self.outcomes)

    def part(self, name: str) -> Judged:
        """The same for one part of the lab. Raises ValueError for a part that it does not have."""
        parts = dict.fromkeys(outcome.part for outcome in self.outcomes)
        if name not in parts:
            raise ValueError(f"the lab {self.lab} has no part {name!r}; its parts are: {', '.join(parts)}")
        return Judged(self.lab, self.subject, tuple(outcome for outcome in self.outcomes if outcome.part == name), self.notes)
