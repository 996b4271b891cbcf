"""TLS of the web site: the versions that are accepted, and whether its certificate is to be believed (RFC 9325, RFC 5280)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, not_applicable, remedy, unknown
from postlib.network import ABSENT, Absent, Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import http
from postlib.probes.http import Refusal, summed
from postlib.protocols.pkix import NAMES_SHOWN, UNREADABLE, WEAK_HASHES, Trust, load, verify
from postlib.protocols.service_identity import presented
from postlib.protocols.tls import Handshake, TlsRefused, handshake, versions

PORT = 443
MODERN = ("TLSv1.2", "TLSv1.3")
OLD = ("TLSv1", "TLSv1.1")  # RFC 8996; SSL 2 and 3 (RFC 6176, RFC 7568) are spoken by no OpenSSL of today, so not looked for
BASELINE = "CA/Browser Forum Baseline Requirements"
UNTRUSTED = ("no-certificate", "malformed", "bad-signature", "self-signed", "unknown-issuer", "refused")


# Facts


@dataclass(frozen=True)
class Endpoint:
    """One host's TLS on its first address: the usual handshake, whether its chain is believed, and each version: accepted or not.

    `shake` is ABSENT where nobody listens on port 443, a Refusal where no handshake succeeds; `trust` is then None.
    """

    host: str
    shake: Handshake | Refusal | Absent | Unknown
    trust: Trust | None = None
    accepts: Mapping[str, bool | Unknown] = field(default_factory=dict)

    @cached_property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificates as sent, the host's own first; empty where that one cannot be read, without others that cannot."""
        sent = [load(der) for der in self.shake.chain] if isinstance(self.shake, Handshake) else []
        return tuple(certificate for certificate in sent if certificate is not None) if sent and sent[0] is not None else ()

    def problem(self, *reasons: str) -> str:
        """The first of these reasons for which the chain is not believed, or nothing."""
        problems = self.trust.problems if self.trust is not None else ()
        return next((problem.reason for problem in problems if problem.reason in reasons), "")


@dataclass(frozen=True)
class Tls:
    """The TLS of the domain's web hosts, as seen at one moment by the Network's clock."""

    domain: str
    endpoints: tuple[Endpoint, ...]
    at: datetime


# Observe


async def observe(net: Observation, domain: str) -> Tls:
    """For each web host the handshake that the HTTP probe made, or one of our own, and one more for each TLS version."""
    web = await net.facts(http.probe, domain)
    endpoints = await asyncio.gather(*(_endpoint(net, host) for host in web.hosts))
    return Tls(domain, tuple(endpoints), net.network.clock.now())


async def _endpoint(net: Observation, host: http.Host) -> Endpoint:
    if host.closed:
        return Endpoint(host.name, ABSENT)
    answer = http.own(host.secure)
    if answer is not None and answer.handshake is not None:
        shake, trust = answer.handshake, answer.trust
        return Endpoint(host.name, shake, trust, await versions(net, shake.address, PORT, host.name))
    address = next(iter(host.addresses.seen), None)
    if address is None and isinstance(host.secure, Unknown):
        return Endpoint(host.name, host.secure)
    return await _shaken(net, host.name, address or "")


async def _shaken(net: Observation, name: str, address: str) -> Endpoint:
    """A handshake of our own, for a host that does not answer over HTTP."""
    try:
        shake = await told(handshake(net, address, PORT, name))
    except TlsRefused as error:
        return Endpoint(name, Refusal(error.reason, error.where), None, await versions(net, address, PORT, name))
    if isinstance(shake, Unknown):
        return Endpoint(name, shake)
    trust = verify(shake.chain, name, net.network.certificate_roots, net.network.clock.now())
    return Endpoint(name, shake, trust, await versions(net, address, PORT, name))


# Remedies


def modern_versions(tls: Tls) -> Remedy:
    """TLS 1.2 and 1.3, and nothing older."""
    return _good(tls, "tls.modern-versions")


def new_certificate(tls: Tls) -> Remedy:
    """A certificate from a public authority, for all the site's names."""
    return _good(tls, "tls.new-certificate")


def send_chain(tls: Tls) -> Remedy:
    """The authority's intermediate certificate is sent along."""
    return _good(tls, "tls.send-chain")


