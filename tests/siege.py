"""A lab in which somebody means harm, looked at as a user would, with an end to it whatever happens.

    with besieged(acts.serve("ns1.valdoria.post", habit="garbage")) as internet:
        seen = looked(internet, VICTIM, NEIGHBOUR, silent=servers(internet))

`silent` are the addresses that are waited for only a moment: they are meant to say nothing. All others have as long as ever.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import dns.message
from watchdog import watchdog

from postlib import acts, background, words
from postlib.finding import Status
from postlib.lab.internet import Internet, visit
from postlib.look import ascan
from postlib.network import Network, Transport
from postlib.report import Report
from postlib.resolver.allowance import QUESTIONS
from postlib.wire import Question

AT = datetime(2026, 11, 23, tzinfo=UTC)
VICTIM, NEIGHBOUR = "valdoria.post", "oldmail.example"
A_MOMENT = 0.1  # seconds

UNSIGNED = (acts.registry(VICTIM, ds=[]), acts.sign(VICTIM, signed=False))
"""The victim without DNSSEC: what it then says needs no signature to be believed."""

Statuses = dict[str, Status]


@dataclass(frozen=True)
class Impatient(Network):
    """A Network that waits only A_MOMENT for some servers."""

    silent: frozenset[str] = frozenset()

    async def ask(self, question: Question, server: str, port: int = 53, *, tcp: bool = False) -> dns.message.Message:
        hasty = replace(self, timeout=A_MOMENT, silent=frozenset()) if server in self.silent else super()
        return await hasty.ask(question, server, port, tcp=tcp)


@dataclass(frozen=True)
class Seen:
    """The reports by domain, and how many questions were sent to name servers for them."""

    reports: dict[str, Report]
    questions: int

    def passes(self, domain: str = VICTIM) -> set[str]:
        """The checks that passed."""
        return {finding.check for finding in self.reports[domain] if finding.status is Status.PASS}


@contextlib.contextmanager
def besieged(*done: dict[str, Any]) -> Iterator[Internet]:
    """The clean world after these acts."""
    with visit("clean", at=AT) as internet:
        for act in done:
            internet.do(act)
        yield internet


def servers(internet: Internet, *names: str) -> frozenset[str]:
    """The addresses of the victim's name servers, or of those machines."""
    machines = [internet.state.machines[name] for name in names or (f"ns1.{VICTIM}", f"ns2.{VICTIM}")]
    return frozenset(address for machine in machines for address in machine.addresses)


def looked(internet: Internet, *domains: str, silent: frozenset[str] = frozenset()) -> Seen:
    """The domains looked at in one scan. Fails where that does not end."""
    known, asked = internet.network, []

    def route(address: str, port: int, transport: Transport) -> tuple[str, int]:
        asked.extend([address] if port == 53 and transport == "udp" else [])  # by TCP the same question is put again
        assert known.route is not None
        return known.route(address, port, transport)

    settings = {field.name: getattr(known, field.name) for field in fields(Network)} | {"route": route}

    async def scanned() -> dict[str, Report]:
        return {report.subject: report async for report in ascan(domains, Impatient(**settings, silent=silent))}

    with watchdog():
        return Seen(background.run(scanned()), len(asked))


def statuses(report: Report) -> Statuses:
    """What each check came to."""
    return {finding.check: finding.status for finding in report}


@functools.cache
def calm() -> dict[str, Statuses]:
    """The same domains before anything happened: what is true of them."""
    with visit("clean", at=AT) as internet:
        return {domain: statuses(report) for domain, report in looked(internet, VICTIM, NEIGHBOUR).reports.items()}


def endured(seen: Seen, victim: str = VICTIM) -> None:
    """What holds of every attack: it costs no more than is granted, whatever is unknown says why and where, nobody else is harmed."""
    assert seen.questions <= len(seen.reports) * QUESTIONS
    for finding in seen.reports[victim].unknown:
        evidence = dict(finding.verdict.evidence)
        assert words.word(evidence["reason"], finding.check) != evidence["reason"], f"no words for {evidence['reason']}"
        assert evidence["where"]
    if NEIGHBOUR in seen.reports:
        assert statuses(seen.reports[NEIGHBOUR]) == calm()[NEIGHBOUR]
