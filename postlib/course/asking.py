"""`question("dmarc/02/envelope")` asks and explains; `predict("dmarc/02/arrivals")` keeps a guess. Neither stops a run of all cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from postlib.course import learner_file, notes
from postlib.course import questions as data
from postlib.course.questions import Prediction, Question
from postlib.display.shown import Shown
from postlib.display.style import SHAPES
from postlib.words import phrase


def question(id: str, *choices: int) -> Shown:
    """Ask a question, or with the numbers of choices say whether they are right, and why.

    In a notebook with widgets it can be clicked; everywhere else it is text, and is answered by `question(id, 2)`.
    Raises ValueError, in one sentence, for an unknown id and for a number that no choice has.
    """
    asked = data.question(id)
    if choices:
        return Shown(_answered(asked, picked(id, choices, len(asked.choices), asked.several)))
    call = called("question", id, *example(asked))
    how = phrase("ask.several" if asked.several else "ask.question", call=call)
    return Shown(listed(asked.ask, texts(asked), how), lambda: _question_form(asked))


def predict(id: str, *choice: int) -> Shown:
    """Ask for a guess before a surprise, or keep one. Once a guess is kept, the next call compares it with what came.

    Raises ValueError, in one sentence, for an unknown id and for a number that no choice has.
    """
    asked = data.prediction(id)
    if choice:
        return Shown(_guessed(asked, picked(id, choice, len(asked.choices), False)[0]))
    kept, told = learner_file.read()
    guess = kept["predictions"].get(id, {}).get("guess", 0)
    if 1 <= guess <= len(asked.choices):
        learner_file.change(notes.compared(id))
        return Shown(compared(asked, guess))
    how = phrase("guess.how", call=called("predict", id, 1))
    ask = phrase("guess.ask", ask=asked.ask)
    return Shown(_lines(told, listed(ask, asked.choices, how)), lambda: _guess_form(asked, ask))


def picked(id: str, choices: Sequence[Any], most: int, several: bool) -> tuple[int, ...]:
    """The numbers of choices, each once. Raises ValueError for what is no number of a choice, and for two where one is asked for."""
    for choice in choices:
        if not isinstance(choice, int) or isinstance(choice, bool) or not 1 <= choice <= most:
            raise ValueError(f"{id} has the choices 1 to {most}, and not {choice!r}")
    if len(set(choices)) > 1 and not several:
        raise ValueError(f"{id} takes one number, and not {len(choices)}")
    return tuple(sorted(set(choices)))


def feedback(asked: Question, answer: tuple[int, ...]) -> str:
    """What is said to an answer: whether it is right, and the explanation of each choice that was made."""
    if answer == asked.right and len(answer) == 1:
        return f"{SHAPES['pass']} {phrase('ask.right')} {asked.choices[answer[0] - 1].why}"
    if not asked.several:
        return f"{SHAPES['fail']} {phrase('ask.wrong')} {asked.choices[answer[0] - 1].why}"
    return _lines(_weighed(asked, answer), *(_explained(asked, number) for number in answer))


def compared(asked: Prediction, guess: int) -> str:
    """A guess beside what came."""
    if guess == asked.came:
        return f"{SHAPES['pass']} {phrase('guess.true', guess=asked.choices[guess - 1])}"
    return phrase("guess.other", guess=asked.choices[guess - 1], came=asked.choices[asked.came - 1])


def example(asked: Question) -> tuple[int, ...]:
    """Numbers to show how a question is answered: the first that are not right, so that nobody runs the answer as it is printed."""
    pairs = combinations(range(1, len(asked.choices) + 1), 2 if asked.several else 1)
    return next(pair for pair in pairs if pair != asked.right)


def texts(asked: Question) -> tuple[str, ...]:
    """The choices' texts."""
    return tuple(choice.text for choice in asked.choices)


def listed(ask: str, choices: Sequence[str], how: str) -> str:
    """A question as text: its choices numbered, and how to answer."""
    return _lines(ask, *(f"  {number}  {choice}" for number, choice in enumerate(choices, 1)), how)


def called(name: str, *values: Any) -> str:
    """A call as a learner writes it."""
    return f"{name}({', '.join(json.dumps(value) for value in values)})"


def _weighed(asked: Question, answer: tuple[int, ...]) -> str:
    if answer == asked.right:
        return f"{SHAPES['pass']} {phrase('ask.right')}"
    right = len(set(answer) & set(asked.right))
    counts = {"right": right, "wrong": len(answer) - right, "missing": len(asked.right) - right}
    return f"{SHAPES['fail']} {phrase('ask.partly', **counts)}"


def _explained(asked: Question, number: int) -> str:
    choice = asked.choices[number - 1]
    return f"  {SHAPES['pass' if choice.right else 'fail']} {number}: {choice.why}"


def _answered(asked: Question, answer: tuple[int, ...]) -> str:
    right = answer == asked.right
    told = learner_file.change(notes.answered(asked.id, answer, right, notes.today()))
    return _lines(feedback(asked, answer), "" if right else phrase("ask.again"), told)


def _guessed(asked: Prediction, guess: int) -> str:
    told = learner_file.change(notes.guessed(asked.id, guess, notes.today()))
    kept = learner_file.read()[0]["predictions"].get(asked.id, {})
    if kept.get("compared", False) and 1 <= kept["guess"] <= len(asked.choices):
        return compared(asked, kept["guess"])
    return _lines(phrase("guess.noted", guess=asked.choices[guess - 1]), told)


def _question_form(asked: Question) -> Any:
    from postlib.course import widgets

    return widgets.form(asked.ask, texts(asked), phrase("ask.check"), lambda answer: _answered(asked, answer), several=asked.several)


def _guess_form(asked: Prediction, ask: str) -> Any:
    from postlib.course import widgets

    return widgets.form(ask, asked.choices, phrase("guess.keep"), lambda answer: _guessed(asked, answer[0]))


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
