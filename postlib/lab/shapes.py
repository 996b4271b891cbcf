"""What an act may look like: the settings of each kind, their types and their bounds.

Acts come from learners and are replayed by graders, so nothing is believed of them: what does not fit is a ValueError, at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 1 << 20  # characters; the longest thing an act may carry is a zone file or a web page
MEMBERS = 1000  # of one list: a record set of more addresses fits no DNS message
LARGEST_TTL = 2**31 - 1  # seconds, RFC 2181, section 8
ITERATIONS = 2500  # RFC 5155, section 10.3: the most that any key size allows
TEN_YEARS = 3650.0  # days: the life of the lab's root certificate, to each side
GENERATIONS = 1000
LARGEST_KEY = 4096  # bits
LONGEST_LINE = 998  # characters of a line without its end, RFC 5322, section 2.1.1; of a letter's fields none is longer
FIELD = re.compile(r"[!-9;-~]+")  # a field's name, RFC 5322, section 3.6.8
HEADERS = 50  # of one letter; a letter that came through many hands has some thirty
WORDS = 20  # of one tag of a DKIM record
WORD = re.compile(r"[A-Za-z]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?")  # hyphenated-word, RFC 6376, section 2.4; longer ones are not in use
LONGEST_CELL = 600  # characters: a notebook cell's id and the digest of its source (postlib.cell)


@dataclass(frozen=True)
class Shape:
    """What a value must be: the test, and what an error says that it is."""

    fits: Callable[[Any], bool]
    said: str

    def __call__(self, value: Any) -> bool:
        """Whether a value is so."""
        return self.fits(value)


def shape(said: str) -> Callable[[Callable[[Any], bool]], Shape]:
    """The test below is of this shape."""
    return lambda fits: Shape(fits, said)


@shape(f"text of at most {LONGEST_TEXT} characters")
def text(value: Any) -> bool:
    """Text that can be written as UTF-8, of a bounded length."""
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and not any("\ud800" <= c <= "\udfff" for c in value)


@shape("True or False")
def flag(value: Any) -> bool:
    """True or False."""
    return isinstance(value, bool)


def whole(least: int, most: int) -> Shape:
    """A whole number between two others."""
    said = f"a whole number from {least} to {most}"
    return Shape(lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most, said)


def number(least: float, most: float) -> Shape:
    """A number between two others."""
    said = f"a number from {least:.0f} to {most:.0f}"
    return Shape(
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and least <= value <= most,
        said,
    )


@shape(f"text of at most {LONGEST_LINE} characters")
def line(value: Any) -> bool:
    """Text that may stand in a letter's head: the standard library reads addresses in quadratic time."""
    return text(value) and len(value) <= LONGEST_LINE


@shape(f"a list of at most {HEADERS} pairs of a header field's name and its text")
def fields(value: Any) -> bool:
    """Header fields of a letter: pairs of name and value."""
    pairs = value if isinstance(value, list | tuple) and len(value) <= HEADERS else [()]
    return all(isinstance(pair, list | tuple) and len(pair) == 2 and all(map(line, pair)) and FIELD.fullmatch(pair[0]) for pair in pairs)


@shape(f"a list of at most {MEMBERS} texts")
def texts(value: Any) -> bool:
    """A list of texts."""
    return isinstance(value, list | tuple) and len(value) <= MEMBERS and all(map(text, value))


@shape(f"text, or {texts.said}")
def text_or_texts(value: Any) -> bool:
    """One text, or several."""
    return text(value) or texts(value)


@shape("an empty list")
def nothing(value: Any) -> bool:
    """An empty list."""
    return value in ([], ())


@shape(f"a list of at most {WORDS} words")
def words(value: Any) -> bool:
    """A list of words as the tags of a DKIM record hold them."""
    return texts(value) and len(value) <= WORDS and all(map(WORD.fullmatch, value))


@shape(f"a mapping of at most {MEMBERS} names to lists of texts")
def lists(value: Any) -> bool:
    """Lists of texts by name."""
    return isinstance(value, Mapping) and len(value) <= MEMBERS and all(text(key) and texts(inner) for key, inner in value.items())


@shape("a mapping of paths to pages; a page is None, text, or a mapping of status (200 to 599), headers and body")
def pages(value: Any) -> bool:
    """Web pages by path: None, text, or a mapping of status, headers and body."""
    return isinstance(value, Mapping) and len(value) <= MEMBERS and all(text(path) and _page(page) for path, page in value.items())


