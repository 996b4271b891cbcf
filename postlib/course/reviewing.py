"""`review()`: the questions that were missed come back, one at a time, the longest waiting first, and days apart."""

from __future__ import annotations

from typing import Any

from postlib.course import learner_file, notes
from postlib.course import questions as data
from postlib.course.asking import called, example, feedback, listed, picked, texts
from postlib.course.questions import Question
from postlib.display.shown import Shown
from postlib.words import counted, phrase


def review(*choices: int) -> Shown:
    """Ask the missed question that has waited longest; with the numbers of choices, answer it.

    A question that is answered right twice, some days apart, is done. Says so when there is none.
    Raises ValueError, in one sentence, for a number that no choice has.
    """
    waiting, told = _waiting()
    if not waiting:
        return Shown("\n".join(line for line in (told, _nothing()) if line))
    if choices:
        asked = waiting[0]
        answer = picked(asked.id, choices, len(asked.choices), asked.several)
        return Shown(f"{_answered(asked, answer)}\n{_more()}")
    return Shown(_asked(waiting), _form)


def _waiting() -> tuple[list[Question], str]:
    """The questions of today; one that a newer course no longer has is left out."""
    kept, told = learner_file.read()
    found = []
    for id in notes.due(kept, notes.today()):
        try:
            found.append(data.question(id))
        except ValueError:
            continue
    return found, told


def _asked(waiting: list[Question]) -> str:
    asked = waiting[0]
    how = phrase("ask.several" if asked.several else "ask.question", call=called("review", *example(asked)))
    return f"{counted('review.waiting', len(waiting))}\n{listed(asked.ask, texts(asked), how)}"


def _answered(asked: Question, answer: tuple[int, ...]) -> str:
    right = answer == asked.right
    told = learner_file.change(notes.reviewed(asked.id, answer, right, notes.today()))
    known = learner_file.read()[0]["questions"].get(asked.id, {})
    when = phrase("review.back", day=known["due"]) if known.get("due") else phrase("review.done")
    lesson = "" if right else phrase("review.lesson", lesson=asked.id.rpartition("/")[0])
    return "\n".join(line for line in (feedback(asked, answer), lesson, told or when) if line)


def _more() -> str:
    waiting, _ = _waiting()
    return counted("review.more", len(waiting)) if waiting else _nothing()


def _nothing() -> str:
    kept, _ = learner_file.read()
    coming = notes.later(kept, notes.today())
    if coming:
        return f"{phrase('review.today')} {counted('review.later', len(coming))} {phrase('review.next', day=coming[0][0])}"
    return phrase("review.today") if kept["questions"] else phrase("review.nothing-yet")


def _form() -> Any:
    from postlib.course import widgets

    return widgets.Round(_page)


def _page() -> tuple[Any, str]:
    """The next question's form; None when there is none."""
    from postlib.course import widgets

    waiting, _ = _waiting()
    if not waiting:
        return None, _nothing()
    asked = waiting[0]
    made = widgets.form(asked.ask, texts(asked), phrase("ask.check"), lambda answer: _answered(asked, answer), several=asked.several)
    return made, counted("review.waiting", len(waiting))
