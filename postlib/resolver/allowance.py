"""How many questions one subject may cost: whoever writes its records does not decide how long we work for them.

The bounds of one answer (`postlib.resolver.iteration`) hold for one answer; this one holds for all that is asked on behalf of one
subject, through every zone that it leads to. Each subject of a scan has its own; what is already known costs nobody anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

QUESTIONS = 1000  # for one look at one domain: a well-kept one costs about 130, and one with much more of everything a few hundred
TOO_MANY = "too-many-questions"


@dataclass(eq=False)
class Allowance:
    """The questions that are left for `subject`."""

    subject: str
    left: int = QUESTIONS

    def spend(self) -> None:
        """Pay for one question. Raises Spent when nothing is left."""
        if self.left <= 0:
            raise Spent(self)
        self.left -= 1


class Spent(Exception):
    """An allowance is used up. It is no failure of any server, so it passes by those who catch Unreachable, up to the resolver's face."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(allowance.subject)
        self.allowance = allowance


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def current() -> Allowance | None:
    """The allowance on which this task asks; None where nobody set one."""
    return _current.get()


@contextlib.contextmanager
def asking_for(allowance: Allowance) -> Iterator[None]:
    """What is asked meanwhile, also by tasks that are started meanwhile, is on that allowance; on the one in force, if there is one."""
    if _current.get() is not None:
        yield
        return
    token = _current.set(allowance)
    try:
        yield
    finally:
        _current.reset(token)
