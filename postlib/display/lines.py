"""A report as people read it, before it is HTML or text: groups of findings, the broken ones first, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from postlib import words
from postlib.finding import Finding, Level, Status
from postlib.report import Report

QUIET = (Status.PASS, Status.NOT_APPLICABLE)  # what was seen of these is folded away
FIRST = (Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True)
class Group:
    """The findings of one policy, the broken ones first, otherwise in the profile's order."""

    title: str
    findings: tuple[Finding, ...]


def groups(report: Report) -> Iterator[Group]:
    """The report's findings by policy; those that no policy names come last."""
    left = {finding.check: finding for finding in report}
    for policy in report.profile.policies:
        mine = [left.pop(check) for check in policy.checks if check in left]
        if mine:
            yield Group(policy.title, _ordered(mine))
    if left:
        yield Group(words.phrase("others"), _ordered(list(left.values())))


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (FIRST.index(finding.status), finding.level is not Level.REQUIRED)))


def summary(report: Report) -> str:
    """What it comes to, in a sentence or two."""
    if not report.findings:
        return words.phrase("no-checks")
    required = Counter(finding.status for finding in report if finding.required)
    failed, unknown = required[Status.FAIL], required[Status.UNKNOWN]
    key = "summary" if unknown else "summary-told" if failed else "all-kept"
    said = words.phrase(key, failed=failed, required=required.total(), unknown=unknown)
    advised = sum(not finding.required for finding in report.failed)
    return f"{said} {words.phrase('advised-failed', advised=advised)}" if advised else said


def as_of(report: Report) -> str:
    """When, and by which edition of the requirements."""
    profile = report.profile
    return words.phrase("as-of", when=f"{report.as_of:%Y-%m-%d %H:%M}", title=profile.title, version=profile.version)


def heading(group: Group) -> str:
    """The group's title, and how many findings have which status."""
    count = Counter(finding.status for finding in group.findings)
    counts = ", ".join(words.phrase(f"count.{status.value}", count=count[status]) for status in FIRST if count[status])
    return words.phrase("group", title=group.title, counts=counts)


def seen(finding: Finding) -> Iterator[tuple[str, str, bool]]:
    """The evidence: label, value, and whether the value is a word of ours (and nothing that stood on the wire)."""
    for name, value in finding.verdict.evidence:
        shown = words.word(value, finding.check)
        yield words.label(name, finding.check), shown, words.known(value, finding.check)


def notes(finding: Finding) -> str:
    """Where the rule stands, and what else there is to know of the check."""
    known = [finding.check, finding.reference]
    if finding.level is not Level.REQUIRED:
        known.append(words.spoken("level", finding.level.value))
    if finding.lesson:
        known.append(words.phrase("lesson", lesson=finding.lesson))
    return " · ".join(part for part in known if part)


def answer(finding: Finding) -> str:
    """The subject's own word, as a phrase; "" where there is none."""
    said = finding.verdict.answer
    return words.phrase("answer", answer=words.word(said, finding.check)) if said else ""


def advice(finding: Finding) -> str:
    """What to phase out or add, as a phrase; "" where there is nothing."""
    key = finding.verdict.advice
    return words.phrase("advice", advice=words.advice(key)) if key else ""


def lever(finding: Finding) -> str:
    """Who can do what the remedy asks, and whether it is only the first step."""
    if finding.remedy is None:
        return ""
    who = words.phrase("lever", lever=words.spoken("lever", finding.remedy.lever.value))
    return f"{words.phrase('first-step')} {who}" if finding.remedy.first_step else who
