"""A conversation with a mail server as people see it: the commands and replies, and the message folded into one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from postlib import words
from postlib.display.markup import Markup, code, joined, tag
from postlib.display.style import STYLE
from postlib.display.table import Table
from postlib.words import phrase

SEND_DATA = "354"  # the reply after which the message comes (RFC 5321, section 4.3.2)
END = "."  # the line that ends it (section 4.1.1.4)


@dataclass(frozen=True)
class Conversation:
    """The lines in order: who spoke (client, server, tls) and what. `message` are those of the message, first and behind the last."""

    caption: str
    lines: tuple[tuple[str, str], ...]
    message: tuple[int, int]

    def note(self, index: int) -> str:
        """A word for the two addresses that matter: the envelope's, for machines, and the author's, for people."""
        said, (first, last) = self.lines[index][1], self.message
        if self.lines[index][0] == "client" and not first <= index < last and said.upper().startswith("MAIL FROM:"):
            return phrase("envelope-address")
        return phrase("author-address") if index == self.author else ""

    @property
    def author(self) -> int:
        """The line of the message's From field; -1 without one."""
        first, last = self.message
        head = next((index for index in range(first, last) if not self.lines[index][1]), last)
        return next((index for index in range(first, head) if self.lines[index][1].lower().startswith("from:")), -1)

    def text(self) -> str:
        """For a terminal: every line."""
        rows = tuple((phrase(speaker), said, self.note(index)) for index, (speaker, said) in enumerate(self.lines))
        return Table(self.caption, ("speaker", "said", "meaning"), rows, frozenset({"said"})).text()

    def html(self) -> Markup:
        """For a notebook's cell: the message is one row, whose lines open on a click."""
        head = tag("thead", tag("tr", *(tag("th", phrase(column), scope="col") for column in ("speaker", "said", "meaning"))))
        table = tag("table", tag("caption", self.caption), head, tag("tbody", *self._rows()), class_="wire talk")
        return tag("div", tag("style", Markup(STYLE)), table, class_="postlib", lang=words.chosen().language)

    def _rows(self) -> Iterator[Markup]:
        first, last = self.message
        for index, (speaker, said) in enumerate(self.lines):
            if index == first < last:
                yield _row("client", self._message(), self.note(self.author) if self.author >= 0 else "")
            if not first <= index < last:
                yield _row(speaker, code(said), self.note(index))

    def _message(self) -> Markup:
        first, last = self.message
        lines = Markup("\n".join(code(said) if said else "" for _, said in self.lines[first:last]))
        whole = tag("details", tag("summary", words.counted("message-lines", last - first)), tag("pre", lines, dir="ltr"))
        return joined(code(self.lines[self.author][1]), whole) if self.author >= 0 else whole


def _row(speaker: str, said: str, note: str) -> Markup:
    meaning = tag("span", note, class_="note") if note else ""
    return tag("tr", tag("th", phrase(speaker), scope="row"), tag("td", said), tag("td", meaning))


def transcript(delivery: Any) -> Conversation:
    """A Delivery: what was said between the client and the mail server."""
    lines = tuple((line.speaker, line.text) for line in delivery.transcript)
    caption = phrase("transcript", outcome=words.spoken("outcome", delivery.outcome))
    return Conversation(caption, lines, _message_in(lines))


def _message_in(lines: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """The message's first line, and the one behind its last: between the reply 354 and the dot."""
    count = len(lines)
    first = next((index + 1 for index, (who, said) in enumerate(lines) if who == "server" and said.startswith(SEND_DATA)), count)
    last = next((index for index in range(first, count) if lines[index] == ("client", END) or lines[index][0] != "client"), count)
    return first, last
