"""Whether a certificate chain, as a server sent it, is to be believed at a given moment (RFC 5280, section 6; RFC 9525).

`cryptography` gives the verdict; where it refuses, cheap checks of our own say why.
"""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509 import verification

from postlib.protocols.service_identity import is_address, presented, stands_for

CHAIN_LIMIT = 16  # certificates looked at; a longer path than OpenSSL's usual ten serves nobody
NAMES_SHOWN = 20  # of a certificate that lacks the right one; a certificate may bear thousands
RSA_MINIMUM = 2048  # bits: CA/Browser Forum Baseline Requirements, section 6.1.5
EC_MINIMUM = 256  # bits: the same section
WEAK_HASHES = (hashes.MD5, hashes.SHA1)

# what reading a strange certificate may raise; none of it is our error
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion)


@dataclass(frozen=True)
class Problem:
    """One reason not to believe a chain: a word of the catalogue, and the certificate or value it is about."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Trust:
    """What verifying a chain came to; `path` is the subjects from the server's certificate upwards, as far as they connect.

    Reasons: no-certificate, malformed, bad-signature, self-signed, incomplete, unknown-issuer,
    expired, not-yet-valid, wrong-name, weak, refused.
    """

    problems: tuple[Problem, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether the chain leads to a root for that name at that time."""
        return not self.problems

    @property
    def result(self) -> str:
        """One word: trusted, or the first reason why not."""
        return self.problems[0].reason if self.problems else "trusted"


def load(der: bytes) -> x509.Certificate | None:
    """The certificate in `der`, or None where it cannot be read."""
    try:
        with warnings.catch_warnings():  # cryptography warns of odd serial numbers and names
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.not_valid_before_utc
    except UNREADABLE:
        return None
    return certificate


