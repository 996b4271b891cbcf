"""What the course asks: every file is readable, every choice explains itself, and no text is too long for a third language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from postlib.course import hints, questions, surveys
from postlib.course.questions import Question, parsed

COURSE = Path(__file__).parents[2] / "course"
LONGEST = 25  # words in a sentence
LESSON = "dmarc/02"
BARE = ("fail", "none", "pass", "policy", "record", "sender")
SENTENCE = re.compile(r"(?<=[.:;?!])\s|\n")


def files() -> dict[str, str]:
    """Every file of questions, by its name."""
    folder = resources.files("postlib.course").joinpath("questions")
    return {part.name: part.read_text(encoding="utf-8") for part in folder.iterdir() if part.name.endswith(".yaml")}


def asked() -> list[Question]:
    """Every question of the course, those of the lessons and the concept questions."""
    of_lessons = [question for lesson in questions.lessons() for question in questions.questions_of(lesson)]
    concepts = [concept for track in surveys.tracks() for concept in surveys.of(track)]
    return [*of_lessons, *(question for concept in concepts for question in (concept.before, concept.after))]


def texts() -> Iterator[tuple[str, str]]:
    """(id, text) of everything that a learner reads."""
    for question in asked():
        yield question.id, question.ask
        for choice in question.choices:
            yield from ((question.id, choice.text), (question.id, choice.why))
    for lesson in questions.lessons():
        for prediction in questions.predictions_of(lesson):
            yield from ((prediction.id, text) for text in (prediction.ask, *prediction.choices))
    yield from ((f"survey/{statement.id}", statement.text) for statement in surveys.statements())
    for lab in hints.labs():
        yield from ((f"hints/{lab}", text) for text in hints.of(lab).values())


def sentences(text: str) -> list[str]:
    """The sentences of a text; a line is never longer than a sentence, and indented lines are values, not sentences."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("  "))
    return [sentence for sentence in SENTENCE.split(lines) if sentence]


