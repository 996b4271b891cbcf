"""The glossary, and its two rules for pages: a term is used after it was defined, and the words to avoid are avoided.

A term counts as defined where it stands in **bold**, or in any lesson that comes before (`lessons.before`). The title cell of a
lesson, headings and the cell `next` may name a term first: they announce it. A span of code is a use of a term if it is the
term, or the term with its value (`rua`, `rua=mailto:...`, `include:mail.example`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from lessons import COURSE, Page, before, notebooks
from sentences import BOLD, BOLD_END, CODE, CODE_END, Sentence

ANNOUNCE = {"title", "next"}  # cells that may name a term before its definition


@dataclass(frozen=True)
class Term:
    """One entry of the glossary."""

    term: str
    says: str
    where: str
    also: tuple[str, ...] = ()
    avoid: Mapping[str, str] | None = None
    plain: bool = False

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.term, *self.also)


@cache
def glossary() -> tuple[Term, ...]:
    """The entries, as they stand in course/glossary.yaml."""
    entries = yaml.safe_load((COURSE / "glossary.yaml").read_text(encoding="utf-8"))["terms"]
    return tuple(Term(**entry | {"also": tuple(entry.get("also", ()))}) for entry in entries)


@cache
def _pattern() -> re.Pattern[str]:
    """Any form of any term, the longest first, so that `null MX` is not an `MX`."""
    forms = sorted(_owners(), key=len, reverse=True)
    return re.compile(rf"(?<![\w=-])(?:{'|'.join(map(re.escape, forms))})(?![\w-])", re.I)


@cache
def _owners() -> dict[str, Term]:
    return {form.lower(): term for term in glossary() for form in term.forms}


def used(sentence: Sentence) -> dict[str, bool]:
    """The terms in a sentence, and for each whether it stands there in bold (so that the sentence defines it)."""
    plain, bold = _bare(sentence.marked)
    found: dict[str, bool] = {}
    for match in _pattern().finditer(plain):
        form, owner = match.group(), _owners()[match.group().lower()]
        if _same_case(form, owner) and _counts(plain, match):
            stands = any(start < match.end() and match.start() < end for start, end in bold)
            found[owner.term] = found.get(owner.term, False) or stands
    return found


def _same_case(form: str, owner: Term) -> bool:
    """`A record` and `NS` are terms in capitals alone; `alignment` may begin a sentence."""
    return any(form == known or form == known[0].upper() + known[1:] for known in owner.forms)


def _counts(plain: str, match: re.Match[str]) -> bool:
    """Outside code always; within it only as the whole of the span, or with a value behind it."""
    opened, closed = plain.rfind(CODE, 0, match.start()), plain.rfind(CODE_END, 0, match.start())
    if opened <= closed:
        return True
    return opened == match.start() - 1 and plain[match.end()] in (CODE_END, ":", "=")


def _bare(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without the marks of bold, and where it was bold."""
    plain, bold, start = "", [], 0
    for character in marked.replace("\u00a0", " "):
        if character == BOLD:
            start = len(plain)
        elif character == BOLD_END:
            bold.append((start, len(plain)))
        else:
            plain += character
    return plain, bold


def defined(page: Page) -> set[str]:
    """The terms that a page puts in bold."""
    return {term for _, sentence in page.told for term, bold in used(sentence).items() if bold}


@cache
def _taught() -> dict[str, frozenset[str]]:
    """What each lesson defines, by its id."""
    return {page.id: frozenset(defined(page)) for page in notebooks() if not page.lab}


def syllabus() -> Mapping[str, Any]:
    """course/syllabus.yaml."""
    content: Mapping[str, Any] = yaml.safe_load((COURSE / "syllabus.yaml").read_text(encoding="utf-8"))
    return content


def undefined_terms(page: Page) -> Iterator[str]:
    """A term of the glossary stands in bold where a reader meets it first."""
    read = before(page.id, syllabus())
    if page.notebook or read[-1] in _taught():  # the texts of a lesson that is not there yet cannot be judged
        known = set[str]().union(*(_taught().get(key, frozenset()) for key in read))
        yield from undefined_after(page, known)


def undefined_after(page: Page, known: set[str]) -> Iterator[str]:
    """The same for a reader who knows these terms; each term is found once."""
    met = {term.term for term in glossary() if term.plain} | known
    for cell, sentence in page.told:
        here = used(sentence)
        met |= {term for term, bold in here.items() if bold}
        if sentence.heading or cell.id in ANNOUNCE:
            continue
        for term in here.keys() - met:
            yield page.finding(cell, f"'{term}' is used before it is defined in **bold**: {sentence.text}")
            met.add(term)


def words_to_avoid(page: Page) -> Iterator[str]:
    """What the glossary says to avoid is not in a page."""
    for cell, sentence in page.told:
        for term in glossary():
            for wrong, right in (term.avoid or {}).items():
                if re.search(rf"(?<![\w-]){re.escape(wrong)}(?![\w-])", sentence.words, re.I):
                    yield page.finding(cell, f"write '{right}' for '{wrong}': {sentence.text}")


VOCABULARY_RULES = (undefined_terms, words_to_avoid)
