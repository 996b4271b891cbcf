"""Labs that have been begun in this kernel: raised with the learner's case, kept in a file beside the notebook, found again by name."""

from __future__ import annotations

import os
from pathlib import Path

from postlib.course import learner_file
from postlib.course.bench import WORLD
from postlib.course.enrolment import enrolled
from postlib.course.seeds import PRACTICE, case
from postlib.lab.internet import Internet, visit

_begun: dict[str, Internet] = {}
_attempts: dict[str, int] = {}
ENDING = ".journal.json"


def begin(lab: str, learner: str = "") -> Internet:
    """Start a lab on an Internet of its own: with the case of `learner`, of the id given in start.ipynb, or with the common operator.

    What is done is kept in a file beside the notebook, and `resume(lab)` goes on from there. Beginning again closes the Internet that
    was begun before and starts afresh; what was kept of it stays, under another name. With POSTLIB_PROGRESS=off nothing is kept.
    Raises ValueError.
    """
    drawn = case(lab, learner.strip() or os.environ.get("SEED", "") or enrolled() or PRACTICE)
    _close(lab)
    internet = _begun[lab] = visit(WORLD, learner=drawn)
    if learner_file.place() is not None:
        path = kept(lab, drawn.learner)
        if path.exists():
            path.replace(path.with_name(path.name.removesuffix(ENDING) + ".before.json"))
        internet.keep(path)
    return internet


def resume(lab: str) -> Internet:
    """Go on with a lab from what was kept of it last. Raises ValueError where nothing was."""
    found = sorted(Path().glob(kept(lab, "*").name), key=lambda path: path.stat().st_mtime)
    if not found:
        raise ValueError(f"nothing is kept of the lab {lab} in this folder: begin({lab!r}) starts it")
    learner = found[-1].name.removeprefix(f"{lab}.").removesuffix(ENDING)
    _close(lab)
    internet = _begun[lab] = visit(WORLD, learner=case(lab, learner), journal=found[-1])
    internet.keep(found[-1])
    return internet


def again(lab: str) -> Internet:
    """Another try with fresh names, places and addresses; not the case that is graded."""
    _attempts[lab] = _attempts.get(lab, 1) + 1
    return begin(lab, f"{enrolled() or PRACTICE}.try{_attempts[lab]}")


def latest(lab: str) -> Internet:
    """The Internet on which a lab was begun last. Raises ValueError where it was not."""
    internet = _begun.get(lab)
    if internet is None:
        raise ValueError(f"{lab} has not been begun here: run the setup cell, or begin({lab!r})")
    return internet


def _close(lab: str) -> None:
    before = _begun.pop(lab, None)
    if before is not None:
        before.close()


def kept(lab: str, learner: str) -> Path:
    """The file in which a learner's journal of a lab is kept."""
    return Path(f"{lab}.{learner}{ENDING}")
