"""Guests of an Internet: domains beside those of its world, each at its own place in the address plan, and what has happened to them.

A lab's operator is one, with the firms that send for it: drawn for one learner, and the world itself stays as all know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postlib.acts import Act
from postlib.lab.addresses import Block

if TYPE_CHECKING:
    from postlib.lab.state import State
    from postlib.lab.worlds import Entry


@dataclass(frozen=True)
class Guests:
    """Who comes (each entry's settings name its `block` of addresses), and the acts that follow."""

    entries: tuple[Entry, ...] = ()
    acts: tuple[Act, ...] = ()


def welcome(state: State, guests: Guests) -> None:
    """Put guests on an Internet. Raises ValueError where a name or an address is taken."""
    from postlib.lab.build import reverse  # reads YAML; who has no guests need not wait for it
    from postlib.lab.parties import PARTIES
    from postlib.lab.replay import replay

    for entry in guests.entries:
        if entry.domain in state.mail:
            raise ValueError(f"{entry.domain} is of this world already")
        PARTIES[entry.kind](state, entry, Block(entry.settings["block"]))
        reverse(state, entry.domain)
    replay(state, guests.acts)