def _page(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return value is None or text(value)
    parts: dict[str, Callable[[Any], bool]] = {"status": whole(200, 599), "headers": _headers, "body": text}
    return all(key in parts and parts[key](inner) for key, inner in value.items())


def _headers(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) <= MEMBERS and all(text(k) and text(v) for k, v in value.items())


SHAPES: dict[str, dict[str, Shape]] = {
    "publish": {"name": text, "type": text, "values": texts, "ttl": whole(0, LARGEST_TTL), "add": flag},
    "withdraw": {"name": text, "type": text, "values": texts},
    "sign": {
        "zone": text, "signed": flag, "denial": text, "iterations": whole(0, ITERATIONS), "salt": text, "opt_out": flag,
        "start": number(-TEN_YEARS, TEN_YEARS), "end": number(-TEN_YEARS, TEN_YEARS), "slip": text, "automatic": flag,
        "dnskey_ttl": whole(0, LARGEST_TTL), "generation": whole(0, GENERATIONS), "algorithm": whole(0, 255), "bits": whole(0, LARGEST_KEY),
    },
    "registry": {
        "domain": text, "ns": texts, "glue": lists, "ds": text_or_texts, "digest": whole(0, 255), "slip": text,
    },
    "dkim": {
        "domain": text, "selector": text, "kind": text, "bits": whole(0, LARGEST_KEY), "signs": flag, "revoked": flag, "removed": flag,
        "flags": words, "services": words, "hashes": words,
    },
    "serve": {"host": text, "habit": text, "drops": texts, "holds": texts, "keeps": texts},
    "mail": {
        "domain": text, "host": text, "envelope": text, "starttls": flag, "certificate": text, "receiver": text,
        "members": texts, "users": texts, "rewrites": flag, "habit": text, "selectors": nothing,
        "signing": texts,
    },
    "web": {"host": text, "pages": pages, "hsts": text, "redirect": flag, "personality": text, "hsts_over_http": flag, "habit": text},
    "load": {"zone": text, "text": text},
    "reset": {"domain": text},
    "send": {
        "author": line, "recipient": line, "subject": line, "body": text, "name": line, "via": line, "envelope": line, "helo": line,
        "signed_by": line, "headers": fields, "campaign": line,
    },
    "stage": {"name": line},
    "advance": {"seconds": number(0, TEN_YEARS * 86_400)},
    "wait": {"seconds": number(0, TEN_YEARS * 86_400)},
}  # fmt: skip
"""The settings of each kind of act, beside `act` itself, and what a journal adds: `at`, the time, and `cell`, where it was done."""


def shaped(act: Any) -> tuple[str, str | None, dict[str, Any]]:
    """The kind, the time and the settings of an act. Raises ValueError for what is no act, without looking at any state."""
    if not isinstance(act, Mapping):
        raise ValueError("an act is a mapping of names to values")
    settings = dict(act)
    kind, at, cell = settings.pop("act", None), settings.pop("at", None), settings.pop("cell", "")
    shapes = SHAPES.get(kind) if isinstance(kind, str) else None
    if shapes is None:
        raise ValueError(f"there is no act {_brief(kind)}; the acts are: {', '.join(sorted(SHAPES))}")
    if at is not None and not text(at):
        raise ValueError(f"{_brief(at)} is not a time with its time zone")
    if not text(cell) or len(cell) > LONGEST_CELL:
        raise ValueError(f"{_brief(cell)} is not a notebook's cell")
    for name, value in settings.items():
        if name not in shapes:
            raise ValueError(f"the act {kind!r} has no setting {_brief(name)}; it has {', '.join(shapes)}")
        if not shapes[name](value):
            raise ValueError(f"the act {kind!r} cannot have {name}={_brief(value)}: {name} is {shapes[name].said}")
    return kind, at, settings


def _brief(value: Any) -> str:
    """What was given, in so few characters that it can be shown."""
    if isinstance(value, str):
        return ascii(value[:60]) + ("…" if len(value) > 60 else "")
    return ascii(value)[:60] if isinstance(value, int | float | bool | None) and abs(value or 0) < 1e60 else f"a {type(value).__name__}"
