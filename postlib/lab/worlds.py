"""Worlds and faults as they stand in the data files: who is there, and what can be wrong with a well-kept domain."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from postlib.acts import Act
from postlib.lab.drawn import drawn


@dataclass(frozen=True)
class Entry:
    """One domain of a world: what kind of party it is, its faults in order, and settings of its kind."""

    domain: str
    kind: str
    faults: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    """A small Internet with a story."""

    name: str
    title: str
    entries: tuple[Entry, ...]

    def __contains__(self, domain: str) -> bool:
        return any(entry.domain == domain for entry in self.entries)


@dataclass(frozen=True)
class Fault:
    """Acts on a well-kept domain, the findings they must cause, and the side effects, each with its reason.

    `causes` and `also` map a check's id to a status; everything else must stay as it was. In `also` a pattern ("spf.*", "*")
    speaks of every check that passed before, and what comes later holds against what came earlier. `masks` names the
    checks that this fault hides from the faults before it.
    """

    name: str
    acts: tuple[Act, ...]
    causes: Mapping[str, str]
    also: Mapping[str, Any] = field(default_factory=dict)
    masks: tuple[str, ...] = ()

    def on(self, domain: str) -> list[Act]:
        """The acts for one domain."""
        return [_filled(act, domain) for act in self.acts]

    def changes(self, before: Mapping[str, str]) -> dict[str, str]:
        """The statuses that differ from those before, by check: no more, no less."""
        after = dict(before)
        kept = [check for check, was in before.items() if was == "pass"]
        for pattern, (status, _) in self.also.items():
            after |= dict.fromkeys(fnmatch.filter(kept, pattern) or [pattern], status)
        after |= self.causes
        return {check: status for check, status in after.items() if before.get(check) != status}


@cache
def names() -> tuple[str, ...]:
    """The worlds there are."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in resources.files("postlib.lab").joinpath("worlds").iterdir()))


@cache
def load(name: str) -> World:
    """Read a world. Raises ValueError, with the names there are, if there is no such world."""
    if name not in names():
        raise ValueError(f"there is no world {name!r}; the worlds are: {', '.join(names())}")
    data = yaml.safe_load(resources.files("postlib.lab").joinpath("worlds", f"{name}.yaml").read_text(encoding="utf-8"))
    domains = data["domains"] | (dict(drawn(data["drawn"], name)) if "drawn" in data else {})
    return World(name, data["title"], tuple(_entry(domain, dict(what)) for domain, what in domains.items()))


def _entry(domain: str, what: dict[str, Any]) -> Entry:
    kind, faults = what.pop("kind"), tuple(what.pop("faults", ()))
    return Entry(domain, kind, faults, what)


@cache
def faults() -> Mapping[str, Fault]:
    """All faults, by name. Raises ValueError where two files use one name."""
    found: dict[str, Fault] = {}
    for file in sorted(resources.files("postlib.lab").joinpath("faults").iterdir(), key=lambda path: path.name):
        for name, what in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"two faults are called {name!r}")
            found[name] = Fault(name, tuple(what["acts"]), what["causes"], what.get("also", {}), tuple(what.get("masks", ())))
    return found


def _filled(value: Any, domain: str) -> Any:
    """The same data with {domain} filled in wherever a text stands."""
    if isinstance(value, str):
        return value.replace("{domain}", domain)
    if isinstance(value, Mapping):
        return {_filled(key, domain): _filled(inner, domain) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, domain) for inner in value]
    return value
