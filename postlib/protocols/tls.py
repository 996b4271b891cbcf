"""What a server says in a TLS handshake (RFC 8446, RFC 5246): version, cipher suite, protocol, and the chain as it was sent.

    TlsRefused    the server was reached, and no TLS connection came of it: a fact about the server

A handshake here verifies nothing, so that a bad certificate is seen and not merely refused; `verify` judges it afterwards,
at the Network's clock.
"""

from __future__ import annotations

import _ssl
import asyncio
import re
import ssl
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from postlib.network import Network, Unknown, Unreachable
from postlib.patience import Patience
from postlib.protocols.pkix import Problem, Trust, verify
from postlib.resolver import Resolver

__all__ = ["VERSIONS", "Handshake", "Offer", "Problem", "TlsRefused", "Trust", "handshake", "hang_up", "upgrade", "verify", "versions"]

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
USUAL_CIPHERS = "DEFAULT:@SECLEVEL=0"  # a weak key or an old version is a finding, so our side must not refuse it first
EVERY_CIPHER = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
# RFC 6066, section 3: an ASCII name; ssl raises for labels that are too long, as the escapes of odd octets make them
SNI = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
OP_LEGACY_SERVER_CONNECT = 0x4  # ssl has the name from Python 3.12: servers without RFC 5746 are also to be seen
GOODBYE = 0.5  # seconds a peer gets to answer close_notify (RFC 8446, section 6.1) before we hang up

# what OpenSSL says, and our word for it; the first that fits
REASONS = (
    ("ALERT_PROTOCOL_VERSION", "protocol-version"),
    ("UNSUPPORTED_PROTOCOL", "protocol-version"),
    ("HANDSHAKE_FAILURE", "handshake-failure"),
    ("INSUFFICIENT_SECURITY", "insufficient-security"),
    ("UNRECOGNIZED_NAME", "unrecognized-name"),
    ("WRONG_VERSION_NUMBER", "not-tls"),
    ("HTTP_REQUEST", "not-tls"),
    ("PACKET_LENGTH_TOO_LONG", "not-tls"),
    ("RECORD_LAYER_FAILURE", "not-tls"),
    ("EXCESSIVE_MESSAGE_SIZE", "oversized-handshake"),  # more than 100 kB of certificates
)
OURS = ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "NO_CIPHER_MATCH", "NO_SUITABLE")
REFUSALS = ("protocol-version", "handshake-failure", "insufficient-security")


class TlsRefused(Exception):
    """The server was reached, and no TLS connection came of it: `reason` is a word of the catalogue, `where` the server."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(f"{reason} at {where}")
        self.reason = reason
        self.where = where


@dataclass(frozen=True)
class Offer:
    """What our side of a handshake offers; versions are keys of VERSIONS, None for all that the local OpenSSL speaks."""

    minimum: str | None = None
    maximum: str | None = None
    ciphers: str = USUAL_CIPHERS
    alpn: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handshake:
    """A handshake that succeeded. `chain` is DER, the server's certificate first, and empty for an anonymous suite."""

    address: str
    port: int
    server_name: str
    version: str
    cipher: str
    alpn: str | None
    chain: tuple[bytes, ...]


async def handshake(net: Network | Resolver, address: str, port: int, server_name: str, offer: Offer | None = None) -> Handshake:
    """Connect, shake hands, hang up; a name that SNI cannot carry is not sent. Raises Unreachable and TlsRefused."""
    network = Resolver.of(net).network
    reader, writer = await network.connect(address, port)
    del reader
    try:
        return await upgrade(writer, address, port, server_name, network.timeout, offer)
    finally:
        await hang_up(writer)


