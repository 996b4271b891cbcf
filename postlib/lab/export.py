"""Handing a lab's Internet to other programs: zone files as they are served, and the address book of every open door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdataset
import dns.rdatatype

from postlib.lab.dns import denial
from postlib.lab.dns.zone import Zone
from postlib.lab.servers import DNS, HTTP, HTTPS, SMTP
from postlib.network import Transport, Unreachable

if TYPE_CHECKING:
    from postlib.lab.internet import Internet

RdataType = dns.rdatatype.RdataType
ESCAPED = re.compile(r"\\([^0-9#])")
DOORS: tuple[tuple[int, Transport], ...] = ((DNS, "udp"), (DNS, "tcp"), (SMTP, "tcp"), (HTTP, "tcp"), (HTTPS, "tcp"))


def zone_file(zone: Zone) -> str:
    """The zone as a master file (RFC 1035, section 5) that NSD or BIND load unchanged: the records with, in a signed zone,
    its DNSKEY, NSEC3PARAM, RRSIG and NSEC or NSEC3 records, as the lab serves them, mistakes included. SOA first."""
    return "\n".join(line for lines in _sets(zone) for line in lines) + "\n"


def _sets(zone: Zone) -> Iterator[list[str]]:
    for name in zone.names:
        cut = zone.cut(name)
        for rrtype in sorted(zone.types(name), key=lambda t: (t != RdataType.SOA, t)):
            rdataset = zone.get(name, rrtype)
            if rdataset is not None:
                yield _lines(zone, name, rdataset, signed=cut is None or (cut == name and rrtype == RdataType.DS))
    for owner, link in denial.chain(zone):
        yield _lines(zone, owner, link, signed=True)


def _lines(zone: Zone, name: dns.name.Name, rdataset: dns.rdataset.Rdataset, *, signed: bool) -> list[str]:
    """A record set and, where the zone speaks for it (RFC 4035, section 2.2), its signatures."""
    signatures = zone.signature(name, rdataset) if signed else None
    sets = [rdataset] if signatures is None else [rdataset, signatures]
    return [_plain(f"{name} {one.ttl} IN {dns.rdatatype.to_text(one.rdtype)} {record.to_text()}") for one in sets for record in one]


def _plain(line: str) -> str:
    r"""The line with every escaped character as its number (RFC 1035, section 5.1): NSD 4.6 misreads a `\\` before a dot."""
    return ESCAPED.sub(lambda found: f"\\{ord(found[1]):03d}", line)


def zone_files(internet: Internet) -> dict[str, str]:
    """Every zone of an Internet: from the name of a file ("auroria.post.zone", "root.zone") to its text."""
    zones = internet.state.zones
    origins = dict.fromkeys([*zones, *map(dns.name.from_text, internet.domains())])
    return {f"{origin.to_text(omit_final_dot=True).strip('.') or 'root'}.zone": zone_file(zones[origin]) for origin in origins}


def address_book(internet: Internet) -> dict[str, Any]:
    """Every door of an Internet, opened now: JSON data that `Network.load` reads in another process.

    `routes` lead to doors for clients that say who they are (a PROXY header), `outside` to those for any other program. Each is
    a list of [address, port, transport, loopback address, loopback port].
    """
    network = internet.network
    return {
        "world": internet.world,
        "at": internet.clock.now().isoformat(),
        "root_hints": [[name, list(addresses)] for name, addresses in network.root_hints],
        "trust_anchor": list(network.trust_anchor),
        "certificate_roots": network.certificate_roots,
        "routes": _doors(internet, internet.servers.route),
        "outside": _doors(internet, internet.servers.outside),
    }


def _doors(internet: Internet, way: Any) -> list[list[Any]]:
    doors = []
    for address in internet.state.by_address:
        for port, transport in DOORS:
            try:
                doors.append([address, port, transport, *way(address, port, transport)])
            except Unreachable:
                continue  # a machine that has no such service: its port is closed
    return doors
