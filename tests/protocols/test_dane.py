"""Certificates and keys named in signed zones (RFC 6698, RFC 7671, RFC 7672)."""

import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from loopback import NOW, Issued, intermediate, issue, leaf, root
from zones import run, served

from postlib.network import Unreachable
from postlib.protocols.dane import Match, Tlsa, TlsaRecords, match, tlsa
from postlib.resolver import Security

HOST = "mx.valdoria.post"
DIGESTS = {0: bytes, 1: lambda data: hashlib.sha256(data).digest(), 2: lambda data: hashlib.sha512(data).digest()}


def record(server: Issued, usage: int, selector: int, matching_type: int) -> Tlsa:
    key = server.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Tlsa(usage, selector, matching_type, DIGESTS[matching_type](key if selector else server.chain[0]))


def matched(*records: Tlsa, chain: tuple[bytes, ...], names: tuple[str, ...] = (HOST,), days: int = 0) -> Match:
    return match(records, chain, names, NOW + timedelta(days=days))


def words(found: Match) -> list[str]:
    return [word for _, word in found.outcomes]


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching_type", [0, 1, 2])
def test_every_selector_and_matching_type_finds_the_servers_certificate(selector: int, matching_type: int) -> None:
    """RFC 6698, sections 2.1.2 and 2.1.3."""
    server = leaf(HOST)
    named = record(server, 3, selector, matching_type)
    assert matched(named, chain=server.chain).matched == named
    assert matched(named, chain=leaf(HOST).chain).matched is None


def test_usage_3_ignores_names_and_dates() -> None:
    """RFC 7671, section 5.1."""
    server = issue("other.example", days=(-30, -20))
    assert words(matched(record(server, 3, 1, 1), chain=server.chain)) == ["match"]


def test_usage_3_does_not_look_above_the_servers_certificate() -> None:
    assert words(matched(record(intermediate(), 3, 1, 1), chain=leaf(HOST).chain)) == ["mismatch"]


@pytest.mark.parametrize(("selector", "matching_type"), [(0, 0), (0, 1), (1, 1), (1, 2)])
def test_usage_2_finds_the_authority_that_was_sent(selector: int, matching_type: int) -> None:
    assert words(matched(record(intermediate(), 2, selector, matching_type), chain=leaf(HOST).chain)) == ["match"]


def test_usage_2_with_the_whole_certificate_needs_no_sending() -> None:
    """RFC 7671, section 5.2."""
    assert words(matched(record(root(), 2, 0, 0), chain=leaf(HOST).chain)) == ["match"]
    assert words(matched(record(root(), 2, 0, 1), chain=leaf(HOST).chain)) == ["mismatch"]


def test_usage_2_looks_at_names_and_dates() -> None:
    """RFC 7671, section 5.2; the domain of the mail is also a name (RFC 7672, section 3.2.2)."""
    anchor = record(intermediate(), 2, 1, 1)
    chain = leaf("valdoria.post").chain
    assert words(matched(anchor, chain=chain)) == ["wrong-name"]
    assert words(matched(anchor, chain=chain, names=(HOST, "valdoria.post"))) == ["match"]
    assert words(matched(anchor, chain=leaf(HOST).chain, days=81)) == ["expired"]
    assert words(matched(anchor, chain=leaf(HOST).chain, days=-11)) == ["not-yet-valid"]


def test_usage_2_needs_a_real_signature_by_an_authority() -> None:
    stranger = issue(ca=True, subject="Auroria Issuing")
    chain = (leaf(HOST).chain[0], stranger.chain[0])
    assert words(matched(record(stranger, 2, 1, 1), chain=chain)) == ["mismatch"]
    plain = issue("not-a-ca.example", by=root())
    assert words(matched(record(plain, 2, 1, 1), chain=(issue(HOST, by=plain).chain[0], plain.chain[0]))) == ["mismatch"]


@pytest.mark.parametrize("fields", [(0, 0, 1), (1, 1, 1), (4, 0, 1), (3, 2, 1), (3, 1, 3)])
def test_usages_0_and_1_and_unknown_numbers_are_unusable(fields: tuple[int, int, int]) -> None:
    """RFC 7672, section 3.1.3."""
    found = matched(Tlsa(*fields, bytes(32)), chain=leaf(HOST).chain)
    assert words(found) == ["unusable"] and not found.usable


def test_a_digest_of_the_wrong_size_is_unusable() -> None:
    assert words(matched(Tlsa(3, 1, 2, bytes(32)), Tlsa(3, 1, 1, b""), chain=leaf(HOST).chain)) == ["unusable", "unusable"]


def test_the_stronger_digest_decides() -> None:
    """RFC 7671, section 9: a weaker digest must not match what a stronger one contradicts."""
    server = leaf(HOST)
    found = matched(record(server, 3, 1, 1), Tlsa(3, 1, 2, bytes(64)), chain=server.chain)
    assert words(found) == ["superseded", "mismatch"] and found.matched is None and found.usable


def test_in_a_roll_over_one_of_two_records_matches() -> None:
    old, new = leaf(HOST), leaf(HOST)
    found = matched(record(old, 3, 1, 1), record(new, 3, 1, 1), chain=new.chain)
    assert words(found) == ["mismatch", "match"] and found.matched == record(new, 3, 1, 1)


def test_no_chain_matches_nothing() -> None:
    assert words(matched(record(leaf(HOST), 3, 1, 1), record(root(), 2, 0, 0), chain=())) == ["mismatch", "mismatch"]


@given(
    st.lists(st.builds(Tlsa, st.integers(0, 3), st.integers(0, 2), st.integers(0, 3), st.binary(max_size=70)), max_size=5),
    st.lists(st.binary(max_size=50), max_size=4),
)
def test_garbage_is_never_a_crash_and_matches_only_itself(records: list[Tlsa], chain: list[bytes]) -> None:
    found = match(records, chain, (HOST,), NOW)
    assert found.matched is None or (found.matched.usage, found.matched.selector) == (3, 0)


def test_only_a_secure_answer_is_trusted() -> None:
    """RFC 7672, section 2.2."""
    for security in Security:
        assert TlsaRecords(HOST, (), security).trusted is (security is Security.SECURE)


def test_records_are_found_under_port_and_protocol_and_not_trusted_unsigned() -> None:
    data = "aa" * 32
    found = run(tlsa(served({HOST: {"A": ["192.0.2.25"]}, f"_25._tcp.{HOST}": {"TLSA": [f"3 1 1 {data}"]}}), HOST))
    assert found.records == (Tlsa(3, 1, 1, bytes.fromhex(data)),)
    assert str(found.records[0]) == f"3 1 1 {data}"
    assert not found.trusted and found.base == HOST


def test_no_records_and_no_answer_are_told_apart() -> None:
    """RFC 7672, section 2.1.2: mail must wait where the question cannot be answered."""
    assert run(tlsa(served({HOST: {"A": ["192.0.2.25"]}}), HOST)).records == ()
    with pytest.raises(Unreachable, match="servfail"):
        run(tlsa(served({HOST: {"A": ["192.0.2.25"]}, f"_25._tcp.{HOST}": "servfail"}), HOST))
