"""SMTP TLS Reporting (RFC 8460): where reports on failed TLS are to be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from postlib.network import Network
from postlib.protocols.malformed import Malformed
from postlib.protocols.text_record import Fields, fields, texts_at, versioned
from postlib.resolver import Resolver

MAILTO = re.compile(r"mailto:[^@\s,!;<>]+@[A-Za-z0-9_.-]+(?:\?\S*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Record:
    """The TXT record. `rua` are the usable URIs (mailto and https), `unusable` those of other schemes, which senders ignore."""

    rua: tuple[str, ...]
    unusable: tuple[str, ...] = ()
    extensions: Fields = ()


@dataclass(frozen=True)
class TlsRpt:
    """What was found for a domain; `failure` is no-record, several-records, or a word of `parse_record`."""

    domain: str
    record: Record | None
    failure: str = ""
    texts: tuple[bytes, ...] = ()


def parse_record(text: bytes) -> Record:
    """The record's grammar (section 3), which allows several rua. Raises Malformed: those of `text_record.fields`, no-rua, bad-uri."""
    pairs = fields(text, "TLSRPTv1")
    rua = [value for name, value in pairs if name == "rua"]
    if not rua:
        raise Malformed("no-rua")
    uris = [uri.strip(" \t") for value in rua for uri in value.split(",")]
    usable = tuple(uri for uri in uris if _usable(uri))
    unusable = tuple(uri for uri in uris if uri not in usable)
    return Record(usable, unusable, tuple(pair for pair in pairs if pair[0] != "rua"))


def _usable(uri: str) -> bool:
    """Whether reports can be sent there. Raises Malformed for what is no URI; a comma, "!" or ";" in one must be encoded."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise Malformed("bad-uri", uri[:80]) from error
    whole = parts.scheme and not any(c in uri for c in " \t!")
    if not whole or (parts.scheme == "mailto" and MAILTO.fullmatch(uri) is None) or (parts.scheme == "https" and not parts.hostname):
        raise Malformed("bad-uri", uri[:80])
    return parts.scheme in ("mailto", "https")


async def discover(net: Network | Resolver, domain: str) -> TlsRpt:
    """The record at `_smtp._tls.<domain>` (section 3). Raises Unreachable."""
    published = await texts_at(net, f"_smtp._tls.{domain}")
    texts = versioned(published, "TLSRPTv1")
    if len(texts) != 1:
        return TlsRpt(domain, None, "several-records" if texts else "no-record", published)
    try:
        return TlsRpt(domain, parse_record(texts[0]), "", published)
    except Malformed as error:
        return TlsRpt(domain, None, error.reason, published)
