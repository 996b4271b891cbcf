"""The DKIM-Signature field read (RFC 6376, section 3.5), and the outcome of each way in which it can fail (RFC 8601, section 2.7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from postlib.protocols.dkim import message, tags
from postlib.protocols.dkim.crypto import ALGORITHMS, HISTORIC
from postlib.protocols.dkim.key import KeyRecord, key_name
from postlib.protocols.malformed import Malformed

SIGNATURE_LIMIT = 16384  # octets of one field: ten times what z= and a 4096-bit key make of it
NAME_LIMIT = 256  # names in h=: signers list some thirty
DRIFT = 300  # seconds a signer's clock may be ahead: OpenDKIM's default ClockDrift
DOMAIN = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})+")  # two labels at least; \w for RFC 8616
SELECTOR = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*")
FIELD_NAME = re.compile(r"[\x21-\x39\x3c-\x7e]+")  # RFC 5322, section 2.2; `;` would end the tag

RESULTS = {
    "": "pass",
    "body-altered": "fail",
    "header-altered": "fail",
    "bad-signature": "fail",
    "expired": "fail",
    "weak-key": "policy",  # verifies perhaps, but RFC 8301 forbids accepting it
    "signed-in-future": "policy",
    "historic-algorithm": "permerror",
    "domain-mismatch": "permerror",
    "from-not-signed": "permerror",
    "no-key": "permerror",
    "several-keys": "permerror",
    "key-revoked": "permerror",
    "key-syntax": "permerror",
    "key-type": "permerror",
    "key-hash": "permerror",
    "key-service": "permerror",
    "message-syntax": "permerror",
    "signature-syntax": "neutral",
    "unsupported-version": "neutral",
    "unsupported-algorithm": "neutral",
    "unsupported-canonicalization": "neutral",
    "unsupported-query": "neutral",
}
"""Reason to result. Where the key could not be asked for, the result is temperror and the reason the network's (timeout, servfail …)."""


@dataclass(frozen=True)
class Signature:
    """One signature and what became of it.

    `identity` is i= (default "@" and the domain), `canonicalization` "header/body", `headers` the names of h= in order.
    `signed_at` and `expires` are t= and x= in seconds since 1970. `length` is l=, None without; `unsigned` the octets of the
    canonical body beyond it. `bits`, `key_type`, `testing` (t=y) and `strict` (t=s) come from the key record.
    `result` is one of pass, fail, policy, neutral, temperror, permerror (RFC 8601, section 2.7.1), `reason` a key of RESULTS
    or the network's word, `detail` the part at fault.
    """

    domain: str = ""
    selector: str = ""
    identity: str = ""
    algorithm: str = ""
    canonicalization: str = ""
    result: str = "neutral"
    reason: str = "signature-syntax"
    detail: str = ""
    bits: int = 0
    key_type: str = ""
    testing: bool = False
    strict: bool = False
    short_key: bool = False
    length: int | None = None
    unsigned: int = 0
    signed_at: int | None = None
    expires: int | None = None
    headers: tuple[str, ...] = ()
    body_hash: bytes = field(default=b"", repr=False)
    octets: bytes = field(default=b"", repr=False)

    @property
    def passed(self) -> bool:
        """Whether the signature verifies."""
        return self.result == "pass"

    @property
    def from_signed(self) -> bool:
        """Whether the author's field is among those signed, as it must be."""
        return "from" in (name.lower() for name in self.headers)

    def judged(self, reason: str, detail: str = "") -> Signature:
        """The same with its outcome."""
        return replace(self, result=RESULTS[reason], reason=reason, detail=detail)


def read(value: bytes) -> Signature:
    """The signature in a DKIM-Signature field's value, not yet verified: where it cannot be read its result is neutral.

    `reason` is empty, and `result` still neutral, where nothing was wrong so far.
    """
    try:
        if len(value) > SIGNATURE_LIMIT:
            raise Malformed("too-long", str(len(value)))
        found = tags.read(value)
    except Malformed as error:
        return Signature(detail=str(error))
    signature = _plain(found)
    try:
        return replace(_measured(signature, found), reason=_tag_fault(found))
    except Malformed as error:
        return replace(signature, detail=str(error))


