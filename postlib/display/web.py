"""Reports as HTML: real tables with captions and scopes, no scripts, for notebooks and as a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from postlib import words
from postlib.display import lines
from postlib.display.lines import Alike, Group
from postlib.display.markup import Markup, code, escaped, joined, tag
from postlib.display.style import PAGE_STYLE, SHAPES, STYLE
from postlib.finding import Finding
from postlib.report import Report

NOWHERE: Mapping[str, str] = MappingProxyType({})


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
    gone = lines.missing(report)
    top = joined(tag("strong", report.subject), ", ", lines.summary(report))
    head = (*((tag("p", tag("strong", gone)),) if gone else ()), tag("p", top), tag("p", lines.as_of(report), class_="small"))
    again = lines.repeated(report)
    return tag("section", *head, *(_group(group, again) for group in lines.groups(report)), aria_label=report.subject)


def _group(group: Group, again: Mapping[str, str]) -> Markup:
    """What failed or is unknown lies open; what passed or is not applicable is folded away below it."""
    loud = tuple(row for row in lines.rows(group) if isinstance(row, Alike) or row.status not in lines.QUIET)
    quiet = tuple(finding for finding in group.findings if finding.status in lines.QUIET)
    if not quiet:
        return _table(lines.heading(group), loud, again)
    shown = _table(lines.heading(group), loud, again) if loud else tag("p", tag("strong", lines.heading(group)))
    folded = words.phrase("folded", title=group.title, counts=lines.counts(quiet))
    caption = words.phrase("folded-caption", title=group.title, counts=lines.counts(quiet))
    return joined(shown, tag("details", tag("summary", folded), _table(caption, quiet), class_="quiet"))


def _table(caption: str, rows: Iterable[Finding | Alike], again: Mapping[str, str] = NOWHERE) -> Markup:
    columns = (tag("th", words.phrase(key), scope="col") for key in ("result", "rule", "seen", "todo"))
    head = tag("thead", tag("tr", *columns))
    body = tag("tbody", *(_alike(row) if isinstance(row, Alike) else _row(row, again.get(row.check, "")) for row in rows))
    return tag("table", tag("caption", caption), head, body, class_="findings")


def _row(finding: Finding, before: str) -> Markup:
    rule = tag("th", tag("span", finding.verdict.rule, class_="rule"), tag("span", lines.notes(finding), class_="small"), scope="row")
    todo = escaped(words.phrase("see", check=before)) if before else _todo(finding)
    return tag("tr", tag("td", mark(lines.kind(finding))), rule, tag("td", _seen(finding)), tag("td", todo))


def _alike(row: Alike) -> Markup:
    """Many checks that are unknown for one reason: the checks are folded away."""
    names = tag("ul", *(tag("li", f"{finding.verdict.rule} ({finding.check})") for finding in row.findings))
    checks = tag("details", tag("summary", words.phrase("alike-checks")), names)
    rule = tag("th", tag("span", row.said, class_="rule"), tag("div", checks, class_="small"), scope="row")
    asked = (joined(tag("dt", lines.label("where", value, "")), tag("dd", code(value))) for value in row.where)
    return tag("tr", tag("td", mark("unknown")), rule, tag("td", tag("dl", *asked)), tag("td"))


def mark(kind: str) -> Markup:
    """A status as a shape, a word and a colour: any one of them is enough."""
    return tag("span", tag("span", SHAPES[kind], aria_hidden="true"), f" {words.status(kind)}", class_=f"mark {kind}")


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
