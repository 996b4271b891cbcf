"""An SPF evaluation as a figure: the tree of terms, and the budget of ten DNS lookups that they spend (RFC 7208, section 4.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from postlib import words
from postlib.display.drawing import AMBER, GREEN, GREY, RED, box, drawing, line, mark, marked, said
from postlib.display.markup import Markup, tag
from postlib.display.spf import LOOKUPS, MATCHED, VOIDS, because, reason, record
from postlib.display.style import STYLE
from postlib.display.table import Table
from postlib.words import phrase

WIDE, HEAD, ROW = 880, 78, 26  # the figure; its head, without a reason; one line
INDENT, FOUND, COST = 26, 305, 780  # one level; where the reasons begin; where a lookup's number stands
MOST = 60  # lines drawn: ours, several times what ten lookups need; the table has all
DEEPEST = 8  # levels drawn apart
GROUNDS = {"pass": GREEN, "fail": RED, "softfail": AMBER, "permerror": RED, "temperror": AMBER}
COLUMNS = ("spf-level", "spf-term", "spf-target", "spf-found", "spf-number")
MARKS = {True: MATCHED[True], False: "–"}


@dataclass(frozen=True)
class Row:
    """One line of the tree: a term (or the record that an include leads to), its level, and the numbers of the lookups it spent itself."""

    level: int
    term: str
    target: str = ""
    found: str = ""
    matched: bool | None = None
    spent: tuple[int, ...] = ()
    voids: int = 0

    @property
    def numbers(self) -> str:
        """The lookups as people count them."""
        return ", ".join(str(each) for each in self.spent)


def html(outcome: Any) -> Markup:
    """An spf.Outcome for a notebook's cell: the figure, and the same as a table."""
    table = tag("details", tag("summary", phrase("figure-table")), table_of(outcome).element())
    return tag("div", tag("style", Markup(STYLE)), svg(outcome), table, class_="postlib", lang=words.chosen().language)


def table_of(outcome: Any) -> Table:
    """The tree as a table, one row a term."""
    cells = ((str(row.level), row.term, row.target, row.found, row.numbers) for row in rows(outcome) if row.matched is not None)
    return Table(phrase("spf-table"), COLUMNS, tuple(cells), frozenset({"spf-term", "spf-target"}))


def rows(outcome: Any) -> tuple[Row, ...]:
    """The tree read from the top, each record on a line of its own above its terms."""
    return tuple(_rows(outcome, 1, 0))


def _rows(outcome: Any, level: int, spent: int) -> Iterator[Row]:
    if outcome.record:
        yield Row(level - 1, record(outcome))
    for step in outcome.steps:
        below = step.inner.lookups - _before(step) if step.inner else 0
        own = max(0, step.lookups - max(0, below))
        numbers = tuple(range(spent + 1, spent + own + 1))
        yield Row(level, step.term, _target(step), because(step), step.matched, numbers, step.voids)
        if step.inner is not None:
            yield from _rows(step.inner, level + 1, spent + own)
        spent += step.lookups


def _before(step: Any) -> int:
    """What had been spent before an inner evaluation's own terms: its `lookups` may be a running total."""
    return int(step.inner.lookups - sum(each.lookups for each in step.inner.steps))


def _target(step: Any) -> str:
    return step.domain if step.domain and step.domain not in step.term else ""


def svg(outcome: Any) -> Markup:
    """The figure alone."""
    tree = rows(outcome)
    shown = tree[:MOST]
    top = HEAD + (22 if _why(outcome) else 0)
    places = [top + ROW * (index + 0.8) for index in range(len(shown) + 1)]
    lines = [piece for row, y in zip(shown, places, strict=False) for piece in _line(row, y)]
    bends = [piece for index in range(len(shown)) for piece in _bend(shown, places, index)]
    cut = [said(12, places[-1], phrase("spf-cut", count=len(tree) - MOST), font_style="italic")] if len(tree) > MOST else []
    return drawing(WIDE, places[-1] + (8 if cut else -12), _alternative(outcome, tree), *_head(outcome), *bends, *lines, *cut)


