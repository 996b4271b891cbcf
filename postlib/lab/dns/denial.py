"""Authenticated denial: the NSEC chain (RFC 4034, section 4) or the NSEC3 ring (RFC 5155), and which links prove what."""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterable

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rdtypes.ANY.NSEC3
import dns.rrset

from postlib.lab.dns.signing import Signing
from postlib.lab.dns.tree import Key
from postlib.lab.dns.zone import WILDCARD, Zone

RdataType = dns.rdatatype.RdataType
Link = tuple[dns.name.Name, dns.rrset.RRset]
Chain = list[Link]
KEPT_LINKS = 2000  # of one zone; a link that has given way is made again, the same
TO_BASE32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


def chain(zone: Zone) -> Chain:
    """The whole chain of a zone, in the order of its owner names; empty without signing or where the signer left it out."""
    ring = _ring(zone)
    return [ring.link(at) for at in range(len(ring.places))] if ring is not None else []


def nsec(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset | None:
    """The NSEC record of a name, for those who ask for it by type."""
    return _match(zone, name) if zone.signing is not None and zone.signing.denial == "nsec" else None


class Ring:
    """The chain of one zone: the places of its names in order, and the links that were asked for so far.

    A place is a name's key (postlib.lab.dns.tree), or its hash. A change of the zone moves only the places that it touches.
    """

    def __init__(self, zone: Zone, signing: Signing) -> None:
        self.zone, self.signing, self.ttl = zone, signing, _ttl(zone)
        self._names = {self.place(name): name for name in zone.tree if self._spoken(name)}
        self.places = sorted(self._names)
        self._made: OrderedDict[Key, Link] = OrderedDict()

    def place(self, name: dns.name.Name) -> Key:
        """Where a name stands, or would stand."""
        return (_hashed(self.signing, name),) if self.signing.denial == "nsec3" else self.zone.tree.key(name)

    def match(self, name: dns.name.Name) -> dns.rrset.RRset | None:
        """The link whose owner is the name."""
        place = self.place(name)
        return self.link(bisect_left(self.places, place))[1] if place in self._names else None

    def cover(self, name: dns.name.Name) -> dns.rrset.RRset | None:
        """The link whose span holds the name; the last link closes the ring."""
        return self.link(bisect_right(self.places, self.place(name)) - 1)[1] if self.places else None

    def link(self, at: int) -> Link:
        """The link at a place, with its owner."""
        place = self.places[at]
        if place not in self._made:
            while len(self._made) >= KEPT_LINKS:
                self._made.popitem(last=False)
            self._made[place] = self._link(place, self.places[(at + 1) % len(self.places)])
        return self._made[place]

    def change(self, names: Iterable[dns.name.Name]) -> None:
        """The records at these names have changed, come or gone."""
        if (ttl := _ttl(self.zone)) != self.ttl:
            self.ttl = ttl
            self._made.clear()
        for name in names:
            place = self.place(name)
            self._made.pop(place, None)
            if self._spoken(name) != (place in self._names):
                self._join(place, name) if place not in self._names else self._leave(place)

    def _join(self, place: Key, name: dns.name.Name) -> None:
        self._names[place] = name
        insort(self.places, place)
        self._made.pop(self.places[bisect_left(self.places, place) - 1], None)

    def _leave(self, place: Key) -> None:
        at = bisect_left(self.places, place)
        self._made.pop(self.places[at - 1], None)
        del self._names[place], self.places[at]

    def _spoken(self, name: dns.name.Name) -> bool:
        """Whether the zone speaks for the name (RFC 4035, section 2.3; RFC 5155, section 7.1): below a cut it says nothing."""
        if name not in self.zone.tree:
            return False
        cut = self.zone.cut(name)
        if cut is not None:
            return cut == name and (not self.signing.opt_out or RdataType.DS in self.zone.types(name))
        if self.signing.denial == "nsec":
            return bool(self.zone.types(name))
        return not self.signing.opt_out or any(self._has_data(other) for other in (name, *self.zone.tree.below(name)))

    def _has_data(self, name: dns.name.Name) -> bool:
        """Whether an opt-out ring has the name for its own sake; an empty non-terminal is there for those below it."""
        return bool(self.zone.types(name)) and (self.zone.cut(name) is None or RdataType.DS in self._types(name))

    def _types(self, name: dns.name.Name) -> set[RdataType]:
        types, cut = self.zone.types(name), self.zone.cut(name)
        return types if cut is None else types & {RdataType.NS, RdataType.DS} if cut == name else set()

    def _link(self, place: Key, after: Key) -> Link:
        name = self._names[place]
        types = self._types(name)
        if self.signing.denial == "nsec":
            windows = dns.rdtypes.ANY.NSEC.Bitmap.from_rdtypes([*types, RdataType.RRSIG, RdataType.NSEC])
            link = dns.rdtypes.ANY.NSEC.NSEC(dns.rdataclass.IN, RdataType.NSEC, self._names[after], windows)
            return name, dns.rrset.from_rdata(name, self.ttl, link)
        signed = bool(types) and (self.zone.cut(name) is None or RdataType.DS in types)
        shown = dns.rdtypes.ANY.NSEC3.Bitmap.from_rdtypes([*types, *([RdataType.RRSIG] if signed else [])])
        settings = int(self.signing.opt_out), self.signing.iterations, self.signing.salt
        record = dns.rdtypes.ANY.NSEC3.NSEC3(dns.rdataclass.IN, RdataType.NSEC3, 1, *settings, after[0], shown)
        owner = _owner(place[0], self.zone.origin)
        return owner, dns.rrset.from_rdata(owner, self.ttl, record)


def _ring(zone: Zone) -> Ring | None:
    """The zone's chain as it is now; None without signing or where the signer left it out."""
    if zone.signing is None or zone.signing.slip == "no-denial":
        return None
    if zone.ring is None or (zone.changed and zone.signing.opt_out):  # in an opt-out span names hide one another
        zone.ring = Ring(zone, zone.signing)
    elif zone.changed:
        zone.ring.change(_touched(zone))
    zone.changed.clear()
    return zone.ring


def _touched(zone: Zone) -> set[dns.name.Name]:
    """The names whose place in the chain may differ: the changed ones, those above, and those below, for which one may be a cut."""
    names = set(zone.changed)
    for name in zone.changed - {zone.origin}:
        names.update(zone.ancestors(name), zone.tree.below(name))
    return names


def _ttl(zone: Zone) -> int:
    """RFC 9077: the lesser of the SOA's own TTL and its minimum field."""
    soa = zone.get(zone.origin, RdataType.SOA)
    return min(soa.ttl, soa[0].minimum) if soa else 3600


def absent_name(zone: Zone, name: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof that neither the name nor a wildcard for it exists (RFC 4035, 3.1.3.2; RFC 5155, 7.2.2)."""
    if zone.signing is not None and zone.signing.denial == "nsec3":
        encloser = _provable_encloser(zone, name)
        return _once(_match(zone, encloser), _cover(zone, _next_closer(name, encloser)), _cover(zone, WILDCARD.concatenate(encloser)))
    return _once(_cover(zone, name), _cover(zone, WILDCARD.concatenate(zone.closest_encloser(name))))


def absent_type(zone: Zone, name: dns.name.Name) -> list[dns.rrset.RRset]:
    """Proof that the name has no such type; for a DS in an opt-out span, that the span may hide it (RFC 5155, 7.2.3 and 7.2.4)."""
    found = _match(zone, name)
    if found is not None or zone.signing is None or zone.signing.denial == "nsec" or _ring(zone) is None:
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


def _hashed(signing: Signing, name: dns.name.Name) -> bytes:
    """The 20-byte hash of a name (RFC 5155, section 5)."""
    digest = name.to_digestable()
    for _ in range(signing.iterations + 1):
        digest = hashlib.sha1(digest + signing.salt, usedforsecurity=False).digest()
    return digest


def _owner(digest: bytes, origin: dns.name.Name) -> dns.name.Name:
    label = base64.b32encode(digest).translate(TO_BASE32HEX).lower()
    return dns.name.Name([label, *origin.labels])


def _match(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset | None:
    """The link whose owner is the name."""
    ring = _ring(zone)
    return ring.match(name) if ring is not None else None


def _cover(zone: Zone, name: dns.name.Name) -> dns.rrset.RRset | None:
    """The link whose span holds the name."""
    ring = _ring(zone)
    return ring.cover(name) if ring is not None else None


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
