"""The lab's certificate authority: a root, one intermediate, and the certificates they sign (RFC 5280, and the WebPKI's profile).

The same seed, time and names give the same bytes: serial numbers are hashes and ECDSA signatures are deterministic (RFC 6979).
The authority's keys are public by nature, so its root is constrained to the top-level names of a lab (RFC 5280, section
4.2.1.10): a machine that trusts it by mistake still has the rest of its Internet.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postlib.lab.keys import Keys
from postlib.lab.sha1 import resigned

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

TOP_LEVEL_NAMES = ("post", "example", "test")  # all that the lab's root may speak for
BEFORE, AFTER = timedelta(days=10), timedelta(days=80)  # CA/Browser Forum ballot SC-081: 200 days in 2026, 100 in 2027, 47 in 2029
AUTHORITY_LIFE = timedelta(days=3650)  # to each side of `at`
COMMON_NAME_LENGTH = 64  # RFC 5280, appendix A.1, ub-common-name-length


@dataclass(frozen=True)
class Credentials:
    """What a TLS server needs: its certificates in PEM, its own first, and the private key in PEM (PKCS #8)."""

    chain: tuple[str, ...]
    key: str

    @classmethod
    def of(cls, chain: Sequence[str], key: PrivateKey) -> Credentials:
        """The certificates of `chain`, served with `key`."""
        formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(tuple(chain), key.private_bytes(*formats).decode())

    @property
    def certificate(self) -> x509.Certificate:
        """The server's own certificate."""
        return x509.load_pem_x509_certificate(self.chain[0].encode())


@dataclass(frozen=True)
class Authority:
    """A root and its intermediate. Every validity is relative to `at`. `organisation` is the name it goes by."""

    keys: Keys
    at: datetime
    organisation: str = "Lab Internet"

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an authority needs a time with its time zone, for example datetime(2026, 11, 23, tzinfo=UTC)")

    @property
    def root_pem(self) -> str:
        """The root's certificate in PEM: what a client of this Internet trusts."""
        return _pem(self._root)

    @property
    def intermediate_pem(self) -> str:
        """The intermediate's certificate in PEM: what a server must send along with its own."""
        return _pem(self._intermediate)

    def issue(
        self, names: Sequence[str], key: PrivateKey, *, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> tuple[str, str]:
        """A certificate for these host names (a leading "*." is allowed) and its intermediate, in PEM.

        Raises ValueError for no name, for a name that is none, and for one outside the lab's top-level names.
        """
        for name in names:
            if _host_name(name).rpartition(".")[2] not in TOP_LEVEL_NAMES:
                raise ValueError(f"the lab's authority speaks for {', '.join(TOP_LEVEL_NAMES)} only, not for {name!r}")
        draft = _leaf(names, key.public_key(), not_before or self.at - BEFORE, not_after or self.at + AFTER)
        return _pem(_signed(draft, self._intermediate.subject, self._key("intermediate"))), self.intermediate_pem

    def issue_sha1(self, names: Sequence[str], key: PrivateKey) -> tuple[str, str]:
        """The same as `issue`, but signed with SHA-1, which nobody should believe any more. Raises ValueError as `issue`."""
        leaf, intermediate = self.issue(names, key)
        return resigned(x509.load_pem_x509_certificate(leaf.encode()), self._key("intermediate")), intermediate

    def self_signed(
        self, names: Sequence[str], key: PrivateKey, *, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> str:
        """A certificate that vouches for itself, in PEM: nobody trusts it."""
        draft = _leaf(names, key.public_key(), not_before or self.at - BEFORE, not_after or self.at + AFTER)
        return _pem(_signed(draft, _name(_common_name(names)), key))

    def _key(self, label: str) -> ec.EllipticCurvePrivateKey:
        return self.keys.ec(f"authority/{self.organisation}/{label}")

    @cached_property
    def _root(self) -> x509.Certificate:
        return self._authority("Root", "root", path_length=1)

    @cached_property
    def _intermediate(self) -> x509.Certificate:
        return self._authority("Intermediate", "intermediate", path_length=0)

    def _authority(self, title: str, label: str, path_length: int) -> x509.Certificate:
        key, issuer_key = self._key(label), self._key("root")
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # keyCertSign and cRLSign
        constraints = x509.NameConstraints([x509.DNSName(name) for name in TOP_LEVEL_NAMES], None)
        draft = (
            _draft(f"{self.organisation} {title}", key.public_key(), self.at - AUTHORITY_LIFE, self.at + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(constraints, critical=True)
        )
        return _signed(draft, _name(f"{self.organisation} Root"), issuer_key)


def _leaf(names: Sequence[str], key: PublicKey, not_before: datetime, not_after: datetime) -> x509.CertificateBuilder:
    """A server's certificate, not yet signed (RFC 5280, section 4.2; RFC 9525 for the names)."""
    # digitalSignature for every ephemeral key exchange; keyEncipherment for RSA key transport (RFC 5246, section 7.4.2)
    usage = x509.KeyUsage(True, False, isinstance(key, rsa.RSAPublicKey), False, False, False, False, False, False)
    return (
        _draft(_common_name(names), key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_host_name(name)) for name in names]), critical=False)
    )


def _draft(common_name: str, key: PublicKey, not_before: datetime, not_after: datetime) -> x509.CertificateBuilder:
    """What every certificate has. Raises ValueError where `not_after` lies before `not_before`."""
    facts = f"{common_name}|{not_before.isoformat()}|{not_after.isoformat()}".encode() + _public_octets(key)
    serial = int.from_bytes(hashlib.sha256(facts).digest()[:16]) >> 1 | 1  # positive, at most 20 octets (RFC 5280, section 4.1.2.2)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(draft: x509.CertificateBuilder, issuer: x509.Name, key: PrivateKey) -> x509.Certificate:
    """The certificate, signed so that the same draft gives the same bytes (RSA PKCS #1 v1.5 does so by nature)."""
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    draft = draft.issuer_name(issuer).add_extension(identifier, critical=False)
    deterministic = True if isinstance(key, ec.EllipticCurvePrivateKey) else None
    return draft.sign(key, hashes.SHA256(), ecdsa_deterministic=deterministic)


def _host_name(name: str) -> str:
    """The name in lower case and without its final dot. Raises ValueError where it is not a host name (RFC 1123, section 2.1)."""
    host = name.lower().removesuffix(".")
    labels = host.removeprefix("*.").split(".")
    good = all(0 < len(label) <= 63 and label.replace("-", "").isalnum() and label.isascii() for label in labels)
    if not good or len(host) > 253 or any(label[0] == "-" or label[-1] == "-" for label in labels) or _is_address(host):
        raise ValueError(f"{name!r} is not a host name")
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _common_name(names: Sequence[str]) -> str:
    if not names:
        raise ValueError("a certificate needs at least one host name")
    return next((host for host in map(_host_name, names) if len(host) <= COMMON_NAME_LENGTH), "a long name")


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _public_octets(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