@lru_cache(maxsize=32)
def roots(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates in PEM text; certifi's public roots where it is empty. Raises ValueError for what is not PEM."""
    text = pem or Path(certifi.where()).read_text(encoding="ascii")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(x509.load_pem_x509_certificates(text.encode()))


@lru_cache(maxsize=32)
def _store(pem: str) -> verification.Store:
    return verification.Store(list(roots(pem)))


def verify(chain: Sequence[bytes], name: str, roots_pem: str, now: datetime) -> Trust:
    """Whether the DER `chain`, the server's certificate first, is to be believed for `name` at `now`.

    `roots_pem` as in `Network.certificate_roots`. Whatever the chain holds, the outcome is a Trust and no exception.
    """
    if not chain:
        return Trust((Problem("no-certificate"),))
    leaf = load(chain[0])
    if leaf is None:
        return Trust((Problem("malformed", "the server's certificate"),))
    sent = [certificate for certificate in map(load, chain[1:CHAIN_LIMIT]) if certificate is not None]
    anchors = roots(roots_pem)
    path, anchored = issued_path(leaf, sent, anchors)
    refusal = _refusal(leaf, sent, name, roots_pem, now)
    subjects = tuple(certificate.subject.rfc4514_string() for certificate in path)
    weak = tuple(_weaknesses(path, anchored))
    if refusal is None:
        return Trust(weak, subjects)  # the verifier takes short RSA keys
    unanchored = () if anchored else (_unanchored(path, (*sent, *anchors)),)
    problems = (*unanchored, *_problems(path, name, now), *weak)
    if anchored and problems and not weak:  # a date or a name explains it: is there more that it hides?
        refusal = _elsewhere(path, sent, name, roots_pem, now)
    return Trust((*problems, *([Problem("refused", refusal)] if refusal and not (unanchored or weak) else [])), subjects)


def issued_path(
    leaf: x509.Certificate, sent: Iterable[x509.Certificate], anchors: Iterable[x509.Certificate]
) -> tuple[tuple[x509.Certificate, ...], bool]:
    """The certificates that lead upwards from `leaf`, each signed by the next, and whether the last is one of `anchors`."""
    path, sent, anchors = [leaf], tuple(sent), tuple(anchors)
    while len(path) < CHAIN_LIMIT:
        if path[-1] in anchors:
            return tuple(path), True
        anchor = next((a for a in anchors if issued(path[-1], a)), None)
        if anchor is not None:
            return (*path, anchor), True
        above = next((c for c in sent if c not in path and issued(path[-1], c)), None)
        if above is None:
            break
        path.append(above)
    return tuple(path), False


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` is named in, and really signed, `certificate`."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def dates(certificate: x509.Certificate, now: datetime) -> Problem | None:
    """Why the certificate is not valid at `now`, or None where it is (RFC 5280, section 4.1.2.5)."""
    if now > certificate.not_valid_after_utc:
        return Problem("expired", f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}")
    if now < certificate.not_valid_before_utc:
        return Problem("not-yet-valid", f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")
    return None


def _refusal(leaf: x509.Certificate, sent: list[x509.Certificate], name: str, roots_pem: str, now: datetime) -> str | None:
    """Why cryptography's verifier refuses the chain, in its own words, or None where it does not."""
    try:
        subject = x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name.rstrip("."))
        builder = verification.PolicyBuilder().store(_store(roots_pem)).time(now)
        builder.build_server_verifier(subject).verify(leaf, sent)
    except (verification.VerificationError, *UNREADABLE) as error:
        return str(error) or type(error).__name__
    return None


def _elsewhere(path: tuple[x509.Certificate, ...], sent: list[x509.Certificate], name: str, roots_pem: str, now: datetime) -> str | None:
    """As `_refusal`, for a name that the certificate bears and at the moment nearest to `now` when all of the path is in date.

    None where there is no such name or moment. So an expired or wrongly named certificate does not pass off a false authority.
    """
    names = [name] if stands_for(path[0], name) else [pattern.replace("*", "any", 1) for pattern in presented(path[0])]
    start, end = max(c.not_valid_before_utc for c in path), min(c.not_valid_after_utc for c in path)
    return _refusal(path[0], sent, names[0], roots_pem, min(max(now, start), end)) if names and start <= end else None


def _problems(path: tuple[x509.Certificate, ...], name: str, now: datetime) -> Iterator[Problem]:
    """What is cheap to see and explains a refusal, the gravest first."""
    for certificate in path:
        problem = dates(certificate, now)
        if problem is not None:
            yield problem
    if not stands_for(path[0], name):
        names = presented(path[0])
        yield Problem("wrong-name", " ".join((*names[:NAMES_SHOWN], *(["…"] if len(names) > NAMES_SHOWN else []))))


def _weaknesses(path: tuple[x509.Certificate, ...], anchored: bool) -> Iterator[Problem]:
    for certificate in path[:-1] if anchored and len(path) > 1 else path:  # a root is believed for itself, not for its signature
        weakness = _weakness(certificate)
        if weakness:
            yield Problem("weak", weakness)


def _unanchored(path: tuple[x509.Certificate, ...], known: Sequence[x509.Certificate]) -> Problem:
    """A path that ends in nobody's hands: on a false or its own signature, for want of a certificate, or at a stranger."""
    top = path[-1]
    issuer = top.issuer.rfc4514_string()
    if any(other.subject == top.issuer for other in known if other not in path):
        return Problem("bad-signature", issuer)
    if len(path) == 1:
        return Problem("self-signed" if top.issuer == top.subject else "incomplete", issuer)
    return Problem("unknown-issuer", issuer)


def _weakness(certificate: x509.Certificate) -> str:
    """The key or signature that is too weak to be believed, or nothing."""
    try:
        algorithm, key = certificate.signature_hash_algorithm, certificate.public_key()
    except UNREADABLE as error:
        return str(error)
    if isinstance(algorithm, WEAK_HASHES):
        return algorithm.name
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_MINIMUM:
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < EC_MINIMUM:
        return key.curve.name
    return "dsa" if isinstance(key, dsa.DSAPublicKey) else ""
