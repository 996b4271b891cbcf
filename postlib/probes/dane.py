"""DANE: the certificate of each mail exchanger, named in a signed zone (RFC 7672; RFC 6698)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import starttls
from postlib.probes.delegation import holder
from postlib.probes.starttls import Server, Starttls
from postlib.protocols.dane import Match, Tlsa, TlsaRecords, match, tlsa
from postlib.protocols.mx import NOT_ASKED, Exchanger
from postlib.protocols.pkix import UNREADABLE, load
from postlib.protocols.tls import Handshake
from postlib.resolver import Security

# Facts


@dataclass(frozen=True)
class Seen:
    """What one mail server shows, held against the records. `match` is None where it shows nothing; `key` is the record of its key.

    `problem` is why it shows nothing: the word of `StartTls.failure`, or Unknown.
    """

    server: str
    match: Match | None
    key: Tlsa | None
    problem: str | Unknown


@dataclass(frozen=True)
class Named:
    """One exchanger: its TLSA records, how far its name can be trusted, and what its servers show.

    `security` is the weakest of the answers that lead to the host (RFC 7672, section 2.2): MX and addresses.
    `bare` are the zones without DNSSEC that they and the records come from, where there are records.
    """

    host: str
    tlsa: TlsaRecords | Unknown
    security: Security
    seen: tuple[Seen, ...]
    bare: tuple[str, ...] = ()

    @property
    def state(self) -> Security:
        """What can be said of the records: secure where every answer on the way is."""
        states = (self.security, self.tlsa.security)
        return next(state for state in (Security.INDETERMINATE, Security.INSECURE, Security.SECURE) if state in states)

    @property
    def usable(self) -> bool:
        """Whether a sender goes by the records."""
        return self.state is Security.SECURE and any(record.usable for record in self.tlsa.records)


@dataclass(frozen=True)
class Dane:
    """The exchangers of a domain that have addresses."""

    domain: str
    servers: Starttls
    hosts: tuple[Named, ...]

    @property
    def published(self) -> tuple[Named, ...]:
        """The exchangers that have TLSA records."""
        return tuple(host for host in self.hosts if host.tlsa.records)


# Observe


async def observe(net: Observation, domain: str) -> Dane:
    """The TLSA records of each exchanger, and what STARTTLS shows there."""
    facts = await net.facts(starttls.probe, domain)
    if isinstance(facts.exchangers, Unknown):
        return Dane(domain, facts, ())
    mx = facts.exchangers.security
    hosts = [host for host in facts.exchangers.hosts if host.addresses.possible]
    return Dane(domain, facts, tuple(await net.together(_named(net, facts, host, mx) for host in hosts)))


async def _named(net: Observation, facts: Starttls, host: Exchanger, mx: Security) -> Named:
    why = host.addresses.unknown
    records = why if why is not None and why.reason == NOT_ASKED else await told(tlsa(net, host.host))
    way = (mx, host.addresses.security) if host.addresses.unknown is None else (mx,)
    security = next((s for s in (Security.INDETERMINATE, Security.INSECURE) if s in way), Security.SECURE)
    names = (host.host, facts.domain) if mx is Security.SECURE else (host.host,)
    compared = () if isinstance(records, Unknown) else records.records
    seen = [_held(server, compared, names, net.network.clock.now()) for server in facts.considered if server.host == host.host]
    bare = () if isinstance(records, Unknown) or not compared else await _bare(net, facts.domain, mx, host, records)
    return Named(host.host, records, security, tuple(seen), bare)


async def _bare(net: Observation, domain: str, mx: Security, host: Exchanger, records: TlsaRecords) -> tuple[str, ...]:
    """The zones that the MX records, addresses and TLSA records without DNSSEC come from; the name itself where its zone is silent."""
    addresses = host.addresses.security if host.addresses.unknown is None else Security.SECURE
    asked = {domain: mx, host.host: addresses, records.base: records.security}
    names = [name for name, security in asked.items() if security is Security.INSECURE]
    zones = await asyncio.gather(*(holder(net, name) for name in names))
    return tuple(dict.fromkeys(zone if isinstance(zone, str) else name for zone, name in zip(zones, names, strict=True)))


def _held(server: Server, records: tuple[Tlsa, ...], names: tuple[str, ...], now: datetime) -> Seen:
    """The records held against what one server shows."""
    name, seen = f"{server.host} {server.address}".strip(), server.seen
    if isinstance(seen, Unknown):
        return Seen(name, None, None, seen)
    if not isinstance(seen.handshake, Handshake):
        return Seen(name, None, None, seen.failure if seen.handshake is None else seen.handshake)
    chain = seen.handshake.chain
    return Seen(name, match(records, chain, names, now), key_record(chain), "")


def key_record(chain: tuple[bytes, ...]) -> Tlsa | None:
    """The TLSA record 3 1 1 of the server's key: SHA-256 of its SubjectPublicKeyInfo. None for a key that cannot be read."""
    certificate = load(chain[0]) if chain else None
    if certificate is None:
        return None
    try:
        info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE:
        return None
    return Tlsa(3, 1, 1, sha256(info).digest())


