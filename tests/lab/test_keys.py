"""The keys of a lab: derived, so that a seed is enough."""

import hashlib
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from postlib.lab.keys import P256_ORDER, Keys, _pool

DIGEST = "575f079bf369725c3e57e1fc6baa5f222a44ea05a584c1fe46280fba1595e40c"


def octets(key) -> bytes:  # type: ignore[no-untyped-def]
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def digest() -> str:
    keys = Keys("union")
    made = [keys.ec("a"), keys.ed25519("a"), *(keys.rsa("a", bits) for bits in (2048, 1024, 768, 512))]
    return hashlib.sha256(b"".join(map(octets, made)) + keys.octets("salt", 8)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    path = os.pathsep.join(sys.path)
    for hash_seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        work = [sys.executable, "-c", "from test_keys import digest; print(digest())"]
        other = subprocess.run(work, env=environment, cwd=os.path.dirname(__file__), capture_output=True, text=True, check=True)
        assert other.stdout.strip() == digest() == DIGEST


def test_another_seed_or_label_gives_another_key() -> None:
    made = [Keys(seed).ec(label) for seed in ("union", "zoo") for label in ("a", "b")]
    made_25519 = [Keys(seed).ed25519(label) for seed in ("union", "zoo") for label in ("a", "b")]
    assert len(set(map(octets, made))) == len(set(map(octets, made_25519))) == 4


def test_a_seed_and_a_label_do_not_run_into_each_other() -> None:
    assert octets(Keys("ab").ec("c")) != octets(Keys("a").ec("bc"))


@given(st.text(max_size=20), st.text(max_size=20))
def test_every_derived_number_is_a_key_of_p256(seed: str, label: str) -> None:
    """FIPS 186-5, appendix A.2.1: from 1 to the order less one."""
    key = Keys(seed).ec(label)
    assert isinstance(key.curve, ec.SECP256R1) and 0 < key.private_numbers().private_value < P256_ORDER


@pytest.mark.parametrize("bits", [2048, 1024, 768, 512])
def test_rsa_keys_have_the_size_asked_for(bits: int) -> None:
    assert Keys("union").rsa("auroria.post/dkim", bits).key_size == bits


def test_rsa_labels_spread_over_the_pool() -> None:
    keys = Keys("union")
    assert len({keys.rsa(f"label {number}").private_numbers().p for number in range(20)}) > 10


def test_an_rsa_size_outside_the_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="no RSA keys of 4096 bits"):
        Keys("union").rsa("a", 4096)


def test_every_key_of_the_pool_is_sound() -> None:
    """The lab loads them without the check that takes 30 ms a key, so it is made here, once."""
    for bits, primes in _pool().items():
        for p, q in ((int(p, 16), int(q, 16)) for p, q in primes):
            d = pow(65537, -1, (p - 1) * (q - 1))
            numbers = rsa.RSAPrivateNumbers(
                p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), rsa.RSAPublicNumbers(65537, p * q)
            )
            assert numbers.private_key().key_size == int(bits)
