"""The judge of spf-repair: every service of the operator sends, and beside each of them somebody else tries the same door.

A service counts when SPF passes for it, at both mailbox providers, and does not for its neighbour: a record that lets everybody pass
is worth nothing, and so is one that lets nobody pass. Then the firms move to other machines, as firms do, without telling anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from postlib import acts, background
from postlib.acts import Act
from postlib.course.bench import Bench, HandedIn
from postlib.course.outcome import Note, Outcome
from postlib.lab.senders import MACHINES, POOLS
from postlib.protocols import spf
from postlib.resolver import Resolver

LESSON = "dmarc/02"
CLARA, OMAR = "@inbox.example", "@oldmail.example"
OUTSIDE = ("mx1.parcel-desk.example", "www.parcel-desk.example", "mx1.auroria-parcels.example", "www.auroria-parcels.example")
HONEST, STOPPED = ("pass",), ("fail", "softfail")  # SPF results (RFC 7208, section 2.6)
SERVICE, MOVE = 2, 1  # points
LETTERS = 1  # of each service, at each provider
READERS = ("clara", "omar", "ana", "bo", "chidi", "dora", "eva", "femi")
SUBJECTS = ("Your parcel", "Your statement", "A reminder", "Opening hours", "Your question", "New stamps")


@dataclass(frozen=True)
class Service:
    """One service: the machine that sends for it, and the machines from which somebody else forges."""

    name: str
    machine: str
    forgers: tuple[str, ...]


def play(bench: Callable[[HandedIn], Bench], handed: HandedIn, model: tuple[Act, ...]) -> tuple[list[Outcome], list[Note]]:
    """All outcomes of the lab, in order. Nothing here builds on an earlier question, so there is no model to judge from."""
    del model
    stage = bench(handed)
    stage.upto()
    notes = [*_broken(stage), *_open(stage)]
    outcomes = [_outcome(stage, "services", "service", SERVICE, service) for service in services(stage)]
    for service, moving in moves(stage):
        stage.do(moving)
        outcomes.append(_outcome(stage, "moves", "move", MOVE, service))
    if any(name == "judge-spf-open" for name, _ in notes):  # a record that lets the whole world pass protects no service
        outcomes = [replace(outcome, right=False) for outcome in outcomes]
    return outcomes, notes


def _broken(bench: Bench) -> list[Note]:
    """Why the SPF record is an error for everybody, if it is: the reason that a stranger's letter was given."""
    author = f"stranger@{bench.case.domain}"
    sent = bench.letter(author, "clara" + CLARA, "A question", via=OUTSIDE[0], envelope=author, signed_by="")
    found = sent.kept.judgement.spf if sent.kept is not None else None
    if found is None or found.result.value not in ("permerror", "temperror"):
        return []
    return [("judge-spf-error", {"domain": bench.case.domain, "result": found.result.value, "step": found.reason, "value": found.value})]


def _open(bench: Bench) -> list[Note]:
    """An address far from all of the lab's, of some drawn from the whole space, that the SPF record lets pass."""
    chance, author = bench.chance, f"stranger@{bench.case.domain}"
    strangers = [f"{first + chance.randrange(16)}.{'.'.join(str(chance.randrange(256)) for _ in range(3))}" for first in range(0, 224, 16)]
    strangers += [f"{first + chance.randrange(0x1000):x}::{chance.randrange(1, 0xFFFF):x}" for first in range(0x1000, 0xF000, 0x2000)]
    for address in strangers:
        found = background.run(spf.check_mail_from(Resolver(bench.internet.network), address, author, f"mx1.{bench.case.domain}"))
        if found.result.value == "pass":
            return [("judge-spf-open", {"domain": bench.case.domain, "address": address})]
    return []


def services(bench: Bench) -> list[Service]:
    """The services of the operator, each with its neighbours; who forges from outside is the mail's chance."""
    names, chance = bench.case.names, bench.chance
    outside = chance.sample(OUTSIDE, 3)
    pools = [f"pool{n}.{names['platform']}" for n in range(1, POOLS + 1) if f"pool{n}.{names['platform']}" != names["sends-notices"]]
    rented = [f"rented{n}.{names['renter']}" for n in range(1, MACHINES + 1) if f"rented{n}.{names['renter']}" != names["sends-scans"]]
    return [
        Service("staff", f"mx1.{names['domain']}", (outside[0],)),
        Service("shop", f"www.{names['domain']}", (outside[1],)),
        Service("scans", names["sends-scans"], tuple(rented)),
        Service("notices", names["sends-notices"], tuple(pools)),
        Service("printed", f"out1.{names['listed']}", (f"out1.{names['ended']}",)),
        Service("reminders", f"out1.{names['forgotten']}", (outside[2],)),
    ]


def moves(bench: Bench) -> list[tuple[Service, Act]]:
    """The firms' moves after hand-in: to which machine, and what the firm changes in its own DNS. The old machine is then another's."""
    names, spare = bench.case.names, bench.chance.choice((5, 6))
    found = []
    for name, firm in (("printed", names["listed"]), ("reminders", names["forgotten"])):
        service = Service(name, f"out{spare}.{firm}", (f"out1.{firm}",))
        found.append((service, acts.publish(f"out.{firm}", "A", _address(bench, service.machine))))
    pool = Service("notices", f"pool{spare}.{names['platform']}", (names["sends-notices"],))
    found.append((pool, acts.publish(names["pool"], "TXT", f'"v=spf1 ip4:{_address(bench, pool.machine)} -all"')))
    return found


def _address(bench: Bench, machine: str) -> str:
    return bench.internet.state.machines[machine].addresses[0]


def _outcome(bench: Bench, part: str, kind: str, points: int, service: Service) -> Outcome:
    """Let the service and its neighbours send the same letters; the first unwelcome SPF result is the one that is told.

    A forger says the HELO of the machine that he poses as: he may say what he likes.
    """
    honest = _unwelcome(_results(bench, service.machine, service.machine), HONEST)
    tried = [(forger, _unwelcome(_results(bench, forger, service.machine), STOPPED)) for forger in service.forgers]
    forger, forged = next(((forger, result) for forger, result in tried if result not in STOPPED), tried[0])
    values = {
        "service": service.name, "machine": service.machine, "address": _address(bench, service.machine), "forger": forger,
        "forger-address": _address(bench, forger), "honest": honest, "forged": forged, "domain": bench.case.domain,
        "forgers": str(len(tried)),
    }  # fmt: skip
    return Outcome(part, kind, honest in HONEST and forged in STOPPED, points, LESSON, values)


def _unwelcome(results: list[str], welcome: tuple[str, ...]) -> str:
    return next((result for result in results if result not in welcome), results[0])


def _results(bench: Bench, machine: str, helo: str) -> list[str]:
    """The SPF results of letters in the operator's name from one machine, as the two providers found them."""
    found = []
    author = f"{bench.chance.choice(SUBJECTS).split()[-1].lower()}@{bench.case.domain}"
    for provider in (CLARA, OMAR):
        for reader in bench.chance.sample(READERS, LETTERS):
            how = {"via": machine, "envelope": author, "helo": helo, "signed_by": ""}
            sent = bench.letter(author, reader + provider, bench.chance.choice(SUBJECTS), **how)
            found.append(sent.kept.judgement.spf.result.value if sent.kept is not None else sent.outcome)
    return found
