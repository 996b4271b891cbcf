"""dkimpy, another program, judges our signatures and we judge its own, over generated messages and what becomes of them on their way."""

from __future__ import annotations

import base64
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import dkim
import pytest
from conftest import FULL
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import MESSAGE, key_of, keys, published
from protocols.messages import CHANGES, messages, signed_names
from zones import run

from postlib.protocols.dkim import key_record, sign, verify
from postlib.resolver import Resolver

EACH = 70 if FULL else 6  # messages for each of CHANGES
SELECTORS = {"s2026a": "rsa", "s2026b": "ed25519", "s2026c": "1024", "s2026d": "768"}
ALGORITHMS = {"rsa": b"rsa-sha256", "ed25519": b"ed25519-sha256"}
REFUSALS = (dkim.DKIMException, ValueError, IndexError, AssertionError, KeyError, TypeError)  # how dkimpy says no, and stumbles
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Signing:
    """One signature to be made: by whom, with what, and how old it is to be (dkimpy knows no time but the machine's)."""

    ours: bool
    selector: str
    header: str
    body: str
    length: bool = False
    names: list[str] | None = None
    identity: str = ""
    age: timedelta = timedelta()
    lifetime: timedelta | None = None

    def __call__(self, message: bytes) -> bytes:
        """The message with that signature on top."""
        if not self.ours:
            return self._theirs(message) + message
        return sign(
            message,
            domain="auroria.post",
            selector=self.selector,
            key=key_of(SELECTORS[self.selector]),
            canonicalization=f"{self.header}/{self.body}",
            length=self.length,
            headers=self.names,
            identity=self.identity,
            expires_after=self.lifetime,
            now=datetime.now(UTC) - self.age,
        )

    def _theirs(self, message: bytes) -> bytes:
        field: bytes = dkim.sign(
            message,
            self.selector.encode(),
            b"auroria.post",
            private(self.selector),
            signature_algorithm=ALGORITHMS.get(SELECTORS[self.selector], b"rsa-sha256"),
            canonicalize=(self.header.encode(), self.body.encode()),
            length=self.length,
            identity=self.identity.encode() or None,
            include_headers=[name.encode() for name in self.names if name != "Received"] if self.names else None,  # it will not sign that
        )
        return field

    @property
    def good(self) -> bool:
        """Whether it is in time, and its key large enough (RFC 8301, section 3.2)."""
        aged = self.ours and (self.age < timedelta() or (self.lifetime is not None and self.age > self.lifetime))
        return not aged and self.selector != "s2026d"


pairs = st.sampled_from(["simple", "relaxed"])
selectors = st.sampled_from(["s2026a", "s2026a", "s2026b", "s2026b", "s2026c", "s2026d"])
identities = st.sampled_from(["", "@auroria.post", "ana@x.auroria.post"])
ages = st.sampled_from([timedelta()] * 6 + [5 * DAY, -5 * DAY])
signings = st.builds(
    Signing,
    st.booleans(),
    selectors,
    pairs,
    pairs,
    st.booleans(),
    st.none() | signed_names(),
    identities,
    ages,
    st.none() | st.just(2 * DAY),
)


def private(selector: str) -> bytes:
    """The key as dkimpy takes it: PEM for RSA, the seed in base64 for Ed25519."""
    key = key_of(SELECTORS[selector])
    if SELECTORS[selector] != "ed25519":
        return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def lookup(name: bytes, timeout: float = 5) -> bytes:
    """The same keys, for dkimpy."""
    kind = SELECTORS.get(name.split(b".")[0].decode("ascii", "replace"))
    return key_record(key_of(kind)).encode() if kind and name.lower().endswith(b"._domainkey.auroria.post.") else b""


@cache
def resolver() -> Resolver:
    """The keys over DNS, for us."""
    return published(**SELECTORS)


def theirs(message: bytes, count: int) -> list[bool]:
    """dkimpy's verdicts on the first signatures; what it stumbles over is no pass."""
    return [_theirs(message, index) for index in range(count)]


def _theirs(message: bytes, index: int) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=lookup))
    except REFUSALS:
        return False


def ours(message: bytes) -> list[bool]:
    """Our verdicts, now."""
    return [signature.passed for signature in run(verify(resolver(), message, now=datetime.now(UTC)))]


def finished(message: bytes) -> bytes:
    """The message with its last line finished.

    A last line of blanks without an end is what dkimpy hashes with a blank for the relaxed body, and we without: RFC 6376, section
    3.4.4, takes away the blanks at the end of lines before it adds a CRLF. SMTP finishes the line, and then both say the same.
    """
    return message + b"\r\n" if re.search(rb"[ \t]\Z", message) else message


def no_white(message: bytes) -> bytes:
    """The header with what is no white space made visible: dkimpy takes a form feed and a lone CR for it, unlike RFC 6376, section 2.8."""
    header, empty, body = message.partition(b"\r\n\r\n")
    return re.sub(rb"[\x0b\x0c]|\r(?!\n)", b"!", header) + empty + body


KNOWN = [finished, no_white]