def _head(outcome: Any) -> Iterator[Markup]:
    """The result, its reason where it is an error, and the two budgets."""
    title, result = phrase("spf-title", domain=outcome.domain), outcome.result.value
    badge = phrase("spf-badge", result=result)
    yield said(8, 22, title, 560, font_weight="600", font_size="15")
    yield mark(COST - marked(badge) + 95, 22, badge, GROUNDS.get(result, GREY))
    if _why(outcome):
        yield said(8, 92, _why(outcome), WIDE - 20, font_style="italic")
    yield said(8, 62, phrase("spf-budget", count=outcome.lookups, limit=LOOKUPS))
    yield from _cells(190, 47, outcome.lookups, LOOKUPS)
    yield said(590, 62, phrase("spf-voids", count=outcome.voids, limit=VOIDS))
    yield from _cells(770, 47, outcome.voids, VOIDS)


def _cells(x: float, y: float, used: int, limit: int) -> Iterator[Markup]:
    """A budget as numbered cells: filled where spent, red behind the limit."""
    for cell in range(1, max(limit, min(used, limit + 4)) + 1):
        left, spent = x + 28 * (cell - 1) + (8 if cell > limit else 0), cell <= used
        ground = RED if cell > limit else GREY
        yield box(left, y, 24, 22, **({"fill": ground, "stroke": ground} if spent else {}))
        text, colour = f"{cell}" if cell <= limit else f"{cell}!", "#ffffff" if spent else "currentColor"
        yield said(left + 12, y + 16, text, end="middle", fill=colour, font_weight="600" if spent else "400")


def _why(outcome: Any) -> str:
    """Why there is no answer, or an error; "" for the four ordinary results."""
    return "" if outcome.reason in ("matched", "default", "redirect") else reason(outcome.reason, str(outcome.value))


def _line(row: Row, y: float) -> Iterator[Markup]:
    x = _left(row)
    if row.matched is None:
        yield said(x, y, row.term, WIDE - x - 10, fixed=True, font_style="italic")
        return
    yield said(x, y, MARKS[row.matched], font_weight="700" if row.matched else "400")
    yield said(x + 17, y, row.term, FOUND - x - 22, fixed=True, font_weight="600" if row.matched else "400")
    found = f"→ {row.target}: {row.found}" if row.target else row.found
    yield said(FOUND, y, found, COST - FOUND - 4)
    if row.spent:
        over = row.spent[-1] > LOOKUPS
        text = phrase("spf-lookup", number=row.numbers)
        yield mark(COST, y, text, RED) if over else said(COST + 7, y, text)


def _left(row: Row) -> float:
    return 8 + INDENT * min(row.level, DEEPEST)


def _bend(shown: tuple[Row, ...], places: list[float], index: int) -> Iterator[Markup]:
    """The elbow on which a term hangs: from the term before it, or from their SPF record."""
    row = shown[index]
    above = next((before for before in range(index - 1, -1, -1) if shown[before].level < row.level), None)
    if row.matched is None or above is None:
        return
    siblings = [at for at in range(above + 1, index) if shown[at].level == row.level and shown[at].matched is not None]
    x, y = _left(row) - INDENT + 8, places[index] - 4
    yield line(x, places[siblings[-1]] - 4 if siblings else places[above] + 6, x, y)
    yield line(x, y, _left(row) - 4, y)


def _alternative(outcome: Any, tree: tuple[Row, ...]) -> str:
    steps = (phrase("spf-alt-step", term=row.term, because=row.found) for row in tree[:MOST] if row.matched is not None)
    budget = {"lookups": outcome.lookups, "voids": outcome.voids, "lookup-limit": LOOKUPS, "void-limit": VOIDS}
    why = f", {_why(outcome)}" if _why(outcome) else ""
    shown = record(outcome) or phrase("figure-nothing")
    told = {"domain": outcome.domain, "result": outcome.result.value, "why": why, "record": shown, "steps": " ".join(steps)}
    return phrase("spf-alt", **told, **budget)
