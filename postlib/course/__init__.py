"""The course's own: labs with their cases and judges, questions, hints, progress. What notebooks import.

Names are imported when they are first used, so that a lesson starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from postlib.course.asking import predict as predict
    from postlib.course.asking import question as question
    from postlib.course.begun import again as again
    from postlib.course.begun import begin as begin
    from postlib.course.begun import resume as resume
    from postlib.course.correspondence import letter as letter
    from postlib.course.enrolment import enroll as enroll
    from postlib.course.handing import handed_in as handed_in
    from postlib.course.hints import hint as hint
    from postlib.course.judging import judge as judge
    from postlib.course.my_progress import progress as progress
    from postlib.course.places import at as at
    from postlib.course.reviewing import review as review
    from postlib.course.seeds import Case as Case
    from postlib.course.seeds import case as case
    from postlib.course.surveys import concepts as concepts
    from postlib.course.surveys import survey as survey

_PLACES = {
    "Case": "seeds",
    "again": "begun",
    "at": "places",
    "begin": "begun",
    "case": "seeds",
    "concepts": "surveys",
    "enroll": "enrolment",
    "handed_in": "handing",
    "hint": "hints",
    "judge": "judging",
    "letter": "correspondence",
    "predict": "asking",
    "progress": "my_progress",
    "question": "asking",
    "resume": "begun",
    "review": "reviewing",
    "survey": "surveys",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    """A name for notebooks, imported when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'postlib.course' has no name {name!r}")
    value = globals()[name] = getattr(import_module(f"postlib.course.{_PLACES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
