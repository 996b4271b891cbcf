"""What a row is, and how two programs are measured so that a noisy machine is noisy for both."""

from __future__ import annotations

import importlib
import pkgutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5


@dataclass(frozen=True)
class Measured:
    """Our figure, the peer's, and what to say of them beside the rule of the row (questions a domain, memory …)."""

    ours: float
    peer: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table. `target` is the least ratio; a larger ratio is always better for us."""

    name: str
    says: str
    unit: str
    target: float
    more_is_better: bool
    measure: Callable[[], Measured] = field(repr=False)

    def ratio(self, seen: Measured) -> float:
        """How much better ours is than the peer's."""
        ours, peer = (seen.ours, seen.peer) if self.more_is_better else (seen.peer, seen.ours)
        return ours / peer


ROWS: dict[str, Row] = {}


def row(name: str, *, unit: str, target: float, more_is_better: bool = False) -> Callable[[Callable[[], Measured]], Callable[[], Measured]]:
    """Make a function a row. Raises ValueError for a second row of that name, and for one that says nothing of itself."""

    def register(measure: Callable[[], Measured]) -> Callable[[], Measured]:
        if name in ROWS or not measure.__doc__:
            raise ValueError(f"the row {name} is there already, or does not say what it measures")
        ROWS[name] = Row(name, " ".join(measure.__doc__.split()), unit, target, more_is_better, measure)
        return measure

    return register


def load() -> dict[str, Row]:
    """Every row of this folder, in the order of its files and of the functions in them."""
    for module in sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if module != "__main__":
            importlib.import_module(f"{__package__}.{module}")
    return ROWS


def paired(ours: Callable[[], float], peer: Callable[[], float], rounds: int = ROUNDS, notes: tuple[str, ...] = ()) -> Measured:
    """Both measured in turn, `rounds` times; each one's median. The functions give the figure that counts."""
    figures = [(ours(), peer()) for _ in range(rounds)]
    return Measured(statistics.median(mine for mine, _ in figures), statistics.median(theirs for _, theirs in figures), notes)
