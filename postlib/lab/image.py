"""An Internet as octets and back: what `State` holds before anybody's acts. A zone's records are unpacked when first looked at."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import dns.name
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from postlib.clock import LabClock
from postlib.lab.dns.signing import Signing
from postlib.lab.dns.zone import Node, Zone
from postlib.lab.keys import Keys, ec_key, ed25519_key, rsa_key
from postlib.lab.state import Machine, State

Contents = tuple[dict[dns.name.Name, Node], Signing | None]


class _Pickler(pickle.Pickler):
    """Pickles private keys too, as the numbers or octets they are made of."""

    def reducer_override(self, value: Any) -> tuple[Callable[..., Any], tuple[Any, ...]] | Any:
        if isinstance(value, ec.EllipticCurvePrivateKey):
            return ec_key, (value.private_numbers().private_value,)
        if isinstance(value, ed25519.Ed25519PrivateKey):
            return ed25519_key, (value.private_bytes_raw(),)
        if isinstance(value, rsa.RSAPrivateKey):
            numbers = value.private_numbers()
            return rsa_key, (numbers.p, numbers.q)
        return NotImplemented


def dump(state: State) -> bytes:
    """A newly built Internet as octets. Raises ValueError for one that has been used: its clock has moved, or a domain was reset."""
    if state.clock.now() != state.at or state.first is not None or state.only:
        raise ValueError("only an Internet as it was built can be kept")
    zones = [(name.to_text(), _packed((zone.nodes, zone.signing))) for name, zone in state.zones.items()]
    machines = [_machine(machine) for machine in state.machines.values()]
    return _packed((state.world, state.seed, state.at, state.root_pem, zones, machines, dict(state.mail), dict(state.sites)))


def load(octets: bytes) -> State:
    """The Internet that `dump` made those octets of. They must come from `dump`: a pickle is a program."""
    world, seed, at, root_pem, zones, machines, mail, sites = pickle.loads(octets)
    state = State(world, seed, at, LabClock(at), Keys(seed))
    state.root_pem = root_pem
    for origin, contents in zones:
        state.zone(origin).sleep(partial(_contents, contents))
    for (name, addresses, owner), services, held, habit, changes in machines:
        shelf = state.machine(name, addresses, owner, **services).shelf
        for origin in held:
            shelf.put(state.zones[dns.name.from_text(origin)])
        shelf.behave(habit, changes)
    state.mail |= mail
    state.sites |= sites
    return state


def _machine(machine: Machine) -> tuple[Any, ...]:
    services = {"smtp": machine.smtp, "web": machine.web, "resolver": machine.resolver, "guests": machine.guests}
    held = [_origin(zone) for zone in machine.shelf.zones.values()]
    return (machine.name, machine.addresses, machine.owner), services, held, machine.shelf.habit, machine.shelf.changes


def _origin(zone: Zone) -> str:
    return zone.origin.to_text()


def _packed(value: Any) -> bytes:
    packed = io.BytesIO()
    _Pickler(packed, pickle.HIGHEST_PROTOCOL).dump(value)
    return packed.getvalue()


def _contents(octets: bytes) -> Contents:
    contents: Contents = pickle.loads(octets)
    return contents
