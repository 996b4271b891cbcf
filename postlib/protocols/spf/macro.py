"""Macro-strings: their grammar and their expansion (RFC 7208, section 7). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

NAME_LENGTH = 253  # section 7.3: an expanded name longer than this loses labels from the left
TEXT_LENGTH = 4096  # our bound for an explanation, which RFC 7208 leaves open; an SMTP reply line holds 512 octets (RFC 5321, 4.5.3.1.5)
EXPLANATION_ONLY = "crt"  # section 7.2: letters that mean something in explanation text alone

_TOKEN = re.compile(
    r"(?P<literal>[!-$&-~]+)"
    r"|%(?P<escape>[%_-])"
    r"|%\{(?P<letter>[slodiphcrtv])(?P<digits>[0-9]*)(?P<reverse>r?)(?P<delimiters>[-.+,/_=]*)\}"
    r"|(?P<space> +)",
    re.IGNORECASE | re.ASCII,
)
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}
_TOPLABEL = re.compile(r"[0-9a-z](?:[0-9a-z-]*[0-9a-z])?", re.IGNORECASE | re.ASCII)


class MacroSyntaxError(ValueError):
    """Text that is no macro-string; `position` counts from its first character."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Macro:
    """One `%{…}`: its letter in lower case, and what is done to the value (section 7.1)."""

    letter: str
    url_escape: bool = False
    keep: int | None = None
    reverse: bool = False
    delimiters: str = "."

    def transform(self, value: str) -> str:
        """`value` split, reversed, shortened to its right-hand parts and joined with dots, then URL-escaped (section 7.3)."""
        if not value.isascii():
            return value  # RFC 8616, section 4: such a local-part matches nothing, so no transformer may hide it
        parts = re.split(f"[{re.escape(self.delimiters)}]", value)
        if self.reverse:
            parts.reverse()
        if self.keep is not None:
            parts = parts[-self.keep :]
        text = ".".join(parts)
        return quote(text, safe="") if self.url_escape else text


@dataclass(frozen=True)
class MacroString:
    """A macro-string as written, and its parts in order: literal text and macros."""

    text: str
    parts: tuple[str | Macro, ...]

    @property
    def letters(self) -> frozenset[str]:
        """The macro letters it uses, in lower case."""
        return frozenset(part.letter for part in self.parts if isinstance(part, Macro))

    def expand(self, values: Mapping[str, str], limit: int | None = None) -> str:
        """The text with every macro replaced by its value. Raises ValueError past `limit` characters."""
        text = ""
        for part in self.parts:
            text += part.transform(values[part.letter]) if isinstance(part, Macro) else part
            if limit is not None and len(text) > limit:
                raise ValueError(f"the expanded text is longer than {limit} characters")
        return text

    def __str__(self) -> str:
        return self.text


def macro_string(text: str) -> MacroString:
    """The macro-string in `text`. Raises MacroSyntaxError (RFC 7208, section 7.1; letters c, r and t: section 7.2)."""
    return _scan(text, spaces=False, forbidden=EXPLANATION_ONLY)


def explain_string(text: str) -> MacroString:
    """The explain-string in `text`, which may hold spaces and the letters c, r and t. Raises MacroSyntaxError (section 7.1)."""
    return _scan(text, spaces=True, forbidden="")


def domain_spec(text: str) -> MacroString:
    """The domain-spec in `text`: a macro-string that ends in a macro or in a dot and a toplabel. Raises MacroSyntaxError (section 7.1)."""
    spec = macro_string(text)
    if not text:
        raise MacroSyntaxError("a domain name is missing", 0)
    tail = _trailing_literal(text)
    if tail and not is_toplabel(tail):
        raise MacroSyntaxError("a domain name must end in a macro or in a dot and a top label", len(text) - len(tail))
    return spec


def is_toplabel(tail: str) -> bool:
    """Whether literal text ends in a dot and a label that is neither all digits nor edged with a hyphen, and perhaps a dot."""
    _, dot, label = tail.removesuffix(".").rpartition(".")
    return bool(dot and _TOPLABEL.fullmatch(label) and not label.isdigit())


def target_name(expanded: str) -> str:
    """An expanded domain-spec as the name to ask: without its last dot, and cut from the left to 253 characters (section 7.3)."""
    name = expanded.removesuffix(".")
    if len(name) <= NAME_LENGTH:
        return name
    cut = name.find(".", len(name) - NAME_LENGTH - 1)
    return name[cut + 1 :] if cut >= 0 else name[-NAME_LENGTH - 1 :]  # one label that long is no name, however it is cut


def _scan(text: str, *, spaces: bool, forbidden: str) -> MacroString:
    parts: list[str | Macro] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or (token["space"] and not spaces):
            raise MacroSyntaxError(f"{text[position : position + 8]!r} is neither text nor a macro", position)
        if token["letter"] and token["letter"].lower() in forbidden:
            raise MacroSyntaxError(f"the letter {token['letter']} belongs in explanations only", position)
        parts.append(_part(token))
        position = token.end()
    return MacroString(text, tuple(parts))


def _part(token: re.Match[str]) -> str | Macro:
    if token["escape"]:
        return _ESCAPES[token["escape"]]
    if not token["letter"]:
        return token[0]
    digits = token["digits"].lstrip("0")[:4]  # a name has at most 127 labels, so more digits say no more
    if token["digits"] and not digits:
        raise MacroSyntaxError("a macro cannot keep 0 parts", token.start())
    letter = token["letter"]
    return Macro(letter.lower(), letter.isupper(), int(digits) if digits else None, bool(token["reverse"]), token["delimiters"] or ".")


def _trailing_literal(text: str) -> str:
    """The literal text after the last macro or escape; the whole text where there is none."""
    end = 0
    for token in _TOKEN.finditer(text):
        if not token["literal"]:
            end = token.end()
    return text[end:]
