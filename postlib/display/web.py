"""Reports as HTML: real tables with captions and scopes, no scripts, for notebooks and as a page of its own."""

from __future__ import annotations

from collections.abc import Iterable

from postlib import words
from postlib.display import lines
from postlib.display.lines import Group
from postlib.display.markup import Markup, code, escaped, joined, tag
from postlib.display.style import PAGE_STYLE, SHAPES, STYLE
from postlib.finding import Finding, Status
from postlib.report import Report


def html(report: Report) -> Markup:
    """A report for a notebook's cell."""
    return tag("div", tag("style", Markup(STYLE)), _report(report), class_="postlib", lang=words.chosen().language)


def one(finding: Finding) -> Markup:
    """A single finding for a notebook's cell."""
    return tag("div", tag("style", Markup(STYLE)), _table(finding.subject, (finding,)), class_="postlib", lang=words.chosen().language)


def page(reports: Iterable[Report]) -> str:
    """Reports as one page that needs nothing else: no script, no picture, no other file."""
    shown = tuple(reports)
    title = words.phrase("page-title", subjects=", ".join(report.subject for report in shown))
    return document(title, joined(*(joined(tag("h2", report.subject), _report(report)) for report in shown)))


def document(title: str, body: Markup) -> str:
    """A whole HTML page. Its own policy forbids whatever could be loaded or run."""
    meta = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )
    head = tag("head", Markup(meta), tag("title", title), tag("style", Markup(PAGE_STYLE)))
    main = tag("main", tag("h1", title), body, class_="postlib")
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', main), lang=words.chosen().language)}\n"


def _report(report: Report) -> Markup:
    top = joined(tag("strong", report.subject), ": ", lines.summary(report))
    when = tag("p", lines.as_of(report), class_="small")
    return tag("section", tag("p", top), when, *(_group(group) for group in lines.groups(report)), aria_label=report.subject)


def _group(group: Group) -> Markup:
    """What is broken or could not be told lies open; what is kept or does not apply is folded away below it."""
    loud = tuple(finding for finding in group.findings if finding.status not in lines.QUIET)
    quiet = tuple(finding for finding in group.findings if finding.status in lines.QUIET)
    if not quiet:
        return _table(lines.heading(group), loud)
    shown = _table(lines.heading(group), loud) if loud else tag("p", tag("strong", lines.heading(group)))
    folded = lines.heading(Group(group.title, quiet))
    return joined(shown, tag("details", tag("summary", words.phrase("folded", group=folded)), _table(folded, quiet), class_="quiet"))


def _table(caption: str, findings: tuple[Finding, ...]) -> Markup:
    columns = (tag("th", words.phrase(key), scope="col") for key in ("result", "rule", "seen", "todo"))
    head = tag("thead", tag("tr", *columns))
    body = tag("tbody", *(_row(finding) for finding in findings))
    return tag("table", tag("caption", caption), head, body, class_="findings")


def _row(finding: Finding) -> Markup:
    rule = tag("th", tag("span", finding.verdict.rule, class_="rule"), tag("span", lines.notes(finding), class_="small"), scope="row")
    return tag("tr", tag("td", mark(finding.status)), rule, tag("td", _seen(finding)), tag("td", _todo(finding)))


def mark(status: Status) -> Markup:
    """A status as a shape, a word and a colour: any one of them is enough."""
    return tag("span", tag("span", SHAPES[status], aria_hidden="true"), f" {words.status(status)}", class_=f"mark {status.value}")


def _seen(finding: Finding) -> Markup:
    """What was seen."""
    said = escaped(lines.answer(finding))
    pairs = tuple(lines.seen(finding))
    if not pairs:
        return said
    listed = tag("dl", *(joined(tag("dt", label), tag("dd", value if plain else code(value))) for label, value, plain in pairs))
    return joined(said, listed)


def _todo(finding: Finding) -> Markup:
    """The remedy, ready to paste, and who holds the lever; or the advice."""
    if finding.remedy is None:
        return escaped(lines.advice(finding))
    sentence = (_lines(text, value) for text, value in words.parts(finding.remedy))
    return joined(tag("p", *sentence), tag("p", lines.lever(finding), class_="small"))


def _lines(text: str, value: bool) -> Markup:
    """A piece of a remedy; what is to be pasted as several lines stands on several lines."""
    shown = [code(line) if value and line else escaped(line) for line in text.replace("\r\n", "\n").split("\n")]
    return Markup("<br>".join(shown))
