"""A small table of anything else (a campaign, a mailbox, a change plan, reports of others), shown in every form."""

from __future__ import annotations

import json
from dataclasses import dataclass

from postlib.display.data import written
from postlib.display.markup import Markup, code, escaped, tag
from postlib.display.plain import prose, row, shortened, span
from postlib.display.style import STYLE
from postlib.words import chosen, phrase

MANY = 12  # rows from which a table is set close


@dataclass(frozen=True)
class Table:
    """A caption and rows of text. `columns` are ids of phrases; those in `raw` hold values as they stood on the wire."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    raw: frozenset[str] = frozenset()

    @property
    def titles(self) -> list[str]:
        """The columns' titles."""
        return [phrase(column) for column in self.columns]

    def html(self) -> Markup:
        """For a notebook's cell."""
        return tag("div", tag("style", Markup(STYLE)), self.element(), class_="postlib", lang=chosen().language)

    def element(self) -> Markup:
        """The table alone; the first column names its row."""
        head = tag("thead", tag("tr", *(tag("th", title, scope="col") for title in self.titles)))
        body = tag("tbody", *(tag("tr", *self._cells(cells)) for cells in self.rows))
        return tag("table", tag("caption", self.caption), head, body, class_="wire" if len(self.rows) > MANY else "")

    def _cells(self, cells: tuple[str, ...]) -> list[Markup]:
        shown = [code(value) if column in self.raw and value else escaped(value) for column, value in zip(self.columns, cells, strict=True)]
        return [tag("th", shown[0], scope="row"), *(tag("td", cell) for cell in shown[1:])]

    def text(self) -> str:
        """For a terminal: columns as wide as their widest cell."""
        grid = [self.titles, *([shortened(value) for value in cells] for cells in self.rows)]
        widths = [max(len(cells[column]) for cells in grid) for column in range(len(self.columns))]
        grid.insert(1, ["-" * width for width in widths])
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in grid]
        return "\n".join([self.caption, *lines]) + "\n"

    def markdown(self) -> str:
        """For a ticket or a wiki."""
        kinds = [span if column in self.raw else prose for column in self.columns]
        body = [row([kind(value) for kind, value in zip(kinds, cells, strict=True)]) for cells in self.rows]
        head = [row([prose(title) for title in self.titles]), row(["---"] * len(self.columns))]
        return "\n".join([prose(self.caption), "", *head, *body]) + "\n"

    def csv(self) -> str:
        """For a spreadsheet; the first line holds the ids of the columns."""
        return written(self.columns, self.rows)

    def data(self) -> list[dict[str, str]]:
        """As JSON data: one object a row, by the ids of the columns."""
        return [dict(zip(self.columns, cells, strict=True)) for cells in self.rows]

    def json(self) -> str:
        """The data as text."""
        return json.dumps(self.data(), indent=1)
