"""Certificates made to tire whoever reads them: none is believed, and none is more work than an honest one, or hardly."""

from __future__ import annotations

from functools import cache

import pytest
from besieged import watchdog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from loopback import NOW, Issued, intermediate, issue, leaf, listening, over_tls, reached, root, saying
from zones import run

from postlib.protocols import pkix
from postlib.protocols.pkix import CHAIN_LIMIT, NAMES_SHOWN, Trust, verify
from postlib.protocols.service_identity import presented
from postlib.protocols.tls import TlsRefused, handshake

HOST = "www.auroria.post"
ADDRESS = "192.0.2.80"


def judged(chain: tuple[bytes, ...], name: str = HOST) -> Trust:
    with watchdog():
        return verify(chain, name, root().pem, NOW)


def tower(height: int) -> Issued:
    """A leaf below that many authorities, each signed by the next, the topmost by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    above = issue(ca=True, subject="Authority 0", key=key)
    stack: tuple[x509.Certificate, ...] = (above.certificate,)
    for number in range(1, height):
        above = issue(ca=True, subject=f"Authority {number}", by=Issued(above.certificate, key), key=key)
        stack = (above.certificate, *stack)
    bottom = issue(HOST, by=Issued(above.certificate, key))
    return Issued(bottom.certificate, bottom.key, stack)


def test_of_a_thousand_certificates_a_few_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    load = pkix.load
    monkeypatch.setattr(pkix, "load", lambda der: reads.append(der) or load(der))
    trust = judged(tower(1000).chain)
    assert not trust.trusted and len(trust.path) == CHAIN_LIMIT == len(reads)


def test_a_server_that_sends_more_than_is_read_is_refused_and_a_long_chain_is_seen() -> None:
    """OpenSSL takes some 100 kB of certificates."""
    for height, sent in ((150, 151), (1000, 0)):
        with watchdog(), listening(over_tls(tower(height).context(), saying(b""))) as port:
            network = reached({(ADDRESS, 443): port})
            if sent:
                assert len(run(handshake(network, ADDRESS, 443, HOST)).chain) == sent
                continue
            with pytest.raises(TlsRefused, match="oversized-handshake"):
                run(handshake(network, ADDRESS, 443, HOST))


def test_issuers_in_a_circle_lead_nowhere() -> None:
    """Each vouches for the other: a search that did not look back would never end."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in "ab"]
    one, two = (issue(ca=True, subject=name, key=key) for name, key in zip("AB", keys, strict=True))
    circle = [issue(ca=True, subject="A", key=keys[0], by=two), issue(ca=True, subject="B", key=keys[1], by=one)]
    trust = judged((issue(HOST, by=one).chain[0], *(c.chain[0] for c in circle)))
    assert (trust.result, len(trust.path)) == ("unknown-issuer", 3)


def test_many_ways_upwards_are_not_all_tried() -> None:
    """Seven certificates of A by B and seven of B by A make millions of paths."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in "ab"]
    one, two = (issue(ca=True, subject=name, key=key) for name, key in zip("AB", keys, strict=True))
    many = [issue(ca=True, subject="A", key=keys[0], by=two) for _ in range(7)]
    many += [issue(ca=True, subject="B", key=keys[1], by=one) for _ in range(7)]
    assert not judged((issue(HOST, by=one).chain[0], *(c.chain[0] for c in many))).trusted


@cache
def crowded() -> bytes:
    """A certificate of the known authority with a hundred thousand names, ours not among them."""
    names = [f"n{number}.auroria.post" for number in range(100_000)]
    return issue(*names, by=intermediate()).chain[0]


def test_a_hundred_thousand_names_are_looked_through_and_a_few_shown() -> None:
    chain = (crowded(), intermediate().chain[0])
    trust = judged(chain)
    (problem,) = [problem for problem in trust.problems if problem.reason == "wrong-name"]
    assert len(problem.detail.split()) == NAMES_SHOWN + 1
    assert judged(chain, "n99999.auroria.post").trusted
    certificate = pkix.load(chain[0])
    assert certificate is not None and len(presented(certificate)) == 100_000


def strange(key: rsa.RSAPublicKey) -> bytes:
    """A certificate of the known authority for that key."""
    good = leaf(HOST).certificate
    dates = good.not_valid_before_utc, good.not_valid_after_utc
    builder = x509.CertificateBuilder(good.issuer, good.subject, key, good.serial_number, *dates)
    for extension in good.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(intermediate().key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("bits", "exponent", "result"),
    [(16_384, 65_537, "trusted"), (32_768, 65_537, "trusted"), (2048, (1 << 2047) + 1, "trusted"), (512, 65_537, "weak")],
    ids=["16384 bits", "32768 bits", "giant exponent", "512 bits"],
)
def test_a_strange_key_does_not_keep_us(bits: int, exponent: int, result: str) -> None:
    """Nobody has the other half of these keys; reading them is all that we do."""
    der = strange(rsa.RSAPublicNumbers(exponent, (1 << bits) - 1).public_key())
    assert judged((der, intermediate().chain[0])).result == result