def renew(tls: Tls) -> Remedy:
    """The certificate is renewed, by a machine from now on."""
    return _good(tls, "tls.renew")


def new_key(tls: Tls) -> Remedy:
    """A new key and a new certificate for it."""
    return _good(tls, "tls.new-key")


def _good(tls: Tls, template: str) -> Remedy:
    hosts = [endpoint.host for endpoint in tls.endpoints]
    certbot = " ".join(f"-d {host}" for host in hosts)
    return remedy(template, Lever.WEB_HOST, *(acts.web(host, personality="good") for host in hosts), hosts=", ".join(hosts), names=certbot)


# Checks

probe = Probe("tls", "RFC 9325", observe)


@probe.check("section 3.1.1", remedy=modern_versions, lesson="https/06")
def modern_version(tls: Tls, profile: Profile) -> Verdict:
    """Every web host accepts TLS 1.2 or TLS 1.3."""
    here = _listening(tls)
    found = {e.host: [e.accepts[version] for version in MODERN if version in e.accepts] for e in here}
    broken = {host: "no-modern-version" for host, outcomes in found.items() if outcomes and all(o is False for o in outcomes)}
    unseen = [o for outcomes in found.values() if not _any(outcomes) for o in outcomes if isinstance(o, Unknown)]
    seen = tuple(version for version in MODERN if any(e.accepts.get(version) is True for e in here))
    return _none(tls) or summed(broken, [*unseen, *_unseen(tls)], version=seen)


@probe.check("sections 4 and 5", standard="RFC 8996", remedy=modern_versions, lesson="https/06")
def no_old_version(tls: Tls, profile: Profile) -> Verdict:
    """No web host accepts TLS 1.0 or TLS 1.1."""
    here = _listening(tls)
    broken = {e.host: "old-version" for e in here if _any([e.accepts.get(version) for version in OLD])}
    unseen = [o for e in here for version in OLD if isinstance(o := e.accepts.get(version), Unknown)]
    old = tuple(version for version in OLD if any(e.accepts.get(version) is True for e in here))
    return _none(tls) or summed(broken, [*unseen, *_unseen(tls)], version=old)


@probe.check("section 6.1", standard="RFC 5280", remedy=new_certificate, lesson="https/02")
def trusted(tls: Tls, profile: Profile) -> Verdict:
    """The certificate leads, signature by signature, to a root that browsers trust."""
    broken = {e.host: problem for e in _listening(tls) if (problem := _untrusted(e))}
    issuers = tuple(dict.fromkeys(e.chain[0].issuer.rfc4514_string() for e in _listening(tls) if e.chain))
    cut = [Unknown("incomplete-chain", e.host) for e in _listening(tls) if e.problem("incomplete")]
    return _unshaken(tls) or summed(broken, [*cut, *_unseen(tls)], issuer=issuers)


@probe.check("section 4.4.2", standard="RFC 8446", remedy=send_chain, lesson="https/02")
def complete_chain(tls: Tls, profile: Profile) -> Verdict:
    """The server sends every certificate between its own and the root."""
    return _certificates(tls, lambda e: e.problem("incomplete"))


@probe.check("section 6", standard="RFC 9525", remedy=new_certificate, lesson="https/02")
def names_match(tls: Tls, profile: Profile) -> Verdict:
    """The certificate stands for the name of the host that shows it."""
    names = tuple(dict.fromkeys(name for e in _listening(tls) if e.chain for name in presented(e.chain[0])))
    return _certificates(tls, lambda e: e.problem("wrong-name"), certificate_name=names[:NAMES_SHOWN])


@probe.check("section 4.1.2.5", standard="RFC 5280", remedy=renew, lesson="https/02")
def in_its_time(tls: Tls, profile: Profile) -> Verdict:
    """The certificate and those above it are valid today."""
    leaves = [e.chain[0] for e in _listening(tls) if e.chain]
    ends = tuple(dict.fromkeys(f"{leaf.not_valid_after_utc:%Y-%m-%d}" for leaf in leaves))
    late = any(left(leaf, tls.at) < profile.number("tls.life-left-percent") for leaf in leaves)
    return _certificates(tls, lambda e: e.problem("expired", "not-yet-valid"), advice="tls.renew-soon" if late else "", valid_until=ends)