# Remedies


def publish_key(dane: Dane) -> Remedy:
    """For each exchanger without a record that works, one for the key that it shows now: 3 1 1 (RFC 7672, section 3.1.1)."""
    broken = [host for host in dane.hosts if not _works(host) and host.state is Security.SECURE]
    todo = {_owner(host): _keys(host) for host in broken}
    ours = all(_ours(dane, host) for host in broken)
    lever = Lever.DNS_HOST if ours else Lever.MAIL_PROVIDER  # whose zone the records stand in
    if not all(todo.values()):
        return remedy("dane.publish-unseen", lever, name=", ".join(todo))
    records = ", ".join(f"{owner} TLSA {key}" for owner, keys in todo.items() for key in keys)
    changes = [acts.publish(owner, "TLSA", *keys) for owner, keys in todo.items()] if ours else []
    return remedy("dane.publish-key", lever, *changes, record=records)


def make_match(dane: Dane) -> Remedy:
    """Switch STARTTLS on where the records promise it; otherwise let the records name the key that is shown."""
    mute = [host.host for host in dane.published for seen in host.seen if isinstance(seen.problem, str) and seen.problem]
    if mute:
        return starttls.setting(dane.domain, "dane.offer", mute, starttls=True)
    return publish_key(dane)


def sign_zone(dane: Dane) -> Remedy:
    """Sign the zone that holds the records and give its parent the DS; where the zone is another's, only they can."""
    hosts = [host for host in dane.published if host.state is not Security.SECURE]
    ours = all(_ours(dane, host) for host in hosts)
    todo = [acts.sign(dane.domain), acts.registry(dane.domain, ds="match")] if ours else []
    bare = list(dict.fromkeys(zone for host in hosts for zone in host.bare))
    own = ours or any(starttls.within(dane.domain, zone) for zone in bare)
    return remedy("dane.sign-zone", Lever.DNS_HOST if own else Lever.MAIL_PROVIDER, *todo, zone=", ".join(bare))


def _ours(dane: Dane, host: Named) -> bool:
    """Whether the exchanger's name stands in the domain's own zone, as far as its name tells."""
    return starttls.within(host.host, dane.domain)


def _works(host: Named) -> bool:
    return host.usable and all(seen.match is not None and seen.match.matched is not None for seen in host.seen)


def _keys(host: Named) -> list[str]:
    """The records of the keys that the host's servers show."""
    return list(dict.fromkeys(str(seen.key) for seen in host.seen if seen.key is not None))


def _owner(host: Named) -> str:
    return f"_25._tcp.{host.tlsa.base}"


# Checks

probe = Probe("dane", "RFC 7672", observe)


