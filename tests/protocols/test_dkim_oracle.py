"""dkimpy, another program, judges our signatures and we judge its own, over generated messages."""

from __future__ import annotations

import base64
import os
import time
from datetime import UTC, datetime
from functools import cache

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import key_of, published
from zones import run

from postlib.protocols.dkim import key_record, sign, verify
from postlib.resolver import Resolver

EXAMPLES = 1000 if os.environ.get("FULL") else 60
NOW = datetime.now(UTC)  # when this file was read: in a long run that is minutes ago
SELECTORS = {"s2026a": "rsa", "s2026b": "ed25519"}
ALGORITHMS = {"s2026a": b"rsa-sha256", "s2026b": b"ed25519-sha256"}
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
values = st.lists(st.tuples(words, st.sampled_from([" ", "  ", "\t", "\r\n ", "\r\n\t  "])), min_size=1, max_size=6).map(
    lambda pairs: "".join(word + space for word, space in pairs).rstrip("\r\n\t ")
)
names = st.sampled_from(["To", "Subject", "subject", "Date", "X-Parcel", "Received", "List-Id", "Cc", "CC"])
bodies = st.lists(st.one_of(values, st.sampled_from(["", " ", "\t", "a  b ", ".", "--"])), max_size=6).map("\r\n".join)
cases = st.sampled_from(["simple", "relaxed"])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message that mail systems would carry: ASCII, one From, folded fields, odd spaces in the body, any ending."""
    fields = draw(st.lists(st.tuples(names, values), max_size=6))
    fields.insert(draw(st.integers(0, len(fields))), ("From", "parcels@auroria.post"))
    header = "".join(f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{value}\r\n" for name, value in fields)
    return (header + "\r\n" + draw(bodies) + draw(st.sampled_from(["", "\r\n", "\r\n\r\n"]))).encode()


def damaged(draw: st.DataObject, message: bytes) -> bytes:
    """The message with one of its octets changed, or as it is."""
    place = draw.draw(st.integers(-len(message), len(message) - 1))
    return message if place < 0 else message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :]


def lookup(name: bytes, timeout: float = 5) -> bytes:
    """The same keys, for dkimpy."""
    kind = SELECTORS.get(name.split(b".")[0].decode("ascii", "replace"))
    return key_record(key_of(kind)).encode() if kind and name.lower().endswith(b"._domainkey.auroria.post.") else b""


def theirs(message: bytes) -> bool:
    """dkimpy's verdict on the first signature; what it stumbles over is no pass."""
    try:
        return bool(dkim.DKIM(message).verify(dnsfunc=lookup))
    except (dkim.DKIMException, ValueError, IndexError, AssertionError, KeyError, TypeError):
        return False


@cache
def resolver() -> Resolver:
    """The keys over DNS, for us."""
    return published(**SELECTORS)


def ours(message: bytes) -> bool:
    """Our verdict on the first signature, now: dkimpy knows no time but the machine's, and stamps it on what it signs."""
    found = run(verify(resolver(), message, now=datetime.now(UTC)))
    return bool(found) and found[0].passed


def private(selector: str) -> bytes:
    """The key as dkimpy takes it: PEM for RSA, the seed in base64 for Ed25519."""
    key = key_of(SELECTORS[selector])
    if selector == "s2026a":
        return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


@often
@given(messages(), st.sampled_from(sorted(SELECTORS)), cases, cases, st.booleans())
def test_dkimpy_verifies_what_we_sign(message, selector, header, body, length):
    signed = sign(
        message,
        domain="auroria.post",
        selector=selector,
        key=key_of(SELECTORS[selector]),
        canonicalization=f"{header}/{body}",
        length=length,
        now=NOW,
    )
    assert theirs(signed) and ours(signed)


@often
@given(messages(), st.sampled_from(sorted(SELECTORS)), cases, cases, st.booleans())
def test_we_verify_what_dkimpy_signs(message, selector, header, body, length):
    field = dkim.sign(
        message,
        selector.encode(),
        b"auroria.post",
        private(selector),
        signature_algorithm=ALGORITHMS[selector],
        canonicalize=(header.encode(), body.encode()),
        length=length,
    )
    assert ours(field + message) and theirs(field + message)


@often
@given(messages(), st.sampled_from(sorted(SELECTORS)), cases, cases, st.data())
def test_we_never_pass_a_damaged_message_that_dkimpy_fails(message, selector, header, body, draw):
    signed = sign(
        message, domain="auroria.post", selector=selector, key=key_of(SELECTORS[selector]), canonicalization=f"{header}/{body}", now=NOW
    )
    altered = damaged(draw, signed)
    verdict = ours(altered)
    assert verdict <= theirs(altered)
    assert verdict or altered != signed


@pytest.mark.parametrize("selector", sorted(SELECTORS))
def test_dkimpys_clock_is_not_ours(selector):
    """The lab's time may be far from the machine's; our verdict follows the time given."""
    then = datetime(2040, 1, 1, tzinfo=UTC)
    message = b"From: a@auroria.post\r\n\r\nhello\r\n"
    signed = sign(message, domain="auroria.post", selector=selector, key=key_of(SELECTORS[selector]), now=then)
    assert run(verify(resolver(), signed, now=then))[0].passed
    assert not ours(signed) and not theirs(signed) and time.time() < then.timestamp()
