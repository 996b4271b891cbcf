"""The morning's post of lesson dmarc/01: letters to read and to sort into honest and forged, sent by real SMTP from a file of data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from postlib.display.letter import field as header
from postlib.display.markup import Markup
from postlib.display.shown import Shown
from postlib.display.table import Table

if TYPE_CHECKING:
    from postlib.lab.internet import Internet
    from postlib.lab.mail.mailbox import Kept

RECEIVED = re.compile(r"from (\S+) \(\[")  # as the lab's servers write it (RFC 5321, section 4.4)
ANSWERS = ("author", "name", "subject", "to", "body", "honest", "why")  # keys of a letter that are no option of internet.send


@cache
def _told() -> Mapping[str, Any]:
    text = (resources.files("postlib.course") / "letters" / "mornings.yaml").read_text(encoding="utf-8")
    told: Mapping[str, Any] = yaml.safe_load(text)
    return told


@dataclass(frozen=True)
class Tabled:
    """A table in a notebook's cell, and text everywhere else."""

    table: Table = field(repr=False)

    def _repr_html_(self) -> str:
        return self.table.html()

    def __repr__(self) -> str:
        return self.table.text()


@dataclass(frozen=True, repr=False)
class Sorted(Tabled):
    """How the letters were sorted: `right` of `most` rightly."""

    right: int = 0
    most: int = 0


@dataclass(frozen=True)
class Morning:
    """The letters of one morning, numbered from 1."""

    name: str
    letters: tuple[Kept, ...]

    def letter(self, number: int) -> Kept:
        """One letter as it lies in the mailbox. Raises ValueError for a number that is none of them."""
        self._known([number])
        return self.letters[number - 1]

    def sort(self, honest: Sequence[Any]) -> Sorted | Shown:
        """Call the letters with these numbers honest and all others forged, and see how many are sorted rightly. Raises ValueError.

        Of a letter that is sorted wrongly, no more is said than where to look. Where a blank (...) still stands among the numbers,
        the answer is a sentence that says so.
        """
        phrases, letters = _told()["phrases"], _told()["mornings"][self.name]["letters"]
        if ... in honest:
            return Shown(phrases["blank"])
        self._known(honest)
        rows = tuple(_sorted(number, number in honest, letter) for number, letter in enumerate(letters, 1))
        right = sum(row[2] == phrases["right"] for row in rows)
        return Sorted(_table("sorted", ("number", "said", "answer", "why"), rows, right=right, most=len(rows)), right, len(rows))

    def _known(self, numbers: Iterable[Any]) -> None:
        wrong = [number for number in numbers if type(number) is not int or not 1 <= number <= len(self.letters)]
        if wrong:
            raise ValueError(_told()["phrases"]["numbers"].format(most=len(self.letters), wrong=wrong[0]))

    def _table(self) -> Table:
        told = _told()["mornings"][self.name]
        rows = tuple((str(n), header(kept.message, "From"), header(kept.message, "Subject")) for n, kept in enumerate(self.letters, 1))
        said = {"count": len(rows), "recipient": told["recipient"], "country": told["country"]}
        return _table("post", ("number", "author", "subject"), rows, **said)

    def _repr_html_(self) -> Markup:
        return self._table().html()

    def __repr__(self) -> str:
        return self._table().text()


def morning(internet: Internet, name: str) -> Morning:
    """Let the letters of one morning be sent, and hand over what reached the mailbox. Raises ValueError for a morning there is not."""
    mornings = _told()["mornings"]
    if name not in mornings:
        raise ValueError(f"there is no morning {name!r}; there are {', '.join(mornings)}")
    told, arrived = mornings[name], []
    for letter in told["letters"]:
        how = {key: value for key, value in letter.items() if key not in ANSWERS}
        internet.send(letter["author"], letter["to"], letter["subject"], letter["body"], name=letter["name"], **how)
        arrived.append(internet.mailbox(told["recipient"])[-1])
    return Morning(name, tuple(arrived))


def _sorted(number: int, honest: bool, letter: Mapping[str, Any]) -> tuple[str, str, str, str]:
    phrases = _told()["phrases"]
    right = honest == letter["honest"]
    answer, why = (phrases["right"], letter["why"]) if right else (phrases["again"], phrases["look"])
    return str(number), phrases["honest" if honest else "forged"], answer, why


def names(kept: Kept) -> Tabled:
    """The five names of a letter as its mailbox keeps it, and who chose each of them."""
    values = _names(kept)
    rows = tuple((row["name"], values[row["id"]], row["chosen"]) for row in _told()["names"])
    return Tabled(_table("names", ("name", "value", "chosen"), rows))


def _names(kept: Kept) -> dict[str, str]:
    display, author = parseaddr(header(kept.message, "From"))
    greeted = RECEIVED.match(header(kept.message, "Received"))
    envelope = header(kept.message, "Return-Path").strip("<> ")
    return {"source": kept.source, "helo": greeted[1] if greeted else "", "envelope": envelope, "author": author, "display": display}


def _table(caption: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], **values: Any) -> Table:
    return _Titled(_told()["phrases"][caption].format(**values), columns, rows, frozenset({"value", "author"}))


class _Titled(Table):
    """A table whose columns have titles of the course's own."""

    @property
    def titles(self) -> list[str]:
        """The columns' titles."""
        return [_told()["phrases"]["columns"][column] for column in self.columns]
