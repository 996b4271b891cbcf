"""Signing a message (RFC 6376, section 5). The same message, key and time give the same octets."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from postlib.protocols.dkim import message as messages
from postlib.protocols.dkim.crypto import body_hash, default_algorithm, signature_of
from postlib.protocols.dkim.key import PrivateKey, key_name
from postlib.protocols.dkim.message import Field, canonical_body, named, signed_octets, split
from postlib.protocols.dkim.signature import DOMAIN, FIELD_NAME, SELECTOR

IDENTITY = re.compile(r"[^\s;\x00-\x1f\x7f]*")
LINE = 76  # octets of a line, as RFC 5322, section 2.1.1, would have it
SIGNED = (  # RFC 6376, section 5.4.1, and the List- fields of RFC 8058
    *("From", "Reply-To", "Subject", "Date", "To", "Cc", "Message-ID", "Sender", "In-Reply-To", "References"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-ID", "Content-Description"),
    *("Resent-Date", "Resent-From", "Resent-To", "Resent-Cc", "Resent-Message-ID", "Resent-Sender"),
    *("List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner", "List-Archive"),
)

TagList = Sequence[tuple[str, str]]


def sign(
    message: bytes,
    *,
    domain: str,
    selector: str,
    key: PrivateKey,
    now: datetime,
    algorithm: str = "",
    headers: Sequence[str] | None = None,
    identity: str = "",
    canonicalization: str = "relaxed/relaxed",
    expires_after: timedelta | None = None,
    length: bool = False,
) -> bytes:
    """The message with a DKIM-Signature put first. Raises ValueError for what cannot be signed.

    `algorithm` follows from the key (rsa-sha1 too can be made, for a lab to see it refused). `headers`, the names to sign, are by
    default those of SIGNED, and From once more so that no second one can be added. `length` writes l=: others may add to the body.
    """
    fields, body = split(message)
    names = tuple(headers) if headers is not None else default_headers(fields)
    _require(message, fields, names, domain, selector, identity)
    (header_algorithm, body_algorithm), algorithm = _algorithms(canonicalization), algorithm or default_algorithm(key)
    canonical = canonical_body(body, body_algorithm)
    written = [("v", "1"), ("a", algorithm), ("c", canonicalization), ("d", domain), ("s", selector)]
    written += [("i", identity)] if identity else []
    written += _times(int(now.timestamp()), expires_after)
    written += [("l", str(len(canonical)))] if length else []
    written += [("h", ":".join(names)), ("bh", base64.b64encode(body_hash(canonical, algorithm)).decode("ascii"))]
    return put_first(message, signed_field("DKIM-Signature", written, fields, names, key, algorithm, header_algorithm))


def _times(start: int, lifetime: timedelta | None) -> TagList:
    """t= and, where the signature is to end, x=."""
    end = () if lifetime is None else (("x", str(start + int(lifetime.total_seconds()))),)
    return (("t", str(start)), *end)


def signed_field(
    name: str, written: TagList, fields: Sequence[Field], names: Sequence[str], key: PrivateKey, algorithm: str, canonical: str
) -> bytes:
    """The whole field, with its b= over the named fields and itself."""
    unsigned = folded(name, written)
    octets = signed_octets(fields, names, (name.encode("ascii"), unsigned), canonical)
    return with_signature(name, unsigned, signature_of(octets, key, algorithm))


def with_signature(name: str, unsigned: bytes, signature: bytes) -> bytes:
    """The whole field, its b= filled in."""
    text = base64.b64encode(signature)
    lines = (text[start : start + LINE - 4] for start in range(0, len(text), LINE - 4))
    return name.encode("ascii") + b":" + unsigned.removesuffix(b"\r\n") + b"\r\n ".join(lines) + b"\r\n"


def folded(name: str, written: TagList) -> bytes:
    """The field's value with an empty b= at its end, folded between tags and inside h= (section 3.2)."""
    lines, current = [], f"{name}:"
    for word, glue in _words(written):
        if len(current) + len(glue) + len(word) > LINE and current.strip():
            lines.append(current)
            current = f" {word}"
        else:
            current += glue + word
    text = "\r\n".join([*lines, current]) + "\r\n b=\r\n"
    return text[len(name) + 1 :].encode("utf-8")


def _words(written: TagList) -> Iterable[tuple[str, str]]:
    """What may stand at the start of a line, each with what goes before it elsewhere."""
    for name, value in written:
        members = value.split(":") if name == "h" else [value]
        for position, member in enumerate(members):
            end = ";" if position == len(members) - 1 else ":"
            yield (f"{name}={member}{end}", " ") if position == 0 else (f"{member}{end}", "")


def default_headers(fields: Sequence[Field]) -> tuple[str, ...]:
    """The names of SIGNED, each as often as it is there, and From once more."""
    return (*(name for name in SIGNED for _ in named(fields, name)), "From")


def put_first(message: bytes, *fields: bytes) -> bytes:
    """The message with those fields on top, their lines ended as its own are."""
    bare = b"\n" in message and b"\r\n" not in message
    return b"".join(field.replace(b"\r\n", b"\n") if bare else field for field in fields) + message


def _require(message: bytes, fields: Sequence[Field], names: Sequence[str], domain: str, selector: str, identity: str) -> None:
    if message.startswith(b"From "):
        raise ValueError("the first line is a mailbox file's, not a message's")
    if "from" not in (name.lower() for name in names) or not named(fields, "From"):
        raise ValueError("the From field must be there, and be signed (RFC 6376, section 5.4)")
    if any(FIELD_NAME.fullmatch(name) is None for name in names):
        raise ValueError("a name in `headers` is not a field name")
    if DOMAIN.fullmatch(domain) is None or SELECTOR.fullmatch(selector) is None:
        raise ValueError(f"{selector}._domainkey.{domain} is not where a key can stand")
    if IDENTITY.fullmatch(identity) is None:
        raise ValueError(f"an identity is an address without spaces and semicolons, not {identity!r}")
    key_name(selector, domain)


def _algorithms(canonicalization: str) -> tuple[str, str]:
    header, _, body = canonicalization.partition("/")
    if header not in messages.ALGORITHMS or body not in messages.ALGORITHMS:
        raise ValueError(f"canonicalization is like relaxed/simple, not {canonicalization!r}")
    return header, body
