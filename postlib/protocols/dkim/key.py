"""The public key record of a selector (RFC 6376, section 3.6.1; Ed25519: RFC 8463; sizes and hashes: RFC 8301)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from postlib.protocols.dkim import tags
from postlib.protocols.malformed import Malformed

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey

WEAK_BITS = 1024  # RFC 8301, section 3.2: signatures with smaller RSA keys are never valid
SHORT_BITS = 2048  # RFC 8301, section 3.2: what signers should use at least
LARGEST_BITS = 8192  # twice what RFC 8301 asks verifiers to manage; larger keys only cost the verifier time
RECORD_LIMIT = 8192  # octets: several times what a key of LARGEST_BITS takes in base64


@dataclass(frozen=True)
class KeyRecord:
    """One key record. `faults` are words for what makes it useless; a revoked key has none.

    `hashes`, `services` and `flags` are h=, s= and t= as lists; `hashes` empty means any. `bits` is the modulus for RSA and
    256 for Ed25519, 0 where there is no key to be read. `key` is the key itself, or None.
    Faults: too-long, not-text, bad-tag, duplicate-tag, too-many-tags, bad-version, no-key-data, bad-base64, bad-key-data,
    too-large, unknown-key-type.
    """

    text: bytes
    key_type: str = "rsa"
    hashes: tuple[str, ...] = ()
    services: tuple[str, ...] = ("*",)
    flags: tuple[str, ...] = ()
    notes: str = ""
    bits: int = 0
    revoked: bool = False
    key: PublicKey | None = None
    faults: tuple[str, ...] = ()

    @property
    def testing(self) -> bool:
        """t=y: the domain is trying DKIM out; a failure must not count against the message."""
        return "y" in self.flags

    @property
    def strict(self) -> bool:
        """t=s: the signature's identity must be of the very domain, not of one below it."""
        return "s" in self.flags

    @property
    def weak(self) -> bool:
        """An RSA key too small for any signature of its to be valid (RFC 8301)."""
        return isinstance(self.key, RSAPublicKey) and self.bits < WEAK_BITS

    @property
    def short(self) -> bool:
        """An RSA key that still counts, yet is smaller than signers should use (RFC 8301)."""
        return isinstance(self.key, RSAPublicKey) and WEAK_BITS <= self.bits < SHORT_BITS

    @property
    def for_mail(self) -> bool:
        """Whether the key may sign mail: s= lists `email` or `*`."""
        return bool({"*", "email"} & set(self.services))


def parse_key(record: str | bytes) -> KeyRecord:
    """Read one TXT value as a key record. Never raises: what is wrong stands in `faults`."""
    text = record.encode("utf-8", "surrogatepass") if isinstance(record, str) else record
    if len(text) > RECORD_LIMIT:
        return KeyRecord(text[:RECORD_LIMIT], faults=("too-long",))
    try:
        found = tags.read(text)
    except Malformed as error:
        return KeyRecord(text, faults=(error.reason,))
    key, bits, fault = _public_key(found)
    faults = tuple(word for word in (_version_fault(found), fault) if word)
    return KeyRecord(
        text,
        key_type=found.get("k", "rsa"),
        hashes=tags.members(found["h"]) if "h" in found else (),
        services=tags.members(found.get("s", "*")),
        flags=tags.members(found["t"]) if "t" in found else (),
        notes=found.get("n", ""),
        bits=bits,
        revoked=not faults and tags.solid(found["p"]) == "",
        key=key,
        faults=faults,
    )


def is_key(text: bytes) -> bool:
    """Whether a TXT value is meant as a key record, be it a broken one: it says DKIM1, or gives p= and no version.

    SPF records, verification tokens and other texts that a wildcard puts at every name are none.
    """
    if len(text) > RECORD_LIMIT:  # then parse_key says that it is too long
        return text[:7].lower() == b"v=dkim1"
    try:
        found = tags.read(text)
    except Malformed:
        return text.lower().startswith(b"v=dkim1")
    return found["v"].upper() == "DKIM1" if "v" in found else "p" in found


def key_record(
    key: PrivateKey | PublicKey | None,
    *,
    flags: Sequence[str] = (),
    services: Sequence[str] = (),
    hashes: Sequence[str] = (),
    notes: str = "",
) -> str:
    """The TXT value that publishes the public half of `key`; None makes the record of a revoked key (section 3.6.1).

    RSA keys are written as SubjectPublicKeyInfo, Ed25519 keys as their 32 octets (RFC 8463, section 4).
    Raises ValueError for notes that need quoting.
    """
    if ";" in notes or not notes.isprintable() or not notes.isascii():
        raise ValueError(f"notes may hold printable ASCII without a semicolon, not {notes!r}")
    public = key.public_key() if isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)) else key
    key_type = "ed25519" if isinstance(public, Ed25519PublicKey) else "rsa"
    lists = (("h", ":".join(hashes)), ("s", ":".join(services)), ("t", ":".join(flags)), ("n", notes))
    named = [("v", "DKIM1"), ("k", key_type), *(pair for pair in lists if pair[1]), ("p", _written(public))]
    return "; ".join(f"{name}={value}" for name, value in named)


def key_name(selector: str, domain: str) -> dns.name.Name:
    """Where the selector's key record stands (section 3.6.2.1). Raises Malformed: bad-name."""
    try:
        return dns.name.from_text(f"{selector}._domainkey.{domain.rstrip('.')}.")
    except (dns.exception.DNSException, UnicodeError) as error:
        raise Malformed("bad-name", f"{selector}._domainkey.{domain}"[:80]) from error


def _version_fault(found: tags.Tags) -> str:
    """v= must be DKIM1, and the first tag, where it is there at all."""
    return "bad-version" if "v" in found and (found["v"] != "DKIM1" or next(iter(found)) != "v") else ""


def _public_key(found: tags.Tags) -> tuple[PublicKey | None, int, str]:
    """The key of p=, its size in bits and, where it cannot be used, the fault."""
    if "p" not in found:
        return None, 0, "no-key-data"
    try:
        data = tags.octets(found, "p")
    except Malformed as error:
        return None, 0, error.reason
    key_type = found.get("k", "rsa")
    if key_type not in ("rsa", "ed25519"):
        return None, 0, "unknown-key-type"
    return _ed25519(data) if data and key_type == "ed25519" else _rsa(data) if data else (None, 0, "")


def _ed25519(data: bytes) -> tuple[PublicKey | None, int, str]:
    try:
        return Ed25519PublicKey.from_public_bytes(data), 256, ""
    except ValueError:
        return None, 0, "bad-key-data"


def _rsa(data: bytes) -> tuple[PublicKey | None, int, str]:
    """SubjectPublicKeyInfo, or a bare RSAPublicKey as some signers publish (RFC 6376, erratum 3017)."""
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return None, 0, "bad-key-data"
    if not isinstance(key, RSAPublicKey):
        return None, 0, "bad-key-data"
    if key.key_size > LARGEST_BITS:
        return None, key.key_size, "too-large"
    return key, key.key_size, ""


def _written(key: PublicKey | None) -> str:
    if key is None:
        return ""
    if isinstance(key, Ed25519PublicKey):
        data = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode("ascii")
