"""How people see things: complete, in words, readable by a screen reader, and harmless whatever a stranger publishes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
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


def test_the_summary_counts_all_checks() -> None:
    assert lines.summary(report()) == "4 checks: 1 required failed, 1 advised failed, 1 passed, 0 not applicable, 1 unknown"
    one = Report("auroria.post", (found("spf.syntax", Status.PASS),), AT, PROFILE)
    assert lines.summary(one) == "1 check: 0 required failed, 0 advised failed, 1 passed, 0 not applicable, 0 unknown"
    assert lines.summary(Report("auroria.post", (), AT, PROFILE)) == "No check was made."


def test_groups_are_the_policies_and_what_failed_comes_first() -> None:
    groups = list(lines.groups(report()))
    assert [group.title for group in groups] == ["Secure Email", "Other checks"]
    assert [finding.check for finding in groups[0].findings] == ["spf.syntax", "spf.no-ptr", "spf.one-record"]
    assert lines.heading(groups[0]) == "Secure Email, 3 checks: 1 required failed, 1 advised failed, 1 passed"


def test_text_says_all_of_what_failed_and_one_line_of_what_passed() -> None:
    text = plain.text(report())
    assert "  ✔ passed: A rule of <SPF>. (spf.one-record)\n    Advice: Some terms" in text
    assert "  ✘ failed: A rule of <SPF>.\n    spf.syntax · RFC 7208, section 5 · lesson: dmarc/02 · lab: spf-repair\n" in text
    assert "lab: spf-repair\n    SPF record: v=spf1 -all\n" in text
    assert "  ✘ failed (advised): A rule" in text and "  ? unknown: A rule" in text


def test_what_passed_without_advice_is_counted_and_shown_on_demand() -> None:
    made = Report("auroria.post", (found("spf.syntax", Status.PASS), found("spf.no-ptr", Status.NOT_APPLICABLE)), AT, PROFILE)
    assert "  Not shown: 1 passed, 1 not applicable (hint)\n" in plain.text(made, hint="(hint)")
    whole = plain.text(made, all=True)
    assert "  – not applicable: A rule of <SPF>. (spf.no-ptr)\n" in whole and "Not shown" not in whole


def test_the_same_remedy_is_said_once_and_then_named() -> None:
    for shown in (plain.text(report()), plain.markdown(report()).replace("\\", ""), Reader(web.html(report())).text):
        assert shown.count("first end the SPF record with ~all") == 1 and "see spf.syntax" in shown


def test_a_remedy_of_several_lines_is_several_lines_further_in() -> None:
    values = {"policy": "version: STSv1\r\nmode: enforce", "url": "https://x.example/", "name": "n", "record": "r"}
    mended = replace(found("spf.syntax", Status.FAIL), remedy=remedy("mta-sts.lengthen", Lever.WEB_HOST, **values))
    text = plain.one(mended)
    assert "        version: STSv1\n        mode: enforce\n    " in text and "\\n" not in text
    assert "`version: STSv1`<br>`mode: enforce`" in plain.markdown(Report("a.example", (mended,), AT, PROFILE))


def unknown(number: int, reason: str = "bogus", where: str = "auroria.post. TXT") -> Finding:
    verdict = Verdict(Status.UNKNOWN, (("reason", reason), ("where", where)), rule=f"Rule {number}.")
    return Finding("auroria.post", f"spf.check-{number}", verdict, "RFC 7208")


def test_many_checks_that_are_unknown_for_one_reason_are_one_row() -> None:
    alike = (*(unknown(number) for number in range(5)), unknown(5, where="b. MX"))
    many = Report("auroria.post", (*alike, unknown(6, "timeout", "192.0.2.1:53")), AT, PROFILE)
    text = plain.text(many, hint="(--all)")
    assert "? 6 checks are unknown, all for one reason: the DNSSEC" in text
    assert "(the question was: auroria.post TXT, and 1 other) (--all)" in text
    assert "  ? unknown: Rule 6.\n" in text and "    asked: 192.0.2.1:53\n" in text and "Rule 1." not in text
    assert "Rule 1. (spf.check-1)" in plain.text(many, all=True)
    read = Reader(web.html(many))
    assert [name for name, _ in read.elements].count("tr") == 3 and all(f"spf.check-{n}" in read.text for n in range(7))
    assert "spf.check-1, spf.check-2" in plain.markdown(many) and plain.markdown(many).count("\n| ") == 4


def test_few_unknown_checks_stay_rows_of_their_own() -> None:
    few = Report("auroria.post", tuple(unknown(n) for n in range(lines.MANY_ALIKE - 1)), AT, PROFILE)
    assert plain.text(few).count("? unknown: Rule") == lines.MANY_ALIKE - 1


@pytest.mark.parametrize(
    ("where", "label"),
    [("a.post. TXT", "the question was"), ("a.post", "the question was"), ("192.0.2.1:53", "asked"), ("2001:db8::1", "asked"),
     ("192.0.2.1", "asked"), ("mx1.a.post:25", "asked"), ("this machine", "asked")],
)  # fmt: skip
def test_what_was_asked_is_a_question_or_a_machine(where: str, label: str) -> None:
    assert lines.label("where", where, "spf.syntax") == label


def test_a_subject_that_does_not_exist_is_said_first() -> None:
    verdict = Verdict(Status.FAIL, (("found", "no-such-name"),), rule="It exists.")
    gone = Report("<b>.post", (Finding("<b>.post", "delegation.exists", verdict, "RFC 8020"),), AT, PROFILE)
    assert plain.text(gone).startswith("<b>.post does not exist. Is it spelled right?\n")
    assert Reader(web.html(gone)).text.startswith("<b>.post does not exist. Is it spelled right?")
    assert plain.markdown(gone).startswith("**\\<b\\>.post does not exist. Is it spelled right?**")
    assert lines.missing(report()) == ""


def test_html_is_balanced_has_captions_and_scopes_and_no_script() -> None:
    """WCAG 2.2, 1.3.1: a table's structure is in its elements."""
    read = Reader(web.html(report()))
    tables = [name for name, _ in read.elements].count("table")
    assert tables == 3 == [name for name, _ in read.elements].count("caption")
    assert {attributes.get("scope") for name, attributes in read.elements if name == "th"} == {"col", "row"}
    assert not read.names() & {"script", "img", "link", "iframe", "a", "form"}
    assert not [key for _, attributes in read.elements for key in attributes if key.startswith("on")]


