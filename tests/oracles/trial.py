"""Zones for a trial: small, and full of what is seldom right at first: wildcards, empty non-terminals, DNAME, cuts, odd names.

Every zone below `trial.` has the same records, signed in another way; the names and values are relative to it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import dns.name
import dns.rdatatype
from cryptography.hazmat.primitives.asymmetric import ec

from postlib.lab.dns.signing import Signing, ZoneKey
from postlib.lab.dns.zone import Zone

SERVER = "192.0.2.53"  # of every zone, ns1
NOBODY = "198.18.0.10"  # an address without a machine (RFC 2544)
LONG = ".".join(["long" * 15] * 3)  # 180 octets: with a long name before it, no name any more (RFC 6672, section 2.2)
DS = "4711 13 2 " + "5a" * 32
RECORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("@", "SOA", ("ns1 hostmaster 2026112301 7200 3600 1209600 300",)),
    ("@", "NS", ("ns1", "ns.elsewhere.example.")),
    ("@", "MX", ("10 mx", "20 mx.elsewhere.example.")),
    ("@", "TXT", (" ".join('"' + letter * 255 + '"' for letter in "abcd"), '"v=spf1 -all"')),
    ("@", "CAA", ('0 issue "ca.example"',)),
    ("ns1", "A", (SERVER,)),
    ("ns1", "AAAA", ("2001:db8::1",)),
    ("mx", "A", ("192.0.2.2",)),
    ("_25._tcp.mx", "TLSA", ("3 1 1 " + "ab" * 32,)),
    ("_imaps._tcp", "SRV", ("0 1 993 mx",)),
    ("www", "A", ("192.0.2.3", "192.0.2.4")),
    # names that look odd
    ("MiXeD.CaSe", "A", ("192.0.2.5",)),
    ("to-mixed", "CNAME", ("mIxEd.cAsE",)),
    (r"dot\.in-label", "TXT", ("dot",)),
    (r"\000\255", "TXT", ("octets",)),
    ("-", "A", ("192.0.2.6",)),
    (".".join(f"l{n}" for n in range(20)), "A", ("192.0.2.7",)),
    # aliases
    ("alias", "CNAME", ("www",)),
    ("alias2", "CNAME", ("alias",)),
    *((f"chain{n}", "CNAME", (f"chain{n + 1}" if n < 11 else "www",)) for n in range(12)),
    ("loop1", "CNAME", ("loop2",)),
    ("loop2", "CNAME", ("loop1",)),
    ("self", "CNAME", ("self",)),
    ("dangling", "CNAME", ("nothing.here",)),
    ("out", "CNAME", ("www.elsewhere.example.",)),
    ("up", "CNAME", ("trial.",)),
    ("to-cut", "CNAME", ("host.cut",)),
    ("to-signed-cut", "CNAME", ("signed-cut",)),
    ("to-wild", "CNAME", ("x.wild",)),
    ("to-ent", "CNAME", ("_tcp.mx",)),
    ("to-dname", "CNAME", ("www.moved",)),
    ("to-apex", "CNAME", ("@",)),
    # wildcards (RFC 4592): with data, with an alias, without data, with names and empty names below and beside
    ("*.wild", "A", ("192.0.2.8",)),
    ("*.wild", "TXT", ("wild",)),
    ("host.wild", "A", ("192.0.2.9",)),
    ("below.empty.wild", "TXT", ("blocks the wildcard above",)),
    ("*.wild-alias", "CNAME", ("www",)),
    ("*.wild-out", "CNAME", ("www.elsewhere.example.",)),
    ("*.wild-dangling", "CNAME", ("nothing.here",)),
    ("*.wild-loop", "CNAME", ("more.wild-loop",)),
    ("*.to-wild", "CNAME", ("y.wild",)),
    ("below.*.hollow", "TXT", ("the wildcard itself is an empty non-terminal",)),
    ("*.*.twice", "TXT", ("twice",)),
    ("_tcp.*.services", "TXT", ("no wildcard",)),
    # redirection (RFC 6672)
    ("moved", "DNAME", ("@",)),
    ("moved", "TXT", ("beside a DNAME",)),
    ("moved-wild", "DNAME", ("wild",)),
    ("moved-out", "DNAME", ("elsewhere.example.",)),
    ("moved-far", "DNAME", (LONG,)),
    ("moved-self", "DNAME", ("deeper.moved-self",)),
    ("moved-moved", "DNAME", ("moved",)),
    ("moved-cut", "DNAME", ("cut",)),
    ("x.empty-above.moves", "DNAME", ("wild",)),
    # delegations: unsigned, signed, deep below empty names, with a name beside, with data that the cut hides
    ("cut", "NS", ("ns.cut", "ns.elsewhere.example.")),
    ("ns.cut", "A", (NOBODY,)),
    ("deep.hidden.cut", "TXT", ("hidden",)),
    ("signed-cut", "NS", ("ns.signed-cut",)),
    ("signed-cut", "DS", (DS,)),
    ("ns.signed-cut", "AAAA", ("2001:db8::10",)),
    ("unsigned.one.two", "NS", ("ns.elsewhere.example.",)),
    ("unsigned2.one.two", "NS", ("ns.elsewhere.example.",)),
    ("signed.three.four", "NS", ("ns.elsewhere.example.",)),
    ("signed.three.four", "DS", (DS,)),
    ("unsigned.three.four", "NS", ("ns.elsewhere.example.",)),
    *((f"many{n}", "NS", ("ns.elsewhere.example.",)) for n in range(12)),
    ("*.beside", "TXT", ("a wildcard beside a cut",)),
    ("cut.beside", "NS", ("ns.elsewhere.example.",)),
)
STAR: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    *RECORDS[:3],
    ("*", "TXT", ("everywhere",)),
    ("*", "MX", ("0 .",)),
    ("ns1", "A", (SERVER,)),
    ("a.b.c", "A", ("192.0.2.2",)),
    ("cut", "NS", ("ns.elsewhere.example.",)),
    ("moved", "DNAME", ("c",)),
    ("alias", "CNAME", ("x.y",)),
)
SIGNED: dict[str, dict[str, Any]] = {
    "nsec": {},
    "nsec3": {"denial": "nsec3"},
    "optout": {"denial": "nsec3", "opt_out": True},
    "salted": {"denial": "nsec3", "salt": b"\xca\xfe", "iterations": 5},
}


def zones(today: datetime) -> dict[dns.name.Name, Zone]:
    """Every zone of the trial, by its origin, signed as of that day."""
    made = [_zone(f"{kind}.trial.", RECORDS, today, **how) for kind, how in SIGNED.items()]
    made += [_zone(f"star-{kind}.trial.", STAR, today, **how) for kind, how in SIGNED.items()]
    made += [_zone("plain.trial.", RECORDS), _zone("star.trial.", STAR)]
    return {zone.origin: zone for zone in made}


def _zone(origin: str, records: tuple[tuple[str, str, tuple[str, ...]], ...], today: datetime | None = None, **how: Any) -> Zone:
    zone = Zone(dns.name.from_text(origin))
    for owner, rrtype, values in records:
        zone.put(dns.name.from_text(owner, zone.origin), dns.rdatatype.from_text(rrtype), values)
    if today is not None:
        number = int.from_bytes(hashlib.sha256(origin.encode()).digest())
        key = ZoneKey(ec.derive_private_key(number, ec.SECP256R1()))
        zone.signing = Signing(zone.origin, (key,), today, **how)
    return zone
