"""One domain of a lab whose servers are hostile, looked at as anybody looks: what changes, what it cost, and that it ends.

with besieged(acts.web("valdoria.post", habit="silent")) as siege:
    assert siege.changes == {...}
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import dns.message
import pytest
from watchdog import watchdog

from postlib.acts import Act
from postlib.finding import Finding, Status
from postlib.lab.internet import visit
from postlib.look import check
from postlib.network import Network
from postlib.report import Report
from postlib.wire import Question

AT = datetime(2026, 11, 23, tzinfo=UTC)
VICTIM = "valdoria.post"
SILENCE = 1.0  # seconds that we wait for mail and web servers: some never speak, the others must be able to on a busy machine
MOST_OCTETS = 1_500_000  # that one look may take in, whatever is offered
TIRESOME = {"silent", "closes", "slow", "slow-body", "mute", "half-handshake", "starttls-silent"}  # habits that are waited for


@dataclass(frozen=True)
class Impatient(Network):
    """Waits long for name servers, which are to answer on the busiest machine, and as long as `timeout` says for all others."""

    patient: Network | None = None

    async def ask(self, question: Question, server: str, port: int = 53, *, tcp: bool = False) -> dns.message.Message:
        assert self.patient is not None
        return await self.patient.ask(question, server, port, tcp=tcp)


def impatient(network: Network, seconds: float) -> Impatient:
    """The same Network, which soon gives up on mail and web servers."""
    settings = {field.name: getattr(network, field.name) for field in fields(network)}
    return Impatient(**(settings | {"timeout": seconds}), patient=network)


@dataclass(frozen=True)
class Siege:
    """A look at the victim."""

    report: Report
    octets: int

    @property
    def changes(self) -> dict[str, str]:
        """The statuses that differ from the clean domain's."""
        return {f.check: f.status.value for f in self.report if f.status is not clean()[f.check]}

    def words(self, check: str) -> dict[str, str]:
        """A finding's evidence."""
        return dict(self.report[check].verdict.evidence)


@functools.cache
def clean() -> dict[str, Status]:
    """The statuses of the domain when nobody means it harm."""
    with visit("clean", at=AT) as internet:
        return {finding.check: finding.status for finding in check(VICTIM, internet)}


def besieged(monkeypatch: pytest.MonkeyPatch, habit: str, *todo: Act) -> Siege:
    """Look at the victim after these acts, and count what came in over TCP."""
    clean()
    octets = 0
    feed = asyncio.StreamReader.feed_data

    def counted(reader: asyncio.StreamReader, data: bytes) -> None:
        nonlocal octets
        octets += len(data)
        feed(reader, data)

    monkeypatch.setattr(asyncio.StreamReader, "feed_data", counted)
    with watchdog(), visit("clean", at=AT) as internet:
        for act in todo:
            internet.do(act)
        network = impatient(internet.network, SILENCE) if habit in TIRESOME else internet.network
        return Siege(check(VICTIM, network), octets)


def explained(finding: Finding) -> bool:
    """Whether a finding that is not passed says why, and about whom."""
    evidence = dict(finding.verdict.evidence)
    if finding.status is Status.UNKNOWN:
        return bool(evidence.get("reason") and evidence.get("where"))
    if finding.status is Status.FAIL:
        return bool(evidence.keys() & {"problem", "server", "host", "found"})
    return finding.status is Status.PASS or bool(evidence)
