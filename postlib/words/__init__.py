"""Words for people: sentences, labels and plain words, from a catalogue that is one folder of YAML files a language.

    sentence(remedy)             what to do, ready to paste; template(id) is the same without its values
    advice(id)                   what to phase out or add
    label(name, check)           a short label for evidence
    word(value, check)           plain words for a machine word; any other value as it is
    phrase(id, **values)         what the display itself says
    counted(id, number)          the same with a number, for one thing or for several
    status(status), why(check)

`names:` and `words:` of a file belong to the probe it is named after, before those of general.yaml.
Everything else has ids that no two files may share. French is a new folder; `speak("fr")` chooses it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from postlib.finding import Remedy, Status

DEFAULT = "en"
GENERAL = "general"
SHARED = ("remedies", "advice", "why", "phrases", "statuses")  # one id, one text
SCOPED = ("names", "words")  # each probe has its own
IN_BRACKETS = re.compile(r"(.*) \(([a-z0-9-]+)\)", re.DOTALL)  # evidence such as "spf.partner.example (no-record)"

Scopes = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Catalogue:
    """One language. `shared` is section to id to text; `names` and `words` are file to id to text."""

    language: str
    shared: Mapping[str, Mapping[str, str]]
    names: Scopes
    words: Scopes

    def text(self, section: str, key: str) -> str:
        """A text by its section and id. Raises KeyError."""
        try:
            return self.shared[section][key]
        except KeyError:
            raise KeyError(f"the catalogue {self.language!r} has nothing for {key!r} among its {section}") from None

    def scoped(self, scopes: Scopes, key: str, check: str) -> str | None:
        """A text of the check's own probe, of general.yaml, or of the other files where they agree; None where there is none."""
        own = scopes.get(check.partition(".")[0], {}).get(key)
        if own is not None:
            return own
        if key in scopes[GENERAL]:
            return scopes[GENERAL][key]
        others = {texts[key] for texts in scopes.values() if key in texts}
        return others.pop() if len(others) == 1 else None


class _Strict(yaml.SafeLoader):
    """YAML in which a key written twice is an error, not the last one's victory."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{node.start_mark.name}: {twice[0]!r} is written twice")
        return super().construct_mapping(node, deep)


@cache
def languages() -> tuple[str, ...]:
    """The languages there are."""
    folder = resources.files("postlib.words")
    return tuple(sorted(part.name for part in folder.iterdir() if part.is_dir() and part.joinpath(f"{GENERAL}.yaml").is_file()))


@cache
def catalogue(language: str) -> Catalogue:
    """Read a language. Raises ValueError for one that is not there, and where two files give one id."""
    if language not in languages():
        raise ValueError(f"there is no catalogue {language!r}; the languages are: {', '.join(languages())}")
    folder = resources.files("postlib.words").joinpath(language)
    files = sorted((part for part in folder.iterdir() if part.name.endswith(".yaml")), key=lambda part: part.name)
    return merged(language, {file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8") for file in files})


def merged(language: str, files: Mapping[str, str]) -> Catalogue:
    """A catalogue of files, by name, as YAML text. Raises ValueError for an unknown section and for an id given twice."""
    shared: dict[str, dict[str, str]] = {section: {} for section in SHARED}
    scoped: dict[str, dict[str, dict[str, str]]] = {section: {GENERAL: {}} for section in SCOPED}
    for name, text in files.items():
        for section, texts in _read(name, text).items():
            if section in SCOPED:
                scoped[section][name] = texts
                continue
            twice = sorted(shared[section].keys() & texts.keys())
            if twice:
                raise ValueError(f"{name}.yaml: another file has {section} {twice[0]!r} too")
            shared[section] |= texts
    return Catalogue(language, shared, scoped["names"], scoped["words"])


def _read(name: str, text: str) -> dict[str, dict[str, str]]:
    try:
        data = yaml.load(text, _Strict) or {}  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(f"{name}.yaml cannot be read: {error}") from error
    for section, texts in data.items():
        if section not in (*SHARED, *SCOPED):
            raise ValueError(f"{name}.yaml: there is no section {section!r}; there are {', '.join((*SHARED, *SCOPED))}")
        wrong = [key for key, value in (texts or {}).items() if not isinstance(key, str) or not isinstance(value, str)]
        if wrong:
            raise ValueError(f"{name}.yaml: {wrong[0]!r} of {section} is not a text with a text: put it in quotes")
    return {section: texts or {} for section, texts in data.items()}


_chosen = [DEFAULT]


def speak(language: str) -> None:
    """Choose the language of everything that is shown from now on. Raises ValueError for one that is not there."""
    catalogue(language)
    _chosen[0] = language


def chosen() -> Catalogue:
    """The catalogue of the chosen language."""
    return catalogue(_chosen[0])


def parts(remedy: Remedy) -> Iterator[tuple[str, bool]]:
    """The pieces of a remedy's sentence, each with whether it is a value. Raises KeyError for an unknown template or value."""
    yield from _filled(chosen().text("remedies", remedy.template), dict(remedy.values))