async def upgrade(
    writer: asyncio.StreamWriter, address: str, port: int, server_name: str, timeout: float, offer: Offer | None = None
) -> Handshake:
    """Turn an open connection into a TLS one, within `timeout` seconds. Raises as `handshake`; the connection is then closed."""
    where = f"{address}:{port}"
    name = server_name.rstrip(".")
    try:
        context = _context(offer or Offer())
    except ssl.SSLError as error:
        raise Unreachable("local-tls", "this machine") from error
    try:
        async with Patience(timeout):
            await writer.start_tls(context, server_hostname=name if SNI.fullmatch(name) else None)
    except ssl.SSLError as error:
        raise _refused(error, where) from error
    except TimeoutError as error:
        raise Unreachable("timeout", where) from error
    except OSError as error:
        raise Unreachable("closed", where) from error
    return _seen(writer.get_extra_info("ssl_object"), address, port, name)


async def versions(
    net: Network | Resolver, address: str, port: int, name: str, attempt: Callable[[Offer], Awaitable[Handshake]] | None = None
) -> dict[str, bool | Unknown]:
    """Which TLS versions the server accepts: one handshake each; Unknown where it could not be told.

    `attempt` makes the handshake where TLS does not begin at once (STARTTLS). A server that hangs up on one version
    and accepts another has refused; one that hangs up on all has said nothing.
    """

    async def directly(offer: Offer) -> Handshake:
        return await handshake(net, address, port, name, offer)

    found = {version: await _accepted(attempt or directly, version) for version in VERSIONS}
    if any(outcome is True for outcome in found.values()):
        return {v: False if isinstance(o, Unknown) and o.reason == "closed" else o for v, o in found.items()}
    return found


async def _accepted(attempt: Callable[[Offer], Awaitable[Handshake]], version: str) -> bool | Unknown:
    try:
        await attempt(Offer(version, version, EVERY_CIPHER))
    except TlsRefused as error:
        return False if error.reason in REFUSALS else Unknown(error.reason, error.where)
    except Unreachable as error:
        return Unknown(error.reason, error.where)
    return True


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, politely for a moment and then at once."""
    polite = not writer.transport.is_closing()
    writer.close()
    try:
        if polite:
            async with asyncio.timeout(GOODBYE):
                await writer.wait_closed()
    except OSError:  # the peer was gone already, or did not answer (TimeoutError is an OSError)
        polite = False
    if not polite:
        writer.transport.abort()
        await asyncio.sleep(0)  # the loop closes the socket on its next turn


@cache
def _context(offer: Offer) -> ssl.SSLContext:
    """A client context that verifies nothing. Raises ssl.SSLError for ciphers that the local OpenSSL does not know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= OP_LEGACY_SERVER_CONNECT
    with warnings.catch_warnings():  # ssl warns of the old versions that we want to see refused
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS[offer.minimum] if offer.minimum else ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = VERSIONS[offer.maximum] if offer.maximum else ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_ciphers(offer.ciphers)
    if offer.alpn:
        context.set_alpn_protocols(offer.alpn)
    return context


def _refused(error: ssl.SSLError, where: str) -> TlsRefused | Unreachable:
    said = (error.reason or "").upper()
    if any(ours in said for ours in OURS):
        return Unreachable("local-tls", "this machine")
    word = next((word for part, word in REASONS if part in said), said.lower().replace("_", "-"))
    return TlsRefused(word or "broken-handshake", where)  # without a reason: a certificate, say, that is none


def _seen(tls: ssl.SSLObject, address: str, port: int, name: str) -> Handshake:
    cipher = tls.cipher()
    return Handshake(address, port, name, tls.version() or "", cipher[0] if cipher else "", tls.selected_alpn_protocol(), _chain(tls))


def _chain(tls: Any) -> tuple[bytes, ...]:
    """The chain as sent, unverified. Public from Python 3.13; before that only beneath SSLObject."""
    if hasattr(tls, "get_unverified_chain"):
        return tuple(tls.get_unverified_chain() or ())
    certificates = tls._sslobj.get_unverified_chain() or ()
    return tuple(certificate.public_bytes(_ssl.ENCODING_DER) for certificate in certificates)
