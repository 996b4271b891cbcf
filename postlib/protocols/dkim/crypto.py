"""Signing and verifying octets with the algorithms of RFC 6376, section 3.3, and RFC 8463, section 3."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from postlib.protocols.dkim.key import PrivateKey, PublicKey

ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}  # and the key type (k=) of each
HISTORIC = ("rsa-sha1",)  # RFC 8301, section 3.1: never valid


def default_algorithm(key: PrivateKey) -> str:
    """The algorithm that goes with a key of that kind."""
    return "ed25519-sha256" if isinstance(key, Ed25519PrivateKey) else "rsa-sha256"


def body_hash(body: bytes, algorithm: str) -> bytes:
    """The hash of a canonical body for bh=."""
    return hashlib.sha1(body).digest() if algorithm in HISTORIC else hashlib.sha256(body).digest()


def signature_of(octets: bytes, key: PrivateKey, algorithm: str) -> bytes:
    """The signature over those octets. Raises ValueError where key and algorithm do not go together, or the key is too small."""
    if isinstance(key, Ed25519PrivateKey) and algorithm == "ed25519-sha256":
        return key.sign(hashlib.sha256(octets).digest())
    if isinstance(key, RSAPrivateKey) and algorithm in ("rsa-sha256", "rsa-sha1"):
        return key.sign(octets, PKCS1v15(), SHA1() if algorithm == "rsa-sha1" else SHA256())
    raise ValueError(f"{algorithm} needs another key than {type(key).__name__}")


def signature_fault(octets: bytes, signature: bytes, key: PublicKey) -> str:
    """Empty where the signature is over those octets and by that key; otherwise what is wrong.

    header-altered   by that key, but over other octets (only RSA can tell)
    bad-signature    by another key, or no signature at all
    """
    if isinstance(key, Ed25519PublicKey):
        try:
            key.verify(signature, hashlib.sha256(octets).digest())
        except InvalidSignature:
            return "bad-signature"
        return ""
    return _rsa_fault(octets, signature, key)


def _rsa_fault(octets: bytes, signature: bytes, key: RSAPublicKey) -> str:
    try:
        key.verify(signature, octets, PKCS1v15(), SHA256())
    except InvalidSignature:
        return "header-altered" if _made_by(key, signature) else "bad-signature"
    except (ValueError, UnsupportedAlgorithm):  # a modulus or an exponent that OpenSSL will not compute with
        return "bad-signature"
    return ""


def _made_by(key: RSAPublicKey, signature: bytes) -> bool:
    """Whether the signature opens with the key to a well-formed SHA-256 digest, of whatever octets."""
    try:
        key.recover_data_from_signature(signature, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
