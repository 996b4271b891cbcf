"""A journal as a change plan: what was done, in order, in words that a colleague can carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postlib.display.table import Table
from postlib.words import chosen, phrase

NAMED = {"sign": "zone", "registry": "domain", "mail": "domain", "web": "host", "dkim": "domain", "serve": "host", "load": "zone"}
SHOWN = 300  # characters of one setting; a whole zone file is no line of a plan


def plan(journal: Sequence[Mapping[str, Any]]) -> Table:
    """One row an act: its number, when it was done, and what changes."""
    rows = tuple((str(number), str(act.get("at", ""))[:16].replace("T", " "), step(act)) for number, act in enumerate(journal, 1))
    return Table(phrase("plan", count=len(rows)), ("step", "when", "change"), rows)


def step(act: Mapping[str, Any]) -> str:
    """One act as a sentence."""
    kind = str(act.get("act", ""))
    if kind in ("publish", "withdraw"):
        return _records(kind, act)
    if kind == "wait":
        return phrase("act-wait", until=str(act.get("at", ""))[:16].replace("T", " "))
    if kind == "sign" and act.get("signed") is False:
        kind = "unsign"
    names = {name: str(act.get(name, "")) for name in ("name", "zone", "domain", "host", "selector", "seconds")}
    known = f"act-{kind}" in chosen().shared["phrases"]
    shown = ("act", "at", "seconds", "signed" if kind == "unsign" else "", *(("selector", NAMED.get(kind, "")) if known else ()))
    settings = ", ".join(f"{key} {_setting(value)}" for key, value in act.items() if key not in shown)
    return phrase(f"act-{kind}" if known else "act-other", kind=kind, settings=settings, **names).strip()


def _records(kind: str, act: Mapping[str, Any]) -> str:
    values = [str(value) for value in act.get("values", ())]
    variant = "-add" if act.get("add") else "-all" if kind == "withdraw" and not values else ""
    return phrase(f"act-{kind}{variant}", name=act.get("name", ""), type=act.get("type", ""), values=" and ".join(values))


def _setting(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
