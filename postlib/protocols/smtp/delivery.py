"""One message to one server, with everything that was said on the way (RFC 5321, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from postlib.network import Network, Unreachable
from postlib.protocols.smtp.conversation import (
    Conversation,
    InjectedPlaintext,
    Line,
    NotOffered,
    SmtpError,
    SmtpMalformed,
    SmtpRefused,
)
from postlib.protocols.smtp.reply import Reply, command_line, dot_stuffed, path
from postlib.protocols.tls import Handshake, TlsRefused
from postlib.resolver import Resolver

RECIPIENTS = 100  # RFC 5321, section 4.5.3.1.8: what every server takes in one go

StartTls = Literal["may", "must", "never"]
Believes = Callable[[Handshake], bool]
"""Judges a handshake before any mail is spoken of: DANE's or MTA-STS's question."""


@dataclass(frozen=True)
class Recipient:
    """One recipient, and the server's reply to it."""

    address: str
    reply: Reply


@dataclass(frozen=True)
class Delivery:
    """What became of a message. `reply` is the one that decided; `handshake` is None where it went in the clear.

    Outcomes: accepted (for the `accepted` recipients), refused (5yz), deferred (4yz), no-starttls, tls-failed,
    untrusted, injected-plaintext, no-8bitmime, malformed, timeout, closed.
    """

    outcome: str
    reply: Reply | None
    recipients: tuple[Recipient, ...]
    handshake: Handshake | None
    transcript: tuple[Line, ...]

    @property
    def accepted(self) -> tuple[str, ...]:
        """The recipients for whom the server has taken responsibility."""
        return tuple(r.address for r in self.recipients if r.reply.positive) if self.outcome == "accepted" else ()


class _Untrusted(SmtpError):
    """The handshake was made, and it is not believed."""


@dataclass(frozen=True)
class _Letter:
    stuffed: bytes
    sender: str
    recipients: tuple[str, ...]
    helo: str
    believes: Believes | None


async def send(
    net: Network | Resolver,
    address: str,
    message: bytes,
    *,
    sender: str,
    recipients: Sequence[str],
    helo: str,
    starttls: StartTls = "may",
    port: int = 25,
    host: str = "",
    believes: Believes | None = None,
) -> Delivery:
    """Send `message` (bytes, lines ending in CRLF) to the server at `address`, whose name is `host`.

    `starttls`: "may" takes what it gets, and goes in the clear where the handshake fails (RFC 7435); "must" does not
    send without it; "never" does not ask. `believes` judges the handshake; what is not believed gets no mail.
    Raises Unreachable where the server says nothing at all, ValueError for what SMTP cannot carry.
    """
    letter = _Letter(dot_stuffed(message), sender, tuple(recipients), helo, believes)
    _check(letter)
    first = await _attempt(Conversation(net, address, port, host=host), letter, starttls)
    if first.outcome != "tls-failed" or starttls != "may":
        return first
    second = await _attempt(Conversation(net, address, port, host=host), letter, "never")
    return replace(second, transcript=first.transcript + second.transcript)


def _check(letter: _Letter) -> None:
    if not 1 <= len(letter.recipients) <= RECIPIENTS:
        raise ValueError(f"a message has between 1 and {RECIPIENTS} recipients, not {len(letter.recipients)}")
    for mailbox in (letter.sender, *letter.recipients):
        path(mailbox)
    if "" in letter.recipients:
        raise ValueError("a recipient has an address")
    command_line(f"EHLO {letter.helo}")


async def _attempt(server: Conversation, letter: _Letter, starttls: StartTls) -> Delivery:
    recipients: list[Recipient] = []
    reply: Reply | None = None
    try:
        async with server:
            reply = await _deliver(server, letter, starttls, recipients)
            outcome = "accepted"
    except SmtpRefused as error:
        outcome, reply = ("refused" if error.code >= 500 else "deferred"), error.reply
    except Unreachable as error:
        if not server.transcript:
            raise
        # a reset in the handshake is how a middle-box, or a broken server, ends it: as much a failed STARTTLS as an alert
        outcome = "tls-failed" if _in_handshake(server) else error.reason
    except NotOffered as error:
        outcome = f"no-{error.extension.lower()}"
    except TlsRefused:
        outcome = "tls-failed"
    except _Untrusted:
        outcome = "untrusted"
    except InjectedPlaintext:
        outcome = "injected-plaintext"
    except SmtpMalformed:
        outcome = "malformed"
    return Delivery(outcome, reply, tuple(recipients), server.handshake, server.transcript)


def _in_handshake(server: Conversation) -> bool:
    last = server.transcript[-2:]
    return len(last) == 2 and last[0] == Line("client", "STARTTLS") and last[1].text.startswith("2") and server.handshake is None


async def _deliver(server: Conversation, letter: _Letter, starttls: StartTls, recipients: list[Recipient]) -> Reply:
    """From EHLO to the final dot; the reply to the message, or to the last recipient where none was taken."""
    await server.ehlo(letter.helo)
    if starttls == "must" or starttls == "may" and "STARTTLS" in server.extensions:
        handshake = await server.starttls()
        if letter.believes is not None and not letter.believes(handshake):
            raise _Untrusted
        await server.ehlo(letter.helo)
    await server.mail(letter.sender, *_parameters(server, letter.stuffed))
    for mailbox in letter.recipients:
        recipients.append(Recipient(mailbox, await _rcpt(server, mailbox)))
    if not any(recipient.reply.positive for recipient in recipients):
        raise SmtpRefused(recipients[-1].reply)
    return await server.data(letter.stuffed)


def _parameters(server: Conversation, stuffed: bytes) -> list[str]:
    """SIZE (RFC 1870) and BODY (RFC 6152), where they are offered. Raises NotOffered for octets that may not pass."""
    parameters = [f"SIZE={len(stuffed)}"] if "SIZE" in server.extensions else []
    if not stuffed.isascii():
        if "8BITMIME" not in server.extensions:
            raise NotOffered("8BITMIME")
        parameters.append("BODY=8BITMIME")
    return parameters


async def _rcpt(server: Conversation, mailbox: str) -> Reply:
    try:
        return await server.rcpt(mailbox)
    except SmtpRefused as error:
        return error.reply