def keys(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has twice, with their lines."""
    if isinstance(node, yaml.MappingNode):
        counts = Counter(key.value for key, _ in node.value)
        yield from ((key.value, key.start_mark.line + 1) for key, _ in node.value if counts[key.value] > 1)
        for _, value in node.value:
            yield from keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from keys(value)


@pytest.mark.parametrize("name", sorted(files()))
def test_no_key_is_written_twice(name: str) -> None:
    """YAML would keep the last one and lose the other."""
    assert list(keys(yaml.compose(files()[name], Loader=yaml.SafeLoader))) == []


def test_every_file_can_be_read() -> None:
    """Reading holds each question to its shape: choices with texts and explanations, exactly one right unless several are."""
    assert {"warm-up", "start"} <= set(questions.lessons()) and len(asked()) > 40
    assert all(question.right for question in asked())


def test_ids_are_unique() -> None:
    """One call, one id: predict() and question() are two calls."""
    guesses = [prediction.id for lesson in questions.lessons() for prediction in questions.predictions_of(lesson)]
    for ids in ([question.id for question in asked()], guesses):
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("question", asked(), ids=lambda question: question.id)
def test_every_choice_has_its_own_text_and_its_own_explanation(question: Question) -> None:
    assert len({choice.text for choice in question.choices}) == len(question.choices)
    assert len({choice.why for choice in question.choices}) == len(question.choices)
    assert not [choice for choice in question.choices if choice.why == choice.text]


def test_no_two_explanations_of_the_course_are_alike() -> None:
    """An explanation that fits two choices explains neither."""
    counts = Counter(choice.why for question in asked() for choice in question.choices)
    assert [why for why, count in counts.items() if count > 1] == []


def test_the_right_choice_is_not_always_in_one_place() -> None:
    """Who has no idea and always takes one place gets under half."""
    single = [question for question in asked() if not question.several]
    assert max(Counter(question.right[0] for question in single).values()) < len(single) / 2


def test_no_sentence_is_too_long() -> None:
    """Many readers read English as their second or third language."""
    long = [(id, sentence) for id, text in texts() for sentence in sentences(text) if len(sentence.split()) > LONGEST]
    assert long == []


def test_no_choice_is_a_bare_word() -> None:
    """DESIGN.md: never a bare fail, none, pass, policy, record, sender."""
    assert [(id, text) for id, text in texts() if text.strip(" .").lower() in BARE] == []


def test_a_track_has_twelve_concepts_with_other_cases_before_and_after() -> None:
    """COURSE.md: twelve concept questions a track, the same belief, another case."""
    assert surveys.tracks() == ("dmarc",)
    concepts = surveys.of("dmarc")
    assert len(concepts) == 12 and len({concept.belief for concept in concepts}) == 12
    assert all(concept.before.ask != concept.after.ask and concept.lesson.startswith("dmarc/") for concept in concepts)


def test_the_survey_has_ten_statements() -> None:
    assert len(surveys.statements()) == 10 == len({statement.text for statement in surveys.statements()})


def test_lessons_that_are_named_are_in_the_syllabus() -> None:
    syllabus = yaml.safe_load((COURSE / "syllabus.yaml").read_text(encoding="utf-8"))
    known = {*syllabus, *(lesson for part in syllabus.values() for lesson in part.get("lessons", {}))}
    named = {statement.lesson for statement in surveys.statements()} | {concept.lesson for concept in surveys.of("dmarc")}
    assert named <= known and set(questions.lessons()) <= known


@pytest.mark.parametrize("lab", hints.labs())
def test_a_lab_has_three_different_hints(lab: str) -> None:
    assert len(set(hints.of(lab).values())) == 3


GOOD: dict[str, Any] = {"ask": "a?", "choices": [{"text": "x", "why": "y"}, {"text": "z", "why": "w", "right": True}]}
GUESS: dict[str, Any] = {"ask": "a?", "choices": ["x", "y"], "came": 2}


def test_a_question_is_read_as_it_is_written() -> None:
    read, guessed = parsed(LESSON, {"questions": {"envelope": GOOD}, "predictions": {"arrivals": GUESS}})
    assert read["envelope"].id == "dmarc/02/envelope" and read["envelope"].right == (2,)
    assert guessed["arrivals"].id == "dmarc/02/arrivals" and guessed["arrivals"].came == 2


def test_a_lesson_without_questions_or_without_predictions_is_allowed() -> None:
    assert parsed(LESSON, {"questions": {}}) == ({}, {}) == parsed(LESSON, {"predictions": {}})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (None, "keys with values"),
        ({"question": {}}, "'question' is not known"),
        ({"questions": ["a"]}, "names with values"),
        ({"questions": {"Not A Name": GOOD}}, "is no name"),
        ({"questions": {"a": {"ask": "a?"}}}, "choices is missing"),
        ({"questions": {"a": GOOD | {"hint": "h"}}}, "'hint' is not known"),
        ({"questions": {"a": GOOD | {"ask": ""}}}, "write a text"),
        ({"questions": {"a": GOOD | {"choices": GOOD["choices"][:1]}}}, "a list of 2 to 6"),
        ({"questions": {"a": GOOD | {"choices": [{"text": "x", "why": "y"}] * 2}}}, "0 choices are right"),
        ({"questions": {"a": GOOD | {"choices": [GOOD["choices"][1]] * 2}}}, "2 choices are right"),
        ({"questions": {"a": GOOD | {"choices": [{"text": True, "why": "y"}] * 2}}}, "in quotes"),
        ({"questions": {"a": GOOD | {"choices": [{"text": "x"}] * 2}}}, "why is missing"),
        ({"predictions": {"a": GUESS | {"came": 3}}}, "came is the number"),
        ({"predictions": {"a": GUESS | {"came": True}}}, "came is the number"),
        ({"predictions": {"a": GUESS | {"choices": [False, "x"]}}}, "in quotes"),
    ],
)
def test_data_of_another_shape_is_refused_with_the_place(data: Any, complaint: str) -> None:
    """Whoever writes a lesson learns what is wrong, and where."""
    with pytest.raises(ValueError, match=complaint) as refused:
        parsed(LESSON, data)
    assert str(refused.value).startswith(LESSON)


@pytest.mark.parametrize("id", ["dmarc/99/x", "", "warm-up", "warm-up/tt", "../words/en/general"])
def test_an_unknown_id_names_near_ones(id: str) -> None:
    with pytest.raises(ValueError, match="there is no question") as refused:
        questions.question(id)
    assert "/" in str(refused.value).partition(";")[2]
