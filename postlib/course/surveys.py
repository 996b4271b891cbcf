"""Before and after: what a learner claims of the own domain (`survey`), and what a learner believes (`concepts`).

Neither says right or wrong before the end, so that the second time measures what was learnt. My progress compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from postlib.course import learner_file
from postlib.course.asking import called, listed, texts
from postlib.course.questions import Question, fields, named, one_question, text_of, written
from postlib.display.shown import Shown
from postlib.display.style import SHAPES
from postlib.words import counted, phrase

WHEN = ("before", "after")
CLAIMS = ("claim.yes", "claim.no", "claim.do-not-know")  # phrases, numbered from 1
DO_NOT_KNOW = 3


@dataclass(frozen=True)
class Statement:
    """One statement of the survey, with the lesson or course that it belongs to."""

    id: str
    text: str
    lesson: str


@dataclass(frozen=True)
class Concept:
    """One belief, asked twice with other cases."""

    id: str
    belief: str
    lesson: str
    before: Question
    after: Question

    def at(self, when: str) -> Question:
        """The question of that time."""
        return self.before if when == "before" else self.after


def survey(when: str, *claims: int) -> Shown:
    """Ten statements about your own domain: 1 yes, 2 no, 3 do not know. `survey("before", 1, 3, 2 …)` gives all ten answers.

    Raises ValueError, in one sentence, for another `when` than before and after, and for numbers that do not fit.
    """
    _held(when)
    asked = statements()
    if claims:
        return Shown(_claimed(when, _all("survey", claims, [len(CLAIMS)] * len(asked))))
    lines = [f"  {number}  {one.text}" for number, one in enumerate(asked, 1)]
    head = phrase("survey.ask", count=len(asked))
    how = phrase("survey.how", call=called("survey", when, *([1] * len(asked))))
    return Shown("\n".join([head, *lines, how]), lambda: _survey_form(when))


def concepts(track: str, when: str, *choices: int) -> Shown:
    """The concept questions of a track, before it or after it; with one number for each question, the answers.

    Raises ValueError, in one sentence, for an unknown track, another `when` than before and after, and for numbers that do not fit.
    """
    _held(when)
    asked = [concept.at(when) for concept in of(track)]
    if choices:
        return Shown(_believed(track, when, _all(f"concepts of {track}", choices, [len(one.choices) for one in asked])))
    blocks = [listed(f"{number}. {one.ask}", texts(one), "") for number, one in enumerate(asked, 1)]
    how = phrase("concepts.how", count=len(asked), call=called("concepts", track, when, *([1] * len(asked))))
    return Shown("\n\n".join([phrase("concepts.ask", count=len(asked)), *blocks, how]), lambda: _concepts_form(track, when))


@cache
def statements() -> tuple[Statement, ...]:
    """The statements of the survey. Raises ValueError for data of another shape."""
    data = written("survey")
    fields("survey", data, ("statements",), ())
    found = []
    for name, given in named("survey", data["statements"]).items():
        fields(f"survey, {name}", given, ("text", "lesson"), ())
        found.append(Statement(name, text_of(f"survey, {name}", given, "text"), text_of(f"survey, {name}", given, "lesson")))
    return tuple(found)


@cache
def tracks() -> tuple[str, ...]:
    """The tracks that have concept questions."""
    data = written("concepts")
    fields("concepts", data, ("concepts",), ())
    return tuple(named("concepts", data["concepts"]))


@cache
def of(track: str) -> tuple[Concept, ...]:
    """The concepts of a track. Raises ValueError for an unknown track and for data of another shape."""
    if track not in tracks():
        raise ValueError(f"there are no concept questions for {track!r}; there are some for {', '.join(tracks())}")
    given = named(f"concepts, {track}", written("concepts")["concepts"][track])
    return tuple(_concept(track, name, one) for name, one in given.items())


def _concept(track: str, name: str, given: Any) -> Concept:
    where = f"concepts/{track}/{name}"
    fields(where, given, ("belief", "lesson", *WHEN), ())
    before, after = (one_question(f"{where}/{when}", given[when]) for when in WHEN)
    return Concept(name, text_of(where, given, "belief"), text_of(where, given, "lesson"), before, after)


def score(track: str, kept: learner_file.Data, when: str) -> int | None:
    """How many concept questions were answered right at that time; None when they were not answered."""
    answers = kept["concepts"].get(track, {}).get(when)
    if not isinstance(answers, dict):
        return None
    return sum(answers.get(concept.id) in concept.at(when).right for concept in of(track))


def _held(when: str) -> None:
    if when not in WHEN:
        raise ValueError(f"write {' or '.join(repr(one) for one in WHEN)}, and not {when!r}")


def _all(what: str, numbers: Sequence[Any], most: Sequence[int]) -> list[int]:
    """One number for each question. Raises ValueError."""
    if len(numbers) != len(most):
        raise ValueError(f"{what} takes {len(most)} numbers, one for each question, and not {len(numbers)}")
    for place, (number, highest) in enumerate(zip(numbers, most, strict=True), 1):
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
            raise ValueError(f"{what}: question {place} has the choices 1 to {highest}, and not {number!r}")
    return list(numbers)


def _claimed(when: str, claims: Sequence[int]) -> str:
    answers = {one.id: claim for one, claim in zip(statements(), claims, strict=True)}

    def note(data: learner_file.Data) -> None:
        data["survey"][when] = answers

    told = learner_file.change(note)
    lines = [phrase("survey.noted", count=len(answers))]
    lines += [f"  {phrase(CLAIMS[claim - 1])}: {one.text}" for one, claim in zip(statements(), claims, strict=True)]
    unknown = sum(claim == DO_NOT_KNOW for claim in claims)
    if unknown:
        lines.append(counted("survey.unknown", unknown))
    return "\n".join(line for line in (*lines, told) if line)


def _believed(track: str, when: str, choices: Sequence[int]) -> str:
    asked = of(track)
    answers = {concept.id: choice for concept, choice in zip(asked, choices, strict=True)}

    def note(data: learner_file.Data) -> None:
        of_track = data["concepts"].setdefault(track, {})
        if when == "after" or when not in of_track:
            of_track[when] = answers

    told = learner_file.change(note)
    if when == "before":
        return "\n".join(line for line in (phrase("concepts.noted", count=len(answers)), told) if line)
    return "\n".join(line for line in (*_gain(track), *_explained(asked, choices), told) if line)


def _gain(track: str) -> list[str]:
    kept, _ = learner_file.read()
    before, after = (score(track, kept, when) for when in WHEN)
    counts = {"after": after, "count": len(of(track))}
    return [phrase("concepts.after", **counts) if before is None else phrase("concepts.gain", before=before, **counts)]


def _explained(asked: Sequence[Concept], choices: Sequence[int]) -> list[str]:
    """The questions that were missed, each with the explanation of what was chosen and the lesson to read again."""
    lines = []
    for number, (concept, choice) in enumerate(zip(asked, choices, strict=True), 1):
        if choice not in concept.after.right:
            again = phrase("concepts.lesson", lesson=concept.lesson)
            lines.append(f"  {SHAPES['fail']} {number}. {concept.after.ask} {concept.after.choices[choice - 1].why} {again}")
    return lines


def _survey_form(when: str) -> Any:
    from postlib.course import widgets

    claims = [phrase(claim) for claim in CLAIMS]
    asked = [widgets.Choices(f"{number}. {one.text}", claims) for number, one in enumerate(statements(), 1)]

    def told(answers: list[tuple[int, ...]]) -> str:
        return _complete(answers) or _claimed(when, [one[0] for one in answers])

    return widgets.Form(asked, phrase("concepts.keep"), told, phrase("survey.ask", count=len(asked)))


def _concepts_form(track: str, when: str) -> Any:
    from postlib.course import widgets

    questions = [concept.at(when) for concept in of(track)]
    asked = [widgets.Choices(f"{number}. {one.ask}", texts(one)) for number, one in enumerate(questions, 1)]

    def told(answers: list[tuple[int, ...]]) -> str:
        return _complete(answers) or _believed(track, when, [one[0] for one in answers])

    return widgets.Form(asked, phrase("concepts.keep"), told, phrase("concepts.ask", count=len(asked)))


def _complete(answers: Sequence[tuple[int, ...]]) -> str:
    """"" when every question has an answer; else a sentence that names the first without one."""
    missing = [number for number, answer in enumerate(answers, 1) if not answer]
    return phrase("concepts.missing", number=missing[0]) if missing else ""
