"""Values from hostile places made visible and harmless: what a stranger publishes must not move the cursor or turn the text round."""

from __future__ import annotations

import unicodedata

SHOWN = 4_000  # characters of one value on a screen; ours: several times the longest DNS record that a person reads
ODD = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")  # Unicode, table 4-4: controls, formats (bidi overrides), surrogates, separators
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text with every control, bidi override, odd space and unassigned character written out, as \\n, \\x1b or \\u202e."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if character == " " or not _odd(character) else _written(character) for character in text)


def cut(text: str, limit: int = SHOWN) -> tuple[str, int]:
    """As `visible`, at most `limit` characters of it, and how many are left out."""
    return visible(text[:limit]), max(0, len(text) - limit)


def _odd(character: str) -> bool:
    return unicodedata.category(character) in ODD


def _written(character: str) -> str:
    code = ord(character)
    return SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
