"""SMTP's grammar: replies (RFC 5321, section 4.2; RFC 2034), commands (section 4.1) and message text (section 4.5.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from postlib.protocols.malformed import Malformed

REPLY_LINES = 128  # a bound of ours: the longest EHLO replies in use have about twenty lines
LINE_OCTETS = 2048  # four times RFC 5321, section 4.5.3.1.5 (512), which real servers exceed
COMMAND_OCTETS = 512  # section 4.5.3.1.4
TEXT_OCTETS = 1000  # section 4.5.3.1.6, CRLF included
PATH_OCTETS = 254  # section 4.5.3.1.3, without the angle brackets

LINE = re.compile(r"([2-5][0-5][0-9])(?:([ -])(.*))?", re.DOTALL)
ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z)")
BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


@dataclass(frozen=True)
class Reply:
    """One reply: its code, its lines without code, and the enhanced status code of RFC 3463 where there is one."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines put together."""
        return "\n".join(self.lines)

    @property
    def enhanced(self) -> str:
        """The enhanced status code, such as 5.7.1, or nothing; it must agree with the code's first digit (RFC 2034, section 4)."""
        found = ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    @property
    def positive(self) -> bool:
        """Whether the command was taken: 2yz, or 3yz which asks for more."""
        return self.code < 400


def reply_line(line: bytes) -> tuple[int, bool, str]:
    """One line of a reply without its CRLF: the code, whether it is the last line, the text.

    Raises Malformed: long-line, bare-line-end, bad-reply.
    """
    if len(line) > LINE_OCTETS:
        raise Malformed("long-line", f"more than {LINE_OCTETS} octets")
    if b"\r" in line or b"\n" in line:
        raise Malformed("bare-line-end")
    found = LINE.fullmatch(line.decode("utf-8", "backslashreplace"))
    if found is None:
        raise Malformed("bad-reply", repr(line[:80]))
    return int(found[1]), found[2] != "-", found[3] or ""


def extensions(reply: Reply) -> dict[str, str]:
    """The keywords of an EHLO reply, in capitals, each with its parameters (section 4.1.1.1)."""
    pairs = (line.strip().partition(" ") for line in reply.lines[1:])
    return {keyword.upper(): parameters for keyword, _, parameters in pairs if keyword}


def command_line(command: str) -> bytes:
    """A command as it goes on the wire. Raises ValueError for a line break, what is not ASCII, and more than 512 octets."""
    if not command.isascii() or not command.isprintable():
        raise ValueError(f"an SMTP command is one line of printable ASCII: {command!r}")
    line = command.encode("ascii") + b"\r\n"
    if len(line) > COMMAND_OCTETS:
        raise ValueError(f"an SMTP command has at most {COMMAND_OCTETS} octets, this one has {len(line)}")
    return line


def path(address: str) -> str:
    """A mail address in angle brackets; "" is the null reverse-path. Raises ValueError for what cannot stand between them."""
    if not address.isascii() or not address.isprintable() or any(c in address for c in "<> ") or len(address) > PATH_OCTETS:
        raise ValueError(f"not a mail address that SMTP can carry: {address!r}")
    return f"<{address}>"


def dot_stuffed(message: bytes) -> bytes:
    """The message as DATA carries it, with the final dot (section 4.5.2).

    Raises ValueError for a bare CR or LF (section 2.3.8: a smuggler's tool) and for a line of more than 1000 octets.
    """
    if BARE.search(message):
        raise ValueError("a message's lines end in CRLF: it holds a bare CR or LF")
    lines = message.removesuffix(b"\r\n").split(b"\r\n") if message else []
    longest = max(map(len, lines), default=0) + 2
    if longest > TEXT_OCTETS:
        raise ValueError(f"a line of a message has at most {TEXT_OCTETS} octets, this one has {longest}")
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"
