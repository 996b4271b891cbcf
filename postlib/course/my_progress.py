"""*My progress*: questions answered, guesses made, outcomes reached. Never which cells were run.

Of one lesson: answered right at first, right later, still missed; guesses made, and how many came so.
"""

from __future__ import annotations

from postlib.course import learner_file, notes, surveys
from postlib.course import questions as data
from postlib.course.enrolment import enrolled
from postlib.course.learner_file import Data
from postlib.display.markup import Markup, joined, tag
from postlib.display.shown import Shown, paragraphs
from postlib.display.style import STYLE
from postlib.display.table import Table
from postlib.words import chosen, counted, phrase


def progress() -> Shown:
    """What you have answered, guessed and reached so far, from the file that is yours: progress.json."""
    kept, told = learner_file.read()
    tables = [table for table in (_lessons(kept), _labs(kept), _gains(kept)) if table.rows]
    lines = [line for line in (told, phrase("progress.who", learner=enrolled()) if enrolled() else "", *_notes(kept)) if line]
    if not tables:
        lines.append(phrase("progress.nothing"))
    words = "\n".join([*lines, *(f"\n{table.text()}" for table in tables)])
    return Shown(words, html=_html(lines, tables))


def _lessons(kept: Data) -> Table:
    rows = [_lesson(kept, lesson) for lesson in data.lessons()]
    columns = ("lesson", "at-first", "later", "missed", "not-answered", "guesses", "came-so")
    return Table(phrase("progress.lessons"), tuple(f"progress.{column}" for column in columns), tuple(row for row in rows if row))


def _lesson(kept: Data, lesson: str) -> tuple[str, ...]:
    """One lesson's row; empty when nothing of it was answered."""
    asked = [kept["questions"].get(question.id) for question in data.questions_of(lesson)]
    answered = [one for one in asked if one is not None]
    guesses = [(one.came, kept["predictions"][one.id]) for one in data.predictions_of(lesson) if one.id in kept["predictions"]]
    came = [guess["guess"] == came for came, guess in guesses if guess["compared"]]
    if not answered and not guesses:
        return ()
    first = sum(one["at_first"] for one in answered)
    later = sum(one["right"] and not one["at_first"] for one in answered)
    counts = (first, later, len(answered) - first - later, len(asked) - len(answered), len(guesses))
    return (lesson, *(str(count) for count in counts), phrase("progress.of", some=sum(came), all=len(came)) if came else "")


def _labs(kept: Data) -> Table:
    rows = []
    for lab in sorted({*kept["reached"], *kept["hints"]}):
        known = kept["reached"].get(lab)
        points = phrase("progress.of", some=_short(known["points"]), all=_short(known["most"])) if known else ""
        hints = ", ".join(str(number) for number in kept["hints"].get(lab, []))
        rows.append((lab, points, known["asked"] if known else "", hints))
    columns = ("progress.lab", "progress.points", "progress.day", "progress.hints")
    return Table(phrase("progress.labs"), columns, tuple(rows))


def _gains(kept: Data) -> Table:
    rows = [row for track in surveys.tracks() if (row := _gain(track, [surveys.score(track, kept, when) for when in surveys.WHEN], kept))]
    claims = [_claims(kept, when) for when in surveys.WHEN]
    if any(claims):
        rows.append((phrase("progress.survey"), *(claim or "" for claim in claims)))
    return Table(phrase("progress.gains"), ("progress.what", "progress.before", "progress.after"), tuple(rows))


def _gain(track: str, scores: list[int | None], kept: Data) -> tuple[str, ...]:
    if scores == [None, None]:
        return ()
    most = len(surveys.of(track))
    shown = ["" if score is None else phrase("progress.of", some=score, all=most) for score in scores]
    return (phrase("progress.concepts", track=track), *shown)


def _claims(kept: Data, when: str) -> str:
    """Yes, no and do not know of the survey, counted; "" when it was not answered."""
    answers = kept["survey"].get(when)
    if not isinstance(answers, dict):
        return ""
    counts = [sum(claim == number for claim in answers.values()) for number in (1, 2, 3)]
    return phrase("progress.claims", yes=counts[0], no=counts[1], unknown=counts[2])


def _notes(kept: Data) -> list[str]:
    waiting = notes.due(kept, notes.today())
    return [counted("progress.review", len(waiting))] if waiting else []


def _short(points: float) -> str:
    return f"{points:g}"


def _html(lines: list[str], tables: list[Table]) -> Markup:
    if not tables:
        return paragraphs("\n".join(lines))
    parts = joined(*(tag("p", line) for line in lines), *(table.element() for table in tables))
    return tag("div", tag("style", Markup(STYLE)), parts, class_="postlib", lang=chosen().language)
