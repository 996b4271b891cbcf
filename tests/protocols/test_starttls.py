"""Offered, negotiated, trusted, named by TLSA: four facts, each without the others (RFC 3207, RFC 7672)."""

import hashlib
import socket
import ssl
from collections.abc import Callable

import pytest
from loopback import Issued, issue, leaf, listening, reached, root, saying
from zones import run

from postlib.network import Unknown, Unreachable
from postlib.protocols.dane import Tlsa
from postlib.protocols.smtp import NotOffered, SmtpRefused
from postlib.protocols.starttls import StartTls, inspect, versions

ADDRESS = "192.0.2.25"
HOST = "mx.valdoria.post"
Serve = Callable[[socket.socket], None]


def offering(context: ssl.SSLContext) -> Serve:
    """A mail server that greets, offers STARTTLS and keeps the offer."""

    def serve(connection: socket.socket) -> None:
        saying(b"220 hi\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n")(connection)
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)

    return serve


def inspected(serve: Serve, tlsa: tuple[Tlsa, ...] = ()) -> StartTls:
    with listening(serve) as port:
        return run(inspect(reached({(ADDRESS, 25): port}, roots=root().pem, timeout=0.4), HOST, ADDRESS, tlsa))


def named(server: Issued) -> Tlsa:
    return Tlsa(3, 0, 1, hashlib.sha256(server.chain[0]).digest())


def test_offered_negotiated_and_trusted() -> None:
    seen = inspected(offering(leaf(HOST).context()))
    assert seen.offered and seen.failure == ""
    assert not isinstance(seen.handshake, Unknown) and seen.handshake is not None and seen.handshake.version == "TLSv1.3"
    assert seen.trust is not None and seen.trust.trusted and seen.dane is None


def test_a_self_signed_certificate_is_negotiated_and_not_trusted() -> None:
    """Others call this "no STARTTLS"."""
    seen = inspected(offering(issue(HOST).context()))
    assert seen.offered and seen.handshake is not None
    assert seen.trust is not None and seen.trust.result == "self-signed"


def test_a_self_signed_certificate_may_still_be_the_one_that_tlsa_names() -> None:
    server = issue(HOST)
    seen = inspected(offering(server.context()), (named(server),))
    assert seen.trust is not None and not seen.trust.trusted
    assert seen.dane is not None and seen.dane.matched == named(server)


def test_a_trusted_certificate_may_not_be_the_one_that_tlsa_names() -> None:
    seen = inspected(offering(leaf(HOST).context()), (named(issue(HOST)),))
    assert seen.trust is not None and seen.trust.trusted
    assert seen.dane is not None and seen.dane.matched is None


def test_not_offered() -> None:
    seen = inspected(saying(b"220 hi\r\n", b"250 mx\r\n"))
    assert (seen.offered, seen.handshake, seen.failure) == (False, None, "not-offered")


def test_offered_and_refused() -> None:
    seen = inspected(saying(b"220 hi\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 4.7.0 not now\r\n"))
    assert (seen.offered, seen.handshake, seen.failure) == (True, None, "refused")


def test_offered_with_injected_plaintext() -> None:
    seen = inspected(saying(b"220 hi\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n250 mx\r\n"))
    assert seen.failure == "injected-plaintext"
    assert seen.transcript[-1].text == "220 go"


def test_offered_and_no_tls_behind_it() -> None:
    seen = inspected(saying(b"220 hi\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n", b"what?\r\n"))
    assert (seen.handshake, seen.failure) == (None, "not-tls")


def test_silence_in_the_handshake_is_unknown() -> None:
    seen = inspected(saying(b"220 hi\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n", b"", b""))
    assert isinstance(seen.handshake, Unknown) and seen.handshake.reason in ("timeout", "closed")


def test_no_greeting_is_no_statement_about_starttls() -> None:
    with pytest.raises(SmtpRefused):
        inspected(saying(b"554 no\r\n"))
    with pytest.raises(Unreachable):
        run(inspect(reached({}), HOST, ADDRESS))


def test_versions_are_told_behind_starttls() -> None:
    context = leaf(HOST).context(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    with listening(offering(context)) as port:
        found = run(versions(reached({(ADDRESS, 25): port}), HOST, ADDRESS))
    assert found == {"TLSv1": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": False}


def test_versions_without_an_offer_cannot_be_told() -> None:
    with listening(saying(b"220 hi\r\n", b"250 mx\r\n")) as port, pytest.raises(NotOffered):
        run(versions(reached({(ADDRESS, 25): port}), HOST, ADDRESS))
