"""Domains that are on the Internet from the start, and are made when somebody first asks for them.

The zone above knows each of them: its servers and its DS. The rest (zone, keys, mail and web settings) is made on first use, always
the same, and forgotten again when others have been used since; but what an act has changed is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib import resources
from types import SimpleNamespace

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from postlib.lab import worlds
from postlib.lab.dns.signing import Signing, ZoneKey
from postlib.lab.dns.zone import Edition, Node, Zone
from postlib.lab.generated import details
from postlib.lab.history import Ledger
from postlib.lab.mail.settings import MailSettings
from postlib.lab.operator import SELECTORS, publish_keys
from postlib.lab.replay import ACTS
from postlib.lab.state import State
from postlib.lab.website import website
from postlib.lab.worlds import Entry
from postlib.lab.zone_template import plant

RdataType = dns.rdatatype.RdataType
KEPT_DOMAINS = 100  # that nobody has changed: more than are looked at together; each takes some 30 kB
KEYS = 4  # with which a hosting company signs all its customers' zones
SHA256 = 2  # digest type of a DS (RFC 4509)
UNSIGNED = "not-signed"  # the one fault that the zone above knows of
POST = dns.name.from_text("post")


class Garden:
    """The generated domains of one Internet."""

    def __init__(self, state: State, entries: Iterable[Entry]) -> None:
        self._state = state
        self._entries = {entry.domain: entry for entry in entries}
        self._made: dict[str, None] = {}
        self._held: set[str] = set()
        self._editions: dict[str, Edition] = {}
        self._template = resources.files("postlib.lab").joinpath("templates", "generated.txt").read_text(encoding="utf-8")
        self._delegate()
        state.zones.grow, state.mail.grow, state.sites.grow, state.hold = self._zone, self._domain, self._host, self.hold
        for provider in {entry.settings["provider"] for entry in self._entries.values()}:
            for shelf in self._shelves(provider):
                shelf.grow = self._zone

    def hold(self, domain: str) -> None:
        """That domain is going to be changed: keep it from now on."""
        with self._state.lock:
            self._domain(domain)
            if domain in self._made:
                del self._made[domain]
                self._held.add(domain)

    def _zone(self, origin: dns.name.Name) -> None:
        if len(origin.labels) == len(POST.labels) + 1:
            self._domain(origin.to_text(omit_final_dot=True).lower())

    def _host(self, host: str) -> None:
        self._domain(".".join(host.split(".")[-2:]))

    def _domain(self, domain: str) -> None:
        """Make a domain, if it is one of ours and not there."""
        entry = self._entries.get(domain)
        if entry is None:
            return
        with self._state.lock:
            if domain in self._made or domain in self._held:
                return
            while len(self._made) >= KEPT_DOMAINS:
                self._forget(next(iter(self._made)))
            self._made[domain] = None
            with self._state.history.apart():
                self._make(entry)

    def _shelves(self, provider: str) -> list[Ledger[dns.name.Name, Zone]]:
        """What the name servers of a hosting company hold."""
        shelves = [self._state.machines[f"{label}.{provider}"].shelf.zones for label in ("ns1", "ns2")]
        return [shelf for shelf in shelves if isinstance(shelf, Ledger)]

    def _key(self, entry: Entry) -> ZoneKey:
        number = hashlib.sha256(entry.domain.encode()).digest()[0] % KEYS
        return self._state.zone_key(dns.name.from_text(entry.settings["provider"]), -number - 1)

    def _delegate(self) -> None:
        """Name all of them in the zone above; what many have in common is made once."""
        parent = self._state.zones[POST]
        servers: dict[str, dns.rdataset.Rdataset] = {}
        for entry in self._entries.values():
            provider, name = entry.settings["provider"], dns.name.Name([entry.domain.partition(".")[0].encode(), *POST.labels])
            if provider not in servers:
                servers[provider] = dns.rdataset.from_text("IN", "NS", 3600, f"ns1.{provider}.", f"ns2.{provider}.")
            node: Node = {RdataType.NS: servers[provider]}
            if UNSIGNED not in entry.faults:
                node[RdataType.DS] = dns.rdataset.from_rdata(3600, _ds(name, self._key(entry).dnskey))
            parent.nodes[name] = node
        parent.touch()

    def _make(self, entry: Entry) -> None:
        """All that the domain consists of, as it would be if it had been there since the world began."""
        state, domain, provider = self._state, entry.domain, entry.settings["provider"]
        zone = Zone(dns.name.from_text(domain))
        self._records(entry, zone)
        state.zones.lay(zone.origin, zone)
        for shelf in self._shelves(provider):
            shelf.lay(zone.origin, zone)
        settings = MailSettings(domain, f"mx1.{provider}", SELECTORS[: 1 + (entry.settings["denial"] == "nsec3")])
        state.mail.lay(domain, settings)
        publish_keys(state, zone, domain)
        website(state, domain, entry.settings["country"], exchanger=f"mx1.{provider}")
        for label in ("www", "mta-sts"):
            state.machines[f"{label}.{provider}"].guests |= _hosts(domain)
        if UNSIGNED not in entry.faults:
            zone.signing = Signing(zone.origin, (self._key(entry),), state.at, denial=entry.settings["denial"])
        self._spoil(entry)
        state.renew(zone)
        zone.history, zone.edition = state.history, self._editions.setdefault(domain, Edition())

    def _records(self, entry: Entry, zone: Zone) -> None:
        state, provider, relay = self._state, entry.settings["provider"], entry.settings["relay"]
        places = {}
        for label in ("www", "mta-sts"):
            v4, v6 = state.machines[f"{label}.{provider}"].addresses
            places[label] = SimpleNamespace(v4=v4, v6=v6)
        serial = f"{state.at:%Y%m%d}"
        told = details(entry.domain, relay, state.machines[f"mx1.{relay}"].addresses[0], serial)
        plant(zone, self._template, domain=entry.domain, provider=provider, serial=f"{serial}01", **told, **places)  # type: ignore[arg-type]

    def _spoil(self, entry: Entry) -> None:
        """Carry out the acts of the domain's faults, as when the world began; what they change in the zone above is so already."""
        for name in entry.faults:
            for act in worlds.faults()[name].on(entry.domain):
                settings = {key: value for key, value in act.items() if key != "act"}
                if act["act"] != "registry":
                    ACTS[act["act"]](self._state, **settings, **({"now": self._state.at} if act["act"] == "sign" else {}))

    def _forget(self, domain: str) -> None:
        entry, origin = self._entries[domain], dns.name.from_text(domain)
        del self._made[domain]
        self._state.zones.lift(origin)
        self._state.mail.lift(domain)
        for shelf in self._shelves(entry.settings["provider"]):
            shelf.lift(origin)
        for label in ("www", "mta-sts"):
            self._state.machines[f"{label}.{entry.settings['provider']}"].guests -= _hosts(domain)
        for host in _hosts(domain):
            self._state.sites.lift(host)


def _hosts(domain: str) -> set[str]:
    return {domain, f"www.{domain}", f"mta-sts.{domain}"}


def _ds(name: dns.name.Name, key: DNSKEY) -> DS:
    """The DS record of a zone's key (RFC 4034, section 5.1.4; the name is in lower case)."""
    digest = hashlib.sha256(name.to_wire() + key.to_wire()).digest()  # type: ignore[operator]
    return DS(dns.rdataclass.IN, RdataType.DS, dns.dnssec.key_id(key), key.algorithm, SHA256, digest)
