"""What a lab Internet consists of, before any socket is open: machines, zones, mail and web settings, keys, the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdatatype
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from postlib.clock import LabClock
from postlib.lab.dns.server import Shelf
from postlib.lab.dns.signing import Signing, ZoneKey
from postlib.lab.dns.zone import Zone
from postlib.lab.guests import Guests
from postlib.lab.history import History, Ledger
from postlib.lab.keys import Keys
from postlib.lab.mail.settings import MailSettings, Selector
from postlib.lab.site import Site

if TYPE_CHECKING:  # certificates and mail servers are imported when they are first wanted: no question about a name needs them
    from postlib.lab.authority import Authority
    from postlib.lab.smtp import MailHost

RdataType = dns.rdatatype.RdataType
ECDSAP256SHA256, ED25519, RSA = 13, 15, (5, 7, 8, 10)  # DNSSEC algorithm numbers of the IANA registry


@dataclass
class Machine:
    """A host: its addresses, whose it is, and what it serves. `shelf` holds its zones.

    `web` is the first host of its own site, `guests` the hosts of the others it serves.
    """

    name: str
    addresses: tuple[str, ...]
    owner: str
    smtp: bool = False
    web: str = ""
    resolver: bool = False
    guests: set[str] = field(default_factory=set)
    shelf: Shelf = field(default_factory=Shelf)


@dataclass(frozen=True)
class Served:
    """The domains that a machine takes mail for."""

    mail: Mapping[str, MailSettings]
    host: str

    def __contains__(self, domain: object) -> bool:
        found = self.mail.get(domain) if isinstance(domain, str) else None
        return found is not None and found.host == self.host and found.receiver != "none"

    def settings(self) -> Iterator[MailSettings]:
        """Of those that have been made so far, the settings, one after the other."""
        return (found for found in self.mail.values() if found.host == self.host and found.receiver != "none")


@dataclass
class State:
    """One Internet as data. `build` makes it, acts change it, `Servers` opens sockets on it.

    Whoever changes it, or answers from its zones in another thread, holds `lock`. `only` are the domains that acts may change
    (none given means all of the world's); `guests` came beside the world's domains; `first` is the same Internet as it was
    built, once a reset has asked for it.
    `history` takes changes back; `renewed` is when the automatic signers last signed; `hold` is told of a domain before it changes.
    """

    world: str
    seed: str
    at: datetime
    clock: LabClock
    keys: Keys
    zones: Ledger[dns.name.Name, Zone] = field(init=False)
    machines: dict[str, Machine] = field(default_factory=dict)
    by_address: dict[str, Machine] = field(default_factory=dict)
    mail: Ledger[str, MailSettings] = field(init=False)
    sites: Ledger[str, Site] = field(init=False)
    only: frozenset[str] = frozenset()
    guests: Guests | None = None
    first: State | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    history: History = field(default_factory=History, repr=False, compare=False)
    hold: Callable[[str], None] = field(default=lambda domain: None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.zones, self.mail, self.sites = Ledger(self.history), Ledger(self.history), Ledger(self.history)
        self.renewed = self.clock.now()
        self.clock.ring(self.clock.now() + timedelta(days=1), self._renew)

    @cached_property
    def authority(self) -> Authority:
        """The certificate authority of this Internet, valid around the time it was built for."""
        from postlib.lab.authority import Authority

        return Authority(self.keys, self.at)

    @cached_property
    def root_pem(self) -> str:
        """The authority's root certificate in PEM: what a client of this Internet trusts."""
        return self.authority.root_pem

    def machine(self, name: str, addresses: tuple[str, ...], owner: str, **services: Any) -> Machine:
        """Put a machine on the Internet. Raises ValueError if an address is taken."""
        made = self.machines[name] = Machine(name, addresses, owner, **services, shelf=Shelf(Ledger(self.history)))
        for address in addresses:
            if address in self.by_address:
                raise ValueError(f"{address} belongs to {self.by_address[address].name}")
            self.by_address[address] = made
        return made

    def zone(self, origin: str, *hosts: str) -> Zone:
        """A new, empty zone, held by the machines named."""
        name = dns.name.from_text(origin)
        made = self.zones[name] = Zone(name, self.history)
        for host in hosts:
            self.machines[host].shelf.put(made)
        return made

    def zone_of(self, name: dns.name.Name) -> Zone:
        """The zone that holds a name. Raises ValueError where there is none."""
        above = name
        while above not in self.zones:
            if above == dns.name.root:
                raise ValueError(f"no zone of this lab holds {name}")
            above = above.parent()
        return self.zones[above]

    def parent_of(self, origin: dns.name.Name) -> Zone:
        """The zone that delegates `origin`. Raises ValueError for the root."""
        if origin == dns.name.root:
            raise ValueError("the root zone has no parent")
        return self.zone_of(origin.parent())

    def sign(self, zone: Zone, generation: int = 0, algorithm: int = 0, bits: int = 2048, salt: str = "", **settings: Any) -> None:
        """Sign a zone afresh with the keys in use, or with a single key of that generation and algorithm, made from the seed.

        `salt` is hexadecimal. Raises TypeError or ValueError for bad settings.
        """
        kept = zone.signing.keys if zone.signing is not None and not (generation or algorithm) else ()
        keys = kept or (self.zone_key(zone.origin, generation or 1, algorithm or ECDSAP256SHA256, bits),)
        zone.signing = replace(Signing(zone.origin, keys, self.clock.now(), salt=bytes.fromhex(salt)), **settings)

    def zone_key(self, origin: dns.name.Name, generation: int, algorithm: int = ECDSAP256SHA256, bits: int = 2048) -> ZoneKey:
        """A zone's key. Raises ValueError for an algorithm, or a size of RSA key, that the lab does not make."""
        label = f"zone/{origin}/{generation}"
        if algorithm == ECDSAP256SHA256:
            return ZoneKey(self.keys.ec(label))
        if algorithm == ED25519:
            return ZoneKey(self.keys.ed25519(label), algorithm)
        if algorithm in RSA:
            return ZoneKey(self.keys.rsa(label, bits), algorithm)
        raise ValueError(f"the lab makes zone keys of the algorithms {ECDSAP256SHA256}, {ED25519} and {RSA}, not {algorithm!r}")

    def delegate(self, zone: Zone, servers: dict[str, tuple[str, ...]]) -> None:
        """Name a zone's servers in its parent, with glue for those below the zone's own name, and its DS if it is signed."""
        parent = self.parent_of(zone.origin)
        parent.put(zone.origin, RdataType.NS, [f"{host}." for host in servers])
        for host, addresses in servers.items():
            name = dns.name.from_text(host)
            if name.is_subdomain(zone.origin):
                self.glue(parent, name, addresses)
        if zone.signing is not None:
            parent.put(zone.origin, RdataType.DS, zone.signing.ds())

    @staticmethod
    def glue(zone: Zone, name: dns.name.Name, addresses: tuple[str, ...]) -> None:
        """Address records for a host: in its own zone, or below a delegation so that its servers can be found."""
        for rrtype, colon in ((RdataType.A, False), (RdataType.AAAA, True)):
            texts = [address for address in addresses if (":" in address) == colon]
            if texts:
                zone.put(name, rrtype, texts)

    def tls_key(self, host: str) -> ec.EllipticCurvePrivateKey:
        """The key of a host's certificate, the same through every renewal."""
        return self.keys.ec(f"tls/{host}")

    def mail_host(self, machine: Machine, address: str) -> MailHost:
        """How that machine's mail server presents itself now: the domains it takes mail for, and its certificate."""
        from postlib.lab.personalities import credentials
        from postlib.lab.smtp import MailHost

        served = Served(self.mail, machine.name)
        tls = next((settings for settings in served.settings() if settings.starttls), None)
        shown = credentials(self.authority, tls.certificate, [machine.name]) if tls else None
        habit = next((settings.habit for settings in served.settings() if settings.habit), "")
        personality = tls.certificate if tls else "good"
        return MailHost(machine.name, address, served, credentials=shown, personality=personality, habit=habit)

    def dkim_key(self, domain: str, selector: Selector) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
        """The private key behind a selector. Raises ValueError for a kind or size the lab does not make."""
        label = f"dkim/{selector.name}/{domain}"
        if selector.kind == "ed25519":
            return self.keys.ed25519(label)
        if selector.kind != "rsa":
            raise ValueError(f"a DKIM key is rsa or ed25519 (RFC 8463), not {selector.kind!r}")
        return self.keys.rsa(label, selector.bits)

    def _renew(self) -> None:
        """Every midnight the automatic signers sign afresh."""
        self.clock.ring(self.clock.now() + timedelta(days=1), self._renew)
        with self.lock:
            self.renewed = self.clock.now()
            for machine in self.machines.values():
                machine.shelf.changes += machine.shelf.changes > 0  # a machine that never held a zone has no name server
            for zone in self.zones.values():
                self.renew(zone)

    def renew(self, zone: Zone) -> None:
        """Have a zone's automatic signer sign as it last did."""
        if zone.signing is not None and zone.signing.automatic and zone.signing.now != self.renewed:
            zone.signing = zone.signing.at(self.renewed)