@probe.check("section 2.2", remedy=publish_key, lesson="dmarc/10")
def published(dane: Dane, profile: Profile) -> Verdict:
    """Every mail exchanger has TLSA records, unless its zone is without DNSSEC."""
    if not dane.servers.exchangers.accepts_mail:
        return _no_mail(dane)
    without = [host for host in dane.hosts if not host.tlsa.records]
    bare = [host.host for host in without if host.state is Security.SECURE]
    if bare:
        return failed(host=bare)
    if any(host.state is Security.INDETERMINATE for host in without):
        return unknown(reason="dnssec-not-seen", where=[host.host for host in without])
    if without:  # records there would count for nothing (section 2.2)
        return not_applicable(found="unsigned", host=[host.host for host in without])
    ignored = any(host.state is Security.INSECURE for host in dane.published)
    return passed(tlsa=_texts(dane), found="not-secured" if ignored else ())


@probe.check("section 2.2", remedy=sign_zone, lesson="dmarc/10")
def secured(dane: Dane, profile: Profile) -> Verdict:
    """TLSA records, and the MX records and addresses that lead to them, are secured by DNSSEC."""
    if not dane.published:
        return _no_records(dane)
    insecure = [host for host in dane.published if host.state is Security.INSECURE]
    if insecure:
        return failed(host=[f"{h.host} ({'tlsa' if h.tlsa.security is Security.INSECURE else 'way'}-unsigned)" for h in insecure])
    blind = [host.host for host in dane.published if host.state is Security.INDETERMINATE]
    return unknown(reason="dnssec-not-seen", where=blind) if blind else passed()


@probe.check("section 3.1", remedy=publish_key, lesson="dmarc/10")
def usable(dane: Dane, profile: Profile) -> Verdict:
    """Every mail exchanger with TLSA records has one that mail servers can use: certificate usage 3 or 2."""
    if not dane.published:
        return _no_records(dane)
    useless = [host for host in dane.published if not any(record.usable for record in host.tlsa.records)]
    if useless:
        return failed(tlsa=[str(record) for host in useless for record in host.tlsa.records])
    some = any(not record.usable for host in dane.published for record in host.tlsa.records)
    # a record of a whole certificate must change with every renewal; the one of a key need not (section 3.1.1)
    brittle = any(record.usage == 3 and record.selector == 0 for host in dane.published for record in host.tlsa.records)
    return passed(advice="dane.unusable-beside" if some else "dane.whole-certificate" if brittle else "", tlsa=_texts(dane))


@probe.check("section 3.1", remedy=make_match, lesson="dmarc/10")
def matches(dane: Dane, profile: Profile) -> Verdict:
    """The TLSA records of each mail exchanger match the certificate that it shows after STARTTLS."""
    held = [host for host in dane.published if host.usable]
    if not held:
        return _no_records(dane)
    said = [(seen, _mismatch(seen)) for host in held for seen in host.seen]
    wrong = [(seen, word) for seen, word in said if isinstance(word, str) and word]
    if wrong:
        return failed(server=[f"{seen.server} ({word})" for seen, word in wrong])
    if not dane.servers.answering:
        return starttls.silence(dane.servers)
    why = next((word for _, word in said if isinstance(word, Unknown)), None)
    if why is not None:
        return unknown(reason=why.reason, where=why.where)
    return passed(overlooked=dane.servers.overlooked)


def _mismatch(seen: Seen) -> str | Unknown:
    """What is wrong with one server: a word, "" where nothing is, Unknown where it could not be seen."""
    if seen.match is None:
        return seen.problem
    if seen.match.matched is not None:
        return ""
    return next((outcome for _, outcome in seen.match.outcomes if outcome not in ("unusable", "superseded")), "mismatch")


def _texts(dane: Dane) -> tuple[str, ...]:
    return tuple(str(record) for host in dane.published for record in host.tlsa.records)


def _no_records(dane: Dane) -> Verdict:
    if not dane.servers.exchangers.accepts_mail:
        return _no_mail(dane)
    return not_applicable(found="no-tlsa")


def _no_mail(dane: Dane) -> Verdict:
    return not_applicable(found="null-mx" if dane.servers.exchangers.null else "no-exchanger")
