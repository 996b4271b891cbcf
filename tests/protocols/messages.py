"""Messages that hypothesis makes up, and what may become of them on their way: for the oracles of DKIM (RFC 5322, RFC 6376)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12) | st.sampled_from(
    ["Päckchen", "メール", "=?utf-8?q?x?="]
)
spaces = st.sampled_from([" ", " ", "  ", "\t", "\r\n ", "\r\n\t  ", " \r\n "])
values = st.lists(st.tuples(words, spaces), min_size=1, max_size=6).map(lambda pairs: "".join(map("".join, pairs)).rstrip("\r\n\t "))
names = st.sampled_from(["To", "Subject", "subject", "Date", "X-Parcel", "Received", "List-Id", "Cc", "CC", "MIME-Version", "Content-Type"])
lines = st.one_of(
    values,
    st.sampled_from(["", "", " ", "\t", "a  b ", ".", "--", "From me", "trailing \t", "x" * 1200, "lone\rreturn", "\x0b\x0c"]),
)
endings = st.sampled_from(["\r\n", "\r\n", "", "\r\n\r\n", "\r\n \r\n", " \r\n\r\n\r\n", "\r\n\t"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """What mail systems carry, and somewhat more: folded and repeated fields, 8-bit text, no body, odd ends; one From."""
    fields = draw(st.lists(st.tuples(names, st.just("") | values), max_size=7))
    fields.insert(draw(st.integers(0, len(fields))), ("From", "parcels@auroria.post"))
    header = "".join(f"{name}:{draw(st.sampled_from(['', ' ', '  ', ' ' + chr(9)]))}{value}\r\n" for name, value in fields)
    if draw(st.integers(0, 9)) == 0:
        return header.encode()  # no empty line, no body
    text = header + "\r\n" + "\r\n".join(draw(st.lists(lines, max_size=6))) + draw(endings)
    whole = text.encode()
    return whole.replace(b"\r\n", b"\n") if draw(st.integers(0, 9)) == 0 else whole


@st.composite
def signed_names(draw: st.DrawFn) -> list[str]:
    """Names for h=: with some that are not there, some more often than they are there, and in any case."""
    chosen = draw(st.lists(names, max_size=8))
    chosen.insert(draw(st.integers(0, len(chosen))), draw(st.sampled_from(["From", "from", "FROM"])))
    return chosen + (["from"] if draw(st.booleans()) else [])


def _flipped(message: bytes, place: int) -> bytes:
    at = place % len(message)
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


def _swapped(message: bytes, place: int) -> bytes:
    """Two fields that follow each other, the other way round."""
    fields = re.split(rb"(?<=\n)(?![ \t])", message)
    at = place % max(1, len(fields) - 1)
    fields[at : at + 2] = fields[at : at + 2][::-1]
    return b"".join(fields)


def _refolded(message: bytes, place: int) -> bytes:
    """A line break put in at a space, wherever one stands."""
    found = [space.start() for space in re.finditer(rb" ", message)]
    at = found[place % len(found)] if found else 0
    return message[:at] + b"\r\n" + message[at:] if found else message


CHANGES: dict[str, Callable[[bytes, int], bytes]] = {
    "none": lambda message, _: message,
    "octet": _flipped,
    "swapped": _swapped,
    "refolded": _refolded,
    "capitals": lambda message, _: message.replace(b"Subject:", b"SUBJECT:").replace(b"To:", b"tO:"),
    "colon": lambda message, _: message.replace(b"Subject:", b"Subject: "),
    "on-top": lambda message, _: b"Subject: another\r\n" + message,
    "from-on-top": lambda message, _: b"From: eve@valdoria.post\r\n" + message,
    "from-below": lambda message, _: re.sub(rb"(\r?\n)(\r?\n)", rb"\1From: eve@valdoria.post\1\2", message, count=1),
    "received": lambda message, _: b"Received: by mx.example; now\r\nReturn-Path: <>\r\n" + message,
    "taken-away": lambda message, _: re.sub(rb"(?m)^(?:To|Date):.*\n(?:[ \t].*\n)*", b"", message, count=1),
    "appended": lambda message, _: message + b"more\r\n",
    "empty-lines": lambda message, _: message + b"\r\n\r\n",
    "blanks": lambda message, _: message + b" \t\r\n",
    "line-blanks": lambda message, _: re.sub(rb"(\r?\n)\Z", rb"  \1", message),
    "bare-lf": lambda message, _: message.replace(b"\r\n", b"\n"),
    "cut": lambda message, place: message[: -1 - place % 8],
    "tabs": lambda message, _: message.replace(b"  ", b"\t"),
}
"""What happens to a message, by name: `place` is where."""
