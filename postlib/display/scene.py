"""What is known of a cell that ended in an error: where in the learner's own lines, and where in ours."""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import FrameType, TracebackType
from typing import Any

from postlib.display.cells import Cell

OURS = "postlib"
RAISE = dis.opmap["RAISE_VARARGS"]  # what the statement `raise` becomes; an error that a called function of Python makes has another


@dataclass(frozen=True)
class Step:
    """One line of a traceback."""

    frame: FrameType
    line: int
    raised: bool

    @property
    def ours(self) -> bool:
        """Whether it is in postlib."""
        return str(self.frame.f_globals.get("__name__", "")).partition(".")[0] == OURS

    @property
    def given(self) -> tuple[tuple[str, Any], ...]:
        """The arguments of the call, each with its parameter; those of `*several` and `**settings` one by one."""
        code, known = self.frame.f_code, self.frame.f_locals
        plain = code.co_argcount + code.co_kwonlyargcount
        found = [(name, known[name]) for name in code.co_varnames[:plain] if name in known]
        starred = code.co_varnames[plain : plain + bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)]
        for name in starred:
            several = known.get(name, ())
            found += [(name, value) for value in (several.values() if isinstance(several, dict) else several)]
        return tuple(found)


@dataclass(frozen=True)
class Scene:
    """An error, the steps that lead to it from the learner's cell inward, what the kernel knows by name, and the notebook's cells."""

    error: BaseException
    steps: tuple[Step, ...]
    names: Mapping[str, Any]
    cells: tuple[Cell, ...]

    @cached_property
    def here(self) -> Step | None:
        """The last of the learner's own lines."""
        return next((step for step in reversed(self.steps) if step.frame.f_globals is self.names), None)

    @cached_property
    def inside(self) -> tuple[Step, ...]:
        """The steps below the learner's last line, or all of them where no line is the learner's."""
        return self.steps[self.steps.index(self.here) + 1 :] if self.here is not None else self.steps

    @property
    def ours(self) -> tuple[Step, ...]:
        """Those of `inside` that are in postlib."""
        return tuple(step for step in self.inside if step.ours)

    @property
    def on_purpose(self) -> bool:
        """Whether postlib itself raised the error, with `raise`."""
        return bool(self.inside) and self.inside[-1].ours and self.inside[-1].raised

    @property
    def line(self) -> int:
        """The number of the learner's line in its cell, from 1."""
        return self.here.line if self.here is not None else 1

    @cached_property
    def source(self) -> str:
        """The cell of that line, as Python got it."""
        return "".join(linecache.getlines(self.here.frame.f_code.co_filename)) if self.here is not None else ""

    @cached_property
    def statement(self) -> ast.stmt | None:
        """The smallest statement that holds the line."""
        try:
            tree = ast.parse(self.source)
        except (SyntaxError, ValueError, RecursionError):
            return None
        held = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= self.line <= (n.end_lineno or n.lineno)]
        return min(held, key=lambda node: (node.end_lineno or node.lineno) - node.lineno, default=None)


def steps(traceback: TracebackType | None) -> tuple[Step, ...]:
    """A traceback as steps, outermost first."""
    found = []
    while traceback is not None:
        frame, last = traceback.tb_frame, traceback.tb_lasti
        found.append(Step(frame, traceback.tb_lineno or 1, 0 <= last < len(frame.f_code.co_code) and frame.f_code.co_code[last] == RAISE))
        traceback = traceback.tb_next
    return tuple(found)
