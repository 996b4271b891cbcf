"""The DMARC tree walk as a figure: which names were asked, in which order, what stood there, and whose policy applies (RFC 9989, 4.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postlib import words
from postlib.display.drawing import AMBER, BLUE, GREEN, GREY, box, drawing, line, mark, marked, said
from postlib.display.markup import Markup, tag
from postlib.display.style import STYLE
from postlib.display.table import Table
from postlib.words import phrase

WIDE, HEAD, ROW = 880, 48, 58  # the figure, its head, one question
NUMBER, NAMES, FOUND = 22, 372, 400  # where the numbers stand, where the names end, where the answers begin
COLUMNS = ("walk-number", "walk-question", "walk-found", "walk-record", "walk-use")
GROUNDS = {"none": GREY, "quarantine": AMBER, "reject": GREEN}


def html(discovery: Any) -> Markup:
    """A dmarc.Discovery for a notebook's cell: the figure, and the same as a table."""
    heading = tag("p", tag("strong", conclusion(discovery)))
    table = tag("details", tag("summary", phrase("figure-table")), table_of(discovery).element())
    return tag("div", tag("style", Markup(STYLE)), heading, svg(discovery), table, class_="postlib", lang=words.chosen().language)


def table_of(discovery: Any) -> Table:
    """The walk as a table: one row a question."""
    steps = enumerate(discovery.walk.steps, 1)
    rows = tuple((str(number), step.query, _found(step), " | ".join(step.texts), _use(discovery, step)) for number, step in steps)
    return Table(conclusion(discovery), COLUMNS, rows, frozenset({"walk-question", "walk-record"}))


def conclusion(discovery: Any) -> str:
    """What the walk comes to: whose DMARC record applies, and what it asks for."""
    at = {"author": discovery.author_domain, "domain": discovery.domain}
    if discovery.outcome != "record":
        return phrase(f"walk-{discovery.outcome}", **at)
    if _asked(discovery) == "":
        return phrase("walk-open", **at)
    if discovery.tag == "":
        return phrase("walk-broken", **at)
    weaker = discovery.policy != discovery.requested
    asked = f"{discovery.tag}={discovery.requested}"
    return phrase("walk-testing" if weaker else "walk-applies", asked=asked, policy=f"p={discovery.policy}", **at)


def _asked(discovery: Any) -> str:
    """The policy that is asked for: none, quarantine or reject; "" where there is none, or it could not be told."""
    policy = str(discovery.policy) if discovery.policy is not None else ""
    return policy if policy in GROUNDS else ""


def svg(discovery: Any) -> Markup:
    """The figure alone."""
    steps = discovery.walk.steps
    bottom = HEAD + ROW * len(steps)
    pieces = [piece for index, step in enumerate(steps) for piece in _step(discovery, index, step)]
    stopped = said(NUMBER + 22, bottom + 12, words.spoken("walk-stopped", discovery.walk.stopped), WIDE - NUMBER - 30, font_style="italic")
    return drawing(WIDE, bottom + 24, _alternative(discovery), *_head(discovery), *pieces, stopped)


def _head(discovery: Any) -> Iterator[Markup]:
    """From where it starts, and the policy at the end of it."""
    yield said(8, 22, phrase("walk-title", start=discovery.walk.start), 600, font_weight="600", font_size="15")
    asked = _asked(discovery)
    text = phrase("walk-policy", policy=asked) if asked else phrase("walk-no-policy")
    yield mark(WIDE - 8 - marked(text), 22, text, GROUNDS.get(asked, GREY))


def _step(discovery: Any, index: int, step: Any) -> Iterator[Markup]:
    """One question: its number, the name that was asked, right-bound so that the labels fall away on the left, and the answer."""
    y, used = HEAD + ROW * index + 14, _is_used(discovery, step)
    if index:
        yield line(NUMBER, y - ROW + 16, NUMBER, y - 16, stroke_dasharray="2 3")
    yield box(NUMBER - 13, y - 14, 26, 26)
    yield said(NUMBER, y + 4, str(index + 1), end="middle", font_weight="600")
    yield said(NAMES, y + 4, step.query, NAMES - NUMBER - 30, fixed=True, end="end", font_weight="600" if used else "400")
    yield line(NAMES + 6, y, FOUND - 6, y)
    yield from _answer(discovery, step, y)


def _answer(discovery: Any, step: Any, y: float) -> Iterator[Markup]:
    if not step.texts:
        yield said(FOUND + 8, y + 4, _found(step), WIDE - FOUND - 20, font_style="italic")
        return
    used = _is_used(discovery, step)
    yield box(FOUND, y - 17, WIDE - FOUND - 8, 48, **({"stroke": BLUE, "stroke_width": "2"} if used else {}))
    yield said(FOUND + 8, y, step.texts[0] if len(step.texts) == 1 else _found(step), WIDE - FOUND - 24, fixed=True)
    use = _use(discovery, step)
    yield mark(FOUND + 6, y + 22, use, BLUE) if used else said(FOUND + 8, y + 22, use, WIDE - FOUND - 24)


def _is_used(discovery: Any, step: Any) -> bool:
    return step.record is not None and step.domain == discovery.domain and discovery.outcome == "record"


def _found(step: Any) -> str:
    return words.spoken("walk", step.outcome)


def _use(discovery: Any, step: Any) -> str:
    """What a record is used for: its policy applies, it ended the walk, or nothing; "" where there is none."""
    if _is_used(discovery, step):
        return phrase("walk-used", tag=discovery.tag) if discovery.tag else phrase("walk-used-broken")
    if step.record is None:
        return ""
    return phrase("walk-ends", tag=f"psd={step.record.psd}") if step.record.psd != "u" else phrase("walk-not-used")


def _alternative(discovery: Any) -> str:
    asked = (phrase("walk-alt-step", number=n, query=step.query, found=_heard(step)) for n, step in enumerate(discovery.walk.steps, 1))
    return phrase("walk-alt", start=discovery.walk.start, steps=" ".join(asked), conclusion=conclusion(discovery))


def _heard(step: Any) -> str:
    return step.texts[0] if len(step.texts) == 1 else _found(step)
