"""What a learner is asked: questions, predictions, concept questions and the survey, read from one YAML file a lesson and checked.

    questions:
      envelope:                        # in dmarc-02.yaml; its id is dmarc/02/envelope
        ask: Which address does SPF look at?
        belief: SPF protects the From line          # the wrong belief that it catches; may be left out
        several: true                               # more than one choice is right; may be left out
        choices:
          - {text: The address in the envelope, why: "SPF looks at MAIL FROM.", right: true}
          - {text: The From line, why: "SPF never reads the letter."}
    predictions:
      arrivals:
        ask: How many of the two forgeries reach an inbox?
        choices: [none of them, one, both]
        came: 3                                     # what the next cells show, counted from 1

A prediction and a question may share a name: they are asked by different calls, and kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any, NoReturn

import yaml

FEWEST, MOST = 2, 6  # choices of one question: ours; more than six cannot be compared at a glance
NEAR = 3  # ids named when an unknown one is asked for
OF_ITS_OWN = ("concepts", "survey")  # files that are no lesson's; concepts.py and survey.py read them
LESSON = re.compile(r"(.+)-(\d\d)")  # dmarc-02.yaml is the lesson dmarc/02

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Choice:
    """One choice of a question, with its own explanation."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with its choices, in the order in which they are shown."""

    id: str
    ask: str
    choices: tuple[Choice, ...]
    several: bool = False
    belief: str = ""

    @property
    def right(self) -> tuple[int, ...]:
        """The numbers of the right choices, from 1."""
        return tuple(number for number, choice in enumerate(self.choices, 1) if choice.right)


@dataclass(frozen=True)
class Prediction:
    """A guess to be made before a surprise. `came` is the number of the choice that the next cells show, from 1."""

    id: str
    ask: str
    choices: tuple[str, ...]
    came: int


def question(id: str) -> Question:
    """A question by its id, `dmarc/02/envelope`. Raises ValueError, in one sentence that names near ids."""
    lesson, _, name = id.rpartition("/")
    if lesson in lessons() and name in _lesson(lesson)[0]:
        return _lesson(lesson)[0][name]
    _unknown("question", id, (known.id for part in lessons() for known in questions_of(part)))


def prediction(id: str) -> Prediction:
    """A prediction by its id, `dmarc/02/arrivals`. Raises ValueError, in one sentence that names near ids."""
    lesson, _, name = id.rpartition("/")
    if lesson in lessons() and name in _lesson(lesson)[1]:
        return _lesson(lesson)[1][name]
    _unknown("prediction", id, (known.id for part in lessons() for known in predictions_of(part)))


@cache
def lessons() -> tuple[str, ...]:
    """The lessons that ask something, by their ids: `dmarc/02`, `warm-up`."""
    files = (part.name for part in resources.files("postlib.course").joinpath("questions").iterdir())
    stems = sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))
    return tuple(LESSON.sub(r"\1/\2", stem) for stem in stems if stem not in OF_ITS_OWN)


def questions_of(lesson: str) -> tuple[Question, ...]:
    """The questions of a lesson, as written. Raises KeyError for a lesson without a file."""
    return tuple(_of(lesson)[0].values())


def predictions_of(lesson: str) -> tuple[Prediction, ...]:
    """The predictions of a lesson, as written. Raises KeyError for a lesson without a file."""
    return tuple(_of(lesson)[1].values())


def _of(lesson: str) -> tuple[Mapping[str, Question], Mapping[str, Prediction]]:
    if lesson not in lessons():
        raise KeyError(f"no file of questions for the lesson {lesson!r}")
    return _lesson(lesson)


@cache
def _lesson(lesson: str) -> tuple[Mapping[str, Question], Mapping[str, Prediction]]:
    return parsed(lesson, written(lesson.replace("/", "-")))


