"""A report as people read it, before it is HTML or text: groups of findings, what failed first, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from postlib import words
from postlib.finding import Finding, Level, Status
from postlib.report import Report

QUIET = (Status.PASS, Status.NOT_APPLICABLE)  # what was seen of these is folded away
FIRST = (Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE)
ADVISED_FAIL = "advised-fail"  # the red word is for what is required
KINDS = ("fail", ADVISED_FAIL, "pass", "not-applicable", "unknown")
MANY_ALIKE = 4  # ours: from so many on, checks of a group that are unknown for one reason are one row
ASKED = re.compile(r"(\S+)\. ([A-Z][A-Z0-9]*)")  # a question as the resolver writes it: a name with its final dot, and a type
ADDRESS = re.compile(r"(.*:\d+|[0-9.]+|[0-9a-f]*:[0-9a-f:.]+|this machine)", re.IGNORECASE)
READY = {"start", "warm-up", "dmarc/01", "dmarc/02", "dmarc/03", "dmarc/04"}  # lessons that are written; the others are planned
PRACTISED = {"dmarc/02": "spf-repair", "dmarc/03": "dkim-rotation"}  # lesson to lab


@dataclass(frozen=True)
class Group:
    """The findings of one policy, what failed first, otherwise in the profile's order."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Alike:
    """Checks of one group that are unknown for one reason, and what was asked, each once."""

    reason: str
    findings: tuple[Finding, ...]

    @property
    def where(self) -> tuple[str, ...]:
        """What was asked."""
        asked = (spelled(value) for finding in self.findings for name, value in finding.verdict.evidence if name == "where")
        return tuple(dict.fromkeys(asked))

    @property
    def said(self) -> str:
        """How many there are, and the reason."""
        return words.phrase("alike", count=len(self.findings), reason=words.word(self.reason, self.findings[0].check))


def groups(report: Report) -> Iterator[Group]:
    """The report's findings by policy; those that no policy names come last."""
    left = {finding.check: finding for finding in report}
    for policy in report.profile.policies:
        mine = [left.pop(check) for check in policy.checks if check in left]
        if mine:
            yield Group(policy.title, _ordered(mine))
    if left:
        yield Group(words.phrase("other-checks"), _ordered(list(left.values())))


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (FIRST.index(finding.status), finding.level is not Level.REQUIRED)))


def rows(group: Group) -> tuple[Finding | Alike, ...]:
    """The group's findings; where many are unknown for one reason, they are one row."""
    reasons = Counter(reason for finding in group.findings if (reason := _reason(finding)))
    many = {reason for reason, count in reasons.items() if count >= MANY_ALIKE}
    made: dict[str, Finding | Alike] = {}
    for finding in group.findings:
        reason = _reason(finding)
        if reason not in many:
            made[finding.check] = finding
        elif f" {reason}" not in made:  # no check's name has a space
            made[f" {reason}"] = Alike(reason, tuple(other for other in group.findings if _reason(other) == reason))
    return tuple(made.values())


def _reason(finding: Finding) -> str:
    """The word for why a check is unknown; "" for any other, and where there is more to say than the reason."""
    if finding.status is not Status.UNKNOWN or finding.verdict.answer:
        return ""
    seen = dict(finding.verdict.evidence)
    return seen.get("reason", "") if seen.keys() <= {"reason", "where"} else ""


def repeated(report: Report) -> dict[str, str]:
    """Checks whose remedy stands above already, each with the check where it stands."""
    first: dict[str, str] = {}
    again: dict[str, str] = {}
    for finding in (finding for group in groups(report) for finding in group.findings if finding.remedy):
        assert finding.remedy
        said = f"{words.sentence(finding.remedy)} {lever(finding)}"
        if (before := first.setdefault(said, finding.check)) != finding.check:
            again[finding.check] = before
    return again


def kind(finding: Finding) -> str:
    """The status as people see it: what failed is told apart by whether it is required."""
    return ADVISED_FAIL if finding.status is Status.FAIL and not finding.required else finding.status.value


def missing(report: Report) -> str:
    """A sentence where the subject does not exist at all, "" otherwise."""
    gone = any(finding.check == "delegation.exists" and finding.status is Status.FAIL for finding in report)
    return words.phrase("no-such-subject", subject=report.subject) if gone else ""


def summary(report: Report) -> str:
    """How many checks were made, and how many of them came out how: the numbers add up."""
    if not report.findings:
        return words.phrase("no-checks")
    return words.phrase("summary", checks=words.counted("checks", len(report)), counts=counts(report, all_kinds=True))


def counts(findings: Iterable[Finding], *, all_kinds: bool = False) -> str:
    """How many findings came out how; kinds of which there are none are left out, unless `all_kinds`."""
    count = Counter(kind(finding) for finding in findings)
    return ", ".join(words.phrase(f"count.{each}", count=count[each]) for each in KINDS if all_kinds or count[each])


def as_of(report: Report) -> str:
    """When, and by which edition of the requirements."""
    profile = report.profile
    return words.phrase("as-of", when=f"{report.as_of:%Y-%m-%d %H:%M}", title=profile.title, version=profile.version)


def heading(group: Group) -> str:
    """The group's title, how many checks it has, and how many of them came out how."""
    checks = words.counted("checks", len(group.findings))
    return words.phrase("group", title=group.title, checks=checks, counts=counts(group.findings))


def seen(finding: Finding) -> Iterator[tuple[str, str, bool]]:
    """The evidence: label, value, and whether the value is a word of ours (and nothing that stood on the wire)."""
    for name, value in finding.verdict.evidence:
        count = words.amount(name, value)
        said = count or words.word(spelled(value) if name in ("where", "broken") else value, finding.check)
        yield label(name, value, finding.check), said, bool(count) or words.known(value, finding.check)


def spelled(question: str) -> str:
    """A question without the final dot of its name, as people write names; any other value as it is."""
    return ASKED.sub(r"\1 \2", question) if ASKED.fullmatch(question) else question


def label(name: str, value: str, check: str) -> str:
    """The label of a piece of evidence. Where nothing could be learnt, `where` is a question, or the address of a server."""
    return words.label("where-asked" if name == "where" and ADDRESS.fullmatch(value) else name, check)


def notes(finding: Finding) -> str:
    """Where the rule stands, and what else there is to know of the check."""
    known = [finding.check, finding.reference]
    if finding.level is not Level.REQUIRED:
        known.append(words.spoken("level", finding.level.value))
    if finding.lesson:
        known.append(words.phrase("lesson" if finding.lesson in READY else "lesson-planned", lesson=finding.lesson))
        if finding.lesson in PRACTISED:
            known.append(words.phrase("lab", lab=PRACTISED[finding.lesson]))
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
