"""DANE for SMTP: a certificate or key named in a signed zone (RFC 6698; RFC 7671; RFC 7672)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import dns.name
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postlib.network import Network
from postlib.protocols.addresses import text
from postlib.protocols.pkix import CHAIN_LIMIT, UNREADABLE, dates, issued_path, load
from postlib.protocols.service_identity import stands_for
from postlib.resolver import Resolver, Security

DIGEST_SIZES = {1: 32, 2: 64}  # matching types SHA-256 and SHA-512 (RFC 6698, section 2.1.3), in octets
RECORDS_LIMIT = 32  # records compared; the widest roll-over in use has eight


@dataclass(frozen=True)
class Tlsa:
    """One TLSA record: certificate usage, selector, matching type, and the data to compare with."""

    usage: int
    selector: int
    matching_type: int
    data: bytes

    @property
    def usable(self) -> bool:
        """Whether SMTP may use it: usages 2 and 3, known selector and matching type, data of the right size (RFC 7672, section 3.1)."""
        fits = len(self.data) == DIGEST_SIZES.get(self.matching_type, len(self.data)) and bool(self.data)
        return self.usage in (2, 3) and self.selector in (0, 1) and self.matching_type in (0, 1, 2) and fits

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching_type} {self.data.hex()}"


@dataclass(frozen=True)
class TlsaRecords:
    """The TLSA records of a service: `base` is the name they stand under after the port and protocol labels.

    They count only where `trusted`: an answer that DNSSEC did not secure may be anybody's (RFC 7672, section 2.2).
    """

    base: str
    records: tuple[Tlsa, ...]
    security: Security

    @property
    def trusted(self) -> bool:
        """Whether the answer was secure."""
        return self.security is Security.SECURE


@dataclass(frozen=True)
class Match:
    """Which record matched, if any, and what each record came to, in order.

    Words: match, mismatch, unusable, superseded (a stronger digest of the same usage and selector decides),
    and for usage 2, where the trust anchor is there, expired, not-yet-valid, wrong-name.
    """

    matched: Tlsa | None
    outcomes: tuple[tuple[Tlsa, str], ...]

    @property
    def usable(self) -> bool:
        """Whether there was a record to go by; if not, TLS is required and nobody is authenticated (RFC 7672, section 2.2)."""
        return any(outcome != "unusable" for _, outcome in self.outcomes)


async def tlsa(net: Network | Resolver, host: str, port: int = 25) -> TlsaRecords:
    """The TLSA records for TCP `port` of `host`; where `host` is a secure alias, its target's come first (RFC 7672, section 2.2.2).

    Raises Unreachable, and then mail must wait (RFC 7672, section 2.1.2).
    """
    resolver = Resolver.of(net)
    address = await resolver.lookup(host, "A")
    bases = [host.rstrip(".").lower()]
    if address.aliases and address.security is Security.SECURE:
        bases.insert(0, text(address.canonical))
    answer = address
    for base in bases:
        try:
            answer = await resolver.lookup(f"_{port}._tcp.{base}", "TLSA")
        except dns.name.NameTooLong:  # then there can be none
            return TlsaRecords(base, (), address.security)
        if answer.records:
            break
    records = tuple(Tlsa(r.usage, r.selector, r.mtype, r.cert) for r in answer.records)  # type: ignore[attr-defined]
    return TlsaRecords(base, tuple(sorted(records, key=str)), answer.security)


def match(records: Sequence[Tlsa], chain: Sequence[bytes], names: Sequence[str], now: datetime) -> Match:
    """Compare the DER `chain`, the server's certificate first, with the records.

    Usage 3 looks at the server's certificate or key alone: neither names nor dates count (RFC 7671, section 5.1).
    Usage 2 looks for the trust anchor above it, and then names and dates count (section 5.2); `names` are the base
    domain and, where the way there was secure, the domain of the mail.
    """
    certificates = tuple(map(load, chain[:CHAIN_LIMIT]))
    outcomes = tuple((r, _outcome(r, records, chain, certificates, names, now)) for r in records[:RECORDS_LIMIT])
    return Match(next((record for record, outcome in outcomes if outcome == "match"), None), outcomes)


def _outcome(
    record: Tlsa,
    records: Sequence[Tlsa],
    chain: Sequence[bytes],
    certificates: Sequence[x509.Certificate | None],
    names: Sequence[str],
    now: datetime,
) -> str:
    if not record.usable:
        return "unusable"
    if any(_stronger(other, record) for other in records):
        return "superseded"
    if not certificates:
        return "mismatch"
    if record.usage == 3:
        return "match" if _selected(record, chain[0], certificates[0]) else "mismatch"
    return _anchored(record, chain, certificates, names, now)


def _stronger(other: Tlsa, record: Tlsa) -> bool:
    """Digest agility (RFC 7671, section 9): of two digests in one usage and selector only the stronger decides."""
    same = other.usable and (other.usage, other.selector) == (record.usage, record.selector)
    return same and 0 < record.matching_type < other.matching_type


def _selected(record: Tlsa, der: bytes, certificate: x509.Certificate | None) -> bool:
    """Whether the record's data is that of the certificate (selector 0) or of its key (selector 1)."""
    selected = der if record.selector == 0 else _key(certificate)
    if selected is None:
        return False
    if record.matching_type == 0:
        return selected == record.data
    return (hashlib.sha256 if record.matching_type == 1 else hashlib.sha512)(selected).digest() == record.data


def _key(certificate: x509.Certificate | None) -> bytes | None:
    """The SubjectPublicKeyInfo, or None where it cannot be read."""
    if certificate is None:
        return None
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE:
        return None


def _anchored(
    record: Tlsa, chain: Sequence[bytes], certificates: Sequence[x509.Certificate | None], names: Sequence[str], now: datetime
) -> str:
    """Usage 2: the record names a certificate above the server's own, which leads there (RFC 7671, section 5.2)."""
    leaf = certificates[0]
    above = [(der, c) for der, c in zip(chain[1:], certificates[1:], strict=False) if c is not None]
    anchors = [certificate for der, certificate in above if _selected(record, der, certificate)]
    if record.selector == 0 and record.matching_type == 0:  # the record holds the anchor itself, which need not be sent
        anchors += [certificate for certificate in [load(record.data)] if certificate is not None]
    if leaf is None or not anchors:
        return "mismatch"
    path, anchored = issued_path(leaf, [certificate for _, certificate in above], anchors)
    if not anchored or len(path) < 2 or not all(_authority(certificate) for certificate in path[1:]):
        return "mismatch"
    problem = next((problem for problem in (dates(certificate, now) for certificate in path) if problem is not None), None)
    if problem is not None:
        return problem.reason
    return "match" if any(stands_for(leaf, name) for name in names) else "wrong-name"


def _authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may issue others (RFC 5280, section 4.2.1.9)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
