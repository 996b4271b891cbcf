"""An SPF evaluation as a tree: every term, what came of it, and what it cost of the lookup budget (RFC 7208, section 4.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postlib import words
from postlib.display.harmless import visible
from postlib.display.plain import shortened
from postlib.words import phrase

LOOKUPS, VOIDS = 10, 2  # RFC 7208, section 4.6.4
MATCHED = {True: "✔", False: "·"}
FAMILIES = ("A", "AAAA")  # a step's value that is no address: the kind that was asked for


def tree(outcome: Any) -> str:
    """An spf.Outcome as text: the result with its budget, the record, then one line a term, those of an include below it."""
    limits = {"lookup-limit": LOOKUPS, "void-limit": VOIDS}
    budget = {"domain": outcome.domain, "result": outcome.result.value, "lookups": outcome.lookups, "voids": outcome.voids}
    said = [visible(phrase("spf", **budget, **limits)), *_record(outcome)]
    if outcome.reason not in ("matched", "default", "redirect"):
        said.append("  " + visible(reason(outcome.reason, outcome.value)))
    return "\n".join([*said, *_steps(outcome, "  ")]) + "\n"


def _record(outcome: Any) -> list[str]:
    return [f"  {shortened(record(outcome))}"] if outcome.record else []


def _steps(outcome: Any, indent: str) -> Iterator[str]:
    for index, step in enumerate(outcome.steps):
        last = index == len(outcome.steps) - 1
        yield f"{indent}{'└' if last else '├'}─ {MATCHED[step.matched]} {_step(step)}"
        if step.inner is not None:
            below = indent + ("   " if last else "│  ")
            yield from (below + line for line in _record(step.inner))
            yield from _steps(step.inner, below)


def _step(step: Any) -> str:
    """One term: as written, where it leads, why it matched or did not, and its cost with everything below."""
    target = f" → {step.domain}" if step.domain and step.domain not in step.term else ""
    cost = f" [{phrase('spf-cost', lookups=step.lookups, voids=step.voids)}]" if step.lookups or step.voids else ""
    return shortened(f"{step.term}{target}: {because(step)}") + cost


def because(step: Any) -> str:
    """Why a term matched or did not, with what that is about."""
    return reason(step.reason, "" if str(step.value) in FAMILIES else str(step.value))


def reason(word: str, value: str) -> str:
    """The reason of a step or an outcome as people read it, with what it is about; a limit that was passed says itself which."""
    said = words.spoken("step", word)
    if not value or word.startswith("too-many"):
        return said
    return f"{said}: {value}" if word == "syntax" else f"{said} ({value})"


def record(outcome: Any) -> str:
    """The SPF record of an outcome, in which each octet is a character: as UTF-8; octets that are none stand as \\xNN."""
    return str(outcome.record.encode("latin-1", "backslashreplace").decode("utf-8", "backslashreplace"))
