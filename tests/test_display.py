"""How people see things: complete, in words, readable by a screen reader, and harmless whatever a stranger publishes."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from postlib import words
from postlib.acts import publish
from postlib.display import data, lines, plain, style, web
from postlib.display.harmless import visible
from postlib.display.table import Table
from postlib.finding import Finding, Level, Lever, Status, Verdict, remedy
from postlib.policies import Policy, Profile
from postlib.report import Report

AT = datetime(2026, 11, 23, tzinfo=UTC)
VOID = {"br", "meta"}
HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J|`*&amp;\"'\n=1+1"
POLICIES = (Policy("dnssec", "DNSSEC", ()), Policy("secure-email", "Secure Email", ("spf.one-record", "spf.syntax", "spf.no-ptr")))
PROFILE = Profile("own", "1", "own profile", POLICIES, {})


def found(check: str, status: Status, value: str = "v=spf1 -all", level: Level = Level.REQUIRED, advice: str = "") -> Finding:
    verdict = Verdict(status, (("record", value),), advice=advice, rule="A rule of <SPF>.", as_of=date(2026, 11, 23))
    act = publish("auroria.post", "TXT", value)
    mend = remedy("spf.close-record", Lever.DNS_HOST, act, first_step=True, name="auroria.post", record=value)
    return Finding("auroria.post", check, verdict, "RFC 7208, section 5", level, mend if status is Status.FAIL else None, "dmarc/02")


def report(value: str = "v=spf1 -all") -> Report:
    findings = (
        found("spf.one-record", Status.PASS, value, advice="spf.void-terms"),
        found("spf.syntax", Status.FAIL, value),
        found("spf.no-ptr", Status.FAIL, value, Level.ADVISED),
        found("spf.two-voids", Status.UNKNOWN, value),
    )
    return Report("auroria.post", findings, AT, PROFILE)


class Reader(HTMLParser):
    """Reads HTML strictly: every element is closed in order; keeps the elements, their attributes and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def names(self) -> set[str]:
        return {name for name, _ in self.elements}


def test_the_summary_counts_required_checks() -> None:
    assert lines.summary(report()) == "1 of 3 required checks failed, 1 could not be told. Advised checks that failed too: 1."
    kept = Report("auroria.post", (found("spf.syntax", Status.PASS),), AT, PROFILE)
    assert lines.summary(kept) == "All 1 required checks are kept or do not apply."
    assert lines.summary(Report("auroria.post", (), AT, PROFILE)) == "No check was made."


def test_groups_are_the_policies_and_the_broken_come_first() -> None:
    groups = list(lines.groups(report()))
    assert [group.title for group in groups] == ["Secure Email", "Other checks"]
    assert [finding.check for finding in groups[0].findings] == ["spf.syntax", "spf.no-ptr", "spf.one-record"]
    assert lines.heading(groups[0]) == "Secure Email: 2 broken, 1 kept"


def test_text_says_all_of_what_is_broken_and_one_line_of_what_is_kept() -> None:
    text = plain.text(report())
    assert "  ✔ kept: A rule of <SPF>. (spf.one-record)\n    Advice: Some terms" in text
    assert "  ✘ broken: A rule of <SPF>.\n    spf.syntax · RFC 7208, section 5 · lesson dmarc/02\n    SPF record: v=spf1 -all\n" in text
    assert lines.heading(next(lines.groups(report()))) == "Secure Email: 2 broken, 1 kept"


def test_html_is_balanced_has_captions_and_scopes_and_no_script() -> None:
    """WCAG 2.2, 1.3.1: a table's structure is in its elements."""
    read = Reader(web.html(report()))
    tables = [name for name, _ in read.elements].count("table")
    assert tables == 3 == [name for name, _ in read.elements].count("caption")
    assert {attributes.get("scope") for name, attributes in read.elements if name == "th"} == {"col", "row"}
    assert not read.names() & {"script", "img", "link", "iframe", "a", "form"}
    assert not [key for _, attributes in read.elements for key in attributes if key.startswith("on")]


def test_html_folds_away_what_is_kept_and_nothing_else() -> None:
    read = Reader(web.html(report()))
    assert [name for name, _ in read.elements].count("details") == 1
    before, _, folded = read.text.partition("Show Secure Email: 1 kept")
    assert "spf.syntax" in before and "spf.one-record" not in before and "spf.one-record" in folded


def test_html_says_what_to_do_who_can_do_it_and_the_lesson() -> None:
    read = Reader(web.html(report()))
    for said in ("v=spf1 -all", "your DNS host", "safe first step", "lesson dmarc/02", "Advice: Some terms"):
        assert said in read.text
    assert words.sentence(report()["spf.syntax"].remedy) in read.text  # type: ignore[arg-type]


