"""A message as its signer saw it: fields, body, and the octets that a signature covers (RFC 6376, sections 3.4 and 3.7).

dkimpy does the canonicalization and the choice among fields of one name; what it does in more than linear time
(long runs of spaces, very many fields) is kept from it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dkim import select_headers  # type: ignore[import-untyped]
from dkim.canonicalization import CanonicalizationPolicy  # type: ignore[import-untyped]

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
    header, body = (message[: end.start()], message[end.end() :]) if end else (message.rstrip(b"\r\n"), b"")
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
    """The body as it is hashed (section 3.4.3, section 3.4.4)."""
    if algorithm == "relaxed":
        body = RUNS.sub(b" ", body)  # what relaxed does in any case; first, dkimpy is linear
    canonical: bytes = _policy("simple", algorithm).canonicalize_body(body)
    return canonical


def signed_octets(fields: Sequence[Field], chosen: Sequence[str], signature: Field, algorithm: str) -> bytes:
    """The octets that are signed: the chosen fields, from the bottom up for each name, and the signature's own without its b=."""
    policy = _policy(algorithm, "simple")
    names = [name.lower().encode("ascii") for name in chosen]
    own = (signature[0], without_signature(signature[1]))
    selected = select_headers(policy.canonicalize_headers(list(fields)), names)
    return joined(selected) + joined(policy.canonicalize_headers([own])).rstrip()


def relaxed(fields: Sequence[Field]) -> bytes:
    """Those fields in that order, canonicalized as `relaxed`."""
    return joined(_policy("relaxed", "simple").canonicalize_headers(list(fields)))


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


def _policy(header: str, body: str) -> CanonicalizationPolicy:
    return CanonicalizationPolicy.from_c_value(f"{header}/{body}".encode("ascii"))


def _crlf(text: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", text)
