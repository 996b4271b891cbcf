"""What a hostile mail server does (RFC 5321, section 4.2; RFC 3207): some words of its part, and then something else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from postlib.lab.channel import Channel
from postlib.lab.habits import tls
from postlib.lab.habits.streams import Act, closes, dripped, endless, garbage, poured, silent

EXTENSIONS = 100_000
GREETING = b"220 mx.example ESMTP\r\n"
OFFER = b"250-mx.example\r\n250 STARTTLS\r\n"
READY = b"220 2.0.0 Ready to start TLS\r\n"
INJECTED = b"250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n"  # what would be believed, if it were taken for the server's words behind TLS


async def _after(channel: Channel, words: Iterable[bytes], then: Act) -> None:
    """Say the first words at once and each of the next after hearing something; then do something else."""
    for position, word in enumerate(words):
        if position and not await channel.read():
            return
        await channel.write(word)
    await then(channel)


def _scripted(*words: bytes, then: Act = silent) -> Act:
    return partial(_after, words=words, then=then)


async def _many_extensions(channel: Channel) -> None:
    await channel.read()
    lines = [b"250-X-EXTENSION-%d\r\n" % number for number in range(EXTENSIONS)]
    await poured(channel, (b"".join(lines[at : at + 1000]) for at in range(0, EXTENSIONS, 1000)))
    await channel.write(b"250 STARTTLS\r\n")
    await silent(channel)


async def _agrees(channel: Channel) -> None:
    """Say yes to everything, in the clear."""
    while await channel.read():
        await channel.write(OFFER)


async def _answers_with_noise(channel: Channel) -> None:
    """Hear the first words of TLS before the noise: what comes earlier would be taken for words in the clear."""
    if await channel.read():
        await garbage(channel)


async def _unlistening(channel: Channel) -> None:
    """Answer before being asked, again and again."""
    await channel.read()
    await endless(channel, OFFER)


HABITS: dict[str, Act] = {
    "silent": silent,
    "closes": closes,
    "garbage": garbage,
    "no-code": _scripted(b"Welcome to mx.example\r\n"),
    "nul": _scripted(b"220 mx\0.example\r\n", b"250-mx\0\r\n250 STARTTLS\0\r\n"),
    "refuses": _scripted(b"554 5.7.1 Not you\r\n"),
    "wrong-code": _scripted(GREETING, b"354-mx.example\r\n354 STARTTLS\r\n", READY),
    "mixed-codes": _scripted(GREETING, b"250-mx.example\r\n550 STARTTLS\r\n"),
    "endless-line": _scripted(b"220 ", then=partial(endless, part=b"x" * 16_000)),
    "endless-greeting": _scripted(then=partial(endless, part=b"220-There is more\r\n")),
    "endless-extensions": _scripted(GREETING, b"250-mx.example\r\n250-STARTTLS\r\n", then=partial(endless, part=b"250-X-MORE\r\n")),
    "many-extensions": _scripted(GREETING, then=_many_extensions),
    "slow": partial(dripped, octets=GREETING * 100),
    "unlistening": _scripted(GREETING, then=_unlistening),
    "starttls-plain": _scripted(GREETING, OFFER, READY, then=_agrees),
    "starttls-garbage": _scripted(GREETING, OFFER, READY, then=_answers_with_noise),
    "starttls-injects": _scripted(GREETING, OFFER, READY + INJECTED, then=_agrees),
    "starttls-silent": _scripted(GREETING, OFFER, READY),
    "starttls-closes": _scripted(GREETING, OFFER, READY, then=closes),
    "starttls-wrong-code": _scripted(GREETING, OFFER, b"354 Go ahead\r\n"),
    "half-handshake": _scripted(GREETING, OFFER, READY, then=tls.half_handshake),
    "unreadable-certificate": _scripted(GREETING, OFFER, READY, then=tls.unreadable_certificate),
    "thousand-certificates": _scripted(GREETING, OFFER, READY, then=tls.thousand_certificates),
    "giant-certificate": _scripted(GREETING, OFFER, READY, then=tls.giant_certificate),
}