def _plain(found: tags.Tags) -> Signature:
    """What can be said of any list of tags."""
    domain = found.get("d", "")
    return Signature(
        domain=domain.lower(),
        selector=found.get("s", ""),
        identity=tags.solid(found.get("i", f"@{domain}")),
        algorithm=found.get("a", ""),
        canonicalization=_canonicalization(found.get("c", "simple/simple")),
        headers=tags.members(found["h"]) if "h" in found else (),
    )


def _measured(signature: Signature, found: tags.Tags) -> Signature:
    """With the tags that have a grammar of their own. Raises Malformed."""
    for name in ("a", "b", "bh", "d", "h", "s"):
        if not found.get(name):
            raise Malformed("missing-tag", name)
    if DOMAIN.fullmatch(signature.domain) is None or SELECTOR.fullmatch(signature.selector) is None:
        raise Malformed("bad-name", f"{signature.selector}._domainkey.{signature.domain}"[:80])
    key_name(signature.selector, signature.domain)
    if len(signature.headers) > NAME_LIMIT:
        raise Malformed("too-many-names", str(len(signature.headers)))
    for name in signature.headers:
        if FIELD_NAME.fullmatch(name) is None:
            raise Malformed("bad-field-name", name[:40])
    return replace(
        signature,
        body_hash=tags.octets(found, "bh"),
        octets=tags.octets(found, "b"),
        length=tags.number(found, "l", 76),
        signed_at=tags.number(found, "t", 12),
        expires=tags.number(found, "x", 12),
    )


def _tag_fault(found: tags.Tags) -> str:
    """The reason that stands in the tags themselves, or nothing."""
    if found.get("v", "1") != "1":
        return "unsupported-version"
    if "v" not in found:
        return "signature-syntax"
    return "" if "dns/txt" in tags.members(found.get("q", "dns/txt")) else "unsupported-query"


def _canonicalization(value: str) -> str:
    return value if "/" in value else f"{value}/simple"


def field_fault(signature: Signature, now: float) -> str:
    """The reason to go no further, before any key is asked for (RFC 6376, section 6.1.1); empty where there is none."""
    signed_at, expires = signature.signed_at, signature.expires
    if expires is not None and signed_at is not None and expires <= signed_at:
        return "signature-syntax"
    if not _within(signature.identity, signature.domain):
        return "domain-mismatch"
    if not signature.from_signed:
        return "from-not-signed"
    if expires is not None and expires < now:
        return "expired"
    if signed_at is not None and signed_at > now + DRIFT:
        return "signed-in-future"
    return algorithm_fault(signature)


def algorithm_fault(signature: Signature) -> str:
    """Whether algorithm and canonicalization are ones we know."""
    if signature.algorithm in HISTORIC:
        return "historic-algorithm"
    if signature.algorithm not in ALGORITHMS:
        return "unsupported-algorithm"
    header, _, body = signature.canonicalization.partition("/")
    known = header in message.ALGORITHMS and body in message.ALGORITHMS
    return "" if known else "unsupported-canonicalization"


def _within(identity: str, domain: str) -> bool:
    """Whether the identity's domain is `domain` or below it."""
    _, at, host = identity.rpartition("@")
    return bool(at) and (host.lower() == domain or host.lower().endswith(f".{domain}"))


def key_fault(signature: Signature, record: KeyRecord) -> str:
    """The reason why that key cannot stand for that signature (section 6.1.2); empty where it can."""
    if record.revoked:
        return "key-revoked"
    if record.faults:
        return "key-syntax"
    if record.key_type != ALGORITHMS[signature.algorithm]:
        return "key-type"
    if record.hashes and "sha256" not in record.hashes:
        return "key-hash"
    if not record.for_mail:
        return "key-service"
    if record.strict and signature.identity.rpartition("@")[2].lower() != signature.domain:
        return "domain-mismatch"
    return "weak-key" if record.weak else ""
