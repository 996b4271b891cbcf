"""Each rule for the form of notebooks is seen to find what it is for, and to leave a good notebook alone."""

from __future__ import annotations

import pytest
import rhythm
from lessons import Cell
from made_up import PLAIN, code, found

HEADINGS = [f"## {heading}\n\nText, RFC 5321." for heading in (rhythm.BEGINNING, *rhythm.RHYTHM)]


def test_the_rhythm_is_kept() -> None:
    assert not found(rhythm.rhythm, "# Who?", *HEADINGS)
    assert found(rhythm.rhythm, "# Who?", *HEADINGS[:-1])
    assert found(rhythm.rhythm, "# Who?", *reversed(HEADINGS))
    assert found(rhythm.rhythm, "# Who?", *HEADINGS, "## One more")
    assert not found(rhythm.rhythm, "# Who?", name="start")


def test_the_first_cell_is_the_title() -> None:
    assert not found(rhythm.title, Cell("title", "markdown", "# Who can write? (SMTP)"))
    assert found(rhythm.title, Cell("title", "markdown", "# SMTP"))
    assert found(rhythm.title, Cell("title", "markdown", "Who?"))
    assert found(rhythm.title, Cell("first", "markdown", "# Who?"))
    assert found(rhythm.title, Cell("title", "code", "# Who?"))


def test_a_lesson_has_its_length() -> None:
    assert not found(rhythm.amount, *["word " * 50] * 30)
    assert "24 cells" in found(rhythm.amount, *["word " * 60] * 24)[0]
    assert "61 cells" in found(rhythm.amount, *["word " * 40] * 61)[0]
    assert "300 words" in found(rhythm.amount, *["word " * 10] * 30)[0]
    assert "6000 words" in found(rhythm.amount, *["word " * 200] * 30)[0]


def test_code_follows_prose() -> None:
    assert not found(rhythm.prose_before_code, "Text.", code("1"), code("2"), "Text.", code("3"))
    assert len(found(rhythm.prose_before_code, "Text.", code("1"), code("2"), code("3"))) == 1
    assert len(found(rhythm.prose_before_code, code("1"), "Text.")) == 1


def test_code_is_short() -> None:
    assert not found(rhythm.short_code, code("x\n" * 20))
    assert found(rhythm.short_code, code("x\n" * 21))
    graded = {"nbgrader": {"grade": True}}
    assert not found(rhythm.short_code, code("x\n" * 40, metadata=graded))
    assert found(rhythm.short_code, code("x\n" * 41, metadata=graded))


def test_nothing_is_kept() -> None:
    assert not found(rhythm.nothing_kept, code("1"))
    assert found(rhythm.nothing_kept, code("1", outputs=True))
    assert found(rhythm.nothing_kept, code("1", counted=True))


def test_metadata_is_known() -> None:
    assert not found(rhythm.known_metadata, "Text.")
    assert found(rhythm.known_metadata, "Text.", metadata=PLAIN | {"widgets": {}})
    assert found(rhythm.known_metadata, "Text.", metadata=PLAIN | {"language_info": {"name": "python", "version": "3.11.7"}})
    assert found(rhythm.known_metadata, "Text.", metadata={"kernelspec": {"name": "python311"}})
    graded = Cell("test", "code", "1", {"nbgrader": {"grade": True}})
    assert found(rhythm.known_metadata, graded)
    assert not found(rhythm.known_metadata, graded, name="labs/spf-repair")
    assert found(rhythm.known_metadata, Cell("test", "code", "1", {"collapsed": True}), name="labs/spf-repair")


@pytest.mark.parametrize("name", ["", "3f2a9c1b", "deadbeef", "Wire", "wire_two", "wire two", "a" * 65])
def test_an_id_without_meaning_is_found(name: str) -> None:
    assert found(rhythm.word_ids, Cell(name, "markdown", "Text."))


def test_ids_are_words_and_different() -> None:
    assert not found(rhythm.word_ids, Cell("wire", "markdown", ""), Cell("wire-2", "markdown", ""))
    assert found(rhythm.word_ids, Cell("wire", "markdown", ""), Cell("wire", "markdown", ""))


def test_a_picture_is_described_and_there() -> None:
    assert not found(rhythm.described_pictures, "![The loop of four steps](../figures/loop.svg)")
    assert found(rhythm.described_pictures, "![](../figures/loop.svg)")
    assert found(rhythm.described_pictures, '<img src="../figures/loop.svg">')
    assert found(rhythm.described_pictures, "![The loop of four steps](../figures/none.svg)")
    assert not found(rhythm.described_pictures, '<img alt="The loop of four steps" src="../figures/loop.svg">')


def test_a_folded_answer_can_be_opened_and_read() -> None:
    assert not found(rhythm.folded_answers, "<details><summary>Why?</summary>\n\nSo.\n</details>")
    assert found(rhythm.folded_answers, "<details>\n\nSo.\n</details>")
    assert found(rhythm.folded_answers, "<details><summary></summary>\n\nSo.\n</details>")
    assert found(rhythm.folded_answers, "<details><summary>Why?</summary>\n\nSo.")
    assert found(rhythm.folded_answers, "<details><summary>Why?</summary>\nSo **bold**.\n</details>")


def test_a_lesson_ends_with_its_sources() -> None:
    assert not found(rhythm.next_steps, "## Check yourself", "RFC 7208, section 5.")
    assert found(rhythm.next_steps, "RFC 7208", "## Check yourself", "The end.")
