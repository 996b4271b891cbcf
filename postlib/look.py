"""Looking at domains: one (`check`) or many (`scan`), by all probes, on any Internet."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import dns.exception
import dns.name
import idna

from postlib import background, cluster
from postlib.finding import Finding, Status
from postlib.lab import worlds
from postlib.network import Network, Unreachable
from postlib.policies import DEFAULT, Profile, profile
from postlib.probe import Check, Observation, Probe, run, wanted
from postlib.probes import PROBES
from postlib.report import Report
from postlib.unhurried import unhurried
from postlib.vantage import OutOfSight, Vantage, opened, vantage

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")  # RFC 1123, section 2.1, and the underscore of names such as _dmarc (RFC 8552)
EXISTS = "delegation.exists"
AT_ONCE = 20  # domains looked at together in a scan


class HasNetwork(Protocol):
    """An Internet: something that has a Network."""

    @property
    def network(self) -> Network:
        """The Network to look through."""
        ...


Where = Network | HasNetwork | None
Seen = tuple[str, tuple[Finding, ...], datetime]
"""What a worker sends back: a report without its profile, which is known here."""
Edition = str | Path | Profile
Handfuls = AsyncGenerator[list[Report], None]
Plan = list[tuple[Probe[Any], list[Check[Any]]]]


def check(subject: str, internet: Where = None, *, profile: Edition = DEFAULT) -> Report:
    """Look at one domain with every probe. Without an Internet it is looked at on the real one.

    Raises ValueError for what is no domain name, for a name that exists only in a lab, and for what is no profile.
    """
    return background.run(acheck(subject, internet, profile=profile))


async def acheck(subject: str, internet: Where = None, *, profile: Edition = DEFAULT) -> Report:
    """As `check`, for those who await."""
    network, edition = _network(internet), _edition(profile)
    observation = Observation(network, quick=edition.quick, selectors=edition.selectors)
    return await _look(domain_name(subject, network), observation, edition, _plan(edition))


def scan(
    subjects: Iterable[str], internet: Where | Vantage = None, *, profile: Edition = DEFAULT, at_once: int = AT_ONCE, scheduler: str = ""
) -> Iterator[Report]:
    """Look at many domains, and give each report as soon as it is there: not in the order of `subjects`.

    `at_once` domains are looked at together. With the address of a Dask `scheduler` its workers do the looking, each thread at that many.
    Raises ValueError, and postlib.cluster.ClusterFailed where the cluster cannot do it.
    """
    handfuls = _looked(list(subjects), internet, profile, at_once, scheduler)
    try:
        while (handful := background.call(partial(_next, handfuls))) is not None:
            yield from handful
    finally:  # who stops early stops the looking too
        background.call(handfuls.aclose)


async def _next(handfuls: Handfuls) -> list[Report] | None:
    return await anext(handfuls, None)


async def ascan(
    subjects: Iterable[str], internet: Where | Vantage = None, *, profile: Edition = DEFAULT, at_once: int = AT_ONCE, scheduler: str = ""
) -> AsyncGenerator[Report, None]:
    """As `scan`, for those who await. Domains of one scan share one cache of answers; on a cluster, those of one batch."""
    async with aclosing(_looked(subjects, internet, profile, at_once, scheduler)) as handfuls:
        async for handful in handfuls:
            for report in handful:
                yield report


def _looked(subjects: Iterable[str], internet: Where | Vantage, profile: Edition, at_once: int, scheduler: str) -> Handfuls:
    """The reports as they are done: each time those that are there, so that nobody waits for more than one."""
    if scheduler:
        return _look_afar(subjects, internet, _edition(profile), at_once, scheduler)
    if isinstance(internet, Vantage):
        raise ValueError("a vantage is for a scan on a cluster; here, give a Network or an Internet")
    return _look_here(subjects, internet, profile, at_once)


async def _look_here(subjects: Iterable[str], internet: Where, profile: Edition, at_once: int) -> Handfuls:
    _sensible(at_once)
    network, edition = _network(internet), _edition(profile)
    observation = Observation(network, quick=edition.quick, selectors=edition.selectors)
    plan = _plan(edition)
    waiting = iter(dict.fromkeys(domain_name(subject, network) for subject in subjects))
    running: set[asyncio.Task[Report]] = set()
    done: asyncio.Queue[asyncio.Task[Report]] = asyncio.Queue()
    with unhurried():
        try:
            while True:
                while len(running) < at_once and (domain := next(waiting, None)) is not None:
                    task = asyncio.get_running_loop().create_task(_look(domain, observation, edition, plan))
                    task.add_done_callback(done.put_nowait)
                    running.add(task)
                if not running:
                    return
                finished = [await done.get()]
                while not done.empty():
                    finished.append(done.get_nowait())
                running.difference_update(finished)
                if good := [task.result() for task in finished if task.exception() is None]:
                    yield good
                for task in finished:
                    task.result()  # a fault of ours ends the scan, after what is done has been given
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _sensible(at_once: int) -> None:
    if at_once < 1:
        raise ValueError(f"a scan looks at one domain at once at the least, not at {at_once}")


async def _look_afar(
    subjects: Iterable[str], internet: Where | Vantage, edition: Profile, at_once: int, scheduler: str
) -> Handfuls:
    """The same looking, by the workers of a cluster."""
    _sensible(at_once)
    seen = vantage(Network() if internet is None else internet)
    domains = dict.fromkeys(domain_name(subject, seen) for subject in subjects)
    work = partial(look_from, seen=seen, edition=edition, at_once=at_once)
    async with aclosing(cluster.spread(work, domains, scheduler)) as results:
        async for subject, findings, as_of in results:
            yield [Report(subject, findings, as_of, edition)]


def look_from(domains: tuple[str, ...], seen: Vantage, edition: Profile, at_once: int) -> list[Seen]:
    """What a worker does: a scan of its own, in this thread and the background loop. Raises ClusterFailed if it cannot see the Internet."""
    try:
        with opened(seen) as network:
            reports = scan(domains, network, profile=edition, at_once=at_once)
            return [(report.subject, report.findings, report.as_of) for report in reports]
    except OutOfSight as error:
        raise cluster.ClusterFailed(f"{cluster.this_worker()} cannot look: {error}") from error


async def _look(domain: str, observation: Observation, edition: Profile, plan: Plan) -> Report:
    probing: list[asyncio.Future[list[Finding]]] = []
    try:
        if observation.quick:
            await observation.look(domain, (probe for probe, _ in plan))
            found = [await run(probe, observation, domain, edition, checks) for probe, checks in plan]
        else:
            probing.extend(asyncio.ensure_future(run(probe, observation, domain, edition, checks)) for probe, checks in plan)
            found = await asyncio.gather(*probing)
    except Exception as error:  # our own: the network's silence never comes this far
        error.add_note(f"while looking at {domain}")
        raise
    finally:  # where one probe fails, the others are not left behind
        for task in probing:
            task.cancel()
        observation.forget(domain)
    by_check: dict[str, Finding] = {finding.check: finding for findings in found for finding in findings}
    if EXISTS in by_check and by_check[EXISTS].status is Status.FAIL:
        by_check = {name: finding if name == EXISTS else _without_a_name(finding) for name, finding in by_check.items()}
    ordered = [name for policy in edition.policies for name in policy.checks if name in by_check]
    return Report(domain, tuple(by_check[name] for name in ordered), observation.network.clock.now(), edition)


def _plan(edition: Profile) -> Plan:
    """The probes that have something to say under a profile, and the checks that they make."""
    return [(probe, checks) for probe in PROBES if (checks := wanted(probe, edition))]


def _without_a_name(finding: Finding) -> Finding:
    """No rule speaks of a name that does not exist, but the one that says so."""
    nothing = replace(finding.verdict, status=Status.NOT_APPLICABLE, evidence=(("found", "no-such-name"),), advice="", answer="")
    return replace(finding, verdict=nothing, remedy=None)


def domain_name(subject: str, network: Network | Vantage) -> str:
    """The subject as a domain name in A-labels, without its last dot. Raises ValueError for what is none."""
    text = subject.strip().rstrip(".").lower()
    try:
        ascii_text = text if text.isascii() else idna.encode(text, uts46=True).decode()
        name = dns.name.from_text(ascii_text)
    except (dns.exception.DNSException, idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"{subject!r} is not a domain name: {error}") from error
    if name == dns.name.root or not all(LABEL.fullmatch(label) for label in ascii_text.split(".")):
        raise ValueError(f"{subject!r} is not a domain name; give one like auroria.post")
    world = "" if network.lab else worlds.home(ascii_text)
    if world:
        raise ValueError(f"{subject} exists only in a lab: add --world {world}, or in Python check({subject!r}, visit({world!r}))")
    return ascii_text


def _network(internet: Where) -> Network:
    """What is looked through. Raises ValueError for an Internet of the lab that is closed: nothing could be seen of it."""
    network = Network() if internet is None else internet if isinstance(internet, Network) else internet.network
    if network.route is not None and network.root_hints:
        try:
            network.route(network.root_hints[0][1][0], 53, "udp")
        except Unreachable as error:
            if error.reason == "closed":
                raise ValueError("this Internet is closed; visit() starts another") from error
    return network


_edition = profile
