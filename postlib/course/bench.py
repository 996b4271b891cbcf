"""A learner's Internet as a judge has it: raised anew from the journal, so that nothing tried here touches the learner's own."""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from postlib import background
from postlib.acts import Act
from postlib.course.seeds import Case, case
from postlib.lab.internet import Internet, visit
from postlib.lab.journal import LONGEST_JOURNAL
from postlib.lab.mail.sender import Sent
from postlib.lab.replay import WAITS

WORLD = "union"
MOST_MESSAGES = 600
LONGEST = 30.0  # seconds of this process's work for one judgement; a busy machine does not count
LONGEST_STORY = timedelta(days=400)  # lab time that a journal may take
LONGEST_WAIT = 240.0  # seconds of one judgement on the wall: silent servers cost time and no work
LARGEST = 1 << 20  # characters of a journal that is handed in; a learner's has some thousands
LETTERS = ("send",)  # acts that send mail: a judge wants the state, and sends its own


class CannotJudge(Exception):
    """This could not be judged: nothing is said of whether it is right. The message is one sentence."""


@dataclass(frozen=True)
class HandedIn:
    """A lab's answer: whose case it is, when its story began, and the journal."""

    case: Case
    start: datetime
    journal: tuple[Act, ...]


@dataclass
class Bench:
    """An Internet to try things on, within bounds.

    `pending` are the acts of the journal that have not happened yet, `moment` is where its story stands; `skipped` are those that do
    not count, with the reason.
    """

    internet: Internet
    case: Case
    chance: Random
    pending: deque[Act] = field(default_factory=deque)
    moment: datetime | None = None
    skipped: list[tuple[Act, str]] = field(default_factory=list)
    messages: int = 0
    until: float = field(default_factory=lambda: time.process_time() + LONGEST)
    patience: float = field(default_factory=lambda: time.monotonic() + LONGEST_WAIT)

    def letter(self, author: str, recipient: str, subject: str, *, via: str, **how: Any) -> Sent:
        """Send one letter from a machine. Raises CannotJudge beyond the bounds."""
        self._counted()
        return self.internet.send(author, recipient, subject, via=via, **how)

    def deliver(self, message: bytes, envelope: str, recipient: str, *, via: str) -> Sent:
        """Hand over a message that was made before, from a machine."""
        self._counted()
        office = self.internet.office
        return background.run(office.sender(via).send(message, envelope, [recipient], office.mailboxes.find))[0]

    def _counted(self) -> None:
        self.messages += 1
        if self.messages > MOST_MESSAGES:
            raise CannotJudge(f"judging took more than {MOST_MESSAGES} messages")
        self.in_time()

    def upto(self, until: datetime | None = None) -> None:
        """Let the journal's acts happen that come before a moment (all of them without one), and then be that moment.

        What the learner may not change, or cannot be done, is left out and noted.
        """
        self.internet.state.only = frozenset({self.case.domain})
        while self.pending and (until is None or self.when(self.pending[0]) <= until or self._too_late(self.pending[0])):
            self._again(self.pending.popleft())
            self.in_time()
        if until is not None:
            self._wait(until)

    def when(self, act: Act) -> datetime:
        """The moment of an act in the journal's story: the time that it gives, or that of the act before it; waiting ends later."""
        now = self.moment or self.internet.start
        try:
            moment = max(now, _moment(act["at"])) if "at" in act else now
            return moment + timedelta(seconds=max(0, act.get("seconds", 0))) if act.get("act") in WAITS else moment
        except (TypeError, ValueError, OverflowError):
            return now  # no act at all: it will be left out

    def _too_late(self, act: Act) -> bool:
        return self.when(act) > self.internet.start + LONGEST_STORY

    def _again(self, act: Act) -> None:
        when = self.when(act)
        try:
            if self._too_late(act):
                raise ValueError(f"a lab's story has at most {LONGEST_STORY.days} days")
            if act.get("act") == "serve" or "habit" in act:
                raise ValueError("how a server misbehaves is no part of an answer")
            if act.get("act") not in WAITS:
                self.internet.do({key: value for key, value in act.items() if key not in ("cell", "at")} | self._at(act, when))
            self._wait(when)
            self.moment = when
        except ValueError as error:
            self.skipped.append((act, str(error)))

    def _at(self, act: Act, when: datetime) -> Act:
        """The time of an act as it is done: what is no time is handed on, to be refused."""
        if isinstance(act.get("at"), str) and _readable(act["at"]):
            return {"at": max(when, self.internet.clock.now()).isoformat()}
        return {"at": act["at"]} if "at" in act else {}

    def _wait(self, until: datetime) -> None:
        if until > self.internet.clock.now():
            self.internet.clock.advance(seconds=(until - self.internet.clock.now()).total_seconds())

    def in_time(self) -> None:
        """Raises CannotJudge when the time is up."""
        if time.process_time() > self.until:
            raise CannotJudge(f"judging took more than {LONGEST:g} seconds of work")
        if time.monotonic() > self.patience:
            raise CannotJudge(f"judging took more than {LONGEST_WAIT:g} seconds")

    def do(self, act: Act) -> None:
        """Let something happen that is not the learner's."""
        self.internet.state.only = frozenset()
        self.internet.do(act)


