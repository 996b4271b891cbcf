"""Reports as plain text for a terminal or a mail, and as Markdown for a ticket or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from postlib import words
from postlib.display import lines
from postlib.display.harmless import cut, visible
from postlib.display.style import SHAPES
from postlib.finding import Finding
from postlib.report import Report

INDENT = " " * 4
TICKS = re.compile(r"`+")
PUNCTUATION = re.compile(r"([\\`*_\[\]<>#|~&@])")  # what begins markup; it may follow a backslash (CommonMark, section 2.4)


def text(report: Report) -> str:
    """The report as text, no line wrapped, so that what is to be pasted stays whole; a kept rule is one line."""
    said = [f"{visible(report.subject)}: {lines.summary(report)}", lines.as_of(report)]
    for group in lines.groups(report):
        said += ["", lines.heading(group)]
        said += [line for finding in group.findings for line in (_kept if finding.status in lines.QUIET else _finding)(finding)]
    return "\n".join(said) + "\n"


def one(finding: Finding) -> str:
    """A single finding as text."""
    return "\n".join([visible(finding.subject), *_finding(finding)]) + "\n"


def _kept(finding: Finding) -> Iterator[str]:
    yield f"  {SHAPES[finding.status]} {words.status(finding.status)}: {finding.verdict.rule} ({finding.check})"
    if lines.advice(finding):
        yield f"{INDENT}{visible(lines.advice(finding))}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  {SHAPES[finding.status]} {words.status(finding.status)}: {finding.verdict.rule}"
    yield f"{INDENT}{lines.notes(finding)}"
    for said in (lines.answer(finding), lines.advice(finding)):
        if said:
            yield f"{INDENT}{visible(said)}"
    for label, value, _ in lines.seen(finding):
        yield f"{INDENT}{label}: {shortened(value)}"
    if finding.remedy is not None:
        yield f"{INDENT}{words.phrase('todo')}: {visible(words.sentence(finding.remedy))}"
        yield f"{INDENT}{lines.lever(finding)}"


def shortened(value: str) -> str:
    """A value made visible; a very long one is cut, and says so."""
    shown, more = cut(value)
    return f"{shown} {words.phrase('cut', more=more)}" if more else shown


def markdown(report: Report) -> str:
    """The report as Markdown: a table a group. Values stand in code spans, so that nothing in them is markup."""
    said = [f"**{prose(report.subject)}**: {prose(lines.summary(report))}", "", prose(lines.as_of(report)), ""]
    columns = [words.phrase(key) for key in ("result", "rule", "seen", "todo")]
    for group in lines.groups(report):
        said += [f"### {prose(lines.heading(group))}", "", row(columns), row(["---"] * len(columns))]
        said += [row(_cells(finding)) for finding in group.findings]
        said.append("")
    return "\n".join(said)


def row(cells: list[str]) -> str:
    """One line of a Markdown table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def _cells(finding: Finding) -> list[str]:
    seen = [f"{prose(label)}: {prose(value) if plain else span(value)}" for label, value, plain in lines.seen(finding)]
    answer, advice = lines.answer(finding), lines.advice(finding)
    todo = prose(advice)
    if finding.remedy is not None:
        sentence = "".join(span(text) if value else prose(text) for text, value in words.parts(finding.remedy))
        todo = f"{sentence}<br>{prose(lines.lever(finding))}"
    return [
        f"{SHAPES[finding.status]} {prose(words.status(finding.status))}",
        f"{prose(finding.verdict.rule)}<br>{prose(lines.notes(finding))}",
        "<br>".join([prose(answer)] * bool(answer) + seen),
        todo,
    ]


def prose(said: str) -> str:
    """Text as Markdown that shows just it."""
    return PUNCTUATION.sub(r"\\\1", visible(said))


def span(value: str) -> str:
    """A value as a code span, in more backticks than it has itself (CommonMark, section 6.1); pipes as tables want them."""
    shown = shortened(value).replace("|", "\\|")
    if not shown.strip():
        return f"`{shown}`" if shown else ""
    fence = "`" * (1 + max((len(run) for run in TICKS.findall(shown)), default=0))
    padding = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"
