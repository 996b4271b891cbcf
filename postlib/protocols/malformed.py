"""What a grammar says of text that does not follow it."""

from __future__ import annotations


class Malformed(ValueError):
    """The text breaks its grammar: `reason` is a word of the catalogue, `detail` the part that breaks it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
