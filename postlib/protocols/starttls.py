"""STARTTLS at a mail server: four facts that are often taken for one (RFC 3207; RFC 7672; RFC 8461).

It is *offered*; a handshake is *negotiated*; the certificate is *trusted*; it is the one that the *TLSA* records name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from postlib.network import Network, Unknown, Unreachable
from postlib.protocols import tls
from postlib.protocols.dane import Match, Tlsa, match
from postlib.protocols.smtp import Conversation, InjectedPlaintext, Line, NotOffered, SmtpMalformed, SmtpRefused
from postlib.protocols.tls import Handshake, Offer, TlsRefused, Trust, verify
from postlib.resolver import Resolver


@dataclass(frozen=True)
class StartTls:
    """What a server did. `handshake` is None where none came of it, and `failure` says why; it is Unknown where nobody knows.

    `failure` is not-offered, refused, injected-plaintext, a word of TlsRefused, or empty. `trust` and `dane` are None
    without a handshake, `dane` also without TLSA records.
    """

    host: str
    address: str
    offered: bool
    handshake: Handshake | Unknown | None
    failure: str
    trust: Trust | None
    dane: Match | None
    transcript: tuple[Line, ...]


async def inspect(net: Network | Resolver, host: str, address: str, tlsa: Sequence[Tlsa] = (), *, port: int = 25) -> StartTls:
    """Greet the server, ask for TLS and judge what it shows, for the name `host`, at the Network's clock.

    Raises Unreachable (no-greeting from a server that lets us in and then does not speak), SmtpRefused and SmtpMalformed
    where not even a greeting came of it.
    """
    network = Resolver.of(net).network
    server = Conversation(net, address, port, host=host)
    handshake: Handshake | Unknown | None = None
    try:
        async with server:
            await server.ehlo()
            offered = "STARTTLS" in server.extensions
            handshake, failure = await _negotiated(server)
    except Unreachable as error:
        raise Unreachable("no-greeting", error.where) if server.connected else error from error
    if not isinstance(handshake, Handshake):
        return StartTls(host, address, offered, handshake, failure, None, None, server.transcript)
    now = network.clock.now()
    trust = verify(handshake.chain, host, network.certificate_roots, now)
    dane = match(tlsa, handshake.chain, (host,), now) if tlsa else None
    return StartTls(host, address, offered, handshake, "", trust, dane, server.transcript)


async def _negotiated(server: Conversation) -> tuple[Handshake | Unknown | None, str]:
    """The handshake, and otherwise the word for what came instead."""
    try:
        return await server.starttls(), ""
    except NotOffered:
        return None, "not-offered"
    except SmtpRefused:
        return None, "refused"
    except InjectedPlaintext:
        return None, "injected-plaintext"
    except SmtpMalformed as error:
        return None, error.reason
    except TlsRefused as error:
        return None, error.reason
    except Unreachable as error:
        return Unknown(error.reason, error.where), ""


async def versions(net: Network | Resolver, host: str, address: str, *, port: int = 25) -> dict[str, bool | Unknown]:
    """Which TLS versions the server accepts after STARTTLS, as `tls.versions` tells; one conversation each.

    Raises SmtpRefused, SmtpMalformed, InjectedPlaintext and NotOffered where it did not come to handshakes.
    """

    async def attempt(offer: Offer) -> Handshake:
        async with Conversation(net, address, port, host=host) as server:
            await server.ehlo()
            return await server.starttls(offer)

    return await tls.versions(net, address, port, host, attempt)
