"""Building an Internet from a world, a seed and a time: pure, the same bytes every time, no socket and no thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import resources
from itertools import chain

import dns.name
import dns.rdatatype
import dns.reversename

from postlib.acts import Act
from postlib.clock import LabClock
from postlib.lab import worlds
from postlib.lab.addresses import FIRST_BLOCK, LAST_BLOCK, Block
from postlib.lab.built import begun
from postlib.lab.garden import Garden
from postlib.lab.guests import Guests
from postlib.lab.hosted import hosted
from postlib.lab.keys import Keys
from postlib.lab.parties import PARTIES
from postlib.lab.replay import replay
from postlib.lab.state import State
from postlib.lab.worlds import Entry, World

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2080, 1, 1, tzinfo=UTC)  # signatures carry 32-bit times, until 2106 (RFC 4034, section 3.1.5); a lab may go on for years
RdataType = dns.rdatatype.RdataType


def build(
    world: str, seed: str, at: datetime, acts: Iterable[Act] = (), only: Iterable[str] = (), guests: Guests | None = None
) -> State:
    """The Internet of a world as it is at `at`, after the world's faults, with `guests`, and after `acts`.

    `only` are the domains that these may change. Raises ValueError.
    """
    return begun(founded(world, seed, at), acts, only, guests)


def founded(world: str, seed: str, at: datetime) -> State:
    """The Internet of a world as its story begins, before anybody's acts. Raises ValueError."""
    told = worlds.load(world)
    clock = LabClock(at)
    if not EARLIEST <= clock.now() <= LATEST:
        raise ValueError(f"a lab starts between {EARLIEST:%Y} and {LATEST:%Y}, not in {at.year}")
    state = State(world, seed, clock.now(), clock, Keys(seed))
    _infrastructure(state)
    for entry, block in _blocks(told):
        PARTIES[entry.kind](state, entry, block)
    for entry in told.entries:
        if entry.kind == "hosted":
            hosted(state, entry)
    generated = [entry for entry in told.entries if entry.kind == "generated"]
    if generated:
        Garden(state, generated)
    reverse(state)
    replay(state, chain.from_iterable(_faults(entry) for entry in told.entries if entry.kind != "generated"))
    return state


def _faults(entry: Entry) -> Iterator[Act]:
    for name in entry.faults:
        if name not in worlds.faults():
            raise ValueError(f"{entry.domain}: there is no fault {name!r}")
        yield from worlds.faults()[name].on(entry.domain)


def _blocks(world: World) -> Iterator[tuple[Entry, Block]]:
    """Each party's place in the address plan, in the world's order."""
    following = dict(FIRST_BLOCK)
    for entry in (entry for entry in world.entries if entry.kind not in ("hosted", "generated")):
        part = {"operator": "operator", "learner": "learner", "phisher": "attacker"}.get(entry.kind, "provider")
        if following[part] > LAST_BLOCK[part]:
            raise ValueError(f"{world.name}: the address plan has no block left for {entry.domain}")
        yield entry, Block(following[part])
        following[part] += 1


def _infrastructure(state: State) -> None:
    """The root, the top-level domains, the reverse zones and the recursive resolver, from templates/infrastructure.yaml."""
    plan = worlds.read_yaml(resources.files("postlib.lab").joinpath("templates", "infrastructure.yaml").read_text(encoding="utf-8"))
    holders: dict[str, str] = {}
    for name, what in plan["machines"].items():
        state.machine(name, Block(0).host(what["place"]), "nic.test", resolver=what.get("resolver", False))
        holders |= {zone: name for zone in what.get("holds", ())}
    for origin in plan["zones"]:
        host, zone = holders[origin], state.zone(origin, holders[origin])
        zone.put(zone.origin, RdataType.SOA, [f"{host}. hostmaster.nic.test. {state.at:%Y%m%d}01 7200 3600 1209600 600"])
        zone.put(zone.origin, RdataType.NS, [f"{host}."])
    for name in plan["machines"]:
        owner = dns.name.from_text(name)
        state.glue(state.zone_of(owner), owner, state.machines[name].addresses)
    for origin, signing in sorted(plan["zones"].items(), key=lambda item: -len(dns.name.from_text(item[0]).labels)):
        zone = state.zones[dns.name.from_text(origin)]
        state.sign(zone, **signing)
        if origin != ".":
            state.delegate(zone, {holders[origin]: state.machines[holders[origin]].addresses})
    for name, rrtype, value in plan["records"]:
        owner = dns.name.from_text(name)
        state.zone_of(owner).put(owner, dns.rdatatype.from_text(rrtype), [value])


def reverse(state: State, owner: str = "") -> None:
    """A PTR record for every machine, or for those of one domain."""
    for machine in (machine for machine in state.machines.values() if owner in ("", machine.owner)):
        for address in machine.addresses:
            name = dns.reversename.from_address(address)
            state.zone_of(name).put(name, RdataType.PTR, [f"{machine.name}."])
