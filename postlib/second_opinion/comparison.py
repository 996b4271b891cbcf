"""Compare: pure functions from our findings and checkdmarc's dict to rows. What is known of checkdmarc is data, in checkdmarc.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from postlib.finding import Finding, Status
from postlib.second_opinion.opinion import Outcome, Row, State

SAID = 200  # characters of its message that are kept
UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Area:
    """One area: checkdmarc's name for it, our checks that it judges too, and which of its warnings break a rule."""

    name: str
    key: str
    judges: tuple[str, ...]
    faults: tuple[str, ...] = ()

    @property
    def probes(self) -> set[str]:
        """The probes that look at this area here."""
        return {check.partition(".")[0] for check in self.judges}


@dataclass(frozen=True)
class Deviation:
    """A known difference: where we say `ours` and it says `theirs`, and every condition that is given holds.

    `checks`: only these of our common checks fail. `problem`: they fail for one of these machine words.
    `said`, `record`: patterns that are found in its messages, and in the record it shows.
    """

    name: str
    area: str
    ours: State
    theirs: tuple[State, ...]
    source: str
    checks: tuple[str, ...] = ()
    problem: tuple[str, ...] = ()
    said: str = ""
    record: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of checkdmarc."""

    areas: tuple[Area, ...]
    deviations: tuple[Deviation, ...]
    silence: tuple[str, ...]
    absence: tuple[str, ...]
    another_day: tuple[str, ...]


@cache
def known() -> Known:
    """What is known of checkdmarc, read from its file."""
    data = yaml.safe_load(resources.files("postlib.second_opinion").joinpath("checkdmarc.yaml").read_text(encoding="utf-8"))
    areas = tuple(Area(name, what["key"], tuple(what["judges"]), tuple(what.get("faults", ()))) for name, what in data["areas"].items())
    deviations = tuple(_deviation(name, dict(what)) for name, what in data["deviations"].items())
    return Known(areas, deviations, *(tuple(data[part]) for part in ("silence", "absence", "another-day")))


def _deviation(name: str, what: dict[str, Any]) -> Deviation:
    parts = {"ours": State(what.pop("ours")), "theirs": tuple(State(state) for state in what.pop("theirs"))}
    lists = {part: tuple(what.pop(part, ())) for part in ("checks", "problem")}
    return Deviation(**{"name": name, **what, **parts, **lists})


def about(notes: Iterable[str], subject: str) -> tuple[str, ...]:
    """The notes whose first domain name is the subject or above it; the others speak of its mail servers."""
    names = ((note, next((word.strip(".:") for word in note.split() if "." in word.strip(".:")), "")) for note in notes)
    return tuple(note for note, name in names if name and f".{subject}".endswith(f".{name}"))


def compare(
    findings: Iterable[Finding], answers: Mapping[str, Any], notes: Sequence[str] = (), *, same_day: bool = True
) -> tuple[Row, ...]:
    """A row an area: our findings beside checkdmarc's answers, and what its log notes about the subject's DNSSEC.

    `same_day` is whether the Internet's clock and this machine's agree: if not, what it says of certificates means nothing.
    """
    ours = list(findings)
    return tuple(_row(area, ours, answers, notes, same_day) for area in known().areas)


def _row(area: Area, findings: Sequence[Finding], answers: Mapping[str, Any], notes: Sequence[str], same_day: bool) -> Row:
    common = [finding for finding in findings if finding.check in area.judges]
    failed = tuple(finding.check for finding in common if finding.status is Status.FAIL)
    beyond = tuple(f.check for f in findings if f.check.partition(".")[0] in area.probes and f.status is Status.FAIL and f not in common)
    ours, answer = our_state(common), answers.get(area.key)
    theirs, messages = their_state(area, answer, notes)
    another_day = not same_day and any(_any(known().another_day, message) for message in messages)
    outcome = _outcome(ours, State.UNKNOWN if another_day else theirs)
    why, source = "", ""
    if outcome is Outcome.NOT_COMPARABLE:
        why = "another-day" if another_day else _why_not(ours, theirs)
    elif outcome is Outcome.DIFFER:
        why, source = _explained(area.name, ours, theirs, [f for f in common if f.status is Status.FAIL], answer, messages)
    said = " ".join(messages[0].split())[:SAID] if messages and (theirs is not State.KEPT or outcome is Outcome.DIFFER) else ""
    return Row(area.name, ours, theirs, outcome, why, source, failed, beyond, said)


def our_state(findings: Sequence[Finding]) -> State:
    """Our findings of one area summed up: the worst that was seen."""
    statuses = {finding.status for finding in findings}
    if not statuses:
        return State.NOT_CHECKED
    if Status.FAIL in statuses:
        return State.BROKEN
    if Status.UNKNOWN in statuses:
        return State.UNKNOWN
    return State.KEPT if Status.PASS in statuses else State.NOT_APPLICABLE


def their_state(area: Area, answer: Any, notes: Sequence[str]) -> tuple[State, list[str]]:
    """What checkdmarc says of an area, and its messages about it. Its three states hide in texts: see checkdmarc.yaml."""
    if isinstance(answer, bool):
        return (State.KEPT, []) if answer else (_told_apart(notes) if notes else State.ABSENT, list(notes))
    if not isinstance(answer, Mapping):
        return State.NOT_CHECKED, []
    given = answer.get("warnings")
    warnings = [str(warning) for warning in given] if isinstance(given, list) else []
    if answer.get("error") is not None:
        return _told_apart([str(answer["error"])]), [str(answer["error"]), *warnings]
    broken = [warning for warning in warnings if _any(area.faults, warning)]
    if broken:
        return State.UNKNOWN if any(_any(known().silence, warning) for warning in broken) else State.BROKEN, broken
    absent = area.faults and any(_any(known().absence, warning) for warning in warnings)
    return State.ABSENT if absent else State.KEPT, warnings


def _told_apart(messages: Sequence[str]) -> State:
    """Nobody answered, there is none, or it is broken: by what the messages say."""
    if any(_any(known().silence, message) for message in messages):
        return State.UNKNOWN
    return State.ABSENT if any(_any(known().absence, message) for message in messages) else State.BROKEN


def _any(parts: Iterable[str], message: str) -> bool:
    return any(part in message for part in parts)


def _outcome(ours: State, theirs: State) -> Outcome:
    if {ours, theirs} & {State.UNKNOWN, State.NOT_CHECKED}:
        return Outcome.NOT_COMPARABLE
    alike = {State.KEPT: {State.KEPT}, State.BROKEN: {State.BROKEN, State.ABSENT}, State.NOT_APPLICABLE: {State.ABSENT}}
    return Outcome.AGREE if theirs in alike[ours] else Outcome.DIFFER


def _why_not(ours: State, theirs: State) -> str:
    if ours is State.NOT_CHECKED:
        return "not-checked-here"
    if theirs is State.NOT_CHECKED:
        return "not-checked-there"
    return "unknown-there" if theirs is State.UNKNOWN else "unknown-here"


def _explained(area: str, ours: State, theirs: State, failed: Sequence[Finding], answer: Any, messages: Sequence[str]) -> tuple[str, str]:
    """The first known deviation that fits, and its source."""
    checks = {finding.check for finding in failed}
    words = {value for finding in failed for _, value in finding.verdict.evidence}
    record = str(answer.get("record") or "") if isinstance(answer, Mapping) else ""
    for deviation in known().deviations:
        fits = deviation.area == area and deviation.ours is ours and theirs in deviation.theirs
        if fits and _conditions(deviation, checks, words, record, " ".join(messages)):
            return deviation.name, deviation.source
    return UNEXPLAINED, ""


def _conditions(deviation: Deviation, checks: set[str], words: set[str], record: str, said: str) -> bool:
    return (
        (not deviation.checks or checks <= set(deviation.checks))
        and (not deviation.problem or bool(words & set(deviation.problem)))
        and (not deviation.said or re.search(deviation.said, said) is not None)
        and (not deviation.record or re.search(deviation.record, record) is not None)
    )
