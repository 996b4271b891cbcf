"""Where NSD 4.6 answers for a generated zone otherwise than we do, each with the paragraph that settles it; tests/oracles.md has the list.

A slip is found by what the zone is like, not by its name: `slip(...)` gives the word for it, or "" for one that nobody has explained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dns.name
import dns.rdatatype

from postlib.lab.dns import denial
from postlib.lab.dns.answer import _zone as nearest
from postlib.lab.dns.zone import WILDCARD, Zone

Name = dns.name.Name
Content = Mapping[str, Any]


def slip(zones: Mapping[Name, Zone], name: Name, rrtype: str, ours: Content, theirs: Content) -> str:
    """The word for what differs between two answers to one question."""
    differ = {part for part in ours if ours[part] != theirs[part]}
    zone = nearest(zones, name, dns.rdatatype.from_text(rrtype))
    if zone is None:
        return ""
    if leaves(zones, zone, rrtype, ours) and differ <= {"rcode", "answer", "authority"} and set(ours["answer"]) <= set(theirs["answer"]):
        return "alias-into-another-zone"
    if differ <= {"tc", "answer"} and set(theirs["answer"]) < set(ours["answer"]) and grows(zone):
        return "growing-dname"
    if differ == {"answer"} and [line.lower() for line in ours["answer"]] == [line.lower() for line in theirs["answer"]]:
        return "letters-of-svcb" if any(" SVCB " in line for line in ours["answer"]) else ""
    if differ != {"authority"}:
        return "glue-does-not-fit" if differ == {"tc"} and ours["tc"] else ""
    ends = end(ours, name)
    lines: Counter[str] = Counter(ours["authority"])
    lines.subtract(theirs["authority"])
    kinds = {line.split()[2] for line, count in lines.items() if count} - {"RRSIG"}
    if kinds == {"NSEC"} and ends.is_subdomain(zone.origin) and empty_before_wildcard(zone, zone.closest_encloser(ends)):
        return "empty-name-before-wildcard"
    if kinds == {"NSEC"} and ours["answer"] and any(" DNAME " in line for line in ours["answer"]):
        return "dname-with-nsec"
    if kinds == {"NSEC3"} and zone.signing is not None and zone.signing.opt_out and hidden(zone, ends):
        return "hidden-by-opt-out"
    if kinds == {"NSEC3"} and min(lines.values()) >= 0 and below_wildcard(zones, zone, ends):
        return "names-below-wildcard"
    if kinds == {"NSEC3"} and b"*" in ends.labels[:1] and all(count < 0 for count in lines.values() if count):
        return "literal-wildcard"
    return ""


def end(ours: Content, name: Name) -> Name:
    """The name at the end of our aliases."""
    targets = {dns.name.from_text(line.split()[0]): line.split()[-1] for line in ours["answer"] if line.split()[2] == "CNAME"}
    for _ in range(len(targets)):
        name = dns.name.from_text(targets[name]) if name in targets else name
    return name


def leaves(zones: Mapping[Name, Zone], zone: Zone, rrtype: str, ours: Content) -> bool:
    """Whether one of our aliases leads into another zone that is served here; the DS of an apex is the parent's (RFC 4035, 3.1.4.1)."""
    targets = [dns.name.from_text(line.split()[-1]) for line in ours["answer"] if line.split()[2] == "CNAME"]
    return any(other not in (None, zone) for other in (nearest(zones, target, dns.rdatatype.from_text(rrtype)) for target in targets))


def grows(zone: Zone) -> bool:
    """Whether a DNAME leads below itself."""
    found = [(name, node[dns.rdatatype.DNAME][0].target) for name, node in zone.nodes.items() if dns.rdatatype.DNAME in node]
    return any(target.is_subdomain(name) for name, target in found)


def below_wildcard(zones: Mapping[Name, Zone], zone: Zone, name: Name) -> bool:
    """Whether there are names below the wildcard that answers for the name, be it only in the value of some record of some zone."""
    named = f".{WILDCARD.concatenate(zone.closest_encloser(name))}".lower()
    return any(named in other.text().lower() for other in zones.values())


def empty_before_wildcard(zone: Zone, encloser: Name) -> bool:
    """Whether the last name before the wildcard's place has names below it, while NSD takes it for the last of them."""
    children = [name for name in zone.tree.below(encloser) if len(name) == len(encloser) + 1 and name < WILDCARD.concatenate(encloser)]
    return bool(children) and any(True for _ in zone.tree.below(max(children)))


def hidden(zone: Zone, name: Name) -> bool:
    """Whether opt-out leaves the name, or its closest encloser, without an NSEC3 of its own (RFC 5155, section 1.3)."""
    return any(denial._match(zone, above) is None for above in (zone.closest_encloser(name.parent()), zone.closest_encloser(name)))
