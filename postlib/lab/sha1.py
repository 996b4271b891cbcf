"""A certificate signed with SHA-1, as old servers still show: today's libraries no longer make one, so it is put together here."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # AlgorithmIdentifier, RFC 5758, section 3.2
ECDSA_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
SEQUENCE, BIT_STRING = 0x30, 0x03


def resigned(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> str:
    """The same certificate, in PEM, signed anew by its issuer's `key` with ecdsa-with-SHA1; the same bytes every time.

    Raises ValueError where the certificate was not signed with ecdsa-with-SHA256.
    """
    signed = _content(certificate.tbs_certificate_bytes)
    if signed.count(ECDSA_SHA256) != 1:
        raise ValueError("only a certificate signed with ecdsa-with-SHA256 can be signed anew with SHA-1")
    signed = _element(SEQUENCE, signed.replace(ECDSA_SHA256, ECDSA_SHA1))
    signature = key.sign(signed, ec.ECDSA(hashes.SHA1(), deterministic_signing=True))
    der = _element(SEQUENCE, signed + ECDSA_SHA1 + _element(BIT_STRING, b"\0" + signature))
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()


def _content(element: bytes) -> bytes:
    """What a DER element holds, without its tag and length (X.690, section 8.1.3)."""
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1)
    return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets) + content
