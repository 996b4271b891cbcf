"""The survey and the concept questions: before and after, as text and by clicking; nothing is right or wrong before the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from postlib.course import surveys as asked
from postlib.course.my_progress import progress
from postlib.course.surveys import concepts, survey

RIGHT = {when: [concept.at(when).right[0] for concept in asked.of("dmarc")] for when in asked.WHEN}
WRONG = [1 if concept.before.right != (1,) else 2 for concept in asked.of("dmarc")]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's file of this test alone."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("POSTLIB_PROGRESS", str(path))
    monkeypatch.delenv("SEED", raising=False)
    return path


def text_of(widget: Any) -> str:
    """The text of an HTML widget."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", widget.value)).strip()


def test_the_survey_keeps_what_is_claimed(kept: Path) -> None:
    words = repr(survey("before", 1, 2, 3, 3, 1, 1, 2, 1, 1, 1))
    assert words.startswith("Noted, 10 answers:\n  yes: We know every machine") and "You do not know 2 of them." in words
    assert list(json.loads(kept.read_text())["survey"]["before"].values()) == [1, 2, 3, 3, 1, 1, 2, 1, 1, 1]
    assert "6 yes, 2 no, 2 not known" in repr(progress())


def test_concept_questions_are_not_judged_before_the_track() -> None:
    words = repr(concepts("dmarc", "before", *WRONG))
    assert words.startswith("Noted, 12 answers.") and "✘" not in words and "✔" not in words


def test_after_the_track_the_gain_is_shown_and_what_was_missed_is_explained() -> None:
    concepts("dmarc", "before", *WRONG)
    words = repr(concepts("dmarc", "after", *RIGHT["after"]))
    assert words == "12 of 12 are right; before the lessons it was 0."
    assert re.search(r"Concept questions, dmarc +0 of 12 +12 of 12", repr(progress()))


def test_each_missed_concept_names_its_lesson() -> None:
    first = asked.of("dmarc")[0]
    wrong = 2 if first.after.right == (1,) else 1
    words = repr(concepts("dmarc", "after", wrong, *RIGHT["after"][1:]))
    assert words.startswith("11 of 12 are right.") and f"{first.after.choices[wrong - 1].why} Lesson: {first.lesson}." in words


def test_the_first_answers_before_the_track_stay() -> None:
    """Else the gain would be measured from what has been learnt already."""
    concepts("dmarc", "before", *WRONG)
    concepts("dmarc", "before", *RIGHT["before"])
    assert "0 of 12" in repr(progress())


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: survey("now"), "'before' or 'after'"),
        (lambda: survey("before", 1), "takes 10 numbers"),
        (lambda: survey("before", *[4] * 10), "question 1 has the choices 1 to 3"),
        (lambda: concepts("dnssec", "before"), "dmarc"),
        (lambda: concepts("dmarc", "later"), "'before' or 'after'"),
        (lambda: concepts("dmarc", "before", *[1] * 11), "takes 12 numbers"),
        (lambda: concepts("dmarc", "before", *[1] * 11, 9), "question 12 has the choices 1 to 3"),
    ],
)
def test_what_does_not_fit_is_one_sentence(call: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        call()


@pytest.mark.parametrize(("made", "count"), [(lambda: survey("before"), 10), (lambda: concepts("dmarc", "before"), 12)])
def test_a_click_keeps_all_answers_or_names_the_first_that_is_missing(made: Any, count: int, kept: Path) -> None:
    form = made().widget()
    form.button.click()
    assert len(form.asked) == count and text_of(form.said) == "Question 1 has no answer yet." and not kept.exists()
    for choices in form.asked:
        choices.choose(1)
    form.button.click()
    assert text_of(form.said).startswith(f"Noted, {count} answers") and kept.exists()
