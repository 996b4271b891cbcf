"""The Author Domain of a message: RFC 9989, section 5.3.1; RFC 5322, sections 3.4 and 3.6.2.

Every @ that stands outside quoted strings, comments and encoded words counts, wherever it is: in a group, in a route, in a
second From field, before an angle bracket. Readers' programs disagree on which address of a malformed field to show, so
we leave none out: what can be read in two ways then has two author domains, and DMARC speaks only where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postlib.protocols.dmarc.domain import domain_name

MOST_DOMAINS = 16  # more than one is already too many: RFC 9989, section 11.5, warns of such floods

_END_OF_LINE = re.compile(rb"\r+\n?|\n")  # a bare CR too: some programs end a line there; two of them leave an empty line between
_FIELD = re.compile(r"from[ \t]*:", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ENCODED_WORD = re.compile(r"=\?[!-)+-<>@-~]{1,75}\?[bBqQ]\?[!->@-~]*\?=")  # RFC 2047, section 2
_ORDINARY = re.compile(r'[^"(=]+|.', re.DOTALL)
_DOMAIN = re.compile(r"@[ \t]*(\[[^\]]*\]?|[^\s,;:<>()\[\]\"@]*(?:[ \t]*\.[ \t]*[^\s,;:<>()\[\]\"@.]+)*)")
_OPAQUE = "\x1a"  # stands where a quoted string or an encoded word stood


def author_domains(message: bytes) -> tuple[str, ...]:
    """The distinct domains of all From fields, as A-labels, in order; DMARC applies where there is exactly one.

    What follows an @ and is no domain name (an address literal, say) is given as it stands, for it counts as well:
    `evaluate` answers permerror to it. Reading stops at MOST_DOMAINS. Never raises.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    for value in _from_fields(message):
        for match in _DOMAIN.finditer(_bare(value)):
            text = re.sub(r"[ \t]", "", match[1])
            if text not in seen:
                seen.add(text)
                found[_readable(text)] = None
            if len(found) == MOST_DOMAINS:
                return tuple(found)
    return tuple(found)


def _from_fields(message: bytes) -> list[str]:
    """The unfolded values of every From field above the first empty line."""
    fields: list[list[str]] = []
    inside = False
    for raw in _lines(message):
        line = raw.decode("utf-8", "replace")
        if line[0] in " \t":
            if inside:
                fields[-1].append(line)
            continue
        name = _FIELD.match(line)
        inside = name is not None
        if name is not None:
            fields.append([line[name.end() :]])
    return [" ".join(field) for field in fields]


def _lines(message: bytes) -> Iterator[bytes]:
    """The lines above the first empty one; what lies below is not looked at."""
    start = 0
    for end in _END_OF_LINE.finditer(message):
        if end.start() == start:
            return
        yield message[start : end.start()]
        if len(end[0]) > 1 and b"\n" not in end[0]:
            return
        start = end.end()
    if start < len(message):
        yield message[start:]


def _bare(value: str) -> str:
    """The value without comments, its quoted strings and encoded words made opaque.

    A quote or a parenthesis that is never closed is an ordinary character, and so are all of its kind after it:
    hiding an address behind one does not hide it, and reading stays linear.
    """
    out: list[str] = []
    at, quotes, comments = 0, True, True
    while at < len(value):
        end = at
        if value[at] == '"' and quotes:
            end = match.end() if (match := _QUOTED.match(value, at)) else at
            quotes = end > at
        elif value[at] == "(" and comments:
            end = _end_of_comment(value, at)
            comments = end > at
        elif value[at] == "=":
            end = match.end() if (match := _ENCODED_WORD.match(value, at)) else at
        if end > at:
            out.append(" " if value[at] == "(" else _OPAQUE)
        else:
            end = match.end() if (match := _ORDINARY.match(value, at)) else at + 1
            out.append(value[at:end])
        at = end
    return "".join(out)


def _end_of_comment(value: str, at: int) -> int:
    """Where the comment that opens at `at` ends, comments within it included; `at` itself where it never ends."""
    depth, position = 0, at
    while position < len(value):
        character = value[position]
        depth += (character == "(") - (character == ")")
        position += 2 if character == "\\" else 1
        if depth == 0:
            return position
    return at


def _readable(text: str) -> str:
    try:
        return domain_name(text)
    except ValueError:
        return text
