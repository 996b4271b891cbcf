"""Worlds and faults as they stand in the data files: who is there, and what can be wrong with a well-kept domain."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any

import yaml

from postlib.acts import Act
from postlib.lab.drawn import drawn
from postlib.lab.generated import MOST, generated, operator

NUMBERED = re.compile(r"[a-z]+-([0-9]{1,6})\.post")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's reads ten times as fast, where PyYAML was built with it


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

    @cached_property
    def by_domain(self) -> Mapping[str, Entry]:
        """The entries, by domain."""
        return {entry.domain: entry for entry in self.entries}

    def __contains__(self, domain: str) -> bool:
        return domain in self.by_domain


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


def read_yaml(text: str) -> Any:
    """What stands in one of our own data files."""
    return yaml.load(text, _LOADER)  # noqa: S506 - both are safe loaders


@cache
def names() -> tuple[str, ...]:
    """The worlds there are."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in resources.files("postlib.lab").joinpath("worlds").iterdir()))


def home(domain: str) -> str:
    """The name of a world that has a domain at or above this name; "" where none has."""
    labels = domain.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels))]
    return next((world for name in above if (world := _homes().get(name) or _numbered(name))), "")


@cache
def _homes() -> Mapping[str, str]:
    return {entry.domain: name for name in names() for entry in load(name).entries}


def _numbered(domain: str) -> str:
    """The generated world that is large enough to have a domain; "" where its number has another name."""
    number = NUMBERED.fullmatch(domain)
    if number is None or int(number[1]) >= MOST or operator(_read("generated")["generated"], int(number[1]))[0] != domain:
        return ""
    return f"generated:{int(number[1]) + 1}"


@lru_cache(maxsize=8)
def load(name: str) -> World:
    """Read a world; "generated:200" is the world `generated` with 200 operators.

    Raises ValueError, with the names there are, if there is no such world, and for a number of operators that it cannot have.
    """
    kind, colon, number = str(name).partition(":")
    if kind not in names():
        raise ValueError(f"there is no world {name!r}; the worlds are: {', '.join(names())}")
    data = _read(kind)
    if colon and "generated" not in data:
        raise ValueError(f"the world {kind!r} has its own operators; only the world 'generated' takes their number")
    domains = data["domains"] | (dict(drawn(data["drawn"], name)) if "drawn" in data else {})
    if "generated" in data:
        domains |= generated(data["generated"], _count(name, number) if colon else data["generated"]["count"])
    return World(name, data["title"], tuple(_entry(domain, dict(what)) for domain, what in domains.items()))


@cache
def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(resources.files("postlib.lab").joinpath("worlds", f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def _count(name: str, number: str) -> int:
    """How many operators a name asks for. Raises ValueError."""
    if not (number.isascii() and number.isdigit() and len(number) <= len(str(MOST)) and 1 <= int(number) <= MOST):
        raise ValueError(f"{name[:60]!r} is no world: after generated: comes a number of operators, 1 to {MOST}")
    return int(number)


def _entry(domain: str, what: dict[str, Any]) -> Entry:
    kind, faults = what.pop("kind"), tuple(what.pop("faults", ()))
    return Entry(domain, kind, faults, what)


@cache
def faults() -> Mapping[str, Fault]:
    """All faults, by name. Raises ValueError where two files use one name."""
    found: dict[str, Fault] = {}
    for file in sorted(resources.files("postlib.lab").joinpath("faults").iterdir(), key=lambda path: path.name):
        for name, what in read_yaml(file.read_text(encoding="utf-8")).items():
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
