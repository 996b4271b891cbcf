"""One letter as a person reads it: who it seems to come from, what the mailbox provider found, and the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any

from postlib import words
from postlib.display.harmless import visible
from postlib.display.markup import Markup, code, tag
from postlib.display.style import STYLE
from postlib.words import phrase

ON_TOP = ("From", "To", "Subject", "Date")
RESULTS = "Authentication-Results"
READ = 2000  # octets of one header field: the standard library takes quadratic time for addresses and parameters
FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.MULTILINE)
ABOUT_CONTENT = re.compile(rb"^content-[a-z-]+[ \t]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.MULTILINE | re.IGNORECASE)
SHOWN = 20_000  # characters of a text: ours, some ten pages


def field(message: bytes, name: str) -> str:
    """A header field as a mail program shows it; "" where there is none. What cannot be decoded stands as it was written."""
    head = message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    plain = BytesHeaderParser(policy=policy.compat32).parsebytes(head).get(name)
    fields = (found[0] for found in FIELD.finditer(head))
    wanted = next((found for found in fields if found.lower().startswith(name.lower().encode() + b":")), b"")[:READ]
    try:
        return str(BytesHeaderParser(policy=policy.default).parsebytes(wanted + b"\r\n\r\n")[name] or "")
    except Exception:  # the standard library's parser of addresses and dates breaks in many ways on what a stranger may write
        return " ".join(str(plain or "")[:READ].split())


def body(message: bytes) -> str:
    """The text of a message: its first part of plain text, else its first part of any text."""
    parsed = message_from_bytes(ABOUT_CONTENT.sub(lambda found: found[0][:READ], message), policy=policy.compat32)
    parts = [part for part in parsed.walk() if part.get_content_maintype() == "text"]
    best = next((part for part in parts if part.get_content_subtype() == "plain"), parts[0] if parts else None)
    return _decoded(best) if best is not None else ""


def _decoded(part: Message) -> str:
    octets = part.get_payload(decode=True)
    if not isinstance(octets, bytes):
        return ""
    try:
        return octets.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except (LookupError, ValueError):  # a character set that nobody knows, or no name of one
        return octets.decode("ascii", "replace")


def _fields(kept: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, value, and whether the value is ours and nothing that stood in the letter."""
    yield from ((name, field(kept.message, name), False) for name in ON_TOP)
    yield phrase("folder"), words.spoken("outcome", kept.folder), True
    yield RESULTS, field(kept.message, RESULTS), False


def text(kept: Any) -> str:
    """A Kept for a terminal."""
    shown, more = cut_lines(body(kept.message))
    head = [f"{name}: {visible(value)}" for name, value, _ in _fields(kept)]
    return "\n".join([*head, "", *(visible(line) for line in shown), *more]) + "\n"


def html(kept: Any) -> Markup:
    """A Kept for a notebook's cell."""
    shown, more = cut_lines(body(kept.message))
    rows = (tag("tr", tag("th", name, scope="row"), tag("td", value if ours else code(value))) for name, value, ours in _fields(kept))
    table = tag("table", tag("caption", phrase("letter", recipient=kept.recipient)), tag("tbody", *rows), class_="wire")
    words_ = Markup("\n".join(str(tag("span", line)) if line else "" for line in (*shown, *more)))
    return tag("div", tag("style", Markup(STYLE)), table, tag("pre", words_, dir="auto"), class_="postlib", lang=words.chosen().language)


def cut_lines(text: str) -> tuple[list[str], list[str]]:
    """The lines of a text, tabs as spaces, and a line that says how much is left out, if anything is."""
    more = max(0, len(text) - SHOWN)
    lines = text[:SHOWN].replace("\r\n", "\n").strip("\n").expandtabs(4).split("\n")
    return lines, [phrase("cut", more=more)] if more else []
