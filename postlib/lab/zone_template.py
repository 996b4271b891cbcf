"""Zones from readable text: one record a line, `name type value`, names relative to the origin, {braces} filled in."""

from __future__ import annotations

from collections.abc import Iterator

import dns.name
import dns.rdatatype

from postlib.lab.dns.zone import Zone


def lines(text: str, **values: str) -> Iterator[tuple[str, str, str]]:
    """The records of a template, with the values filled in; blank lines and lines with a leading # are passed over."""
    for line in text.format(**values).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, rrtype, value = line.split(None, 2)
            yield name, rrtype, value


def plant(zone: Zone, text: str, **values: str) -> None:
    """Add a template's records to a zone."""
    for name, rrtype, value in lines(text, **values):
        owner = zone.origin if name == "@" else dns.name.from_text(name, zone.origin)
        zone.put(owner, dns.rdatatype.from_text(rrtype), [value], add=True)
