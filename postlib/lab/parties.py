"""The other parties of a world: mailbox providers, a list, a forwarder, partners, attackers. Each keeps its own domain well."""

from __future__ import annotations

from collections.abc import Callable

import dns.name
import dns.rdatatype

from postlib.lab.addresses import Block
from postlib.lab.operator import operator
from postlib.lab.senders import firm, platform, rented
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


def partner(state: State, entry: Entry, block: Block) -> None:
    """A party that sends for others: they include its `_spf` name in their SPF records (RFC 7208, section 5.2)."""
    party(state, entry, block)
    owner = dns.name.from_text(f"_spf.{entry.domain}")
    state.zone_of(owner).put(owner, dns.rdatatype.TXT, [f"v=spf1 a:{state.mail[entry.domain].host} -all"])


PARTIES: dict[str, Plant] = {
    "operator": operator,
    "hosting": partner,
    "provider": party,
    "list": party,
    "forwarder": party,
    "partner": partner,
    "phisher": party,
    "learner": operator,
    "firm": firm,
    "platform": platform,
    "rented": rented,
}
