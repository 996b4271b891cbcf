"""What names there are on an Internet, and which of them was meant by one that there is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain

import dns.name

from postlib.lab import worlds
from postlib.lab.mail.sender import Sent
from postlib.lab.replay import parse_name
from postlib.lab.spelling import CLOSE, meant
from postlib.lab.state import State
from postlib.lab.worlds import Entry

ABOVE = 2  # labels of a top-level domain, the root's among them: nobody's mail is there


def entries(state: State) -> Iterator[Entry]:
    """The parties of an Internet, in the world's order; its guests come last."""
    return chain(worlds.load(state.world).entries, state.guests.entries if state.guests is not None else ())


def names(state: State) -> list[str]:
    """The domains of the parties, and every other zone but the root."""
    zones = {zone.to_text(omit_final_dot=True) for zone in state.zones if zone != dns.name.root}
    return sorted(zones | {entry.domain for entry in entries(state)})


def country(state: State, domain: str) -> str:
    """The country of a party; for other names below a domain of this Internet, the name itself. Raises ValueError for any other."""
    if not held(state, domain):
        raise unknown(state, domain)
    return next((str(entry.settings.get("country", domain)) for entry in entries(state) if entry.domain == domain), domain)


def held(state: State, name: str) -> bool:
    """Whether somebody here has the domain, or one above it. Raises ValueError for what is no name."""
    here = parse_name(name)
    return any(here.split(labels)[1] in state.zones for labels in range(ABOVE + 1, len(here.labels) + 1))


def unknown(state: State, name: str) -> ValueError:
    """The error for a name that is no domain here."""
    return ValueError(f"{name} is no domain of this Internet{meant(name, _people(names(state)))}")


def helped(state: State, sent: Sent) -> Sent:
    """What became of a letter, with the domain that was perhaps meant where nobody here has that of its recipient."""
    domain = sent.recipient.rpartition("@")[2].lower()
    if sent.outcome != "no-exchanger" or held(state, domain):
        return sent
    return replace(sent, near=next(iter(get_close_matches(domain, _people(names(state)), 1, CLOSE)), ""))


def sends(state: State, author: str, via: str) -> None:
    """Raises ValueError where no machine sends for an author, or there is nothing that `via` names."""
    home = via or author.rpartition("@")[2].lower()
    if "@" not in author or home in state.mail or home in state.machines:
        return
    if via:
        raise ValueError(f"{via} is no machine of this lab{meant(via, chain(state.mail, state.machines))}")
    if not held(state, home):
        raise unknown(state, home)
    raise ValueError(f"{home} has no mail server of its own: say which one sends, for example via=\"{_above(state, home)}\"")


def _above(state: State, name: str) -> str:
    """The nearest domain above a name that has mail."""
    labels = name.split(".")
    above = (".".join(labels[cut:]) for cut in range(1, len(labels)))
    return next((domain for domain in above if domain in state.mail), next(iter(state.mail)))


def _people(known: Iterable[str]) -> list[str]:
    return [name for name in known if not name.endswith("arpa")]
