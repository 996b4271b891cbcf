"""Keys, a message and their zone for the tests of DKIM and ARC: made once, for RSA keys take their time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from zones import served

from postlib.protocols.dkim import PrivateKey, key_record

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

MESSAGE = (
    b"From: Parcels <parcels@auroria.post>\r\nTo: Ana <ana@mailbox.example>\r\nSubject: Your parcel\r\n"
    b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@auroria.post>\r\nReceived: from nowhere\r\n\r\n"
    b"Dear Ana,\r\n\r\nyour parcel  is on its way. \r\n\r\n\r\n"
)

RSA_768 = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBzQIBAAJhANSyOpZ5ivF32FvA1VWlNKX20gvz1kfrItESvS4bRr21n87Aztjt
AmGT8YlUjr+H9U9UMzT/VYXOjwTCp5wXCZNrzXTErUa0uY1zqEZl4MM/JbOb9eY/
j4GM+blvMv9npQIDAQABAmEAkHh7KShngvqXgEMr5N+xMiXDqJC4dOM3I/Hpg/7M
/yD16na2SUw7eNIHlvNTfq82aJdvF7+ZIKWOCKycsEfPfelD6NWFqpu1ep1yJEef
TM/dricUafF+7mna6heWA9sFAjEA9DRBrOfj1hEEbHhsxv31ziXnFGvglEwhvhUQ
a4KtxxDQHhelQ3NrYJ439QszR23TAjEA3vhbNtzAXNxVWKQwR7opEVLusoHP2neL
dge40Jm9bdWhS02h6Dd54WGJYVLAXVGnAjEA1TprvhYckmX5ft0H3hkR8BaYVvR6
/AId1GOAGt/X7OF5V00+OE8niw2bvpMxC0WRAjEAuMtFbdbPZycFZQ3PJeNYHg+J
3VBRIFNrtkr4FYsVwG4J3AtfYMJ5tR3NamfXHoCJAjEA74ySWGixNxRV+QpLr0T/
TGhitVsr1jDh8Q59zwjEdOXmYi4KaY6zrKSmBTwEBjSU
-----END RSA PRIVATE KEY-----
"""


@cache
def key_of(kind: str) -> PrivateKey:
    """One key of each kind: "rsa" (2048), "other", "1024", "768", "ed25519"."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    if kind == "768":  # no longer to be generated, so it is written down; it signs nothing but these tests
        loaded = load_pem_private_key(RSA_768, None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        return loaded
    return rsa.generate_private_key(65537, {"1024": 1024}.get(kind, 2048))


def quoted(record: str) -> str:
    """A TXT value as a zone file has it: strings of at most 255 octets."""
    pieces = [record[start : start + 255] for start in range(0, len(record), 255)] or [""]
    return " ".join('"' + piece.replace('"', '\\"') + '"' for piece in pieces)


def keys(selectors: Mapping[str, str], domain: str = "auroria.post"):  # type: ignore[no-untyped-def]
    """A resolver in whose zone those selectors have those records."""
    return served({f"{selector}._domainkey.{domain}": {"TXT": [quoted(record)]} for selector, record in selectors.items()} | {domain: {}})


def published(**kinds: str):  # type: ignore[no-untyped-def]
    """A resolver in whose zone each selector has the key of that kind."""
    return keys({selector: key_record(key_of(kind)) for selector, kind in kinds.items()})
