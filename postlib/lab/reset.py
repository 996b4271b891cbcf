"""Starting one domain again, as it was when the world was built; the rest of the Internet stays as it is."""

from __future__ import annotations

import dns.name
import dns.rdatatype

from postlib.lab.dns.zone import Zone
from postlib.lab.state import State

RdataType = dns.rdatatype.RdataType


def start_again(state: State, fresh: State, origin: dns.name.Name) -> None:
    """Give `origin` its zone, delegation, servers, mail and web from `fresh`, a newly built Internet of the same world."""
    domain = origin.to_text(omit_final_dot=True)
    zone, first = state.zones[origin], fresh.zones[origin]
    zone.nodes, zone.signing = first.copy().nodes, first.signing and first.signing.at(state.clock.now())
    zone.touch()
    _delegation(state.parent_of(origin), fresh.parent_of(origin), origin)
    for machine in state.machines.values():
        before = fresh.machines[machine.name].shelf
        if machine.owner == domain:
            machine.shelf.habit, machine.shelf.changes = before.habit, machine.shelf.changes + bool(before.changes)
            machine.shelf.zones = {name: state.zones[name] for name in before.zones}
        elif origin in before.zones:  # a hosting company's machine
            machine.shelf.put(zone)
    if domain in fresh.mail:
        state.mail[domain] = fresh.mail[domain]
    below = {host: site for host, site in fresh.sites.items() if dns.name.from_text(host).is_subdomain(origin)}
    state.sites |= below


def _delegation(parent: Zone, first: Zone, origin: dns.name.Name) -> None:
    """What the parent holds at and below the delegation point: NS, DS and glue."""
    for name in [name for name in parent.nodes if name.is_subdomain(origin)]:
        del parent.nodes[name]
    parent.nodes |= {name: dict(node) for name, node in first.nodes.items() if name.is_subdomain(origin)}
    parent.touch()
