"""HTML from nested calls: everything that is not Markup already is made visible and escaped."""

from __future__ import annotations

import html

from postlib import words
from postlib.display.harmless import SHOWN, cut, visible


class Markup(str):
    """Text that is HTML already."""


def escaped(text: str) -> Markup:
    """Any text as HTML that shows it."""
    return text if isinstance(text, Markup) else Markup(html.escape(visible(text)))


def tag(name: str, *children: str, **attributes: str) -> Markup:
    """An element. `class_` is class and `aria_label` is aria-label; an empty attribute is left out."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items() if value)
    return Markup(f"<{name}{given}>{''.join(escaped(child) for child in children)}</{name}>")


def joined(*children: str) -> Markup:
    """Several pieces in a row."""
    return Markup("".join(escaped(child) for child in children))


def code(value: str, limit: int = SHOWN) -> Markup:
    """A value as it stood on the wire: isolated left to right, long ones cut with a note of how much is missing."""
    text, more = cut(value, limit)
    shown = tag("code", text, dir="ltr")
    return joined(shown, " ", words.phrase("cut", more=more)) if more else shown
