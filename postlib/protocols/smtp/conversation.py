"""A conversation with one SMTP server (RFC 5321), which may be made private with STARTTLS (RFC 3207).

    SmtpError              the server was reached, and the conversation came to nothing: a fact about the server
      x SmtpRefused        it said so, with 4yz or 5yz
      x SmtpMalformed      it said something that is no reply
      x NotOffered         it does not offer the extension that is needed
      x InjectedPlaintext  it sent more than the reply to STARTTLS: somebody may be speaking in its name
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from postlib.network import OUTSIDER, Network, Unreachable
from postlib.patience import Patience
from postlib.protocols.malformed import Malformed
from postlib.protocols.smtp.reply import LINE_OCTETS, REPLY_LINES, Reply, command_line, extensions, path, reply_line
from postlib.protocols.tls import Handshake, Offer, hang_up, upgrade
from postlib.resolver import Resolver

PATIENCE = 5  # times Network.timeout for one reply: servers think before they speak (RFC 5321, section 4.5.3.2, gives minutes)
SHOWN = 60  # lines of a message that the transcript keeps


class SmtpError(Exception):
    """The server was reached, and the conversation came to nothing."""


class SmtpRefused(SmtpError):
    """The server refused, now (4yz) or for good (5yz)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.code} {reply.text}")
        self.reply = reply
        self.code, self.enhanced, self.text = reply.code, reply.enhanced, reply.text


class SmtpMalformed(SmtpError):
    """The server said something that is no reply; `reason` is a word of the catalogue."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


class NotOffered(SmtpError):
    """The server does not offer the `extension` that is needed."""

    def __init__(self, extension: str) -> None:
        super().__init__(extension)
        self.extension = extension


class InjectedPlaintext(SmtpError):
    """Text came with the reply to STARTTLS, before the handshake: it would have been taken for the server's own words."""


@dataclass(frozen=True)
class Line:
    """One line of a transcript, and who spoke it; `tls` marks where the conversation became private."""

    speaker: Literal["client", "server", "tls"]
    text: str


