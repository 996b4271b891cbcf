"""Runs inside a network namespace of its own: generated zones, each with one thing wrong or none, judged by Unbound, by delv and by us.

    unshare -Urn python tests/oracles/verdict_rig.py DIRECTORY ZONES QUESTIONS DELV SEED

So many zones, so many questions for each, and so many of these for delv too. Prints JSON: for each question the zone, what was done to
it, and the verdicts.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rcode

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

import mutations  # noqa: E402
from dnssec_rig import asked_of_delv, prepare  # noqa: E402
from drawn_questions import drawn  # noqa: E402
from generated_zones import SERVER, SIGNED, Maker, children, signing  # noqa: E402
from rooted import Rooted, Tamper, put  # noqa: E402
from slips import SLIPS  # noqa: E402
from unbound_rig import mine, records, theirs, unbound  # noqa: E402

from postlib.lab.dns.answer import respond  # noqa: E402
from postlib.lab.dns.zone import WILDCARD, RdataType, Zone  # noqa: E402
from postlib.resolver import Resolver  # noqa: E402

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PARENTS: dict[str, dict[str, Any]] = {"gen.": {}, "gen3.": {"denial": "nsec3"}, "genopt.": {"denial": "nsec3", "opt_out": True}}
PLAIN = "plain"  # below each parent, a zone that is not signed and has nothing wrong
AT_ONCE = 6
# No answer is made from the proofs of another; and nothing is asked again because it was bogus.
EACH_BY_ITSELF = "  aggressive-nsec: no\n  neg-cache-size: 0\n  val-max-restart: 0\n"


Wrong = dict[dns.name.Name, Tamper]
"""By zone, how its parent's replies about it are changed."""


@dataclass(frozen=True)
class Scene:
    """A zone, what was done to it, and its child zones."""

    zone: Zone
    mutation: str
    children: tuple[Zone, ...]
    everywhere: dict[dns.name.Name, Zone]  # all zones of all scenes, and their parents


async def main(directory: Path, count: int, questions: int, sample: int, seed: str) -> None:
    """Everything, once."""
    rooted, scenes = staged(count, seed)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # the only interface here: nothing can leave
    for address in rooted.machines:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    async with (
        rooted.on_their_addresses(),
        rooted.on_one_port() as server,
        rooted.served(timeout=5.0) as network,
        unbound(network, directory, EACH_BY_ITSELF) as port,
    ):
        ours, places = Resolver(network), asyncio.Semaphore(AT_ONCE)

        async def judged(scene: Scene) -> list[dict[str, Any]]:
            asked = drawn([scene.zone, *scene.children], questions, f"{seed} {scene.zone.origin}")
            async with places:
                return [await case(scene, question.name.to_text(), question.rrtype, ours, port) for question in asked]

        async def asked_again(told: dict[str, Any]) -> None:
            async with places:
                told["delv"] = await asked_of_delv(told["name"], told["type"], directory, server)

        cases = [case for told in await asyncio.gather(*map(judged, scenes)) for case in told]
        prepare(rooted, directory, port)
        await asyncio.gather(*map(asked_again, random.Random(seed).sample(cases, min(sample, len(cases)))))
    print(json.dumps(cases))


async def case(scene: Scene, name: str, rrtype: str, ours: Resolver, port: int) -> dict[str, Any]:
    """One question, asked of both."""
    said = {"unbound": await theirs(name, rrtype, port), "ours": await mine(ours, name, rrtype)}
    how = scene.zone.signing
    denial = "unsigned" if how is None else f"{how.denial}{' opt-out' if how.opt_out else ''}"
    asked = {
        "name": name,
        "type": rrtype,
        "honest": honest(scene, name, rrtype),
        "facts": facts(scene, dns.name.from_text(name), said["ours"]["answer"]),
    }
    return {"zone": scene.zone.origin.to_text(), "mutation": scene.mutation, "denial": denial, **asked, **said}


def honest(scene: Scene, name: str, rrtype: str) -> dict[str, Any]:
    """What the zones themselves say, before anything is done to the replies."""
    question = dns.message.make_query(name, rrtype).to_wire()
    reply = respond(scene.everywhere, question, udp=False)
    assert reply is not None
    said = dns.message.from_wire(reply)
    return {"rcode": dns.rcode.to_text(said.rcode()), "answer": records(said.answer)}


