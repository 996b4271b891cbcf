"""The judges: each plays mail, questions and attacks on a learner's Internet and says what became of it. Open to read.

A judge knows two kinds of mail: `practice`, the same at any time, and `graded`, drawn from a word that the grader keeps. Both ask the
same of an Internet; other people write, at other times, from other machines of the same kind.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from random import Random
from typing import Any

from postlib import cell
from postlib.acts import Act
from postlib.course import begun, notes
from postlib.course.bench import Bench, HandedIn, handed_over, opened, taken
from postlib.course.outcome import Judged
from postlib.course.seeds import LABS
from postlib.lab.internet import Internet

PRACTICE, GRADED = "practice", "graded"
SECRET = "POSTLIB_GRADING_SEED"  # in the environment of a grader: the word from which graded mail is drawn
REMEMBERED = 8  # judgements: the parts of a lab, each asked for in a cell of its own, are judged once
SHOWN_SKIPPED = 3  # acts that do not count, of which a note tells

_judged: dict[str, Judged] = {}


def judge(lab: str, internet: Internet | Mapping[str, Any] | None = None, *, part: str = "", mail: str = PRACTICE,
          model: Iterable[Act] = ()) -> Judged:  # fmt: skip
    """What a learner's Internet does in a lab, or in one `part` of it.

    `internet` is the one that was begun last unless given, or what `handed_in` returned. `model` is the model solution, for the parts
    that build on an earlier one: such a part is judged from the learner's own state and, if that is not right, from the model's; the
    better counts, and a note says which. Raises ValueError, and CannotJudge where the bounds of a judgement are passed.
    """
    if lab not in LABS:
        raise ValueError(f"there is no lab {lab!r}; the labs are: {', '.join(LABS)}")
    mine = internet if internet is not None else begun.latest(lab)
    if isinstance(mine, Internet):
        mine.must_be_open()
    handed = taken(handed_over(mine) if isinstance(mine, Internet) else mine)
    if handed.case.lab != lab:
        raise ValueError(f"this is the Internet of the lab {handed.case.lab}; judge({handed.case.lab!r}) looks at it")
    play = import_module(f"postlib.course.judges.{lab.replace('-', '_')}").play
    told = (handed.case.learner, handed.start.isoformat(), handed.journal, mail, tuple(model), os.environ.get(SECRET, ""))
    key = lab + hashlib.sha256(json.dumps(told).encode()).hexdigest()
    if key not in _judged:
        _judged[key] = _played(play, handed, mail, tuple(model), trusted=isinstance(mine, Internet))
        while len(_judged) > REMEMBERED:
            del _judged[next(iter(_judged))]
    judged = _judged[key]
    if mail == PRACTICE:
        judged = _with_notes(judged, handed.case.learner, cell.stale(handed.journal))
        notes.reached(lab, judged.points, judged.most)
    return judged.part(part) if part else judged


def _played(play: Any, handed: HandedIn, mail: str, model: tuple[Act, ...], *, trusted: bool) -> Judged:
    if mail not in (PRACTICE, GRADED):
        raise ValueError(f"mail is {PRACTICE!r} or {GRADED!r}, not {mail!r}")
    benches: list[Bench] = []

    def bench(of: HandedIn) -> Bench:
        benches.append(opened(of, chance(of, mail), trusted=trusted))
        return benches[-1]

    try:
        outcomes, notes = play(bench, handed, model)
        skipped = dict.fromkeys((str(act.get("act", ""))[:40], why) for used in benches for act, why in used.skipped)
        told = (("judge-skipped", {"act": act, "why": why}) for act, why in list(skipped)[:SHOWN_SKIPPED])
        return Judged(handed.case.lab, handed.case.domain, tuple(outcomes), (*notes, *told))
    finally:
        for used in benches:
            used.internet.close()


def chance(handed: HandedIn, mail: str) -> Random:
    """Where the mail of a judgement comes from: the case, and for graded mail the grader's word."""
    secret = os.environ.get(SECRET, "") if mail == GRADED else ""
    told = f"{handed.case.lab}/{handed.case.learner}/{mail}/{secret}"
    return Random(hashlib.sha256(told.encode()).hexdigest())


def _with_notes(judged: Judged, learner: str, stale: Iterable[Any]) -> Judged:
    """A judgement for a learner says that grading sends other mail, and warns of what cells did that are no longer so."""
    count = len(list(stale))
    warned = (("judge-stale", {"count": str(count)}),) if count else ()
    shared = (("judge-shared", {"lab": judged.lab}),) if learner == PRACTICE else ()
    return Judged(judged.lab, judged.subject, judged.outcomes, (*judged.notes, *shared, *warned, ("judge-practice", {})))
