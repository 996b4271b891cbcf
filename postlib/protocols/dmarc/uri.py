"""DMARC reporting URIs: RFC 9989, sections 4.6 and 4.8; RFC 3986; RFC 6068 for mailto."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from postlib.protocols.dmarc.domain import domain_name

_SIZE = re.compile(r"!([0-9]+[kmgt]?)\Z", re.IGNORECASE)  # obs-dmarc-report-size
_CHARACTER = r"[A-Za-z0-9\-._~:/?#\[\]@$&'()*+=]|%[0-9A-Fa-f]{2}"  # RFC 3986 without "," and "!", which must be encoded
_URI = re.compile(rf"([A-Za-z][A-Za-z0-9+.\-]*):((?:{_CHARACTER})+)")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


@dataclass(frozen=True)
class Uri:
    """Where reports go. `text` is without the obsolete size, which reporters ignore and `size` keeps as written ("10m").

    `host` is in A-labels, empty where the URI has none; `address` is the mailbox of a mailto, else empty.
    """

    text: str
    scheme: str
    host: str = ""
    address: str = ""
    size: str = ""


def parse_uri(text: str) -> Uri:
    """One reporting URI. Raises ValueError where RFC 9989, section 4.8, does not know it, its message a word of the catalogue."""
    size = _SIZE.search(text)
    bare = text[: size.start()] if size else text
    parts = _URI.fullmatch(bare)
    if parts is None:
        raise ValueError("bad-uri" if ":" in bare else "uri-without-scheme")
    scheme = parts[1].lower()
    address, host = _mailbox(parts[2]) if scheme == "mailto" else ("", _host(bare))
    return Uri(bare, scheme, host, address, size[1] if size else "")


def _mailbox(rest: str) -> tuple[str, str]:
    """The one address of a mailto and its host; header fields after "?" are not for reporters."""
    local, _, domain = unquote(re.split(r"[?#]", rest, maxsplit=1)[0]).rpartition("@")
    if not _LOCAL_PART.fullmatch(local):
        raise ValueError("bad-uri")
    host = _name(domain)
    return f"{local}@{host}", host


def _host(text: str) -> str:
    try:
        host = urlsplit(text).hostname or ""
    except ValueError as error:  # unbalanced brackets
        raise ValueError("bad-uri") from error
    return "" if not host or ":" in host else _name(host)


def _name(text: str) -> str:
    try:
        return domain_name(text)
    except ValueError as error:
        raise ValueError("bad-uri") from error