def facts(scene: Scene, name: dns.name.Name, answer: list[str]) -> list[str]:
    """What is odd about the names on the way from the question to its answer."""
    found = ["in-child"] if any(name.is_subdomain(child.origin) for child in scene.children) else []
    for on_the_way in (name, *(dns.name.from_text(line.split()[-1]) for line in answer if line.split()[1] == "cname")):
        zones = [zone for zone in (scene.zone, *scene.children) if on_the_way.is_subdomain(zone.origin)]
        if not zones:
            continue
        zone = max(zones, key=lambda zone: len(zone.origin))
        wildcard = WILDCARD.concatenate(zone.closest_encloser(on_the_way))
        if not zone.exists(on_the_way) and zone.exists(wildcard) and not zone.types(wildcard):
            found.append("empty-wildcard")
        if on_the_way.is_wild() and not zone.exists(on_the_way) and zone.exists(wildcard):
            found.append("asterisk-from-wildcard")
        if any(
            RdataType.CNAME in zone.nodes.get(above, ()) for zone in zones for above in zone.ancestors(on_the_way) if above != on_the_way
        ):
            found.append("below-alias")
        if any(zone.get(above, RdataType.DNAME) for above in (zone.origin, *zone.ancestors(on_the_way)) if above != on_the_way):
            found.append("below-dname")
    return found


def staged(count: int, seed: str) -> tuple[Rooted, list[Scene]]:
    """A root, three parents, and `count` zones below them."""
    rooted = Rooted(TODAY)
    above = [rooted.zone(name, f"192.0.2.{2 + at}", **how) for at, (name, how) in enumerate(PARENTS.items())]
    for parent in above:
        rooted.zone(f"{PLAIN}.{parent.origin}", SERVER, signed=False)
    wrong: Wrong = {}
    scenes = [scene(rooted, above[number % len(above)], number, seed, wrong) for number in range(count)]
    for parent in above:
        rooted.tamper[parent.origin.to_text()] = at_parent(parent, wrong)
    return rooted, scenes


def at_parent(parent: Zone, wrong: Wrong) -> Tamper:
    """What the parent's server says of each zone below it, changed where that zone's mutation is there."""

    def tamper(reply: dns.message.Message) -> dns.message.Message | bytes | None:
        name = reply.question[0].name
        depth = len(parent.origin) + 1
        change = wrong.get(name.split(depth)[1]) if len(name) >= depth else None
        return change(reply) if change else reply

    return tamper


def scene(rooted: Rooted, parent: Zone, number: int, seed: str, wrong: Wrong) -> Scene:
    """One zone in its place, with one thing wrong or none: the mutations in turn, but every fourth zone is honest."""
    origin = dns.name.from_text(f"m{number}", parent.origin)
    chance = random.Random(f"{seed} {origin} mutation")
    zone = Maker(origin, seed).whole(TODAY, None)
    below = tuple(children(zone, seed, TODAY, lame=False))
    how = chance.choice(SIGNED)
    ds: tuple[str, ...] = ()
    mutation = "honest"
    if how is not None:
        zone.signing = signing(origin, seed, TODAY, **how)
        ds = zone.signing.ds()
    if how is not None and number % 4:
        mutation, ds = mutated(rooted, zone, parent, chance, wrong)
    elif number % 2:
        mutation, wrong[origin] = chance.choice(list(mutations.parents(parent, _plain(parent))))
    for made in (zone, *below):
        rooted.zones[made.origin] = made
        rooted.machines[SERVER].put(made)
    rooted.delegate(parent, origin, {f"ns1.{origin}": SERVER})
    if ds:
        put(parent, origin.to_text(), "DS", *ds)
    return Scene(zone, mutation, below, rooted.zones)


def mutated(rooted: Rooted, zone: Zone, parent: Zone, chance: random.Random, wrong: Wrong) -> tuple[str, tuple[str, ...]]:
    """Do one thing to a signed zone, its replies, or its parent's. Returns the word for it, and the DS texts."""
    assert zone.signing is not None
    ways = [*SLIPS, *_ways(zone, chance), *(word for word, _ in mutations.parents(parent, _plain(parent)))]
    mutation, ds = chance.choice(ways), zone.signing.ds()
    if mutation in SLIPS:
        zone.signing, ds = SLIPS[mutation](zone.signing)
    elif mutation.startswith("parent-"):
        wrong[zone.origin] = dict(mutations.parents(parent, _plain(parent)))[mutation]
    else:
        rooted.tamper[zone.origin.to_text()] = but_for_keys(zone, dict(mutations.replies(zone, chance))[mutation])
    return mutation, ds


def _ways(zone: Zone, chance: random.Random) -> Iterator[str]:
    return (word for word, _ in mutations.replies(zone, chance))


def _plain(parent: Zone) -> dns.name.Name:
    return dns.name.from_text(PLAIN, parent.origin)


def but_for_keys(zone: Zone, change: Tamper) -> Tamper:
    """Leave the DNSKEY set as it is: else nothing more would be learnt of the zone."""

    def tamper(reply: dns.message.Message) -> dns.message.Message | bytes | None:
        (question,) = reply.question
        return reply if question.rdtype == RdataType.DNSKEY and question.name == zone.origin else change(reply)

    return tamper


if __name__ == "__main__":
    _, folder, zones, each, shown, chosen = sys.argv
    asyncio.run(main(Path(folder), int(zones), int(each), int(shown), chosen))
