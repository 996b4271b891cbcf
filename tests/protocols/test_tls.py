"""TLS handshakes as facts, and chains judged at a clock (RFC 8446, RFC 5280, RFC 9525)."""

import asyncio
import ssl
import warnings
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from loopback import NOW, Issued, intermediate, issue, leaf, listening, over_tls, reached, root, saying
from zones import run

from postlib.network import Unknown, Unreachable
from postlib.protocols.service_identity import matches
from postlib.protocols.tls import Handshake, Offer, TlsRefused, handshake, verify, versions

ADDRESS = "192.0.2.25"
NAME = "www.auroria.post"


def shake(server: Issued | ssl.SSLContext, offer: Offer | None = None) -> Handshake:
    context = server.context() if isinstance(server, Issued) else server
    with listening(over_tls(context, saying())) as port:
        return run(handshake(reached({(ADDRESS, 443): port}), ADDRESS, 443, NAME, offer))


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return leaf(NAME).context(version, version)


def words(chain: tuple[bytes, ...], name: str = NAME, days: int = 0) -> list[str]:
    return [p.reason for p in verify(chain, name, root().pem, NOW + timedelta(days=days)).problems]


def test_a_handshake_shows_version_cipher_and_the_chain_as_sent() -> None:
    """RFC 8446, section 4.4.2: the server's certificate comes first."""
    server = leaf(NAME)
    seen = shake(server, Offer(alpn=("http/1.1",)))
    assert seen.chain == server.chain and len(seen.chain) == 2
    assert (seen.version, seen.alpn) == ("TLSv1.3", "http/1.1")
    assert seen.cipher.startswith("TLS_")


def test_a_bad_certificate_is_seen_and_not_refused() -> None:
    assert shake(issue(NAME)).chain


def test_an_old_version_is_negotiated_and_named() -> None:
    assert shake(only(ssl.TLSVersion.TLSv1)).version == "TLSv1"


def test_no_common_version_is_refused_with_a_word() -> None:
    with pytest.raises(TlsRefused) as error:
        shake(only(ssl.TLSVersion.TLSv1_3), Offer(maximum="TLSv1.2"))
    assert error.value.reason == "protocol-version"


