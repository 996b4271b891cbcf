"""The first octets of a TLS 1.2 server, as bytes: what no OpenSSL would send, because it never goes on or cannot be read.

RFC 5246: records (section 6.2.1), handshake messages (section 7.4), ServerHello (7.4.1.3), Certificate (7.4.2).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from postlib.lab.channel import Channel
from postlib.lab.habits.streams import poured, silent

HANDSHAKE, SERVER_HELLO, CERTIFICATE = 22, 2, 11
TLS_1_2 = b"\x03\x03"
SUITE = b"\xc0\x2b"  # TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which every client of today offers (RFC 9325, section 4.2)
LONGEST_RECORD = 2**14
CERTIFICATES = 1000  # of a chain that is too long; OpenSSL takes 100 kB of them (SSL_CTX_set_max_cert_list)
CERTIFICATE_OCTETS = 1000
LARGEST_CERTIFICATE = 2_500_000  # octets: about what one with 100 000 names has


def message(kind: int, body: bytes) -> bytes:
    """A handshake message, in as many records as it needs."""
    octets = struct.pack("!I", kind << 24 | len(body)) + body
    parts = (octets[at : at + LONGEST_RECORD] for at in range(0, len(octets), LONGEST_RECORD))
    return b"".join(bytes([HANDSHAKE]) + TLS_1_2 + struct.pack("!H", len(part)) + part for part in parts)


def server_hello() -> bytes:
    """A ServerHello that chooses TLS 1.2: a fixed random, no session, no compression, no extension."""
    return message(SERVER_HELLO, TLS_1_2 + bytes(range(32)) + b"\0" + SUITE + b"\0")


def certificates(chain: Sequence[bytes]) -> bytes:
    """A Certificate message that shows these octets, whatever they are."""
    listed = b"".join(len(der).to_bytes(3) + der for der in chain)
    return message(CERTIFICATE, len(listed).to_bytes(3) + listed)


async def half_handshake(channel: Channel) -> None:
    """Begin a handshake and stop in the middle of it."""
    await _begun(channel, b"")


async def unreadable_certificate(channel: Channel) -> None:
    """Show a certificate that is no DER."""
    await _begun(channel, certificates([b"\x30\x82\x01\x00" + b"no certificate" * 20]))


async def thousand_certificates(channel: Channel) -> None:
    """Show a chain of a thousand certificates, of which none is one."""
    await _begun(channel, certificates([b"\x30\x82\x03\xe4" + bytes(CERTIFICATE_OCTETS - 4)] * CERTIFICATES))


async def giant_certificate(channel: Channel) -> None:
    """Show one certificate of megabytes."""
    await _begun(channel, certificates([b"\x30\x83" + (LARGEST_CERTIFICATE - 5).to_bytes(3) + bytes(LARGEST_CERTIFICATE - 5)]))


async def _begun(channel: Channel, more: bytes) -> None:
    await channel.read()
    octets = server_hello() + more
    await poured(channel, (octets[at : at + LONGEST_RECORD] for at in range(0, len(octets), LONGEST_RECORD)))
    await silent(channel)
