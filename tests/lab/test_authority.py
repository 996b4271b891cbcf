"""The lab's certificates, judged by other people's verifiers: cryptography's and OpenSSL's (RFC 5280)."""

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from postlib.lab.authority import Authority
from postlib.lab.keys import Keys
from postlib.lab.personalities import credentials

AT = datetime(2026, 11, 23, tzinfo=UTC)
HOST = "www.auroria.post"
AUTHORITY = Authority(Keys("union"), AT)
DIGEST = "55241fe454cf46c109de36a91e4a0097d4bbb516f26a75e1c168027b68bff3f6"
DAY = timedelta(days=1)


def certificates(pems: tuple[str, ...]) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(pem.encode()) for pem in pems]


def verify(chain: tuple[str, ...], host: str = HOST, at: datetime = AT, authority: Authority = AUTHORITY) -> None:
    leaf, *others = certificates(chain)
    verifier = PolicyBuilder().store(Store(certificates((authority.root_pem,)))).time(at).build_server_verifier(x509.DNSName(host))
    verifier.verify(leaf, others)


def digest() -> str:
    chain = AUTHORITY.issue([HOST], AUTHORITY.keys.ec("web"))
    own = AUTHORITY.self_signed([HOST], AUTHORITY.keys.rsa("web"))
    return hashlib.sha256("".join([*chain, AUTHORITY.root_pem, own]).encode()).hexdigest()


def test_the_same_seed_and_time_give_the_same_bytes_in_every_process() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    work = [sys.executable, "-c", "from test_authority import digest; print(digest())"]
    other = subprocess.run(work, env=environment, cwd=os.path.dirname(__file__), capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest() == DIGEST


@pytest.mark.parametrize("host", [HOST, "deep.www.auroria.post", "mx1.valdoria.example"])
def test_a_chain_verifies_against_the_root(host: str) -> None:
    names = [HOST, "*.www.auroria.post", "MX1.valdoria.example."]
    verify(AUTHORITY.issue(names, AUTHORITY.keys.ec("web")), host)
    verify(AUTHORITY.issue(names, AUTHORITY.keys.rsa("web")), host)


def test_a_chain_lives_from_ten_days_before_to_eighty_days_after() -> None:
    chain = AUTHORITY.issue([HOST], AUTHORITY.keys.ec("web"))
    verify(chain, at=AT - 10 * DAY)
    verify(chain, at=AT + 80 * DAY)
    for moment in (AT - 11 * DAY, AT + 81 * DAY):
        with pytest.raises(VerificationError, match="not valid at validation time"):
            verify(chain, at=moment)


FAULTS = {
    "expired": "not valid at validation time",
    "not-yet-valid": "not valid at validation time",
    "wrong-host": "leaf certificate has no matching subjectAltName",
    "self-signed": "candidates exhausted",
    "unknown-issuer": "candidates exhausted",
    "incomplete": "candidates exhausted",
}


@pytest.mark.parametrize("word", FAULTS)
def test_a_faulty_chain_is_refused_for_its_own_fault(word: str) -> None:
    with pytest.raises(VerificationError, match=FAULTS[word]):
        verify(credentials(AUTHORITY, word, [HOST]).chain)


def test_a_short_key_is_a_fact_for_a_policy_and_no_fault_of_the_chain() -> None:
    """The chain verifies; that 1024 bits are too few is for whoever judges the key."""
    chain = credentials(AUTHORITY, "short-key", [HOST]).chain
    verify(chain)
    key = certificates(chain)[0].public_key()
    assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 1024


def test_an_expired_chain_was_good_in_its_day() -> None:
    verify(credentials(AUTHORITY, "expired", [HOST]).chain, at=AT - 2 * DAY)
    verify(credentials(AUTHORITY, "not-yet-valid", [HOST]).chain, at=AT + 370 * DAY)


def test_an_incomplete_chain_lacks_nothing_but_the_intermediate() -> None:
    verify((*credentials(AUTHORITY, "incomplete", [HOST]).chain, AUTHORITY.intermediate_pem))


def test_an_unknown_issuer_is_an_authority_of_its_own() -> None:
    stranger = Authority(AUTHORITY.keys, AT, "Unknown Issuer")
    verify(credentials(AUTHORITY, "unknown-issuer", [HOST]).chain, authority=stranger)


NOT_OURS = ["www.auroria.com", "post.ch", "127.0.0.1", "", "-a.post", "a..post", "a_b.post", "*.*.post", "a" * 64 + ".post"]


@pytest.mark.parametrize("name", NOT_OURS)
def test_the_authority_signs_only_host_names_of_a_lab(name: str) -> None:
    with pytest.raises(ValueError):
        AUTHORITY.issue([name], AUTHORITY.keys.ec("web"))


def test_a_certificate_needs_a_name_and_an_authority_a_time_zone() -> None:
    with pytest.raises(ValueError, match="at least one host name"):
        AUTHORITY.issue([], AUTHORITY.keys.ec("web"))
    with pytest.raises(ValueError, match="time zone"):
        Authority(Keys("union"), datetime(2026, 11, 23))


def test_the_root_cannot_speak_for_the_rest_of_the_internet() -> None:
    """RFC 5280, section 4.2.1.10: were its public key abused, the name constraints still stop it."""
    (root,) = certificates((AUTHORITY.root_pem,))
    constraints = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical and {name.value for name in constraints.value.permitted_subtrees or ()} == {"post", "example", "test"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command on this machine")
@pytest.mark.parametrize(("word", "code"), [("good", ""), ("expired", "error 10"), ("incomplete", "error 20"), ("wrong-host", "error 62")])
def test_openssl_comes_to_the_same_verdict(word: str, code: str, tmp_path: Path) -> None:
    chain = credentials(AUTHORITY, word, [HOST]).chain
    files = {"root": AUTHORITY.root_pem, "leaf": chain[0], "rest": "".join(chain[1:])}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    rest = ["-untrusted", "rest"] if files["rest"] else []
    work = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(int(AT.timestamp())), "-CAfile", "root"]
    done = subprocess.run([*work, *rest, "-verify_hostname", HOST, "leaf"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == (code == "") and code in done.stderr, done.stderr
