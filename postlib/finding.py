"""What a check says: a Verdict, and the Finding that carries it to a person.

Nothing here is a sentence for a screen: evidence is named values, a remedy is a template id with values,
and `postlib.report` turns both into words, in one place, so that a translation is a catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

Evidence = tuple[tuple[str, str], ...]
"""What was seen, in order: pairs of a name from the catalogue and a value as it stood on the wire."""


class Status(StrEnum):
    """The outcome of a check. *unknown* means we could not tell: it is never shown as *fail* or as *absent*."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"


class Lever(StrEnum):
    """Who can make the change that a remedy asks for."""

    DNS_HOST = "dns-host"
    REGISTRAR = "registrar"
    MAIL_PROVIDER = "mail-provider"
    WEB_HOST = "web-host"
    CDN = "cdn"
    SENDER = "sender"


class Level(StrEnum):
    """How much a check matters in a profile. A required check that fails fails the report."""

    REQUIRED = "required"
    ADVISED = "advised"
    OFF = "off"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one rule about one subject.

    `answer` is the subject's own word where pass and fail are not the words (official, refer, forged …).
    `advice` on a pass is the id of a sentence that says what to phase out or add.
    `rule` and `as_of` are filled in by the probe runner.
    """

    status: Status
    evidence: Evidence = ()
    answer: str = ""
    advice: str = ""
    rule: str = ""
    as_of: date | None = None

    def under(self, rule: str, as_of: date) -> Verdict:
        """The same, with its rule and the day of the look."""
        return Verdict(self.status, self.evidence, self.answer, self.advice, rule, as_of)


def passed(*, advice: str = "", answer: str = "", **evidence: object) -> Verdict:
    """The rule holds."""
    return Verdict(Status.PASS, _named(evidence), answer=answer, advice=advice)


def failed(*, answer: str = "", **evidence: object) -> Verdict:
    """The rule is broken, and `evidence` shows where."""
    return Verdict(Status.FAIL, _named(evidence), answer=answer)


def not_applicable(**evidence: object) -> Verdict:
    """The rule does not speak of this subject, and `evidence` says why."""
    return Verdict(Status.NOT_APPLICABLE, _named(evidence))


def unknown(*, answer: str = "", **evidence: object) -> Verdict:
    """It could not be told."""
    return Verdict(Status.UNKNOWN, _named(evidence), answer=answer)


def _named(evidence: Mapping[str, object]) -> Evidence:
    """Evidence as pairs of text; a tuple or list gives one pair a member; dashes for underscores."""
    pairs: list[tuple[str, str]] = []
    for name, value in evidence.items():
        members = value if isinstance(value, (tuple, list)) else (value,)
        pairs.extend((name.replace("_", "-"), str(member)) for member in members)
    return tuple(pairs)


@dataclass(frozen=True)
class Remedy:
    """How to mend a finding: a template id with named values, who holds the lever, and the acts that heal.

    `first_step` marks the safe first step where the last one would be dangerous today; `template` is a key of the catalogue.
    """

    template: str
    lever: Lever
    values: tuple[tuple[str, str], ...] = ()
    acts: tuple[Mapping[str, Any], ...] = ()
    first_step: bool = False


def remedy(template: str, lever: Lever, *acts: Mapping[str, Any], first_step: bool = False, **values: object) -> Remedy:
    """A remedy from its template, its lever, its acts in order, and the values that the sentence names."""
    named = tuple((name.replace("_", "-"), str(value)) for name, value in values.items())
    return Remedy(template, lever, named, acts, first_step)


@dataclass(frozen=True)
class Finding:
    """One line of a report: which rule, about whom, with what outcome, and what to do."""

    subject: str
    check: str
    verdict: Verdict
    reference: str
    level: Level = Level.REQUIRED
    remedy: Remedy | None = None
    lesson: str = ""

    @property
    def status(self) -> Status:
        """The verdict's status."""
        return self.verdict.status

    def __str__(self) -> str:
        seen = "; ".join(f"{name}: {value}" for name, value in self.verdict.evidence)
        return f"{self.subject} {self.check}: {self.status.value}" + (f" ({seen})" if seen else "")

    @property
    def required(self) -> bool:
        """Whether the profile requires this check."""
        return self.level is Level.REQUIRED
