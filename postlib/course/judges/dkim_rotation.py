"""The judge of dkim-rotation: fifteen days of mail, letters that waited in the queue, and a thief with the old key.

The days count in spans. A span counts when every letter of it verifies, those too that were signed in it and delivered five days later,
and the thief's letter of the last day does not: who keeps the old key keeps the thief, and who signs nothing proves nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from postlib.acts import Act
from postlib.course.bench import Bench, HandedIn, from_model
from postlib.course.cases.dkim_rotation import LAST_DAY, OLD_BITS, QUEUE
from postlib.course.outcome import Note, Outcome
from postlib.lab.mail.letter import Letter
from postlib.lab.mail.sender import Sent
from postlib.lab.mail.settings import Selector
from postlib.protocols import dkim

LESSON = "dmarc/03"
STAGE = "retire"  # the second question, which builds on the first
SPANS = ((0, 4), (5, 9), (10, LAST_DAY))  # days
STRONG, SIGNS, SPAN, THIEF = 2, 2, 2, 3  # points
ENOUGH = 2048  # bits of an RSA key (RFC 8301, section 3.2, says SHOULD; 1024 is the least that may be used)
PROVIDERS = ("inbox.example", "oldmail.example")
READERS = ("clara", "omar", "ana", "bo", "chidi", "dora", "eva", "femi")
WAIT = timedelta(days=QUEUE, seconds=-1)  # as long as a letter may wait
Waiting = tuple[datetime, int, bytes, str]
"""When it is delivered, the day on which it was signed, the message, and whom it is for."""
THIEVES = ("mx1.parcel-desk.example", "www.parcel-desk.example", "mx1.auroria-parcels.example")


@dataclass
class Story:
    """What became of the letters: by day of signing, whether all verified; and the two of the last day."""

    verified: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    last: dkim.Signature | None = None
    thief: str = ""
    new_key: bool = False
    late: str = ""


def play(bench: Callable[[HandedIn], Bench], handed: HandedIn, model: tuple[Act, ...]) -> tuple[list[Outcome], list[Note]]:
    """All outcomes. The second question is judged from the model's answer to the first too, if the learner's own is not right."""
    mine = outcomes(_story(bench(handed)))
    first, second = [o for o in mine if o.part == "switch"], [o for o in mine if o.part == "retire"]
    if model and not all(outcome.right for outcome in first):
        other = [o for o in outcomes(_story(bench(from_model(handed, model, STAGE)))) if o.part == "retire"]
        if sum(o.points for o in other) > sum(o.points for o in second):
            return [*first, *other], [("judge-model", {"part": "retire"})]
    return mine, []


def outcomes(story: Story) -> list[Outcome]:
    """The story as outcomes: pure."""
    last, stopped = story.last, story.thief != "pass"
    bits = str(last.bits) if last is not None and last.key_type == "rsa" else ""
    strong = last is not None and (last.key_type == "ed25519" or last.bits >= ENOUGH)
    key = {"selector": last.selector if last else "-", "kind": last.key_type if last else "-", "bits": bits}
    found = [
        Outcome("switch", "signs" if last else "unsigned", story.new_key, SIGNS, LESSON, key),
        Outcome("switch", "strong" if last else "unsigned", strong, STRONG, LESSON, key),
    ]
    for first, until in SPANS:
        letters = [letter for day in range(first, until + 1) for letter in story.verified.get(day, ())]
        bad = [f"{when}: {result}" for when, result in letters if result != "pass"]
        values = {"first": str(first), "until": str(until), "letters": str(len(letters)), "bad": "; ".join(bad[:2]), "thief": story.thief}
        kind = "span-lost" if bad else "span"
        found.append(Outcome("retire", kind, bool(letters) and not bad and stopped and last is not None, SPAN, LESSON, values))
    thief = {"thief": story.thief, "day": str(LAST_DAY), "last": last.result if last else "none", "late": story.late}
    kind = "thief-late" if story.late and not stopped else "thief"
    found.append(Outcome("retire", kind, stopped and last is not None, THIEF, LESSON, thief))
    return found


def _story(bench: Bench) -> Story:
    """Fifteen days: each with a letter that goes out at once and one that waits to the end of its five days; then the thief's."""
    story, start, author = Story(), bench.internet.start, f"counter@{bench.case.domain}"
    noon = start + timedelta(days=LAST_DAY, hours=12)
    days = [start + timedelta(days=day, hours=bench.chance.randint(1, 11)) for day in range(LAST_DAY + 1)]
    waiting = deque([(start + WAIT, 0, *_written(bench, author))])  # signed before anything was done
    for day, moment in enumerate(days):
        _arrive(bench, story, waiting, moment, author)
        bench.upto(moment)
        story.verified.setdefault(day, []).append((f"day {day}, delivered at once", _result(_send(bench, author), bench.case.domain)))
        if moment + WAIT <= noon:
            waiting.append((moment + WAIT, day, *_written(bench, author)))
    _arrive(bench, story, waiting, noon, author)
    _last_day(bench, story, noon, author)
    return story


