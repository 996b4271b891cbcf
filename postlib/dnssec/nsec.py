"""Denial by NSEC: pure functions over verified records of one zone (RFC 4034, section 4; RFC 4035, section 5.4; RFC 6840, section 4).

Each gives a Proof, or None where the records do not prove it.
"""

from __future__ import annotations

from collections.abc import Sequence

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NSEC import NSEC

from postlib.dnssec.proof import Proof, denies, has, hides_below, is_cut

Record = tuple[dns.name.Name, NSEC]


def no_name(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name) -> Proof | None:
    """That neither `name` nor a wildcard that would answer for it exists."""
    matching = _matching(zone, records, name)
    if matching is not None and has(matching, dns.rdatatype.NXNAME):
        return Proof("no-name", compact=True)
    covering = _nothing_at(zone, records, name)
    if covering is None or _nothing_at(zone, records, _wildcard(covering, name)) is None:
        return None
    return Proof("no-name")


def no_data(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Proof | None:
    """That `name`, or the wildcard that answers for it, exists and has no such type."""
    matching = _matching(zone, records, name)
    if matching is not None:
        proof = Proof("no-data", cut=is_cut(matching), compact=has(matching, dns.rdatatype.NXNAME))
        return proof if denies(matching, name, rrtype) else None
    covering = _covering(zone, records, name)
    if covering is None:
        return None
    if covering[1].next.is_subdomain(name):  # an empty non-terminal, as a wildcard may be too (RFC 4592, section 2.2.2)
        return Proof("no-data")
    wildcard = _wildcard(covering, name)
    at_wildcard = _matching(zone, records, wildcard)
    if at_wildcard is None:
        before = _covering(zone, records, wildcard)
        return Proof("no-data") if before is not None and before[1].next.is_subdomain(wildcard) else None
    return Proof("no-data") if denies(at_wildcard, name, rrtype) and not is_cut(at_wildcard) else None


def no_ds(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name) -> Proof | None:
    """That no signed zone starts at `name`: an unsigned one, or none at all."""
    matching = _matching(zone, records, name)
    if matching is None:
        return Proof("no-ds") if _covering(zone, records, name) else None
    if has(matching, dns.rdatatype.DS) or has(matching, dns.rdatatype.SOA):
        return None
    return Proof("no-ds", cut=is_cut(matching))


def no_closer(zone: dns.name.Name, records: Sequence[Record], closer: dns.name.Name) -> Proof | None:
    """That the next closer name does not exist."""
    return Proof("no-closer") if _nothing_at(zone, records, closer) else None


def _matching(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name) -> NSEC | None:
    return next((record for owner, record in records if owner == name and record.next.is_subdomain(zone)), None)


def _covering(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name) -> Record | None:
    return next((record for record in records if _covers(zone, *record, name)), None)


def _nothing_at(zone: dns.name.Name, records: Sequence[Record], name: dns.name.Name) -> Record | None:
    """The record that covers `name`, unless the name is an empty non-terminal, which exists (RFC 4592, section 2.2.2)."""
    covering = _covering(zone, records, name)
    return None if covering is None or covering[1].next.is_subdomain(name) else covering


def _covers(zone: dns.name.Name, owner: dns.name.Name, record: NSEC, name: dns.name.Name) -> bool:
    """Whether `name` would sort between the owner and the next name, in canonical order (RFC 4034, section 6.1)."""
    if not (owner.is_subdomain(zone) and record.next.is_subdomain(zone) and name.is_subdomain(zone)):
        return False
    if name.is_subdomain(owner) and hides_below(record):
        return False
    if record.next == zone:  # the last name of the zone points back to the apex
        return bool(owner < name)
    return bool(owner < name < record.next)


def _wildcard(covering: Record, name: dns.name.Name) -> dns.name.Name:
    """The wildcard below the closest encloser of `name`: the longest ancestor it shares with an end of the span that covers it."""
    owner, record = covering
    shared = max(name.fullcompare(end)[2] for end in (owner, record.next))
    return dns.name.Name((b"*", *name.labels[len(name) - shared :]))
