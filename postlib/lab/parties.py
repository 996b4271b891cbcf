"""The other parties of a world: mailbox providers, a list, a forwarder, partners, attackers. Each keeps its own domain well."""

from __future__ import annotations

from collections.abc import Callable

from postlib.lab.addresses import Block
from postlib.lab.operator import operator
from postlib.lab.state import State
from postlib.lab.worlds import Entry

Plant = Callable[[State, Entry, Block], None]


def party(state: State, entry: Entry, block: Block) -> None:
    """A domain like an operator's, whose mail is dealt with as its entry says (`receiver`, `members`, `rewrites`).

    An attacker is such a party too: a phisher's own domain passes SPF, DKIM and DMARC, which says nothing of its honesty.
    """
    operator(state, entry, block)
    wanted = {key: entry.settings[key] for key in ("receiver", "members", "rewrites", "users") if key in entry.settings}
    state.mail[entry.domain] = state.mail[entry.domain].changed(wanted)


PARTIES: dict[str, Plant] = {"provider": party, "list": party, "forwarder": party, "partner": party, "phisher": party}
