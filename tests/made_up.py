"""Made-up pages: what a rule for the course is tried on."""

from __future__ import annotations

from typing import Any

from lessons import COURSE, Cell, Page

GOOD = COURSE / "dmarc" / "01-made-up.ipynb"  # never written
PLAIN = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}


def page(*cells: Cell | str, metadata: dict[str, Any] | None = None, name: str = "dmarc/01") -> Page:
    """A lesson with these cells; a text is a Markdown cell."""
    made = tuple(cell if isinstance(cell, Cell) else Cell(f"cell-{number}", "markdown", cell) for number, cell in enumerate(cells, 1))
    return Page(name, GOOD, made, notebook=True, metadata=PLAIN if metadata is None else metadata)


def code(source: str, name: str = "run", **more: Any) -> Cell:
    return Cell(name, "code", source, **more)


def found(rule: Any, *cells: Cell | str, **more: Any) -> list[str]:
    return list(rule(page(*cells, **more)))
