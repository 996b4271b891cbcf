"""What a hostile web server does: in place of the connection, of the handshake, or of the answer (RFC 9112)."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from functools import cache

from postlib.lab.channel import Channel
from postlib.lab.habits import tls
from postlib.lab.habits.streams import Act, closes, dripped, endless, garbage, poured, silent

Answer = Callable[[Channel, str], Awaitable[None]]
"""Answers a request for that URL, which begins with https:// or http://."""

GIGABYTE = 10**9
HEADER_LINES = 100_000
BOMB_OCTETS = 10_000_000  # that 10 kB of gzip unpack to
TEXT_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: *.example\r\nmax_age: 604800\r\n"  # a good beginning, in case somebody stops reading


async def endless_headers(channel: Channel, url: str) -> None:
    """A header line that never ends."""
    await channel.write(TEXT_HEAD + b"X-Endless: ")
    await endless(channel, b"x" * 16_000)


async def many_headers(channel: Channel, url: str) -> None:
    """A hundred thousand header lines, and then the policy."""
    lines = [b"X-%d: y\r\n" % number for number in range(HEADER_LINES)]
    await channel.write(TEXT_HEAD)
    await poured(channel, (b"".join(lines[at : at + 1000]) for at in range(0, HEADER_LINES, 1000)))
    await channel.write(b"\r\n" + POLICY)
    await channel.close()


async def endless_interim(channel: Channel, url: str) -> None:
    """Informational responses without end, and never an answer (RFC 9110, section 15.2)."""
    await endless(channel, b"HTTP/1.1 103 Early Hints\r\n\r\n")


async def endless_body(channel: Channel, url: str) -> None:
    """A body without a length and without an end."""
    await channel.write(TEXT_HEAD + b"\r\n" + POLICY)
    await endless(channel, b"x-more: yes\r\n")


async def large_body(channel: Channel, url: str) -> None:
    """A body of a gigabyte, which says so."""
    await channel.write(TEXT_HEAD + b"Content-Length: %d\r\n\r\n" % GIGABYTE + POLICY)
    await endless(channel, b"x-more: yes\r\n")


async def chunked_body(channel: Channel, url: str) -> None:
    """Chunks of one octet, without end."""
    await channel.write(TEXT_HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(POLICY) + POLICY + b"\r\n")
    await endless(channel, b"1\r\nx\r\n")


async def endless_chunk_line(channel: Channel, url: str) -> None:
    """A chunk whose extension never ends (RFC 9112, section 7.1.1)."""
    await channel.write(TEXT_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=")
    await endless(channel, b"x" * 16_000)


async def gzip_body(channel: Channel, url: str) -> None:
    """Octets that would unpack to a thousand times their size."""
    packed = _bomb()
    await channel.write(TEXT_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    await channel.close()


async def slow(channel: Channel, url: str) -> None:
    """A good answer, an octet a second."""
    await dripped(channel, TEXT_HEAD + b"Content-Length: %d\r\n\r\n" % len(POLICY) + POLICY)


async def slow_body(channel: Channel, url: str) -> None:
    """A header at once, and then an octet a second."""
    await channel.write(TEXT_HEAD + b"Content-Length: %d\r\n\r\n" % len(POLICY))
    await dripped(channel, POLICY)


async def short_body(channel: Channel, url: str) -> None:
    """Less than was promised: a policy that was cut off says something else."""
    await channel.write(TEXT_HEAD + b"Content-Length: %d\r\n\r\n" % (len(POLICY) + 1) + POLICY)
    await channel.close()


async def not_http(channel: Channel, url: str) -> None:
    """Words of another protocol."""
    await channel.write(b"220 mx.example ESMTP\r\n")
    await channel.close()


async def mute(channel: Channel, url: str) -> None:
    """Take the request and say nothing."""
    await silent(channel)


async def growing_redirect(channel: Channel, url: str) -> None:
    """A redirection to a longer URL, each time anew."""
    await channel.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (url + "/further" * 20).encode("latin-1"))
    await channel.close()


async def bouncing_redirect(channel: Channel, url: str) -> None:
    """From https to http and from http to https."""
    scheme, _, rest = url.partition("://")
    other = "http" if scheme == "https" else "https"
    await channel.write(f"HTTP/1.1 302 Found\r\nLocation: {other}://{rest}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
    await channel.close()


@cache
def _bomb() -> bytes:
    return gzip.compress(POLICY + b"x-more: yes\r\n" * (BOMB_OCTETS // 13), mtime=0)


CONNECTIONS: dict[str, Act] = {"silent": silent, "closes": closes, "garbage": garbage}
HANDSHAKES: dict[str, Act] = {
    "half-handshake": tls.half_handshake,
    "unreadable-certificate": tls.unreadable_certificate,
    "thousand-certificates": tls.thousand_certificates,
    "giant-certificate": tls.giant_certificate,
}
ANSWERS: dict[str, Answer] = {
    each.__name__.replace("_", "-"): each
    for each in (
        endless_headers, many_headers, endless_interim, endless_body, large_body, chunked_body, endless_chunk_line, gzip_body,
        slow, slow_body, short_body, not_http, mute, growing_redirect, bouncing_redirect,
    )
}  # fmt: skip


def instead(habit: str, *, secure: bool) -> Act | None:
    """What a server of that habit does in place of any conversation; None where it listens first."""
    return CONNECTIONS.get(habit) or (HANDSHAKES.get(habit) if secure else None)