def test_a_server_that_speaks_no_tls_is_refused_as_not_tls() -> None:
    with listening(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port, pytest.raises(TlsRefused) as error:
        run(handshake(reached({(ADDRESS, 443): port}), ADDRESS, 443, NAME))
    assert error.value.reason == "not-tls"


def test_a_server_that_says_nothing_times_out() -> None:
    with listening(saying(b"", b"")) as port:
        network = reached({(ADDRESS, 443): port}, timeout=0.2)

        async def twice() -> None:
            with pytest.raises(Unreachable, match="timeout|closed"):
                await handshake(network, ADDRESS, 443, NAME)

        run(twice())


@pytest.mark.parametrize(("version", "name"), [(ssl.TLSVersion.TLSv1_1, "TLSv1.1"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_versions_tells_which_are_accepted(version: ssl.TLSVersion, name: str) -> None:
    with listening(over_tls(only(version), saying())) as port:
        found = run(versions(reached({(ADDRESS, 443): port}), ADDRESS, 443, NAME))
    assert found == {v: v == name for v in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")}


def test_a_server_that_hangs_up_on_every_version_has_said_nothing() -> None:
    with listening(saying()) as port:
        found = run(versions(reached({(ADDRESS, 443): port}), ADDRESS, 443, NAME))
    assert all(isinstance(outcome, Unknown) and outcome.reason == "closed" for outcome in found.values())


def test_an_unroutable_server_leaves_every_version_unknown() -> None:
    found = run(versions(reached({}), ADDRESS, 443, NAME))
    assert {outcome.reason for outcome in found.values() if isinstance(outcome, Unknown)} == {"no-route"}


def test_a_good_chain_is_trusted_at_the_clock() -> None:
    trust = verify(leaf(NAME).chain, NAME, root().pem, NOW)
    assert trust.trusted and trust.result == "trusted"
    assert trust.path == (f"CN={NAME}", "CN=Auroria Issuing", "CN=Auroria Root")


def test_the_clock_decides_about_dates() -> None:
    """RFC 5280, section 4.1.2.5."""
    chain = leaf(NAME).chain
    assert words(chain, days=-11) == ["not-yet-valid"]
    assert words(chain, days=81) == ["expired"]


def test_a_name_that_is_not_presented_is_wrong() -> None:
    assert words(leaf("other.auroria.post").chain) == ["wrong-name"]


def test_an_address_is_matched_as_an_address() -> None:
    assert words(leaf("192.0.2.25").chain, "192.0.2.25") == []
    assert words(leaf("192.0.2.25").chain, "192.0.2.26") == ["wrong-name"]


def test_the_common_name_counts_for_nothing() -> None:
    """RFC 9525, section 2."""
    assert "wrong-name" in words(issue("other.example", by=intermediate(), subject=NAME).chain)


def test_a_self_signed_certificate_says_so() -> None:
    assert words(issue(NAME).chain) == ["self-signed"]


def test_a_missing_intermediate_is_incomplete() -> None:
    assert words(leaf(NAME).chain[:1]) == ["incomplete"]


def test_a_signature_by_another_key_of_that_name_is_bad() -> None:
    impostor = issue(ca=True, subject="Auroria Issuing")
    chain = (issue(NAME, by=impostor).chain[0], intermediate().chain[0])
    assert words(chain) == ["bad-signature"]


def test_a_strangers_root_is_an_unknown_issuer() -> None:
    stranger = issue(ca=True, subject="Stranger Root")
    chain = (*issue(NAME, by=stranger).chain, *stranger.chain)
    assert words(chain) == ["unknown-issuer"]


def test_a_weak_key_is_weak() -> None:
    key = rsa.generate_private_key(65537, 1024)
    assert words(issue(NAME, by=intermediate(), key=key).chain) == ["weak"]


def test_several_reasons_are_all_told_the_gravest_first() -> None:
    assert words(issue("other.example", days=(-20, -5)).chain) == ["self-signed", "expired", "wrong-name"]


def test_what_no_cheap_check_explains_is_refused_in_the_verifiers_words() -> None:
    """An end-entity certificate must not issue others (RFC 5280, section 4.2.1.9)."""
    middle = issue("not-a-ca.example", by=root())
    trust = verify((issue(NAME, by=middle).chain[0], middle.chain[0]), NAME, root().pem, NOW)
    assert trust.result == "refused" and trust.problems[0].detail


def test_no_certificate_and_garbage_are_outcomes() -> None:
    assert words(()) == ["no-certificate"]
    assert words((b"\x30\x03\x02\x01\x00",)) == ["malformed"]


def test_an_empty_root_list_means_the_public_roots() -> None:
    assert verify(leaf(NAME).chain, NAME, "", NOW).result == "unknown-issuer"


def test_a_name_that_is_no_dns_name_is_an_outcome() -> None:
    assert words(leaf(NAME).chain, "under score!.post") == ["wrong-name"]


@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_damaged_chain_is_never_trusted_and_never_a_crash(position: int, change: int) -> None:
    first, above = leaf(NAME).chain
    der = bytearray(first)
    der[position % len(der)] ^= change
    assert not verify((bytes(der), above), NAME, root().pem, NOW).trusted


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_garbage_for_a_chain_is_never_trusted_and_never_a_crash(chain: list[bytes]) -> None:
    assert verify(tuple(chain), NAME, root().pem, NOW).result in ("no-certificate", "malformed")


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("mx.auroria.post", "*.auroria.post", True),
        ("MX.Auroria.post.", "mx.auroria.POST", True),
        ("a.mx.auroria.post", "*.auroria.post", False),
        ("auroria.post", "*.auroria.post", False),
        ("mx.auroria.post", "m*.auroria.post", False),
        ("mx.auroria.post", "mx.*.post", False),
        ("*.auroria.post", "mx.auroria.post", False),
        ("", "*.auroria.post", False),
    ],
)
def test_a_wildcard_is_one_whole_left_most_label(name: str, pattern: str, expected: bool) -> None:
    """RFC 9525, section 6.3."""
    assert matches(name, pattern) is expected


def test_handshakes_may_run_side_by_side() -> None:
    with listening(over_tls(leaf(NAME).context(), saying())) as port:
        network = reached({(ADDRESS, 443): port})

        async def both() -> list[Handshake]:
            return await asyncio.gather(*(handshake(network, ADDRESS, 443, NAME) for _ in range(4)))

        assert {seen.version for seen in run(both())} == {"TLSv1.3"}