def compared(message: bytes) -> tuple[list[bool], str]:
    """Our verdicts, and the known difference without which dkimpy says the same: "none" if it does so at once, "" if it never does."""
    found = ours(message)
    if found == theirs(message, len(found)):
        return found, "none"
    for known in KNOWN:
        changed = known(message)
        if changed != message and (again := ours(changed)) == theirs(changed, len(again)):
            return found, known.__name__
    return found, ""


@pytest.fixture(scope="module")
def met() -> Iterator[Counter[str]]:
    """What was met in all changes together."""
    counted: Counter[str] = Counter()
    yield counted
    print(*(f"{count:6} {what}" for what, count in sorted(counted.items())), sep="\n")


@pytest.mark.parametrize("change", CHANGES)
def test_dkimpy_and_we_say_the_same_of_every_signature(change: str, met: Counter[str]) -> None:
    """Up to three signatures by either, and what becomes of the message then."""

    @seed(list(CHANGES).index(change) if os.environ.get("CI") else random.getrandbits(64))  # or CI would see the same messages each time
    @settings(max_examples=EACH * (4 if change == "none" else 1), deadline=None, suppress_health_check=list(HealthCheck))
    @given(messages(), st.lists(signings, min_size=1, max_size=3), st.integers(0, 5000))
    def agree(message: bytes, several: list[Signing], place: int) -> None:
        signed = message
        for each in several:
            signed = each(signed)
        altered = CHANGES[change](signed, place)
        found, difference = compared(altered)
        assert difference, (found, theirs(altered, len(found)))
        if altered == signed and difference == "none":
            assert found == [each.good for each in reversed(several)]
        met.update({f"differs by {difference}": 1, "messages": 1, "passed": sum(found), "failed": found.count(False)})
        met.update(f"{each.header}/{each.body} {SELECTORS[each.selector]} by {'us' if each.ours else 'dkimpy'}" for each in several)

    agree()


@pytest.mark.full
def test_every_kind_of_signature_was_met(met: Counter[str]) -> None:
    """By either, with every canonicalization and algorithm; more than a thousand messages."""
    pairs = [f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")]
    kinds = [f"{pair} {kind} by {who}" for pair in pairs for kind in ALGORITHMS for who in ("us", "dkimpy")]
    wanted = {**dict.fromkeys(kinds, 10), "messages": 1000, "passed": 300, "failed": 300}
    assert [what for what, least in wanted.items() if met[what] < least] == []


RECORD = key_record(key_of("rsa"))
KEY_CASES = {  # what is put before p= in the key record; what we say; whether dkimpy passes it; where the two differ, the paragraph
    "v=DKIM1; k=rsa;": ("pass", True, ""),
    "": ("pass", True, ""),
    "v=DKIM1; t=y;": ("pass", True, ""),
    "v=DKIM1; n=some notes; x=unknown;": ("pass", True, ""),
    "v=DKIM1; s=email;": ("pass", True, ""),
    "v=DKIM1; h=sha1:sha256;": ("pass", True, ""),
    "v=DKIM2;": ("permerror", False, ""),
    "v=DKIM1; k=ed25519;": ("permerror", False, ""),
    "v=DKIM1; k=other;": ("permerror", False, ""),
    "v=DKIM1; p=; q=": ("permerror", False, ""),
    "v=DKIM1; t=s;": ("permerror", True, "RFC 6376, section 3.6.1: with t=s the domain of i= is that of d="),
    "v=DKIM1; h=sha1;": ("permerror", True, "RFC 6376, section 3.6.1: h= lists the hashes that may be used"),
    "v=DKIM1; s=tlsrpt;": ("permerror", False, ""),
}


@pytest.mark.parametrize("tags", KEY_CASES)
def test_key_records_are_judged_alike_or_the_difference_is_known(tags: str) -> None:
    result, passed, difference = KEY_CASES[tags]
    record = tags + " " + RECORD[RECORD.index("p=") :]
    now = datetime.now(UTC)
    signed = sign(MESSAGE, domain="auroria.post", selector="s2026a", key=key_of("rsa"), identity="ana@x.auroria.post", now=now)
    (found,) = run(verify(keys({"s2026a": record}), signed, now=now))
    try:
        verdict = bool(dkim.DKIM(signed).verify(dnsfunc=lambda name, timeout=5: record.encode()))
    except REFUSALS:
        verdict = False
    assert (found.result, verdict) == (result, passed) and bool(difference) is (found.passed != verdict)


@pytest.mark.parametrize("selector", ["s2026a", "s2026b"])
def test_dkimpys_clock_is_not_ours(selector: str) -> None:
    """The lab's time may be far from the machine's; our verdict follows the time given."""
    then = datetime(2040, 1, 1, tzinfo=UTC)
    message = b"From: a@auroria.post\r\n\r\nhello\r\n"
    signed = sign(message, domain="auroria.post", selector=selector, key=key_of(SELECTORS[selector]), now=then)
    assert run(verify(resolver(), signed, now=then))[0].passed
    assert not any(ours(signed)) and not any(theirs(signed, 1)) and time.time() < then.timestamp()
