"""The other parties of a world: mailbox providers, hosting, partners, attackers."""

from __future__ import annotations

from collections.abc import Callable

from postlib.lab.addresses import Block
from postlib.lab.state import State
from postlib.lab.worlds import Entry

PARTIES: dict[str, Callable[[State, Entry, Block], None]] = {}