def written(stem: str) -> Any:
    """The data of one file beside `questions/`, by its name without `.yaml`."""
    text = resources.files("postlib.course").joinpath("questions", f"{stem}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def parsed(lesson: str, data: Any) -> tuple[Mapping[str, Question], Mapping[str, Prediction]]:
    """The questions and predictions of a lesson, by their names. Raises ValueError that says what is wrong, and where."""
    fields(lesson, data, (), ("questions", "predictions"))
    asked, guessed = (named(f"{lesson}, {kind}", data.get(kind, {})) for kind in ("questions", "predictions"))
    return (
        {name: one_question(f"{lesson}/{name}", given) for name, given in asked.items()},
        {name: one_prediction(f"{lesson}/{name}", given) for name, given in guessed.items()},
    )


def one_question(id: str, given: Any) -> Question:
    """A question of its data. Raises ValueError."""
    fields(id, given, ("ask", "choices"), ("belief", "several"))
    choices = tuple(_choice(f"{id}, choice {number}", choice) for number, choice in enumerate(_choices(id, given), 1))
    asked = Question(id, text_of(id, given, "ask"), choices, given.get("several", False) is True, str(given.get("belief", "")))
    if len(asked.right) != 1 and not (asked.several and asked.right):
        raise ValueError(f"{id}: {len(asked.right)} choices are right; write exactly one, or `several: true`")
    return asked


def one_prediction(id: str, given: Any) -> Prediction:
    """A prediction of its data. Raises ValueError."""
    fields(id, given, ("ask", "choices", "came"), ())
    choices = tuple(_plain(id, choice) for choice in _choices(id, given))
    came = given["came"]
    if not isinstance(came, int) or isinstance(came, bool) or not 1 <= came <= len(choices):
        raise ValueError(f"{id}: came is the number of a choice, 1 to {len(choices)}, and not {came!r}")
    return Prediction(id, text_of(id, given, "ask"), choices, came)


def named(where: str, given: Any) -> dict[str, Any]:
    """Data by names. Raises ValueError for another shape and for a name that cannot stand in an id."""
    if not isinstance(given, dict):
        raise ValueError(f"{where}: {given!r} stands where names with values belong")
    wrong = [name for name in given if not isinstance(name, str) or not NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"{where}: {wrong[0]!r} is no name; a name is small letters, digits and hyphens")
    return given


def fields(where: str, given: Any, needed: Sequence[str], allowed: Sequence[str]) -> None:
    """Hold data to its keys. Raises ValueError for another shape, a key that is missing and one that is not known."""
    if not isinstance(given, dict):
        raise ValueError(f"{where}: {given!r} stands where keys with values belong")
    missing = [key for key in needed if key not in given]
    odd = [key for key in given if key not in (*needed, *allowed)]
    if missing or odd:
        raise ValueError(f"{where}: " + (f"{missing[0]} is missing" if missing else f"{odd[0]!r} is not known here"))


def text_of(where: str, given: Mapping[str, Any], key: str) -> str:
    """A text that must be there. Raises ValueError, also for what YAML takes for a number or for yes and no."""
    text = given[key]
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}: {key} is {text!r}; write a text, in quotes")
    return text.strip()


def _choices(id: str, given: Mapping[str, Any]) -> list[Any]:
    choices = given["choices"]
    if not isinstance(choices, list) or not FEWEST <= len(choices) <= MOST:
        raise ValueError(f"{id}: choices is a list of {FEWEST} to {MOST}")
    return choices


def _choice(where: str, given: Any) -> Choice:
    fields(where, given, ("text", "why"), ("right",))
    return Choice(_plain(where, given["text"]), text_of(where, given, "why"), given.get("right", False) is True)


def _plain(where: str, choice: Any) -> str:
    if isinstance(choice, bool) or not isinstance(choice, str | int):
        raise ValueError(f"{where}: {choice!r} is no text; write it in quotes")
    return str(choice).strip()


def _unknown(kind: str, id: str, known: Iterator[str]) -> NoReturn:
    ids = list(known)
    near = [one for one in ids if id and one.startswith(id)][:NEAR] or get_close_matches(id, ids, NEAR, 0.5)
    more = f"did you mean {', '.join(near)}?" if near else f"there are {len(ids)}, such as {', '.join(ids[:NEAR])}"
    raise ValueError(f"there is no {kind} {id!r}; {more}")
