"""Authenticated denial: the NSEC chain (RFC 4034, section 4) or the NSEC3 ring (RFC 5155), and which links prove what."""

from __future__ import annotations

import base64
from bisect import bisect_right

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rdtypes.ANY.NSEC3
import dns.rrset

from postlib.lab.dns.signing import Signing
from postlib.lab.dns.zone import WILDCARD, Zone

RdataType = dns.rdatatype.RdataType
Chain = list[tuple[dns.name.Name, dns.rrset.RRset]]
TO_BASE32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


def chain(zone: Zone) -> Chain:
    """The whole chain of a zone, in the order of its owner names; empty without signing or where the signer left it out."""
    if zone.denial is None:
        zone.denial = _chain(zone)
    return zone.denial


def _chain(zone: Zone) -> Chain:
    signing = zone.signing
    if signing is None or signing.slip == "no-denial":
        return []
    soa = zone.get(zone.origin, RdataType.SOA)
    ttl = min(soa.ttl, soa[0].minimum) if soa else 3600  # RFC 9077
    return _nsec3(zone, signing, ttl) if signing.denial == "nsec3" else _nsec(zone, ttl)


def absent_name(zone: Zone, name: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof that neither the name nor a wildcard for it exists (RFC 4035, 3.1.3.2; RFC 5155, 7.2.2)."""
    if zone.signing is not None and zone.signing.denial == "nsec3":
        encloser = _provable_encloser(zone, name)
        return _once(_match(zone, encloser), _cover(zone, _next_closer(name, encloser)), _cover(zone, WILDCARD.concatenate(encloser)))
    return _once(_cover(zone, name), _cover(zone, WILDCARD.concatenate(zone.closest_encloser(name))))


def absent_type(zone: Zone, name: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof that the name has no such type; for a DS in an opt-out span, that the span may hide it (RFC 5155, 7.2.3 and 7.2.4)."""
    found = _match(zone, name)
    if found is not None or zone.signing is None or zone.signing.denial == "nsec" or not chain(zone):
        return _once(found or _cover(zone, name))  # an empty non-terminal has no NSEC of its own: the one before covers it
    encloser = _provable_encloser(zone, name)
    return _once(_match(zone, encloser), _cover(zone, _next_closer(name, encloser)))


def absent_closer(zone: Zone, name: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof, beside a wildcard's answer, that nothing closer exists (RFC 4035, 3.1.3.3; RFC 5155, 7.2.6)."""
    if zone.signing is not None and zone.signing.denial == "nsec3":
        return _once(_cover(zone, _next_closer(name, zone.closest_encloser(name))))
    return _once(_cover(zone, name))


def absent_type_at_wildcard(zone: Zone, name: dns.name.Name, wildcard: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof that a wildcard matches and has no such type (RFC 4035, 3.1.3.4; RFC 5155, 7.2.5)."""
    if zone.signing is not None and zone.signing.denial == "nsec3":
        encloser = zone.closest_encloser(name)
        return _once(_match(zone, encloser), _cover(zone, _next_closer(name, encloser)), _match(zone, wildcard))
    return _once(_match(zone, wildcard) or _cover(zone, wildcard), _cover(zone, name))  # an empty wildcard has no NSEC of its own


def _authoritative(zone: Zone, *, opt_out: bool = False) -> list[tuple[dns.name.Name, set[RdataType]]]:
    """The names the zone speaks for, with the types it has there: a cut shows only NS and DS, below it nothing."""
    found = []
    for name in zone.names:
        cut = zone.cut(name)
        if cut is None:
            found.append((name, zone.types(name)))
        elif cut == name:
            types = zone.types(name) & {RdataType.NS, RdataType.DS}
            if RdataType.DS in types or not opt_out:
                found.append((name, types))
    return found


def _nsec(zone: Zone, ttl: int) -> Chain:
    names = [(name, types) for name, types in _authoritative(zone) if types]
    links: Chain = []
    for index, (name, types) in enumerate(names):
        after = names[(index + 1) % len(names)][0]
        windows = dns.rdtypes.ANY.NSEC.Bitmap.from_rdtypes([*types, RdataType.RRSIG, RdataType.NSEC])
        record = dns.rdtypes.ANY.NSEC.NSEC(dns.rdataclass.IN, RdataType.NSEC, after, windows)
        links.append((name, dns.rrset.from_rdata(name, ttl, record)))
    return links


def _nsec3(zone: Zone, signing: Signing, ttl: int) -> Chain:
    names = _authoritative(zone, opt_out=signing.opt_out)
    if signing.opt_out:  # an empty non-terminal that leads only to unsigned delegations has no NSEC3 (RFC 5155, 7.1)
        spoken = [name for name, types in names if types]
        names = [(name, types) for name, types in names if types or any(other.is_subdomain(name) for other in spoken)]
    ring = sorted((_hashed(signing, name), types, zone.cut(name) is not None) for name, types in names)
    links: Chain = []
    for index, (digest, types, cut) in enumerate(ring):
        after = ring[(index + 1) % len(ring)][0]
        signed = bool(types) and (not cut or RdataType.DS in types)
        windows = dns.rdtypes.ANY.NSEC3.Bitmap.from_rdtypes([*types, *([RdataType.RRSIG] if signed else [])])
        record = dns.rdtypes.ANY.NSEC3.NSEC3(
            dns.rdataclass.IN, RdataType.NSEC3, 1, int(signing.opt_out), signing.iterations, signing.salt, after, windows
        )
        owner = _owner(digest, zone.origin)
        links.append((owner, dns.rrset.from_rdata(owner, ttl, record)))
    return links


def _hashed(signing: Signing, name: dns.name.Name) -> bytes:
    """The 20-byte hash of a name (RFC 5155, section 5)."""
    text = dns.dnssec.nsec3_hash(name, signing.salt or None, signing.iterations, 1)
    return base64.b32decode(text.translate(str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUV", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")))


def _owner(digest: bytes, origin: dns.name.Name) -> dns.name.Name:
    label = base64.b32encode(digest).translate(TO_BASE32HEX).lower()
    return dns.name.Name([label, *origin.labels])


def _place(zone: Zone, name: dns.name.Name) -> dns.name.Name:
    """Where a name stands in the chain: itself, or the owner of its hash."""
    signing = zone.signing
    return _owner(_hashed(signing, name), zone.origin) if signing is not None and signing.denial == "nsec3" else name


def _match(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset | None:
    """The link whose owner is the name."""
    place = _place(zone, name)
    links = chain(zone)
    at = bisect_right(links, place, key=lambda link: link[0])
    return links[at - 1][1] if at and links[at - 1][0] == place else None


def _cover(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset | None:
    """The link whose span holds the name; the last link closes the ring."""
    links = chain(zone)
    return links[bisect_right(links, _place(zone, name), key=lambda link: link[0]) - 1][1] if links else None


def _next_closer(name: dns.name.Name, encloser: dns.name.Name) -> dns.name.Name:
    """The name one label below the closest encloser, towards `name` (RFC 5155, section 1.3)."""
    return name.split(len(encloser.labels) + 1)[1]


def _provable_encloser(zone: Zone, name: dns.name.Name) -> dns.name.Name:
    """The closest ancestor that has an NSEC3 of its own: opt-out hides empty names above unsigned delegations (RFC 5155, section 1.3)."""
    encloser = zone.closest_encloser(name.parent())
    while _match(zone, encloser) is None and encloser != zone.origin:
        encloser = encloser.parent()
    return encloser


def _once(*links: dns.rrset.RRset | None) -> list[dns.rrset.RRset]:
    """The links that are there, each once."""
    kept: list[dns.rrset.RRset] = []
    for link in links:
        if link is not None and all(link.name != other.name for other in kept):
            kept.append(link)
    return kept
