"""What is noted of a learner: answers, guesses, outcomes, hints. Each note is a change of the file's data, and nothing else.

A missed question comes back in the review: at once, then after a few days, and after two right answers no more.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from postlib.course.learner_file import Change, Data, change

ENOUGH = 2  # right answers in the review, after which a question is done: COURSE.md's "goes away after the second time"
APART = timedelta(days=3)  # between them: ours; a gap of days is remembered better than one of minutes
TOMORROW = timedelta(days=1)


def today() -> date:
    """The learner's day, in UTC; the lab's clock has nothing to do with it."""
    return datetime.now(UTC).date()


def answered(id: str, answer: tuple[int, ...], right: bool, day: date) -> Change:
    """A question was answered in its lesson. Only the first answer decides whether it comes back in the review."""

    def note(data: Data) -> None:
        known = data["questions"].get(id)
        if known is None:
            due = "" if right else day.isoformat()
            known = {"asked": day.isoformat(), "answer": [], "at_first": right, "right": right, "tries": 0, "again": 0, "due": due}
            data["questions"][id] = known
        known |= {"answer": list(answer), "right": known["right"] or right, "tries": known["tries"] + 1}

    return note


def reviewed(id: str, answer: tuple[int, ...], right: bool, day: date) -> Change:
    """A missed question was answered in the review. Only one answer a day counts: who clicks twice has not learnt twice."""

    def note(data: Data) -> None:
        known = data["questions"].get(id)
        if known is None or not known["due"] or known["due"] > day.isoformat():
            return
        again = known["again"] + 1 if right else 0
        due = "" if again >= ENOUGH else (day + (APART if right else TOMORROW)).isoformat()
        known |= {"answer": list(answer), "right": known["right"] or right, "tries": known["tries"] + 1, "again": again, "due": due}

    return note


def guessed(id: str, guess: int, day: date) -> Change:
    """A guess was made. It may be changed until it has been compared with what came."""

    def note(data: Data) -> None:
        if not data["predictions"].get(id, {}).get("compared", False):
            data["predictions"][id] = {"asked": day.isoformat(), "guess": guess, "compared": False}

    return note


def compared(id: str) -> Change:
    """The learner was shown what came."""

    def note(data: Data) -> None:
        if id in data["predictions"]:
            data["predictions"][id]["compared"] = True

    return note


def reached(lab: str, points: float, most: float) -> str:
    """Note the points of a lab; the best try stays. Returns "", or a sentence when it could not be kept."""
    return change(outcome(lab, points, most, today()))


def outcome(lab: str, points: float, most: float, day: date) -> Change:
    """So many points of a lab were reached; the best try stays."""

    def note(data: Data) -> None:
        known = data["reached"].get(lab)
        if known is None or _share(points, most) >= _share(known["points"], known["most"]):
            data["reached"][lab] = {"asked": day.isoformat(), "points": points, "most": most}

    return note


def hinted(lab: str, number: int) -> Change:
    """A hint was taken."""

    def note(data: Data) -> None:
        data["hints"][lab] = sorted({*data["hints"].get(lab, []), number})

    return note


def due(data: Data, day: date) -> list[str]:
    """The ids of the questions to review today, the longest waiting first."""
    waiting = [id for id, known in data["questions"].items() if known["due"] and known["due"] <= day.isoformat()]
    return sorted(waiting, key=lambda id: (data["questions"][id]["due"], data["questions"][id]["asked"]))


def later(data: Data, day: date) -> list[tuple[str, str]]:
    """(day, id) of the questions that come back after today, the next one first."""
    return sorted((known["due"], id) for id, known in data["questions"].items() if known["due"] > day.isoformat())


def _share(points: Any, most: Any) -> float:
    return float(points) / float(most) if most else 0.0
