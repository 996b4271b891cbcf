"""A lab's case and a judgement: what the learner is told, and what was tried with what became of it."""

from __future__ import annotations

from typing import Any

from postlib.display.markup import Markup, tag
from postlib.display.spf import reason
from postlib.display.style import STYLE
from postlib.display.table import Table
from postlib.words import chosen, phrase

COLUMNS = ("judged-tried", "judged-happened", "judged-wanted", "judged-points", "judged-lesson")


def case(shown: Any) -> list[Table]:
    """The tables of a case: its operator, and what is told of it."""
    who = Table(phrase("case", lab=shown.lab, learner=shown.learner, domain=shown.domain, country=shown.country), (), ())
    return [who, *(_told(shown, told) for told in shown.told)]


def _told(shown: Any, told: Any) -> Table:
    rows = tuple(tuple(phrase(f"{told.title}-{row}-{column}", **shown.names) for column in told.columns) for row in told.rows)
    return Table(phrase(told.title, **shown.names), told.columns, rows)


def judged(shown: Any) -> Table:
    """One row an outcome, and in the caption the points."""
    rows = tuple(_row(shown.lab, outcome) for outcome in shown.outcomes)
    return Table(phrase("judged", lab=shown.lab, domain=shown.subject, points=shown.points, most=shown.most), COLUMNS, rows)


def notes(shown: Any) -> list[str]:
    """What a reader should know beside the outcomes."""
    return [
        phrase(name, **{key: reason(value, values.get("value", "")) if key == "step" else value for key, value in values.items()})
        for name, values in shown.notes
    ]


def _row(lab: str, outcome: Any) -> tuple[str, ...]:
    values = {**outcome.values, "service": phrase(f"service-{outcome.values.get('service', '')}") if "service" in outcome.values else ""}
    told = [phrase(f"judge-{lab}-{outcome.kind}-{part}", **values) for part in ("sent", "happened", "wanted")]
    sign = phrase("judged-right" if outcome.right else "judged-wrong")
    return (*told[:1], f"{sign} {told[1]}", told[2], f"{outcome.points} / {outcome.most}", outcome.lesson)


def case_text(shown: Any) -> str:
    """For a terminal."""
    first, *tables = case(shown)
    return "\n".join([first.caption, *(table.text() for table in tables)])


def case_html(shown: Any) -> Markup:
    """For a notebook's cell."""
    first, *tables = case(shown)
    return _framed(tag("p", first.caption), *(table.element() for table in tables))


def judged_text(shown: Any) -> str:
    """For a terminal, and for a reader of the screen."""
    return "\n".join([judged(shown).text(), *notes(shown)]).rstrip() + "\n"


def judged_html(shown: Any) -> Markup:
    """For a notebook's cell."""
    return _framed(judged(shown).element(), *(tag("p", note) for note in notes(shown)))


def _framed(*parts: Markup) -> Markup:
    return tag("div", tag("style", Markup(STYLE)), *parts, class_="postlib", lang=chosen().language)
