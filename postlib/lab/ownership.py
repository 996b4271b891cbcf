"""Whose an act's subject is: every change belongs to a domain of the world; the root and the top level are nobody's to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dns.exception
import dns.name
import dns.reversename

from postlib.lab.state import State

SUBJECTS = ("name", "zone", "domain", "host")  # the settings that say what an act changes; each act has one of them
ARPA = dns.name.from_text("arpa")


def owned(state: State, settings: Mapping[str, Any]) -> str:
    """The domain that an act changes. Raises ValueError where it is none of this world, or not one that may be changed here."""
    subject = next((settings[key] for key in SUBJECTS if key in settings), "")
    domain = state.machines[subject].owner if "host" in settings and subject in state.machines else owner(state, subject)
    if domain not in state.mail:
        raise ValueError(f"{subject[:255] or 'this'} belongs to no domain of this lab, so nobody can change it")
    if state.only and domain not in state.only:
        raise ValueError(f"{subject[:255]} belongs to {domain}; here only {', '.join(sorted(state.only))} can be changed")
    return domain


def owner(state: State, subject: str) -> str:
    """The domain of the world at or above a name; for the name of an address, its machine's. "" where there is none."""
    try:
        name = dns.name.from_text(subject[:1024])
        if name.is_subdomain(ARPA):
            machine = state.by_address.get(dns.reversename.to_address(name))
            return machine.owner if machine is not None else ""
    except (dns.exception.DNSException, ValueError):
        return ""
    texts = (name.split(depth)[1].to_text(omit_final_dot=True).lower() for depth in range(len(name.labels), 1, -1))
    return next((text for text in texts if text in state.mail), "")