def test_a_status_is_a_shape_and_a_word_and_never_colour_alone() -> None:
    for status in Status:
        mark = Reader(web.mark(status))
        assert mark.text == f"{style.SHAPES[status]} {words.status(status)}"
    assert len(set(style.SHAPES.values())) == len(Status)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("pair", [*style.COLOURS.values(), *style.PAGE.values()])
def test_contrast_is_at_least_four_and_a_half_to_one(pair: tuple[str, str]) -> None:
    """WCAG 2.2, 1.4.3."""
    dark, light = sorted(map(luminance, pair))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_page_needs_nothing_else_and_forbids_it() -> None:
    page = web.page([report(), report()])
    read = Reader(page.removeprefix("<!DOCTYPE html>"))
    assert ("html", {"lang": "en"}) in read.elements and {"title", "main", "h1"} <= read.names()
    assert "default-src 'none'" in next(a["content"] or "" for n, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "http://" not in page and "https://" not in page and "url(" not in page


@given(st.text())
def test_hostile_values_are_text_in_html(value: str) -> None:
    """What a stranger publishes opens no element, and no control or bidi override reaches the reader."""
    read = Reader(web.html(report(value)))
    assert read.names() - {"br"} == Reader(web.html(report("v=spf1 -all"))).names()  # a line break in a remedy opens nothing
    assert visible(value)[:4000] in read.text
    assert visible(read.text) == read.text


def test_script_escape_and_bidi_override_are_visible_and_harmless() -> None:
    shown = web.html(report(HOSTILE))
    assert "<script" not in shown and "\u202e" not in shown and "\x1b" not in shown
    assert "\\u202e" in shown and "\\x1b[2J" in shown and "&lt;script&gt;" in shown


@given(st.text())
def test_hostile_values_move_no_terminal(value: str) -> None:
    for line in plain.text(report(value)).splitlines():
        assert visible(line) == line
    assert len(plain.text(report(value)).splitlines()) == len(plain.text(report()).splitlines())


@given(st.text(min_size=1))
def test_hostile_values_are_no_markup_in_markdown(value: str) -> None:
    """CommonMark with GFM tables, HTML allowed: nothing of the value becomes an element, and no row breaks."""
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(plain.markdown(report(value)))
    read = Reader(rendered.replace("<br>", " "))
    assert read.names() <= {"p", "strong", "h3", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert [name for name, _ in read.elements].count("tr") == 6
    if value.strip() == value and "|" not in value:
        assert visible(value) in read.text


def test_a_long_value_is_cut_and_says_so() -> None:
    assert "(1000 more characters)" in plain.text(report("a" * 5000)) and "(1000 more characters)" in web.html(report("a" * 5000))


@given(st.text())
def test_json_holds_values_as_they_stood(value: str) -> None:
    text = data.as_json([report(value)])
    assert text.isascii()
    assert json.loads(text)[1]["evidence"] == [{"name": "record", "value": value}]


def test_json_has_the_fields_of_a_finding() -> None:
    one = json.loads(data.as_json([report()]))
    expected = {"subject", "check", "status", "level", "answer", "evidence", "rule", "reference", "remedy", "lesson", "as_of", "advice"}
    assert set(one[0]) == expected and one[0]["as_of"] == "2026-11-23" and one[0]["advice"]["id"] == "spf.void-terms"
    assert set(one[1]["remedy"]) == {"template", "sentence", "lever", "values", "acts", "first_step"}
    assert one[1]["remedy"]["acts"][0]["act"] == "publish" and one[1]["remedy"]["first_step"] is True


@given(st.text())
def test_csv_reads_back_with_one_line_a_finding_and_no_formula(value: str) -> None:
    rows = list(csv.reader(io.StringIO(data.as_csv([report(value)]), newline="")))
    assert len(rows) == 5 and all(len(row) == len(data.COLUMNS) for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(data.FORMULA)]
    table = list(csv.reader(io.StringIO(Table("t", ("source",), ((value,),)).csv(), newline="")))
    assert not [cell for row in table for cell in row if cell.startswith(data.FORMULA)]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_any_table_is_harmless_in_every_form(rows: list[tuple[str, str]]) -> None:
    table = Table("A caption", ("source", "because"), tuple(rows), frozenset({"source"}))
    assert Reader(table.html()).names() <= {"div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "code"}
    assert len(table.text().splitlines()) == 3 + len(rows)
    assert table.data() == [{"source": source, "because": because} for source, because in rows]
    assert len(table.markdown().splitlines()) == 4 + len(rows)
