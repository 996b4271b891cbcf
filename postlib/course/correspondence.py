"""The letter to whoever holds the lever: most learners may not change a record themselves, but they can ask well.

    letter(report["dmarc.enforced"], internet)

It says what to change, ready to paste; why; how it will be checked, and when; and stops at the safe first step where the last one is
dangerous today. All its words are templates of the catalogue (postlib/words/en/letters.yaml).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from postlib import background, words
from postlib.course.requested import USUAL_TTL, Block, blocks, changed
from postlib.display import lines
from postlib.display.harmless import visible
from postlib.display.markup import Markup, joined, tag
from postlib.display.plain import shortened
from postlib.display.style import STYLE
from postlib.finding import Finding, Remedy, Status
from postlib.network import Unreachable
from postlib.resolver import Resolver
from postlib.words import counted, phrase

INDENT = " " * 4
MARKED = "user-select:all;border:1px solid rgba(127,127,127,.5);padding:.5em .7em"  # one click marks the whole block
SPANS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True)
class Part:
    """One part of a letter: a heading ("" for none), and sentences and blocks to copy in their order."""

    heading: str
    said: tuple[str | Block, ...]


@dataclass(frozen=True)
class Letter:
    """A request, ready to send. As text (`str`) it goes into a mail or a ticket; in a notebook each block can be marked with one click.

    `before` is what the writer makes sure of first: it is shown above the letter, and is no part of it.
    """

    to: str
    subject: str
    parts: tuple[Part, ...]
    before: str = ""
    language: str = words.DEFAULT

    def __str__(self) -> str:
        return "\n".join(_written(self)).rstrip("\n") + "\n"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """How Jupyter shows it."""
        return {"text/plain": f"{self.before}\n\n{self}" if self.before else str(self), "text/html": _html(self)}


def letter(finding: Finding, internet: Any = None) -> Letter:
    """The request to whoever can mend what `finding` found. With an Internet (or a Network), it says when to look again, by the TTL there.

    Raises ValueError, in one sentence, where there is nothing to ask for: what passed, is unknown or does not apply.
    """
    remedy = _remedy(finding)
    subject, check, lever = finding.subject, finding.check, remedy.lever.value
    change: tuple[str | Block, ...] = (phrase(f"letter.ask.{remedy.template}", **dict(remedy.values)), *blocks(remedy, subject))
    parts = (
        Part("", (phrase("letter.greeting"), _opening(finding))),
        *([Part(phrase("letter.part.seen"), tuple(_seen(finding)))] if finding.verdict.evidence else []),
        Part(phrase("letter.part.change"), change),
        *([Part(phrase("letter.part.step"), (phrase(_step(remedy)),))] if remedy.first_step else []),
        Part(phrase("letter.part.why"), tuple(_why(finding))),
        Part(phrase("letter.part.check"), tuple(_checked(finding, remedy, internet))),
        Part("", (phrase("letter.closing"), phrase("letter.signature", subject=subject))),
    )
    about = phrase(f"letter.subject.{lever}", subject=subject, check=check)
    return Letter(phrase(f"letter.to.{lever}", subject=subject), about, parts, _before(remedy), words.chosen().language)


def _remedy(finding: Finding) -> Remedy:
    """What to ask for. Raises ValueError, and says why there is nothing."""
    if not isinstance(finding, Finding):
        raise ValueError(phrase("letter.none.not-a-finding"))
    if finding.status is Status.FAIL and finding.remedy is not None:
        return finding.remedy
    reason = "no-remedy" if finding.status is Status.FAIL else finding.status.value
    raise ValueError(phrase(f"letter.none.{reason}", check=finding.check, subject=finding.subject))


def _before(remedy: Remedy) -> str:
    """What to make sure of before the letter goes out; "" where there is nothing."""
    key = f"letter.before.{remedy.template}"
    if key not in words.chosen().shared["phrases"]:
        return ""
    return phrase("letter.before", what=phrase(key, **dict(remedy.values)))


def _opening(finding: Finding) -> str:
    day = finding.verdict.as_of
    return phrase("letter.opening" if day else "letter.opening-undated", subject=finding.subject, day=day)


def _seen(finding: Finding) -> Iterator[str]:
    """What the check saw, as the report shows it."""
    return (f"{label}: {shortened(value)}" for label, value, _ in lines.seen(finding))


def _step(remedy: Remedy) -> str:
    """Where there are acts, they are the step itself; else the step is something that must come before any."""
    return "letter.first-step" if remedy.acts else "letter.first-step.mend"


def _why(finding: Finding) -> Iterator[str]:
    yield phrase("letter.rule", reference=finding.reference, rule=finding.verdict.rule)
    consequence = words.chosen().shared["phrases"].get(f"letter.otherwise.{finding.check}", "")
    if consequence:
        yield phrase("letter.otherwise", consequence=consequence)
    else:
        yield phrase("letter.matters", consequence=words.why(finding.check))


def _checked(finding: Finding, remedy: Remedy, internet: Any) -> Iterator[str | Block]:
    """The command, what it must say, and when the old answers are forgotten."""
    yield Block(phrase("letter.block.command"), (f"postlib check {finding.subject}",))
    yield phrase("letter.check.passed" if remedy.acts else "letter.check.nearer", check=finding.check)
    record = changed(remedy)
    if record is None:
        yield phrase("letter.no-ttl")
        return
    network = getattr(internet, "network", internet)
    ttl = _ttl(network, *record) if network is not None else USUAL_TTL
    yield phrase("letter.ttl", span=_span(ttl))
    if network is not None:
        yield phrase("letter.ttl-until", until=f"{network.clock.now() + timedelta(seconds=ttl):%Y-%m-%d %H:%M}")


def _ttl(network: Any, name: str, rrtype: str) -> int:
    """How long resolvers may remember today's answer, in seconds; the usual time where nobody answers."""
    try:
        answer = background.run(Resolver(network).resolve(name, rrtype))
    except Unreachable:
        return USUAL_TTL
    return answer.ttl if answer.rrset is None else int(answer.rrset.ttl)  # the answer's own is cut to that of the way there


