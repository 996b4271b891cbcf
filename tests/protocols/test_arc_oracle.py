"""dkimpy judges our Authenticated Received Chains and we judge its own, over generated messages and what becomes of them (RFC 8617)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import dkim
from conftest import FULL
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocols.dkim_fixtures import key_of, quoted
from protocols.messages import CHANGES, messages
from protocols.test_dkim_oracle import KNOWN, REFUSALS, finished
from zones import run, served

from postlib.protocols.arc import seal, verify_arc
from postlib.protocols.authentication_results import AuthenticationResults, MethodResult
from postlib.protocols.dkim import key_record

CASES = 400 if FULL else 50
RECORD = key_record(key_of("rsa"))
RESOLVER = served({"arc._domainkey.lists.example": {"TXT": [quoted(RECORD)]}})
PEM = key_of("rsa").private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
ID = "mx.lists.example"


def ours(message: bytes) -> str:
    """Our cv."""
    return run(verify_arc(RESOLVER, message, now=datetime.now(UTC))).cv


def theirs(message: bytes) -> str:
    """dkimpy's; what it stumbles over fails."""
    try:
        return dkim.arc_verify(message, dnsfunc=lambda name, timeout=5: RECORD.encode())[0].decode()
    except (*REFUSALS, AttributeError):
        return "fail"


def sealed(message: bytes, us: bool) -> bytes:
    """The message with one more set, by us or by dkimpy."""
    now = datetime.now(UTC)
    if us:
        results = AuthenticationResults(ID, (MethodResult("dkim", "pass"),))
        chain = run(verify_arc(RESOLVER, message, now=now))
        return seal(message, domain="lists.example", selector="arc", key=key_of("rsa"), chain=chain, results=results, now=now)
    found = f"Authentication-Results: {ID}; arc={theirs(message)}; dkim=pass\r\n".encode()
    return b"".join(dkim.arc_sign(found + message, b"arc", b"lists.example", PEM, ID.encode())) + message


def compared(message: bytes) -> str:
    """Our cv where dkimpy's is the same, perhaps once a known difference of DKIM is taken out of the message; else "?" and both."""
    for same in (lambda octets: octets, *KNOWN):
        if ours(same(message)) == theirs(same(message)):
            return ours(message)
    return f"? {ours(message)}, and {theirs(message)} there"


def test_dkimpy_and_we_say_the_same_of_every_chain() -> None:
    """One to three sets, by either, and a change or none in the end."""
    met: Counter[str] = Counter()

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(messages(), st.lists(st.booleans(), max_size=3), st.sampled_from(sorted(CHANGES)) | st.just("none"), st.integers(0, 5000))
    def agree(message: bytes, hops: list[bool], change: str, place: int) -> None:
        message = finished(message)  # so that dkimpy and we sign the same body
        for us in hops:
            message = sealed(message, us)
        altered = CHANGES[change](message, place)
        outcome = compared(altered)
        met[f"{change if hops else 'no set'}: {outcome}"] += 1
        assert not outcome.startswith("?"), (outcome, altered)
        assert change != "none" or outcome == ("pass" if hops else "none")

    agree()
    print(*(f"{count:6} {what}" for what, count in sorted(met.items())), sep="\n")
