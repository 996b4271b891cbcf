"""A second opinion as facts: area by area what we found, what the other program says, and whether the two agree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from postlib.display.harmless import visible
from postlib.words import phrase

COLUMNS = ("second-opinion.area", "second-opinion.ours", "second-opinion.theirs", "second-opinion.outcome", "second-opinion.why")
"""The titles of `Opinion.rows`, as ids of phrases."""


class State(StrEnum):
    """What one side says of an area. *unknown* is never *absent*; *not-checked* means that this side does not look at it."""

    KEPT = "kept"
    BROKEN = "broken"
    ABSENT = "absent"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not-checked"


class Outcome(StrEnum):
    """How the two sides stand to each other."""

    AGREE = "agree"
    DIFFER = "differ"
    NOT_COMPARABLE = "not-comparable"


@dataclass(frozen=True)
class Row:
    """One area, compared by the checks that both sides make.

    `failed` are those of them that fail here; `beyond` are checks that fail here and that the other program does not make;
    `said` is its own message. `why` is a word: which known deviation explains a difference ("unexplained" where none does),
    or why the two cannot be compared; `source` is where the right behaviour is written.
    """

    area: str
    ours: State
    theirs: State
    outcome: Outcome
    why: str = ""
    source: str = ""
    failed: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    said: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of COLUMNS. What a stranger may have published is made visible: control characters and the like."""
        return (
            phrase(f"second-opinion.area.{self.area}"),
            self._ours(),
            _listed(phrase(f"second-opinion.state.{self.theirs}"), (visible(self.said),) if self.said else ()),
            phrase(f"second-opinion.outcome.{self.outcome}"),
            " ".join(self._reasons()),
        )

    def _reasons(self) -> list[str]:
        reasons = [phrase(f"second-opinion.why.{self.why}")] if self.why else []
        if self.source:
            reasons.append(phrase("second-opinion.source", source=self.source))
        return reasons

    def _ours(self) -> str:
        """Our state by the checks that both make; what fails beyond them stands behind it, for the report says that it failed."""
        state = _listed(phrase(f"second-opinion.state.{self.ours}"), self.failed)
        if not self.beyond:
            return state
        key = "second-opinion.beyond-too" if self.ours is State.BROKEN else "second-opinion.beyond"
        return phrase(key, state=state, checks=", ".join(self.beyond))


@dataclass(frozen=True)
class Opinion:
    """What checkdmarc says of `subject` beside what we say. Where `trouble` is a word there is no opinion, and no area.

    `detail` is what the trouble said of itself; `refused` is what checkdmarc tried to reach beyond a lab, and could not.
    """

    subject: str
    version: str = ""
    areas: tuple[Row, ...] = ()
    trouble: str = ""
    detail: str = ""
    refused: tuple[str, ...] = ()

    def __getitem__(self, area: str) -> Row:
        """One area. Raises KeyError, with the areas there are."""
        for row in self.areas:
            if row.area == area:
                return row
        raise KeyError(f"this opinion has no area {area!r}; it has {', '.join(row.area for row in self.areas) or 'none'}")

    @property
    def title(self) -> str:
        """One sentence: whose opinion this is, or why there is none."""
        if self.trouble:
            return phrase(f"second-opinion.trouble.{self.trouble}", detail=visible(self.detail))
        compared = [row.outcome for row in self.areas if row.outcome is not Outcome.NOT_COMPARABLE]
        differ = compared.count(Outcome.DIFFER)
        return phrase("second-opinion.title", subject=self.subject, version=self.version, differ=differ, compared=len(compared))

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The areas as rows of text; COLUMNS names the columns, so `display.Table(opinion.title, COLUMNS, opinion.rows())` shows them."""
        return tuple(row.cells() for row in self.areas)

    def __str__(self) -> str:
        titles = [phrase(column) for column in COLUMNS]
        lines = [self.title]
        for area, *cells in self.rows():
            lines.append(area)
            lines += [f"    {title}: {cell}" for title, cell in zip(titles[1:], cells, strict=True) if cell]
        if self.refused:
            lines.append(phrase("second-opinion.refused", refused=visible(", ".join(self.refused))))
        return "\n".join(lines)


def _listed(word: str, details: tuple[str, ...]) -> str:
    return f"{word} ({', '.join(details)})" if details else word