def _arrive(bench: Bench, story: Story, waiting: deque[Waiting], until: datetime, author: str) -> None:
    """Deliver the letters whose time in the queue ends before a moment, each at its own."""
    while waiting and waiting[0][0] <= until:
        due, signed, message, recipient = waiting.popleft()
        bench.upto(due)
        late = bench.deliver(message, author, recipient, via=f"mx1.{bench.case.domain}")
        told = f"signed on day {signed}, delivered {QUEUE} days later"
        story.verified.setdefault(signed, []).append((told, _result(late, bench.case.domain)))


def _last_day(bench: Bench, story: Story, noon: datetime, author: str) -> None:
    bench.upto(noon)
    stolen = Selector(bench.case.names["old"], "rsa", OLD_BITS)
    signatures = _signatures(_send(bench, author), bench.case.domain)
    passing = [signature for signature in signatures if signature.result == "pass"]
    story.last = max(passing, key=lambda signature: (signature.key_type == "ed25519", signature.bits), default=None)
    story.new_key = any((signature.selector, signature.bits) != (stolen.name, stolen.bits) for signature in passing)
    message, recipient = _written(bench, author, sign=False)
    key = bench.internet.state.dkim_key(bench.case.domain, stolen)
    forged = dkim.sign(message, domain=bench.case.domain, selector=stolen.name, key=key, now=bench.internet.clock.now())
    story.late = _late(bench)
    story.thief = _result(bench.deliver(forged, author, recipient, via=bench.chance.choice(THIEVES)), bench.case.domain)


def _late(bench: Bench) -> str:
    """The day on which the journal does something to the old key, where that is after the last day; else ""."""
    old = f"{bench.case.names['old']}._domainkey.{bench.case.domain}"
    when = bench.internet.start
    for act in bench.pending:
        when = max(when, bench.when(act))
        if act.get("selector") == bench.case.names["old"] or act.get("name") == old:
            return str((when - bench.internet.start).days)
    return ""


def _reader(bench: Bench) -> str:
    return f"{bench.chance.choice(READERS)}@{bench.chance.choice(PROVIDERS)}"


def _send(bench: Bench, author: str) -> Sent:
    return bench.letter(author, _reader(bench), "Your parcel", via=f"mx1.{bench.case.domain}", envelope=author, signed_by=bench.case.domain)


def _written(bench: Bench, author: str, *, sign: bool = True) -> tuple[bytes, str]:
    """A letter as it is now, signed as the operator signs now, and whom it is for."""
    recipient = _reader(bench)
    letter = Letter(author, recipient, "Your parcel", "It waits at the counter.")
    message = letter.octets(bench.internet.clock.now(), bench.chance.randrange(10**9))
    sender = bench.internet.office.sender(f"mx1.{bench.case.domain}")
    return (sender.signed(message, bench.case.domain) if sign else message), recipient


def _signatures(sent: Sent, domain: str) -> list[dkim.Signature]:
    """The author's own signatures as the receiver found them."""
    return [signature for signature in sent.kept.judgement.dkim if signature.domain == domain] if sent.kept is not None else []


def _result(sent: Sent, domain: str) -> str:
    """pass if one of them verified, else what was said of the first, or what became of the letter."""
    results = [signature.result for signature in _signatures(sent, domain)]
    return "pass" if "pass" in results else (results[0] if results else "none" if sent.kept is not None else sent.outcome)