class Conversation:
    """One connection to an SMTP server, as `async with Conversation(net, address) as server: await server.ehlo()`.

    `host` is the server's name, for TLS. Entering reads the banner, leaving says QUIT. Every step raises Unreachable (timeout, closed)
    and SmtpMalformed; those that say so raise SmtpRefused. `connected` tells a server that does not speak from none.
    """

    def __init__(self, net: Network | Resolver, address: str, port: int = 25, *, host: str = "") -> None:
        self.network = Resolver.of(net).network
        self.address, self.port, self.host = address, port, host
        self.connected = False
        self.banner: Reply | None = None
        self.extensions: dict[str, str] = {}
        self.handshake: Handshake | None = None
        self._lines: list[Line] = []
        self._unread = b""
        self._left = False

    @property
    def transcript(self) -> tuple[Line, ...]:
        """What was said so far, by whom, in order."""
        return tuple(self._lines)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await self.network.connect(self.address, self.port)
        self.connected = True
        try:
            self.banner = _taken(await self._reply())
        except BaseException:
            await hang_up(self._writer)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if not self._left and (error is None or isinstance(error, (SmtpRefused, NotOffered))):
                await self.leave()
        finally:
            await hang_up(self._writer)

    async def say(self, command: str) -> Reply:
        """Send one command, whatever it is, and return the reply, whatever it is. Raises ValueError for what is not one line."""
        await self._send(command_line(command))
        self._lines.append(Line("client", command))
        return await self._reply()

    async def ehlo(self, name: str | None = None) -> Reply:
        """Greet as `name`, else as our address literal (section 4.1.3), with HELO for a server of before 1995.

        Raises SmtpRefused.
        """
        name = name or self._literal()
        reply = await self.say(f"EHLO {name}")
        if reply.code in (500, 501, 502, 504):
            self.extensions = {}
            return _taken(await self.say(f"HELO {name}"))
        self.extensions = extensions(_taken(reply))
        return reply

    async def starttls(self, offer: Offer | None = None) -> Handshake:
        """Make the conversation private; greet again afterwards (RFC 3207, section 4.2). The certificate is not judged here.

        Raises NotOffered, SmtpRefused, InjectedPlaintext, tls.TlsRefused.
        """
        if "STARTTLS" not in self.extensions:
            raise NotOffered("STARTTLS")
        _taken(await self.say("STARTTLS"))
        self._left = True  # after a handshake that fails there is nobody to take leave of
        if self._unread:
            raise InjectedPlaintext(repr(self._unread[:80]))
        self.handshake = await upgrade(self._writer, self.address, self.port, self.host, self._patience, offer)
        self._left = False
        self._lines.append(Line("tls", f"{self.handshake.version} {self.handshake.cipher}"))
        self.extensions = {}  # what was said in the clear is forgotten
        return self.handshake

    async def mail(self, sender: str, *parameters: str) -> Reply:
        """MAIL FROM; "" is the null sender. Raises SmtpRefused."""
        return _taken(await self.say(" ".join((f"MAIL FROM:{path(sender)}", *parameters))))

    async def rcpt(self, recipient: str) -> Reply:
        """RCPT TO. Raises SmtpRefused."""
        return _taken(await self.say(f"RCPT TO:{path(recipient)}"))

    async def data(self, stuffed: bytes) -> Reply:
        """Send a message made ready by `dot_stuffed`. Raises SmtpRefused."""
        _taken(await self.say("DATA"), 3)
        await self._send(stuffed)
        self._note(stuffed)
        return _taken(await self._reply())

    async def leave(self) -> None:
        """QUIT; what the server makes of it changes nothing any more (section 4.1.1.10). Leaving the `async with` does it too."""
        self._left = True
        try:
            async with Patience(self.network.timeout):
                await self.say("QUIT")
        except (Unreachable, SmtpMalformed, TimeoutError):
            return

    @property
    def _patience(self) -> float:
        return PATIENCE * self.network.timeout

    @property
    def _where(self) -> str:
        return f"{self.address}:{self.port}"

    def _literal(self) -> str:
        """Our own address as a name."""
        if self.network.lab:
            ours = self.network.source or OUTSIDER[6 if ":" in self.address else 4]
        else:
            ours = str(self._writer.get_extra_info("sockname")[0])
        return f"[IPv6:{ours}]" if ":" in ours else f"[{ours}]"

    def _note(self, stuffed: bytes) -> None:
        lines = stuffed.decode("utf-8", "backslashreplace").removesuffix("\r\n").split("\r\n")
        self._lines.extend(Line("client", line) for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            self._lines.append(Line("client", f"[… {len(lines) - SHOWN} more lines]"))

    async def _send(self, wire: bytes) -> None:
        try:
            async with Patience(self._patience):
                self._writer.write(wire)
                await self._writer.drain()
        except TimeoutError as error:
            raise Unreachable("timeout", self._where) from error
        except OSError as error:
            raise Unreachable("closed", self._where) from error

    async def _reply(self) -> Reply:
        """The next reply. Every line of it must bear the same code (section 4.2.1)."""
        code, last = 0, False
        lines: list[str] = []
        try:
            async with Patience(self._patience):
                while not last:
                    line = await self._line()
                    self._lines.append(Line("server", line.decode("utf-8", "backslashreplace")))
                    now, last, text = reply_line(line)
                    if lines and now != code or len(lines) == REPLY_LINES:
                        raise Malformed("bad-reply", f"{code} and {now}" if now != code else f"more than {REPLY_LINES} lines")
                    code = now
                    lines.append(text)
        except Malformed as error:
            raise SmtpMalformed(error.reason, error.detail) from error
        except TimeoutError as error:
            raise Unreachable("timeout", self._where) from error
        except OSError as error:
            raise Unreachable("closed", self._where) from error
        return Reply(code, tuple(lines))

    async def _line(self) -> bytes:
        """The next line, without its CRLF."""
        while b"\n" not in self._unread:
            if len(self._unread) > LINE_OCTETS:
                raise Malformed("long-line", f"more than {LINE_OCTETS} octets")
            more = await self._reader.read(65536)
            if not more:
                raise ConnectionResetError("the server hung up")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r") if line.endswith(b"\r") else line + b"\n"


def _taken(reply: Reply, digit: int = 2) -> Reply:
    """A reply that takes the command: 2yz, after DATA 3yz (RFC 5321, section 4.3.2). Raises SmtpRefused; SmtpMalformed: wrong-code."""
    if not reply.positive:
        raise SmtpRefused(reply)
    if reply.code // 100 != digit:
        raise SmtpMalformed("wrong-code", str(reply.code))
    return reply
