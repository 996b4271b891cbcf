"""An SPF evaluation as a tree: every term, what came of it, and what it cost of the lookup budget (RFC 7208, section 4.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postlib import words
from postlib.display.harmless import visible
from postlib.display.markup import Markup, escaped, tag
from postlib.display.plain import shortened
from postlib.display.style import STYLE
from postlib.words import phrase

LOOKUPS, VOIDS = 10, 2  # RFC 7208, section 4.6.4
MATCHED = {True: "✔", False: "·"}


def tree(outcome: Any) -> str:
    """An spf.Outcome as text: the result with its budget, the record, then one line a term, those of an include below it."""
    limits = {"lookup-limit": LOOKUPS, "void-limit": VOIDS}
    budget = {"domain": outcome.domain, "result": outcome.result.value, "lookups": outcome.lookups, "voids": outcome.voids}
    said = [visible(phrase("spf", **budget, **limits)), *_record(outcome)]
    if outcome.reason not in ("matched", "default", "redirect"):
        said.append("  " + visible(f"{words.spoken('step', outcome.reason)} {outcome.value}".strip()))
    return "\n".join([*said, *_steps(outcome, "  ")]) + "\n"


def _record(outcome: Any) -> list[str]:
    return [f"  {shortened(outcome.record)}"] if outcome.record else []


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
    reason = " ".join(part for part in (words.spoken("step", step.reason), str(step.value)) if part)
    cost = f" [{phrase('spf-cost', lookups=step.lookups, voids=step.voids)}]" if step.lookups or step.voids else ""
    return shortened(f"{step.term}{target}: {reason}") + cost


def html(outcome: Any) -> Markup:
    """The same tree for a notebook's cell."""
    lines = Markup("\n".join(escaped(line) for line in tree(outcome).splitlines()))
    return tag("div", tag("style", Markup(STYLE)), tag("pre", lines, dir="ltr"), class_="postlib", lang=words.chosen().language)
