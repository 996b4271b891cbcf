"""A journal as a change plan: what was done, in order, in words that a colleague can carry out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from postlib.display.table import Table
from postlib.words import chosen, counted, phrase

Act = Mapping[str, Any]
NAMED = {"sign": "zone", "registry": "domain", "mail": "domain", "web": "host", "dkim": "domain", "serve": "host", "load": "zone",
         "reset": "domain", "stage": "name"}  # fmt: skip
ADDED = ("act", "at", "cell")  # what every act of a journal has, and what the journal adds
SHOWN = 300  # characters of one setting; a whole zone file is no line of a plan
SHOWN_CELL = 20  # characters of a cell's id; those that people give are shorter, those that JupyterLab makes up say nothing
TAGS = ("flags", "services", "hashes")  # of a key record
WAYS = {"envelope": "no-envelope", "signed_by": "no-signature"}  # of a letter: what it says that one is empty


def plan(journal: Sequence[Act]) -> Table:
    """One row an act, or the letters of a campaign that follow each other: the numbers, when, what changes, and the notebook's
    cell where any of them was done in one that has a name."""
    named = any(_cell(act) for act in journal)
    columns = ("step", "when", "change", "done-in") if named else ("step", "when", "change")
    return Table(phrase("plan", count=len(journal)), columns, tuple(row[: len(columns)] for row in _rows(journal)))


def undone(taken: Sequence[Act]) -> Table:
    """The acts that were taken back."""
    return Table(counted("undone", len(taken)), ("when", "change"), tuple(row[1:3] for row in _rows(taken)))


def _rows(journal: Sequence[Act]) -> Iterator[tuple[str, str, str, str]]:
    for key, numbered in groupby(enumerate(journal, 1), lambda pair: _campaign(*pair)):
        acts = list(numbered)
        first, act = acts[0]
        number = str(first) if len(acts) == 1 else f"{first}–{acts[-1][0]}"
        said = step(act) if len(acts) == 1 else phrase("act-send-folded", count=len(acts), campaign=key[0], author=key[1])
        yield number, _moment(act), said, _cell(act)


def _campaign(number: int, act: Act) -> tuple[str, ...]:
    """What the letters have in common that are one row; another for every other act."""
    if act.get("act") != "send" or not act.get("campaign"):
        return (str(number),)
    return tuple(str(act.get(name, "")) for name in ("campaign", "author", "at", "cell"))


def _moment(act: Act) -> str:
    return str(act.get("at", ""))[:16].replace("T", " ")


def _cell(act: Act) -> str:
    """The cell in which an act was done, by the id that its author gave it; "" for one without."""
    name = str(act.get("cell", "")).rpartition("#")[0]
    shown = name if len(name) <= SHOWN_CELL else f"{name[:SHOWN_CELL]}…"
    return phrase("done-in-cell", cell=shown) if name else ""


def step(act: Act) -> str:
    """One act as a sentence."""
    kind = str(act.get("act", ""))
    if kind in ("publish", "withdraw"):
        return _records(kind, act)
    if kind == "send":
        return _letter(act)
    if kind == "wait":
        return phrase("act-wait", until=_moment(act))
    if kind == "dkim":
        return _key(act)
    if kind == "mail" and act.keys() - ADDED == {"domain", "signing"}:
        return phrase("act-signing" if act["signing"] else "act-signing-none", domain=act["domain"], selectors=_listed(act["signing"]))
    if kind == "sign" and act.get("signed") is False:
        kind = "unsign"
    names = {name: str(act.get(name, "")) for name in ("name", "zone", "domain", "host", "selector", "seconds")}
    known = f"act-{kind}" in chosen().shared["phrases"]
    shown = (*ADDED, "seconds", "signed" if kind == "unsign" else "", *(("selector", NAMED.get(kind, "")) if known else ()))
    settings = ", ".join(f"{key} {_setting(value)}" for key, value in act.items() if key not in shown)
    return phrase(f"act-{kind}" if known else "act-other", kind=kind, settings=settings, **names).strip()


def _records(kind: str, act: Act) -> str:
    values = [str(value) for value in act.get("values", ())]
    variant = "-add" if act.get("add") else "-all" if kind == "withdraw" and not values else ""
    return phrase(f"act-{kind}{variant}", name=act.get("name", ""), type=act.get("type", ""), values=" and ".join(values))


def _key(act: Act) -> str:
    """What becomes of a DKIM key, of its record, and of who signs with it."""
    kind = str(act.get("kind", "rsa"))
    shown = phrase("act-dkim-rsa", bits=act.get("bits", 2048)) if kind == "rsa" else kind.capitalize()
    way = next((name for name in ("removed", "revoked") if act.get(name)), "silent" if act.get("signs") is False else "made")
    said = phrase(f"act-dkim-{way}", selector=act.get("selector", ""), domain=act.get("domain", ""), kind=shown)
    tags = "; ".join(phrase(f"act-dkim-{name}", value=_listed(act[name], ":")) for name in TAGS if act.get(name))
    return f"{said} {tags}".strip()


def _listed(value: Any, between: str = ", ") -> str:
    return between.join(map(_setting, value)) if isinstance(value, list | tuple) else _setting(value)


def _letter(act: Act) -> str:
    told = {name: _setting(act.get(name, "")) for name in ("author", "recipient", "subject", "campaign")}
    if told["campaign"]:
        return phrase("act-send-campaign", **told)
    how = ", ".join(_way(name, act[name]) for name in ("via", "envelope", "helo", "signed_by", "headers") if name in act)
    return phrase("act-send", **told, settings=f"{how[:1].upper()}{how[1:]}." if how else "").strip()


def _way(name: str, value: Any) -> str:
    if not value and name in WAYS:
        return phrase(f"act-send-{WAYS[name]}")
    pairs = name == "headers" and isinstance(value, list | tuple)
    return phrase(f"act-send-{name}", value=", ".join(map(_pair, value)) if pairs else _setting(value))


def _pair(field: Any) -> str:
    return ": ".join(map(_setting, field)) if isinstance(field, list | tuple) else _setting(field)


def _setting(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
