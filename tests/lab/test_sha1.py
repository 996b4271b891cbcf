"""The certificate signed with SHA-1: true in its signature, and the same bytes every time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from postlib.lab.authority import Authority
from postlib.lab.keys import Keys
from postlib.lab.sha1 import resigned

KEYS = Keys("test")
AUTHORITY = Authority(KEYS, datetime(2026, 11, 23, tzinfo=UTC))


def test_the_signature_holds_and_is_sha1() -> None:
    """RFC 5280, section 4.1.1.3: over the DER of what was signed, which names the same algorithm."""
    leaf, intermediate = (x509.load_pem_x509_certificate(pem.encode()) for pem in AUTHORITY.issue_sha1(["a.example"], KEYS.ec("a")))
    public = intermediate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(hashes.SHA1()))
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA1)


def test_it_differs_from_the_usual_one_in_its_signature_alone_and_never_from_itself() -> None:
    usual, weak = AUTHORITY.issue(["a.example"], KEYS.ec("a"))[0], AUTHORITY.issue_sha1(["a.example"], KEYS.ec("a"))[0]
    one, other = (x509.load_pem_x509_certificate(pem.encode()) for pem in (usual, weak))
    assert (one.serial_number, one.subject, list(one.extensions)) == (other.serial_number, other.subject, list(other.extensions))
    assert AUTHORITY.issue_sha1(["a.example"], KEYS.ec("a"))[0] == weak


def test_another_algorithm_cannot_be_signed_anew() -> None:
    rsa_signed = AUTHORITY.self_signed(["a.example"], KEYS.rsa("a", 2048))
    with pytest.raises(ValueError, match="SHA256"):
        resigned(x509.load_pem_x509_certificate(rsa_signed.encode()), KEYS.ec("b"))
