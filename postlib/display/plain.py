"""Reports as plain text for a terminal or a mail, and as Markdown for a ticket or a wiki."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from postlib import words
from postlib.display import lines
from postlib.display.harmless import cut, visible
from postlib.display.lines import Alike, Group
from postlib.display.style import SHAPES
from postlib.finding import Finding
from postlib.report import Report

INDENT = " " * 4
TICKS = re.compile(r"`+")
PUNCTUATION = re.compile(r"([\\`*_\[\]<>#|~&@])")  # what begins markup; it may follow a backslash (CommonMark, section 2.4)


def text(report: Report, *, all: bool = False, hint: str = "") -> str:
    """The report as text, no line wrapped, so that what is to be pasted stays whole.

    What passed or is not applicable is only counted, with the `hint` behind; with `all`, each is one line.
    """
    gone, again = lines.missing(report), lines.repeated(report)
    said = [visible(line) for line in (gone, f"{report.subject}, {lines.summary(report)}", lines.as_of(report)) if line]
    for group in lines.groups(report):
        said += ["", lines.heading(group), *_rows(group, again, all, hint)]
        left = [finding for finding in group.findings if _hidden(finding)]
        if left and not all:
            said.append(f"  {words.phrase('not-shown', counts=lines.counts(left))}{f' {hint}' if hint else ''}")
    return "\n".join(said) + "\n"


def one(finding: Finding) -> str:
    """A single finding as text."""
    return "\n".join([visible(finding.subject), *_finding(finding)]) + "\n"


def _rows(group: Group, again: Mapping[str, str], all: bool, hint: str) -> Iterator[str]:
    for row in lines.rows(group):
        if isinstance(row, Alike):
            yield from _alike(row, all, hint)
        elif row.status not in lines.QUIET:
            yield from _finding(row, again.get(row.check, ""))
        elif all or not _hidden(row):
            yield from _quiet(row)


def _hidden(finding: Finding) -> bool:
    """Whether a finding is only counted: there is nothing to do about it."""
    return finding.status in lines.QUIET and not finding.verdict.advice


def _head(finding: Finding) -> str:
    kind = lines.kind(finding)
    return f"  {SHAPES[kind]} {words.status(kind)}: {finding.verdict.rule}"


def _quiet(finding: Finding) -> Iterator[str]:
    yield f"{_head(finding)} ({finding.check})"
    if lines.advice(finding):
        yield f"{INDENT}{visible(lines.advice(finding))}"


def _alike(row: Alike, all: bool, hint: str) -> Iterator[str]:
    """Many checks that are unknown for one reason, on one line; with `all`, each of them below it."""
    first, *others = row.where or ("",)
    asked = f"{lines.label('where', first, '')}: {shortened(first)}" if first else ""
    more = words.counted("others", len(others)) if others else ""
    behind = (f"({', '.join(part for part in (asked, more) if part)})" if asked else "", "" if all else hint)
    yield " ".join(part for part in (f"  {SHAPES['unknown']} {row.said}", *behind) if part)
    yield from (f"{INDENT}{finding.verdict.rule} ({finding.check})" for finding in row.findings if all)


def _finding(finding: Finding, before: str = "") -> Iterator[str]:
    """One finding; where `before` is a check, its remedy stands there already."""
    yield _head(finding)
    yield f"{INDENT}{lines.notes(finding)}"
    for said in (lines.answer(finding), lines.advice(finding)):
        if said:
            yield f"{INDENT}{visible(said)}"
    for label, value, _ in lines.seen(finding):
        yield f"{INDENT}{label}: {shortened(value)}"
    if before:
        yield f"{INDENT}{words.phrase('todo')}: {words.phrase('see', check=before)}"
    elif finding.remedy is not None:
        yield from _hanging(f"{words.phrase('todo')}: {words.sentence(finding.remedy)}")
        yield f"{INDENT}{lines.lever(finding)}"


def _hanging(said: str) -> Iterator[str]:
    """Text of several lines, those after the first further in, so that none of them can pass for a line of ours."""
    first, *others = said.replace("\r\n", "\n").split("\n")
    yield f"{INDENT}{visible(first)}"
    yield from (f"{INDENT * 2}{visible(line)}".rstrip(" ") for line in others)


def shortened(value: str) -> str:
    """A value made visible; a very long one is cut, and says so."""
    shown, more = cut(value)
    return f"{shown} {words.phrase('cut', more=more)}" if more else shown


def markdown(report: Report) -> str:
    """The report as Markdown: a table a group. Values stand in code spans, so that nothing in them is markup."""
    gone, again = lines.missing(report), lines.repeated(report)
    said = [f"**{prose(gone)}**", ""] if gone else []
    said += [f"**{prose(report.subject)}**, {prose(lines.summary(report))}", "", prose(lines.as_of(report)), ""]
    columns = [words.phrase(key) for key in ("result", "rule", "seen", "todo")]
    for group in lines.groups(report):
        said += [f"### {prose(lines.heading(group))}", "", row(columns), row(["---"] * len(columns))]
        said += [row(_all(each) if isinstance(each, Alike) else _cells(each, again.get(each.check, ""))) for each in lines.rows(group)]
        said.append("")
    return "\n".join(said)


def row(cells: list[str]) -> str:
    """One line of a Markdown table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def _cells(finding: Finding, before: str) -> list[str]:
    seen = [f"{prose(label)}: {prose(value) if plain else span(value)}" for label, value, plain in lines.seen(finding)]
    answer, kind = lines.answer(finding), lines.kind(finding)
    return [
        f"{SHAPES[kind]} {prose(words.status(kind))}",
        f"{prose(finding.verdict.rule)}<br>{prose(lines.notes(finding))}",
        "<br>".join([prose(answer)] * bool(answer) + seen),
        prose(words.phrase("see", check=before)) if before else _todo(finding),
    ]


def _todo(finding: Finding) -> str:
    if finding.remedy is None:
        return prose(lines.advice(finding))
    sentence = "".join(_pieces(text, span if value else prose) for text, value in words.parts(finding.remedy))
    return f"{sentence}<br>{prose(lines.lever(finding))}"


def _pieces(text: str, kind: Callable[[str], str]) -> str:
    """A piece of a remedy; what is to be pasted as several lines stands on several lines."""
    return "<br>".join(kind(line) for line in text.replace("\r\n", "\n").split("\n"))


def _all(row: Alike) -> list[str]:
    """Many checks that are unknown for one reason."""
    names = ", ".join(prose(finding.check) for finding in row.findings)
    asked = "<br>".join(f"{prose(lines.label('where', value, ''))}: {span(value)}" for value in row.where)
    return [f"{SHAPES['unknown']} {prose(words.status('unknown'))}", f"{prose(row.said)}<br>{names}", asked, ""]


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
