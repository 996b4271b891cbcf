"""Each heading of a lesson can be started alone: the setup cells, then what is below it. And what an Internet is like, to compare two."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from typing import Any

from lessons import Cell, Page

from postlib.cell import digest

READERS = ("clara@inbox.example", "omar@oldmail.example")  # where letters are sent on to
GIVEN = {*dir(builtins), "display", "get_ipython", "_"}  # what a kernel has from the start


def started_alone(page: Page) -> Iterator[str]:
    """A name that a cell uses is made in a setup cell, or in a cell below the last heading above it."""
    if page.notebook:
        setup = GIVEN | {name for cell in page.cells if is_setup(cell) for name in made(cell)}
        here: set[str] = set()  # made under the heading that we are at
        above: set[str] = set()  # made under the others
        for cell in page.cells:
            if heading(cell):
                above, here = above | here, set()
            if not is_setup(cell):
                for name in sorted((needed(cell) - setup - here) & above):
                    yield page.finding(cell, f"{name!r} is made under an earlier heading: who starts here lacks it; make it here anew")
                here |= made(cell) | needed(cell)  # said once


def is_setup(cell: Cell) -> bool:
    """Whether it is one of the cells that stand before all headings and are always run."""
    return cell.kind == "code" and (cell.id == "setup" or cell.id.startswith("setup-"))


def heading(cell: Cell) -> str:
    """The heading of level two in a cell; empty where there is none."""
    found = re.search(r"(?m)^## (.*)$", cell.source) if cell.kind == "markdown" else None
    return found[1].strip() if found else ""


def needed(cell: Cell) -> set[str]:
    """The names that a cell reads before it has made them itself."""
    return _read(cell).needed


def made(cell: Cell) -> set[str]:
    """The names that a cell leaves behind."""
    return _read(cell).made


def _read(cell: Cell) -> Reader:
    reader = Reader()
    if cell.kind == "code":  # as IPython reads it: with await outside functions
        reader.visit(compile(cell.source, cell.id, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    return reader


class Reader(ast.NodeVisitor):
    """Goes through a program in the order in which it runs, and notes which names it reads and makes."""

    def __init__(self) -> None:
        self.needed: set[str] = set()
        self.made: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.made.add(node.id)
        elif node.id not in self.made:
            self.needed.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._each(node.value, *node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._each(node.value, ast.Name(node.target.id, ast.Load()) if isinstance(node.target, ast.Name) else node.target)
        self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        self._each(node.iter, node.target, *node.body, *node.orelse)

    def visit_alias(self, node: ast.alias) -> None:
        self.made.add((node.asname or node.name).split(".")[0])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside([arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)], *node.body)
        self.made.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside([arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)], node.body)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._inside([], *self._loops(node.generators), node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._inside([], *self._loops(node.generators), node.key, node.value)

    def _loops(self, generators: list[ast.comprehension]) -> list[ast.AST]:
        return [part for loop in generators for part in (loop.iter, loop.target, *loop.ifs)]

    def _inside(self, names: list[str], *parts: ast.AST) -> None:
        """Parts with names of their own, that are gone afterwards."""
        before = set(self.made)
        self.made |= set(names)
        self._each(*parts)
        self.made = before

    def _each(self, *parts: ast.AST) -> None:
        for part in parts:
            self.visit(part)


def likeness(internet: Any) -> dict[str, Any]:
    """What two Internets must have in common to be the same place: the clock, every zone, and every letter where it lies."""
    readers = {act["recipient"].lower() for act in internet.journal() if act["act"] == "send"} | set(READERS)
    boxes = {reader: internet.mailbox(reader) for reader in sorted(readers) if reader.rpartition("@")[2] in internet.state.mail}
    mail = {reader: [[kept.folder, kept.source, digest(kept.message.decode())] for kept in box] for reader, box in boxes.items()}
    zones = {str(origin): digest(zone.text()) for origin, zone in sorted(internet.state.zones.items())}
    return {"clock": (internet.clock.now() - internet.start).total_seconds(), "zones": zones, "mail": mail}