def sentence(remedy: Remedy) -> str:
    """What to do, ready to paste. Raises KeyError for an unknown template, and for a value that it needs and the remedy lacks."""
    return "".join(text for text, _ in parts(remedy))


def template(key: str) -> str:
    """A remedy's sentence with <words> where its values will stand. Raises KeyError."""
    text = chosen().text("remedies", key)
    return "".join(part + (f"<{name}>" if name is not None else "") for part, name, _, _ in string.Formatter().parse(text))


def _filled(template: str, values: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    for text, name, _, _ in string.Formatter().parse(template):
        if text:
            yield text, False
        if name is not None:
            if name not in values:
                raise KeyError(f"the text {template!r} needs {name!r}, and is given {', '.join(values) or 'nothing'}")
            yield values[name], True


def advice(key: str) -> str:
    """The sentence of an advice. Raises KeyError."""
    return chosen().text("advice", key)


def why(check: str) -> str:
    """Why a check matters, "" where nothing is written."""
    return chosen().shared["why"].get(check, "")


def label(name: str, check: str = "") -> str:
    """The short label of a piece of evidence, as the check's own probe calls it. Raises KeyError."""
    found = chosen().scoped(chosen().names, name, check)
    if found is None:
        raise KeyError(f"the catalogue {chosen().language!r} has no label for the evidence {name!r} of {check or 'any check'}")
    return found


def word(value: str, check: str = "") -> str:
    """Plain words for a machine word, also for one in brackets behind something else; any other value as it is."""
    found = chosen().scoped(chosen().words, value, check)
    if found is not None:
        return found
    bracketed = IN_BRACKETS.fullmatch(value)
    inner = chosen().scoped(chosen().words, bracketed[2], check) if bracketed else None
    return f"{bracketed[1]} ({inner})" if bracketed and inner is not None else value


def known(value: str, check: str = "") -> bool:
    """Whether a value is a machine word of the catalogue."""
    return chosen().scoped(chosen().words, value, check) is not None


def status(value: Status | str) -> str:
    """The word for a status, also for `advised-fail`. Raises KeyError."""
    return chosen().text("statuses", str(value))


def phrase(key: str, **values: object) -> str:
    """What the display itself says, with its values. Raises KeyError."""
    return "".join(text for text, _ in _filled(chosen().text("phrases", key), {name: str(value) for name, value in values.items()}))


def counted(key: str, count: int | str) -> str:
    """A phrase with a number, `key.one` where it is one."""
    return phrase(f"{key}.one" if str(count) == "1" else key, count=count)


def amount(name: str, value: str) -> str:
    """A piece of evidence that is a number, in words; "" where the catalogue has no such phrase for its name."""
    return counted(f"amount.{name}", value) if f"amount.{name}" in chosen().shared["phrases"] else ""


def spoken(family: str, value: str, **values: object) -> str:
    """The phrase `family.value` (lever, level, outcome, because) with its values where there is one; else plain words for the value."""
    key = f"{family}.{value}"
    return phrase(key, **values) if key in chosen().shared["phrases"] else word(value)