@probe.check("section 6.1.5", standard=BASELINE, remedy=new_key, lesson="https/06")
def key_size(tls: Tls, profile: Profile) -> Verdict:
    """No key of the certificate chain is too short."""
    minimum = {"rsa": profile.number("tls.rsa-bits"), "ec": profile.number("tls.ec-bits")}
    keys = {e.host: [key(certificate) for certificate in e.chain] for e in _listening(tls)}
    short = {host: any(kind == "dsa" or bits < minimum.get(kind, 0) for kind, bits in found) for host, found in keys.items()}
    seen = tuple(dict.fromkeys(f"{kind}-{bits}" if bits else kind for found in keys.values() for kind, bits in found))
    return _certificates(tls, lambda e: "short-key" if short[e.host] else "", key=seen)


@probe.check("section 7.1.3.2", standard=BASELINE, remedy=new_certificate, lesson="https/06")
def strong_signature(tls: Tls, profile: Profile) -> Verdict:
    """No certificate is signed with SHA-1 or MD5, which can be forged."""
    return _certificates(tls, lambda e: "weak-signature" if _weak(e) else "")


def key(certificate: x509.Certificate) -> tuple[str, int]:
    """The kind of a certificate's public key and its size in bits, 0 where the kind has one size only or is not known."""
    try:
        public = certificate.public_key()
    except UNREADABLE:
        return "unreadable", 0
    if isinstance(public, rsa.RSAPublicKey):
        return "rsa", public.key_size
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "ec", public.key_size
    if isinstance(public, dsa.DSAPublicKey):
        return "dsa", public.key_size
    return type(public).__name__.removesuffix("PublicKey").lower(), 0


def weakly_signed(certificate: x509.Certificate, leaf: x509.Certificate) -> bool:
    """Whether it is signed with SHA-1 or MD5. A root's signature of itself says nothing and is passed over."""
    if certificate != leaf and certificate.issuer == certificate.subject:
        return False
    try:
        return isinstance(certificate.signature_hash_algorithm, WEAK_HASHES)
    except UNREADABLE:
        return False


def _untrusted(endpoint: Endpoint) -> str:
    """Why the chain leads to no root, or nothing. A SHA-1 signature that our library will not even verify is weak, not false."""
    problem = endpoint.problem(*UNTRUSTED)
    return "weak-signature" if problem == "bad-signature" and _weak(endpoint) else problem


def _weak(endpoint: Endpoint) -> bool:
    return any(weakly_signed(certificate, endpoint.chain[0]) for certificate in endpoint.chain)


def left(certificate: x509.Certificate, now: datetime) -> float:
    """How much of the certificate's life is left, in percent of the whole."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return 100 * (end - now) / (end - start) if end > start else 0.0


def _certificates(tls: Tls, problem: Callable[[Endpoint], str], *, advice: str = "", **seen: Any) -> Verdict:
    """The verdict on the certificates of all hosts that show one."""
    broken = {e.host: found for e in _listening(tls) if e.chain and (found := problem(e))}
    return _unshaken(tls) or summed(broken, _unseen(tls), advice=advice, **seen)


def _listening(tls: Tls) -> list[Endpoint]:
    """The hosts that were reached on port 443."""
    return [e for e in tls.endpoints if isinstance(e.shake, Handshake | Refusal)]


def _unseen(tls: Tls) -> list[Unknown]:
    return [e.shake for e in tls.endpoints if isinstance(e.shake, Unknown)]


def _any(outcomes: Sequence[bool | Unknown | None]) -> bool:
    return any(outcome is True for outcome in outcomes)


def _none(tls: Tls) -> Verdict | None:
    """Why there is no TLS to judge, or None where there is."""
    if not tls.endpoints:
        return not_applicable(found="no-web-address")
    return None if _listening(tls) or _unseen(tls) else not_applicable(found="no-https")


def _unshaken(tls: Tls) -> Verdict | None:
    """Why there is no certificate to judge, or None where there is."""
    if _none(tls) is not None or any(isinstance(e.shake, Handshake) for e in tls.endpoints):
        return _none(tls)
    for reason in _unseen(tls):
        return unknown(reason=reason.reason, where=reason.where)
    return not_applicable(found="no-handshake")
