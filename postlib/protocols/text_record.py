"""The record shape that SMTP's two TLS standards share (RFC 8461, section 3.1; RFC 8460, section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

import dns.name

from postlib.network import Network
from postlib.protocols.malformed import Malformed
from postlib.resolver import Resolver, read_name

RECORD_LIMIT = 65535  # octets: RFC 1035, section 3.2.1, gives RDLENGTH 16 bits
FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(.+)", re.DOTALL)

Fields = tuple[tuple[str, str], ...]


def fields(text: bytes, version: str) -> Fields:
    """The fields that follow `v=<version>`, in order, as pairs of name and value.

    Raises Malformed: too-long, not-ascii, bad-version, bad-field, no-fields.
    """
    if len(text) > RECORD_LIMIT:
        raise Malformed("too-long", f"{len(text)} octets")
    if not text.isascii():
        raise Malformed("not-ascii")
    first, *rest = (part.strip(" \t") for part in text.decode("ascii").split(";"))
    if first != f"v={version}":
        raise Malformed("bad-version", first[:80])
    if rest and rest[-1] == "":  # the delimiter may also end the record
        rest.pop()
    if not rest:
        raise Malformed("no-fields")
    return tuple(_field(part) for part in rest)


def _field(part: str) -> tuple[str, str]:
    found = FIELD.fullmatch(part)
    if found is None or not part.isprintable():
        raise Malformed("bad-field", part[:80])
    return found[1], found[2]


async def texts_at(net: Network | Resolver, name: str) -> tuple[bytes, ...]:
    """The TXT records at `name`; none where the prefix makes the name too long to exist (RFC 1035, section 2.3.4).

    Raises Unreachable.
    """
    try:
        asked = read_name(name)
    except dns.name.NameTooLong:
        return ()
    return (await Resolver.of(net).lookup(asked, "TXT")).texts


def versioned(texts: Iterable[bytes], version: str) -> tuple[bytes, ...]:
    """The records that begin with that version; all others at the name are not meant for this standard."""
    return tuple(text for text in texts if text.startswith(f"v={version};".encode()))
