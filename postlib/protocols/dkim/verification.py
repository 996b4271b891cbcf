"""Verifying every signature of a message (RFC 6376, section 6; results as RFC 8601, section 2.7.1, names them)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from postlib.network import Network, Unreachable
from postlib.protocols.dkim.crypto import body_hash, signature_fault
from postlib.protocols.dkim.key import KeyRecord, is_key, key_name, parse_key
from postlib.protocols.dkim.message import HEADER_LIMIT, Field, canonical_body, named, signed_octets, split
from postlib.protocols.dkim.signature import Signature, field_fault, key_fault, read
from postlib.protocols.malformed import Malformed
from postlib.resolver import Resolver

SIGNATURES = 8  # of one message, from the top: section 8.4 asks for some limit; author, provider and lists make three or four
MARK = re.compile(rb"^dkim-signature[ \t]*:", re.IGNORECASE | re.MULTILINE)


async def verify(net: Network | Resolver, message: bytes, *, now: datetime | None = None) -> tuple[Signature, ...]:
    """Every signature of the message, from the top, the first SIGNATURES of them; an unsigned message has none.

    `now` is when the message arrived, for t= and x=: the Network's own time where none is given. Does not raise: a key that could
    not be asked for makes a temperror, a message that is none a permerror with the reason message-syntax.
    """
    resolver = Resolver.of(net)
    moment = (now or resolver.network.clock.now()).timestamp()
    try:
        fields, body = split(message)
    except Malformed as error:
        return (Signature().judged("message-syntax", str(error)),) if MARK.search(message, 0, HEADER_LIMIT) else ()
    signed = named(fields, "DKIM-Signature")[:SIGNATURES]
    return tuple(await asyncio.gather(*(_verify(resolver, fields, body, own, moment) for own in signed)))


async def _verify(resolver: Resolver, fields: Sequence[Field], body: bytes, own: Field, now: float) -> Signature:
    signature = read(own[1])
    reason = signature.reason or field_fault(signature, now)
    if reason:
        return signature.judged(reason, signature.detail)
    try:
        records = await key_records(resolver, signature.selector, signature.domain)
    except Unreachable as error:
        return replace(signature, result="temperror", reason=error.reason, detail=error.where)
    return judge(signature, records, fields, body, own)


async def key_records(resolver: Resolver, selector: str, domain: str) -> tuple[KeyRecord, ...]:
    """The key records at the selector; other texts there, a wildcard's perhaps, are left out. Raises Unreachable."""
    answer = await resolver.lookup(key_name(selector, domain), "TXT")
    return tuple(parse_key(text) for text in answer.texts if is_key(text))


def judge(signature: Signature, records: Sequence[KeyRecord], fields: Sequence[Field], body: bytes, own: Field) -> Signature:
    """The signature with its outcome, once its key is known. `own` is the signature's field among `fields`."""
    if len(records) != 1:  # several: section 3.6.2.2 leaves the outcome undefined, so none of them counts
        return signature.judged("several-keys" if records else "no-key")
    record = records[0]
    signature = replace(
        signature, bits=record.bits, key_type=record.key_type, testing=record.testing, strict=record.strict, short_key=record.short
    )
    reason = key_fault(signature, record)
    if reason or record.key is None:
        return signature.judged(reason or "key-syntax", " ".join(record.faults))
    algorithm, _, body_algorithm = signature.canonicalization.partition("/")
    canonical = canonical_body(body, body_algorithm)
    signature = replace(signature, unsigned=max(0, len(canonical) - _covered(signature, canonical)))
    if not _body_as_signed(signature, canonical):
        return signature.judged("body-altered")
    octets = signed_octets(fields, chosen(signature), own, algorithm)
    return signature.judged(signature_fault(octets, signature.octets, record.key))


def chosen(signature: Signature) -> tuple[str, ...]:
    """The names of h=, with From once more: a second From, put in later, must not go unnoticed (section 8.15)."""
    return (*signature.headers, "from")


def _covered(signature: Signature, canonical: bytes) -> int:
    return len(canonical) if signature.length is None else signature.length


def _body_as_signed(signature: Signature, canonical: bytes) -> bool:
    covered = _covered(signature, canonical)
    return covered <= len(canonical) and body_hash(canonical[:covered], signature.algorithm) == signature.body_hash
