"""A message as its signer saw it: fields, body, and the octets that a signature covers (RFC 6376, sections 3.4 and 3.7).

All of it in linear time, whatever the runs of spaces and the number of fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from postlib.protocols.malformed import Malformed

Field = tuple[bytes, bytes]
"""A field's name, and its value with the space before it and the CRLF at its end."""

HEADER_LIMIT = 1 << 20  # octets: Exim's header_maxsize; Sendmail's and Postfix's are smaller
FIELD_LIMIT = 2000  # fields: mail that went through many hops has some two hundred
START = re.compile(rb"([\x21-\x39\x3b-\x7e]+):")  # RFC 5322, section 2.2, without obsolete space before the colon
BLANK_LINE = re.compile(rb"\r?\n\r?\n")
RUNS = re.compile(rb"[\t ]+")
ALGORITHMS = ("simple", "relaxed")


def split(message: bytes) -> tuple[tuple[Field, ...], bytes]:
    """The message's header fields, in order, and its body, all lines ended with CRLF (lone LFs are taken for line ends).

    Raises Malformed: header-too-large, too-many-fields, bad-field.
    """
    if message.startswith((b"\n", b"\r\n")):
        return (), _crlf(message.split(b"\n", 1)[1])
    end = BLANK_LINE.search(message, 0, HEADER_LIMIT + 4)
    header, body = (message[: end.start()], message[end.end() :]) if end else (_without_end(message), b"")
    if len(header) > HEADER_LIMIT:
        raise Malformed("header-too-large", str(len(header)))
    return _fields(re.split(rb"\r?\n", header) if header else []), _crlf(body)


def _fields(lines: Iterable[bytes]) -> tuple[Field, ...]:
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        start = START.match(line)
        if fields and line.startswith((b" ", b"\t")):
            fields[-1][1].append(line)
        elif start is not None:
            fields.append((start[1], [line[start.end() :]]))
        elif not (line.startswith(b"From ") and not fields):  # a mailbox file's separator
            raise Malformed("bad-field", line[:40].decode("ascii", "replace"))
    if len(fields) > FIELD_LIMIT:
        raise Malformed("too-many-fields", str(len(fields)))
    return tuple((name, b"\r\n".join(parts) + b"\r\n") for name, parts in fields)


def named(fields: Iterable[Field], name: str) -> tuple[Field, ...]:
    """The fields of that name, in any case, from the top down."""
    wanted = name.lower().encode()
    return tuple(field for field in fields if field[0].lower() == wanted)


def canonical_body(body: bytes, algorithm: str) -> bytes:
    """The body as it is hashed (sections 3.4.3 and 3.4.4); its lines end with CRLF, and the last one need not.

    An unfinished last line is a line: its blanks go too, for SMTP will finish it on its way.
    """
    if algorithm == "relaxed":
        body = RUNS.sub(b" ", body).replace(b" \r\n", b"\r\n")
        body = body.removesuffix(b" ")
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end or algorithm == "simple" else b""


def signed_octets(fields: Sequence[Field], chosen: Sequence[str], signature: Field, algorithm: str) -> bytes:
    """The octets that are signed: the chosen fields, from the bottom up for each name, and the signature's own without its b=."""
    left: dict[bytes, list[Field]] = {}
    for field in fields:
        left.setdefault(field[0].lower(), []).append(field)
    waiting = (left.get(name.lower().encode("ascii")) for name in chosen)
    selected = [same.pop() for same in waiting if same]
    own = (signature[0], without_signature(signature[1]))
    canonical = relaxed if algorithm == "relaxed" else joined
    return canonical(selected) + canonical([own]).removesuffix(b"\r\n")


def relaxed(fields: Iterable[Field]) -> bytes:
    """Those fields in that order, canonicalized as `relaxed` (section 3.4.2)."""
    return joined((name.lower(), RUNS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n") for name, value in fields)


def joined(fields: Iterable[Field]) -> bytes:
    """The fields as octets."""
    return b"".join(name + b":" + value for name, value in fields)


def without_signature(value: bytes) -> bytes:
    """The field's value with b= emptied, white space around the old value included (section 3.7)."""
    parts = value.split(b";")
    for position, part in enumerate(parts):
        name, equals, _ = part.partition(b"=")
        if equals and name.strip() == b"b":
            parts[position] = name + equals
    return b";".join(parts)


def _without_end(header: bytes) -> bytes:
    """The header without its last line's end; a lone CR is none."""
    return header[:-1].removesuffix(b"\r") if header.endswith(b"\n") else header


def _crlf(text: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", text)
