"""Profiles: what is required, what is advised, and the numbers behind it, as dated data with sources. Severity lives only here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from postlib.finding import Level

DEFAULT = "course"
SELECTOR_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")  # RFC 6376, section 3.1: selectors are labels with dots between
PURPOSES = ("staff", "transactional", "none")


@dataclass(frozen=True)
class Policy:
    """A family of checks: its title, and the checks in the order of a report."""

    name: str
    title: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """One edition of the requirements. `purposes` says of single domains what their mail is for; "*" stands for all others.

    `selectors` are the DKIM selectors that a domain uses, for those that nobody can guess. `quick` is how the domain is looked at
    (`postlib.probe.Observation`); checks that need a closer look are then unknown, so such a profile leaves them out.
    """

    name: str
    version: str
    title: str
    policies: tuple[Policy, ...]
    levels: Mapping[str, Level]
    numbers: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    selectors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quick: bool = False

    def level(self, check: str) -> Level:
        """How much a check matters; a check that the profile does not name is off."""
        return self.levels.get(check, Level.OFF)

    def number(self, name: str) -> int:
        """A threshold. Raises KeyError if the profile has none of that name."""
        return self.numbers[name]

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words. Raises KeyError if the profile has none of that name."""
        return self.lists[name]

    def with_selectors(self, domains: Iterable[str], names: Iterable[str]) -> Profile:
        """The same, with DKIM selectors to look for at these domains before those that it names itself. Raises ValueError for no label."""
        told = tuple(name.lower() for name in names)
        wrong = next((name for name in told if not all(SELECTOR_LABEL.fullmatch(label) for label in name.split("."))), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is not a DKIM selector; give one like s2026a")
        return replace(self, selectors={**self.selectors, **{domain: (*told, *self.selectors.get(domain, ())) for domain in domains}})

    def purpose(self, domain: str) -> str:
        """What mail of that name is for: staff (people write, also to lists), transactional (machines write), or none."""
        return self.purposes.get(domain, self.purposes.get("*", "staff"))


@cache
def shipped() -> tuple[str, ...]:
    """The profiles that come with postlib."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in resources.files("postlib.policies").iterdir() if p.name.endswith(".yaml")))


def profile(name: str | Path | Profile = DEFAULT) -> Profile:
    """A shipped profile by its name, or one of your own by the path of its file. Raises ValueError for what is neither, or broken."""
    if isinstance(name, Profile):
        return name
    if name in shipped():
        return _shipped(str(name))
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{name} is no profile: neither a file that can be read, nor one of {', '.join(shipped())}") from error
    return _read(text, str(name))


@cache
def _shipped(name: str) -> Profile:
    return _read(resources.files("postlib.policies").joinpath(f"{name}.yaml").read_text(encoding="utf-8"), name)


def _read(text: str, where: str) -> Profile:
    try:
        data = yaml.safe_load(text)
        policies = tuple(Policy(key, what["title"], tuple(what["checks"])) for key, what in data["policies"].items())
        levels = {check: Level(level) for what in data["policies"].values() for check, level in what["checks"].items()}
        made = Profile(
            data["name"], str(data["version"]), data["title"], policies, levels,
            {key: int(item["value"]) for key, item in data["numbers"].items()},
            {key: tuple(item["value"]) for key, item in data["lists"].items()},
            dict(data.get("purposes", {})), _sources(data), {key: tuple(names) for key, names in data.get("selectors", {}).items()},
            data.get("quick", False) is True,
        )  # fmt: skip
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{where} cannot be read as a profile: {error!r}") from error
    wrong = sorted(set(made.purposes.values()) - set(PURPOSES))
    if wrong:
        raise ValueError(f"{where}: a purpose is one of {', '.join(PURPOSES)}, not {wrong[0]!r}")
    return made


def _sources(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(item["source"]) for part in ("numbers", "lists") for key, item in data[part].items()}
