"""Octets without end, without sense, or without haste."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from postlib.lab.channel import Channel

Act = Callable[[Channel], Awaitable[None]]

OCTET_SECONDS = 1.0  # between two octets of a slow server
LEAST_WRITE = 16 * 1024  # octets sent at a time by a server that is in a hurry
NOISE = bytes(range(1, 256)) * 4  # no protocol of ours begins like this, nor has lines like this


async def silent(channel: Channel) -> None:
    """Say nothing, and wait until the client goes."""
    while await channel.read():
        pass


async def closes(channel: Channel) -> None:
    """Hang up at once."""
    await channel.close()


async def garbage(channel: Channel) -> None:
    """Octets that mean nothing, and then silence."""
    await channel.write(NOISE)
    await silent(channel)


async def endless(channel: Channel, part: bytes) -> None:
    """The same again and again. A socket that has room takes it without a pause, so the loop gets one of us."""
    await poured(channel, itertools.repeat(part * max(1, LEAST_WRITE // len(part))))


async def poured(channel: Channel, parts: Iterable[bytes]) -> None:
    """All the parts, as fast as the client takes them."""
    for part in parts:
        await channel.write(part)
        await asyncio.sleep(0)


async def dripped(channel: Channel, octets: bytes) -> None:
    """One octet at a time, for as long as the client listens."""
    with suppress(ConnectionError):
        for octet in octets:
            await channel.write(bytes([octet]))
            await asyncio.sleep(OCTET_SECONDS)
