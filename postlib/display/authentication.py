"""What a receiver found out about a letter: its DKIM signatures, and which of the names that were confirmed are the author's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from postlib import words
from postlib.display.table import Table
from postlib.words import phrase

SIGNATURES = ("signing-domain", "selector", "dkim-key", "dkim-result", "because")
IDENTIFIERS = ("mechanism", "confirmed-domain", "mechanism-result", "aligned", "because")


def signatures(found: Sequence[Any]) -> Table:
    """The signatures of one letter, from the top: who signed, with which key, and what came of it."""
    rows = tuple((one.domain, one.selector, _key(one), one.result, _why(one)) for one in found)
    return Table(words.counted("signatures", len(rows)), SIGNATURES, rows, frozenset({"signing-domain", "selector", "dkim-result"}))


def _key(signature: Any) -> str:
    """The kind of the key and its size; "" where no key was found."""
    return f"{signature.key_type} {signature.bits}" if signature.bits else ""


def _why(signature: Any) -> str:
    said = words.spoken("signature", signature.reason or "good")
    return phrase("signature-tested", why=said) if signature.testing else said


def evaluation(found: Any) -> Table:
    """A dmarc.Evaluation: each name that SPF or DKIM spoke for, and whether it is aligned with the author's."""
    asked = {"policy": f"p={found.disposition}"} if str(found.result) == "fail" else {}
    caption = phrase("dmarc-found-asks" if asked else "dmarc-found", author=found.author_domain, result=found.result, **asked)
    rows = tuple((one.mechanism.upper(), one.domain, one.result, _aligned(one), _because(one, found)) for one in found.identifiers)
    return Table(caption, IDENTIFIERS, rows, frozenset({"confirmed-domain", "mechanism-result"}))


def _aligned(identifier: Any) -> str:
    """Yes or no; not asked where the mechanism itself did not confirm the name, not known where the DNS did not answer."""
    if identifier.aligned is None:
        return phrase("aligned.not-asked")
    return phrase({True: "aligned.yes", False: "aligned.no"}.get(identifier.aligned, "aligned.not-known"))


def _because(identifier: Any, found: Any) -> str:
    values = {"author": found.author_domain, "mechanism": identifier.mechanism.upper()}
    return words.spoken("alignment", identifier.reason, **values)
