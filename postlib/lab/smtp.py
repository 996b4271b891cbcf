"""The lab's mail servers on loopback: SMTP (RFC 5321) with STARTTLS (RFC 3207), by aiosmtpd.

    mail = Mail(clock)
    port = await mail.open(lambda: host, receiver, proxied=True)

This is the plumbing: what becomes of a message is the Receiver's affair. Never an open relay: a recipient outside the host's
domains is refused unless the Receiver itself says otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from postlib.clock import Clock
from postlib.lab.authority import Credentials
from postlib.lab.channel import Channel
from postlib.lab.habits.mail import HABITS
from postlib.lab.listener import Connection, Listener
from postlib.lab.personalities import context

LARGEST_MESSAGE = 1 << 20  # octets, announced by SIZE (RFC 1870); a lab's messages are small
RECIPIENTS = 100  # of one message: what every server must take (RFC 5321, section 4.5.3.1.8)
COMMANDS = 1000  # of one kind in one connection
IDLE_SECONDS = 300.0  # for the next command (RFC 5321, section 4.5.3.2.7)
HABIT_SECONDS = 30.0  # of a server that does not serve; more than any client of ours waits
REPLY = re.compile(r"[2-5][0-5][0-9] [\x20-\x7e]{1,506}")  # RFC 5321, sections 4.2 and 4.5.3.1.5: one line of 512 octets at most

for _name in ("mail.log", "mail.debug"):  # aiosmtpd logs here, and a logger that nobody listens to would write to stderr
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class MailHost:
    """A mail server. `domains` are the ones it takes mail for, in lower case; without `credentials` it offers no STARTTLS.

    `banner` is what follows its name in the greeting; `personality` is a TLS one (postlib.lab.personalities), `habit` what it does
    in place of all that (postlib.lab.habits).
    """

    hostname: str
    address: str
    domains: Container[str]
    banner: str = "ESMTP"
    credentials: Credentials | None = None
    personality: str = "good"
    habit: str = ""


@dataclass(frozen=True)
class Received:
    """One message as the server took it. `sender` is "" for the null reverse-path; `tls` is the version ("TLSv1.3") or None.

    `message` is the octets after dot-unstuffing, each line ended by CRLF; `extended` tells EHLO from HELO.
    """

    source: str
    destination: str
    helo: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes
    tls: str | None
    time: datetime
    extended: bool = True


class Receiver(Protocol):
    """What a mail server does with its mail. Replies are one line, with an enhanced code (RFC 3463): "250 2.0.0 Ok"."""

    async def receive(self, envelope: Received) -> str:
        """The reply to a whole message."""
        ...

    async def recipient(self, address: str, source: str) -> str | None:
        """The reply to RCPT TO from `source`; None: accepted if the domain is the host's own, else refused."""
        ...


class Mail:
    """The mail servers of one Internet. Its methods are awaited on the loop that serves (`postlib.background`)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []

    async def open(
        self, host: Callable[[], MailHost], receiver: Receiver, *, proxied: bool, listening: socket.socket | None = None
    ) -> int:
        """Serve one mail host, which is asked for anew at each connection, on a socket from `listener.bind` if given.

        Returns the loopback port.
        """

        async def serve(connection: Connection) -> None:
            now = host()
            if not now.habit:
                await _converse(connection, _Handler(now, receiver, self._clock, connection))
                return
            async with asyncio.timeout(HABIT_SECONDS):
                await HABITS[now.habit](Channel(connection.socket))

        listener = Listener(serve, proxied=proxied, listening=listening)
        self._listeners.append(listener)
        return listener.port

    async def close(self) -> None:
        """Close every port and connection."""
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(listener.close() for listener in listeners))


class _Handler:
    """aiosmtpd's hooks for one connection; their names and arguments are aiosmtpd's."""

    def __init__(self, host: MailHost, receiver: Receiver, clock: Clock, connection: Connection) -> None:
        self.host = host
        self._receiver = receiver
        self._clock = clock
        self._source = connection.source
        self._destination = connection.destination or host.address

    async def handle_EHLO(self, _: SMTP, session: Session, __: Envelope, hostname: str, replies: list[str]) -> list[str]:
        session.host_name = hostname
        return [reply for reply in replies if not reply.startswith("250-AUTH")]  # nobody logs in here

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        reply = await self._receiver.recipient(address, self._source)
        if reply is None:
            local = address.rpartition("@")[2].lower() in self.host.domains
            reply = "250 2.1.5 Recipient ok" if local else "550 5.7.1 Relaying denied"
        if _fit(reply).startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:
        return _fit(await self._receiver.receive(self._received(session, envelope)))

    async def handle_exception(self, error: Exception) -> str:
        if not isinstance(error, (TLSSetupException, OSError)):  # a failed handshake is the client's affair, all else our own bug
            asyncio.get_running_loop().call_exception_handler({"message": "a lab mail server failed", "exception": error})
        return "451 4.3.0 Internal error of the lab"

    def _received(self, session: Session, envelope: Envelope) -> Received:
        tls = session.ssl["ssl_object"].version() if session.ssl else None
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from or ""
        message = envelope.original_content or b""
        return Received(
            self._source, self._destination, session.host_name or "", sender, tuple(envelope.rcpt_tos), message,
            tls, self._clock.now(), session.extended_smtp,
        )  # fmt: skip


class _Conversation(SMTP):
    """One connection, whose end can be awaited."""

    def __init__(self, handler: _Handler, **settings: Any) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        super().__init__(handler, **settings)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if not self.ended.done():
            self.ended.set_result(None)


async def _converse(connection: Connection, handler: _Handler) -> None:
    """Speak SMTP until the connection ends."""
    loop, host = asyncio.get_running_loop(), handler.host
    protocol = _Conversation(
        handler,
        loop=loop,
        hostname=host.hostname,
        ident=host.banner,
        data_size_limit=LARGEST_MESSAGE,
        tls_context=context(host.personality, host.credentials) if host.credentials else None,
        timeout=IDLE_SECONDS,
        command_call_limit=COMMANDS,
        auth_exclude_mechanism=("LOGIN", "PLAIN"),
    )
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection.socket)
    try:
        await asyncio.shield(protocol.ended)
    finally:
        transport.abort()
        await protocol.ended


def _fit(reply: str) -> str:
    """The reply itself. Raises ValueError where it is none: a bug of the Receiver."""
    if not REPLY.fullmatch(reply):
        raise ValueError(f"{reply!r} is no SMTP reply of one line")
    return reply