def test_html_folds_away_what_passed_and_nothing_else() -> None:
    read = Reader(web.html(report()))
    assert [name for name, _ in read.elements].count("details") == 1
    before, _, folded = read.text.partition("Show Secure Email: 1 passed")
    assert "spf.syntax" in before and "spf.one-record" not in before and "spf.one-record" in folded
    assert "1 check" not in folded.partition("spf.one-record")[0]  # its caption has no total beside that of the whole group


def test_html_says_what_to_do_who_can_do_it_and_the_lesson() -> None:
    read = Reader(web.html(report()))
    for said in ("v=spf1 -all", "your DNS host", "safe first step", "lesson: dmarc/02", "Advice: Some terms"):
        assert said in read.text
    assert words.sentence(report()["spf.syntax"].remedy) in read.text  # type: ignore[arg-type]


def test_a_status_is_a_shape_and_a_word_and_never_colour_alone() -> None:
    for kind in lines.KINDS:
        mark = Reader(web.mark(kind))
        assert mark.text == f"{style.SHAPES[kind]} {words.status(kind)}"
    assert set(lines.KINDS) == set(style.SHAPES) == set(style.COLOURS) == {*Status, "advised-fail"}
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
    more = value.replace("\r\n", "\n").count("\n")  # only what is to be pasted stands on several lines, further in than any of ours
    assert len(plain.text(report(value)).splitlines()) == len(plain.text(report()).splitlines()) + more


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