def opened(handed: HandedIn, chance: Random, *, trusted: bool) -> Bench:
    """The Internet of a case as the story begins, with the journal's acts pending; letters are left out, for a judge sends its own.

    `trusted` is False where the journal is somebody else's: then nothing comes from the cache.
    """
    internet = visit(WORLD, at=handed.start, learner=handed.case, cache=trusted)
    return Bench(internet, handed.case, chance, deque(act for act in handed.journal if act.get("act") not in LETTERS))


def _readable(text: str) -> bool:
    try:
        _moment(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def handed_over(internet: Internet) -> dict[str, Any]:
    """An Internet of a lab as JSON data. Raises ValueError for one that is no lab's."""
    mine = internet.learner
    if not isinstance(mine, Case):
        raise ValueError("this Internet belongs to no lab: begin one, for example begin('spf-repair')")
    told = {"lab": mine.lab, "learner": mine.learner, "start": internet.start.isoformat(), "journal": list(internet.journal())}
    data: dict[str, Any] = json.loads(json.dumps(told))
    return data


def taken(data: Any) -> HandedIn:
    """What `handed_over` gave, read as from a stranger. Raises ValueError for what is none."""
    if not isinstance(data, Mapping) or not all(isinstance(data.get(key), str) for key in ("lab", "learner", "start")):
        raise ValueError("what was handed in is not an Internet of a lab")
    journal = data.get("journal")
    try:
        if len(json.dumps(journal)) > LARGEST:
            raise ValueError(f"what was handed in is longer than {LARGEST} characters")
        start = _moment(data["start"]).astimezone(UTC)
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError("what was handed in is not an Internet of a lab") from error
    if not isinstance(journal, list) or len(journal) > LONGEST_JOURNAL or not all(isinstance(act, dict) for act in journal):
        raise ValueError(f"what was handed in holds no journal of at most {LONGEST_JOURNAL} acts")
    return HandedIn(case(data["lab"], data["learner"]), start, tuple(journal))


def from_model(handed: HandedIn, model: Iterable[Act], stage: str) -> HandedIn:
    """The same case with the model's acts up to a stage of the lab, and the learner's own from there on."""
    before = itertools.takewhile(lambda act: not _begins(act, stage), model)
    after = itertools.dropwhile(lambda act: not _begins(act, stage), handed.journal)
    return HandedIn(handed.case, handed.start, (*before, *after))


def _begins(act: Act, stage: str) -> bool:
    return act.get("act") == "stage" and act.get("name") == stage