def _span(seconds: int) -> str:
    """A time in the largest unit that says it exactly."""
    unit, length = next((unit, length) for unit, length in SPANS if seconds % length == 0 and (seconds or length == 1))
    return counted(f"letter.{unit}", seconds // length)


def _written(letter: Letter) -> Iterator[str]:
    """The lines of a letter as plain text. What is to be pasted stands on lines of its own, so that no line of it is broken."""
    yield visible(phrase("letter.head.to", to=letter.to))
    yield visible(phrase("letter.head.subject", about=letter.subject))
    for part in letter.parts:
        yield from ("", part.heading.upper()) if part.heading else ("",)
        for said in part.said:
            if isinstance(said, str):
                yield visible(said)
                continue
            yield from (visible(said.title), "", *(INDENT + visible(line) for line in said.lines), "")
            yield from (visible(note) for note in said.notes)


def _html(letter: Letter) -> Markup:
    """A letter for a notebook's cell. A block is marked as a whole by one click, without any script."""
    head = (tag("p", phrase("letter.head.to", to=letter.to)), tag("p", tag("strong", phrase("letter.head.subject", about=letter.subject))))
    body = (piece for part in letter.parts for piece in (*([tag("h2", part.heading)] if part.heading else []), *map(_piece, part.said)))
    before = [tag("p", tag("em", letter.before))] if letter.before else []
    return tag("div", tag("style", Markup(STYLE)), *before, tag("article", *head, *body), class_="postlib", lang=letter.language)


def _piece(said: str | Block) -> Markup:
    if isinstance(said, str):
        return tag("p", said)
    pasted = Markup("\n".join(str(tag("span", line)) for line in said.lines))
    block = tag("pre", pasted, dir="ltr", tabindex="0", style=MARKED, aria_label=said.title)
    return joined(tag("p", said.title), block, *(tag("p", note) for note in said.notes))
