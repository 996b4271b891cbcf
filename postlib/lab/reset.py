"""Starting one domain again, as it was when the world was built; the rest of the Internet stays as it is."""

from __future__ import annotations

from functools import partial

import dns.name

from postlib.lab.dns.zone import Zone
from postlib.lab.state import State


def start_again(state: State, fresh: State, origin: dns.name.Name) -> None:
    """Give `origin` its zone, delegation, servers, mail and web from `fresh`, a newly built Internet of the same world."""
    domain = origin.to_text(omit_final_dot=True)
    zone, first = state.zones[origin], fresh.zones[origin]
    zone.become(dict(first.nodes), first.signing and first.signing.at(state.clock.now()))
    _delegation(state.parent_of(origin), fresh.parent_of(origin), origin)
    for machine in state.machines.values():
        before = fresh.machines[machine.name].shelf
        if machine.owner == domain:
            state.history.note(partial(machine.shelf.behave, machine.shelf.habit, machine.shelf.changes))
            machine.shelf.behave(before.habit, machine.shelf.changes + bool(before.changes))
            for name in [name for name in machine.shelf.zones if name not in before.zones]:
                del machine.shelf.zones[name]
            machine.shelf.zones |= {name: state.zones[name] for name in before.zones}
        elif origin in before.zones:  # a hosting company's machine
            machine.shelf.put(zone)
    if domain in fresh.mail:
        state.mail[domain] = fresh.mail[domain]
    state.sites |= {host: site for host, site in fresh.sites.items() if host == domain or host.endswith(f".{domain}")}


def _delegation(parent: Zone, first: Zone, origin: dns.name.Name) -> None:
    """What the parent holds at and below the delegation point: NS, DS and glue."""
    for name in {origin, *parent.tree.below(origin), *first.tree.below(origin)}:
        parent.place(name, dict(first.nodes.get(name, {})))
