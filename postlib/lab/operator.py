"""A postal operator that runs its own machines and keeps its domain well in every check; faults come on top."""

from __future__ import annotations

from importlib import resources
from types import SimpleNamespace

import dns.name
import dns.rdatatype
from cryptography.hazmat.primitives import hashes, serialization

from postlib.lab.addresses import Block
from postlib.lab.dns.zone import Zone, quoted
from postlib.lab.mail.settings import MailSettings, Selector
from postlib.lab.state import State
from postlib.lab.website import website
from postlib.lab.worlds import Entry
from postlib.lab.zone_template import plant
from postlib.protocols.dkim import key_record

RdataType = dns.rdatatype.RdataType
PLACES = {"ns1": 1, "ns2": 2, "mx1": 3, "www": 4, "mta-sts": 5}  # in the operator's block
SELECTORS = (Selector("s2026a"), Selector("s2026e", "ed25519", 256))


def operator(state: State, entry: Entry, block: Block) -> None:
    """Put the operator of `entry` on the Internet: machines, zone, mail, web, delegation with DS."""
    domain = entry.domain
    places = {label: block.host(place) for label, place in PLACES.items()}
    for label, addresses in places.items():
        web = {"www": domain, "mta-sts": f"mta-sts.{domain}"}.get(label, "")
        state.machine(f"{label}.{domain}", addresses, domain, smtp=label == "mx1", web=web)
    zone = state.zone(domain, f"ns1.{domain}", f"ns2.{domain}")
    hosts = {label: SimpleNamespace(v4=v4, v6=v6) for label, (v4, v6) in places.items()}
    template = resources.files("postlib.lab").joinpath("templates", "operator.txt").read_text(encoding="utf-8")
    plant(zone, template, domain=domain, serial=f"{state.at:%Y%m%d}01", **hosts)  # type: ignore[arg-type]
    state.mail[domain] = MailSettings(domain, f"mx1.{domain}", SELECTORS)
    publish_keys(state, zone, domain)
    publish_tlsa(state, zone, f"mx1.{domain}")
    website(state, domain, str(entry.settings.get("country", domain)))
    state.sign(zone, denial="nsec3" if block.number % 2 else "nsec")
    state.delegate(zone, {f"{label}.{domain}": places[label] for label in ("ns1", "ns2")})


def publish_keys(state: State, zone: Zone, domain: str) -> None:
    """The DKIM records of the domain's selectors (RFC 6376, section 3.6.1)."""
    for selector in state.mail[domain].selectors:
        owner = dns.name.from_text(f"{selector.name}._domainkey.{domain}")
        zone.put(owner, RdataType.TXT, [quoted(key_record(state.dkim_key(domain, selector)))])


def publish_tlsa(state: State, zone: Zone, host: str) -> None:
    """The TLSA record 3 1 1 of a mail exchanger's key (RFC 7672, section 3.1.1), which outlives each certificate."""
    public = state.tls_key(host).public_key()
    info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(info)
    zone.put(dns.name.from_text(f"_25._tcp.{host}"), RdataType.TLSA, [f"3 1 1 {digest.finalize().hex()}"])
