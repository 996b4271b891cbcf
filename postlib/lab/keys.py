"""Every private key of a lab, from its seed and a label: the same seed gives the same keys, everywhere and always.

These are lab keys: public by nature, and worthless outside a lab. Whoever reads this file and knows a seed knows every key
of that lab; the RSA keys even lie open in `rsa-pool.json`. Never publish one of them in a real zone or trust one on a real
machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5 and SP 800-186, section 3.2.1.3
EXTRA_BYTES = 8  # 64 bits more than the order, so that the remainder is not biased (FIPS 186-5, appendix A.2.1)
PUBLIC_EXPONENT = 65537


@dataclass(frozen=True)
class Keys:
    """The keys of one lab. A label is any text that says what the key is for: "auroria.post/dkim/2026"."""

    seed: str

    def ec(self, label: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of that label, derived as FIPS 186-5, appendix A.2.1, does from random bits."""
        return _ec(self.seed, label)

    def ed25519(self, label: str) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key of that label (RFC 8032: any 32 octets are one)."""
        return _ed25519(self.seed, label)

    def rsa(self, label: str, bits: int = 2048) -> rsa.RSAPrivateKey:
        """An RSA key of the shipped pool, chosen by the seed and the label.

        The pool is small (40 keys of 2048 bits, 4 of 1024, 2 of 768, 2 of 512), so two labels may well share a key.
        Raises ValueError for a size that the pool does not hold.
        """
        return _rsa(bits, self._choice(label, bits))

    def octets(self, label: str, length: int) -> bytes:
        """`length` octets that look random and depend on nothing but the seed and the label: serial numbers, salts, tokens."""
        return _octets(self.seed, label, length)

    def _choice(self, label: str, bits: int) -> int:
        try:
            size = len(_pool()[str(bits)])
        except KeyError:
            raise ValueError(f"no RSA keys of {bits} bits in the lab's pool, only of {', '.join(_pool())}") from None
        return int.from_bytes(self.octets(f"rsa/{bits}/{label}", 8)) % size


def _octets(seed: str, label: str, length: int) -> bytes:
    """HKDF (RFC 5869) with SHA-512: the seed is the secret, the label the context."""
    secret = hashlib.sha512(seed.encode()).digest()
    return HKDF(algorithm=hashes.SHA512(), length=length, salt=b"postlib lab", info=label.encode()).derive(secret)


def ec_key(value: int) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of that private value."""
    return ec.derive_private_key(value, ec.SECP256R1())


def ed25519_key(octets: bytes) -> ed25519.Ed25519PrivateKey:
    """The Ed25519 key of those 32 octets."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(octets)


def rsa_key(p: int, q: int) -> rsa.RSAPrivateKey:
    """The RSA key of two primes of the pool."""
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)  # a test has looked at the pool; looking again takes 30 ms a key


@cache
def _ec(seed: str, label: str) -> ec.EllipticCurvePrivateKey:
    candidate = int.from_bytes(_octets(seed, f"p256/{label}", 32 + EXTRA_BYTES))
    return ec_key(candidate % (P256_ORDER - 1) + 1)


@cache
def _ed25519(seed: str, label: str) -> ed25519.Ed25519PrivateKey:
    return ed25519_key(_octets(seed, f"ed25519/{label}", 32))


@cache
def _pool() -> dict[str, list[tuple[str, str]]]:
    """The two primes of each key in hexadecimal, by the size of the modulus in bits; made once with a true random source."""
    pool: dict[str, list[tuple[str, str]]] = json.loads((Path(__file__).parent / "rsa-pool.json").read_text())
    return pool


@cache
def _rsa(bits: int, index: int) -> rsa.RSAPrivateKey:
    p, q = (int(prime, 16) for prime in _pool()[str(bits)][index])
    return rsa_key(p, q)
