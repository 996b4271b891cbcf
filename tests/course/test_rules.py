"""Each rule for the language of the course is seen to find what it is for, and to leave good text alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import wording
from lessons import COURSE, Cell, before, notebook, page_id, reading_order, texts_page
from made_up import GOOD, code, found, page
from sentences import sentences
from vocabulary import undefined_after, words_to_avoid


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("Ask e.g. Ana. She knows.", ["Ask e.g. Ana.", "She knows."]),
        ("Look at `a. B` here. `c` is next.", ["Look at `a. B` here.", "`c` is next."]),
        ("See [the page. Here](https://www.rfc-editor.org/) now.", ["See the page.", "Here now."]),
        ("Item:\n\n- One\n- Two. Three", ["Item:", "One", "Two.", "Three"]),
        ("| a | b |\n|---|---|\n| one two | `x` |", ["a", "b", "one two", "`x`"]),
        ("> Quoted\n> line.\n>\n> Next.", ["Quoted line.", "Next."]),
        ("# Title\n\nText\nin two lines.", ["Title", "Text in two lines."]),
        ("```\nCode. Not prose.\n```\n\nProse.", ["Prose."]),
        ("<details><summary>1. Why <code>a. B</code>?</summary>\n\nSo.\n</details>", ["1. Why `a. B`?", "So."]),
        ("**From:** Ana<br>\n**To:** Clara", ["From: Ana", "To: Clara"]),
        ("auroria.post and 1.99 are whole. Yes.", ["auroria.post and 1.99 are whole.", "Yes."]),
        ("*(a)* one · *(b)* two", ["(a) one", "(b) two"]),
        ("![A letter. Its way.](way.svg)", ["A letter.", "Its way."]),
        ("**Bold.** Then.", ["Bold.", "Then."]),
    ],
)
def test_markdown_is_cut_into_sentences(text: str, wanted: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == wanted


def test_a_span_of_code_is_one_word() -> None:
    assert [sentence.length for sentence in sentences('Type `a.publish("b", "TXT", "v=spf1 -all")` and see – at once.')] == [6]


def test_a_heading_is_known_as_one() -> None:
    assert [sentence.heading for sentence in sentences("## A heading\n\nA text.")] == [True, False]


def test_a_long_sentence_is_found_with_its_file_and_cell() -> None:
    finding = found(wording.long_sentences, Cell("wire", "markdown", "word " * 26))
    assert finding == [f"course/dmarc/01-made-up.ipynb: wire: 26 words in one sentence: {('word ' * 26).strip()}"]
    assert not found(wording.long_sentences, "word " * 25, code("x = 'word " + "word " * 30 + "'"))


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("The letter fails.", ["fails"]),
        ("A pass means little.", ["pass"]),
        ("The answer is none.", ["none"]),
        ("Change the policy.", ["policy"]),
        ("Its policies differ.", ["policies"]),
        ("You publish a record.", ["record"]),
        ("A record is published.", ["record"]),
        ("Records cost nothing.", ["Records"]),
        ("Ask the sender.", ["sender"]),
        ("It fails, and the record stays.", ["record", "fails"]),
        ("Publish the SPF record, two DNS records and an A record.", []),
        ("MX and TXT records, the `_dmarc` record, a null MX record.", []),
        ("Your DMARC policy is p=none; the MTA-STS policy is another.", []),
        ("The DMARC check failed, and the check that fails has no effect.", []),
        ("SPF fails when a letter is forwarded; both checks have passed.", []),
        ("It passed the DMARC check, and failed the other check.", []),
        ("The SPF result is none, or SPF result softfail, or SPF result fail.", []),
        ("None of them arrived after an hour has passed.", []),
        ("Every envelope sender and each honest sender is in the Sender Policy Framework.", []),
        ("The `record` and the `policy` of `fail`.", []),
        ("A password, a recorder, a bypass, a failure.", []),
    ],
)
def test_a_word_without_its_noun_is_found(text: str, bare: list[str]) -> None:
    assert wording.bare_in(sentences(text)[0].words) == bare


@pytest.mark.parametrize(
    "date", ["23 November 2026", "Nov. 23", "the 3rd of May", "23/11/2026", "23.11.2026", "November 23, 2026", "at 14:30"]
)
def test_an_odd_date_is_found(date: str) -> None:
    assert len(found(wording.odd_dates, f"It was sent {date} to Clara.")) == 1


@pytest.mark.parametrize(
    "date", ["2026-11-23", "2026-11-23 at 14:30 UTC", "November 2026", "in May it may", "`23/11/2026`", "RFC 5321", "2001:db8::25"]
)
def test_a_plain_date_is_left_alone(date: str) -> None:
    assert not found(wording.odd_dates, f"It was sent {date} to Clara.")


@pytest.mark.parametrize(
    "name", ["microsoft.com", "laposte.post", "Ana at ana@usps.com.", "https://www.swisspost.ch/en", "`dig mx gov.uk`", "_dmarc.gmail.com"]
)
def test_a_real_name_is_found(name: str) -> None:
    assert len(found(wording.real_names, f"Look at {name} now.")) == 1


def test_a_real_name_is_found_in_code() -> None:
    assert found(wording.real_names, "Text.", code("check('laposte.post')"), code("x = 1  # ask gmail.com", "other"))


@pytest.mark.parametrize(
    "name",
    [
        "auroria.post",
        "_dmarc.auroria.post",
        "inbox.example",
        "a.test",
        "https://www.rfc-editor.org/rfc/rfc7208",
        "usps-post[.]world",
        "README.md",
    ],
)
def test_a_fictional_or_cited_name_is_left_alone(name: str) -> None:
    assert not found(wording.real_names, f"Look at {name} now.", code(f"check('{name}')"))


def test_an_attribute_is_no_name() -> None:
    assert not found(wording.real_names, "Try `internet.at` and `internet.me`.", code("internet.at.it = internet.me"))


def test_a_term_before_its_definition_is_found() -> None:
    late = page("The zone is large.", "A **zone** is a part of the DNS.")
    assert [finding.split("'")[1] for finding in undefined_after(late, {"DNS"})] == ["zone"]
    assert not list(undefined_after(page("A **zone** is a part.", "The zone is large."), set()))
    assert not list(undefined_after(late, {"DNS", "zone"}))


def test_a_title_and_a_heading_may_announce_a_term() -> None:
    assert not list(undefined_after(page(Cell("title", "markdown", "# Who? (SPF)\n\nAbout SPF."), "## The tree walk"), set()))


def test_a_term_in_code_counts_when_it_is_the_whole_of_it() -> None:
    assert len(list(undefined_after(page("Look at `rua`."), set()))) == 1
    assert len(list(undefined_after(page("Look at `rua=mailto:a@b.example`."), set()))) == 1
    assert not list(undefined_after(page('Type `zone.get("rua")`.', code("rua = 1")), set()))
    assert not list(undefined_after(page("The **`rua`** says where. Look at `rua`."), set()))


def test_the_longer_term_is_meant() -> None:
    """A null MX is no MX, and the capital letter of an A record counts."""
    assert [finding.split("'")[1] for finding in undefined_after(page("A null MX is this."), set())] == ["null MX"]
    assert not list(undefined_after(page("A zoneless world."), set()))


def test_a_word_to_avoid_is_found_with_what_to_write() -> None:
    assert found(words_to_avoid, "Change the SPF policy.") == [
        "course/dmarc/01-made-up.ipynb: cell-1: write 'SPF record' for 'SPF policy': Change the SPF policy."
    ]
    assert not found(words_to_avoid, "Change the SPF record, not `SPF policy`.")


SYLLABUS = {
    "start": {},
    "warm-up": {},
    "dmarc": {"lessons": {"dmarc/01": {}, "dmarc/02": {}}, "labs": {"spf-repair": {"practises": ["dmarc/02"]}}},
    "dnssec": {"lessons": {"dnssec/01": {}}},
}


def test_the_reading_order_is_that_of_the_syllabus() -> None:
    assert reading_order(SYLLABUS) == ["start", "warm-up", "dmarc/01", "dmarc/02", "dnssec/01"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("start", []),
        ("dmarc/01", ["start", "warm-up"]),
        ("dnssec/01", ["start", "warm-up"]),
        ("questions/dmarc/01", ["start", "warm-up", "dmarc/01"]),
        ("labs/spf-repair", ["start", "warm-up", "dmarc/01", "dmarc/02"]),
        ("hints/spf-repair", ["start", "warm-up", "dmarc/01", "dmarc/02"]),
    ],
)
def test_a_reader_has_read_what_comes_before(name: str, wanted: list[str]) -> None:
    assert before(name, SYLLABUS) == wanted


def test_texts_in_yaml_are_read_by_their_way(tmp_path: Path) -> None:
    file = tmp_path / "questions" / "dmarc-02.yaml"
    file.parent.mkdir()
    file.write_text("questions:\n  one:\n    ask: Who?\n    choices:\n      - {text: You., why: So., right: true}\n")
    read = texts_page(file)
    assert read.id == "questions/dmarc/02"
    assert [cell.id for cell in read.cells] == ["questions.one.ask", "questions.one.choices.1.text", "questions.one.choices.1.why"]


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="format 4"):
        notebook(tmp_path / "a.ipynb")


def test_a_notebook_has_the_id_of_its_lesson() -> None:
    assert page_id(GOOD) == "dmarc/01"
    assert page_id(COURSE / "start.ipynb") == "start"
    assert page_id(COURSE.parent / "labs" / "spf-repair" / "spf-repair.ipynb") == "labs/spf-repair"
