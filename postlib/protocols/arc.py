"""The Authenticated Received Chain (RFC 8617, Experimental): each hop seals what it saw before it changed the message.

An ARC set of instance n is ARC-Authentication-Results (what the hop saw), ARC-Message-Signature (the message as it left) and
ARC-Seal (all sets so far). A chain that passes says that nobody in between lied about the others, not that any of them is to be trusted.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from postlib.network import Network, Unreachable
from postlib.protocols.authentication_results import AuthenticationResults
from postlib.protocols.dkim import signing, tags, verification
from postlib.protocols.dkim.crypto import body_hash, signature_fault, signature_of
from postlib.protocols.dkim.key import KeyRecord, PrivateKey
from postlib.protocols.dkim.message import Field, canonical_body, named, relaxed, split, without_signature
from postlib.protocols.dkim.signature import DRIFT, Signature, algorithm_fault, key_fault
from postlib.protocols.dkim.signature import read as read_signature
from postlib.protocols.malformed import Malformed
from postlib.resolver import Resolver

INSTANCES = 50  # section 4.2.1
ALGORITHM = "rsa-sha256"  # other verifiers, dkimpy's too, know no Ed25519 here
RESULTS, MESSAGE, SEAL = NAMES = ("ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal")
INSTANCE = re.compile(r"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,4})[ \t\r\n]*(;|\Z)")

Validity = Literal["none", "pass", "fail"]
Sets = tuple[Mapping[str, Field], ...]


@dataclass(frozen=True)
class Instance:
    """One hop's set. `cv` is what the hop found of the chain before it, `results` what it wrote down, `message` the outcome
    of its ARC-Message-Signature (a pass only while nothing changed since) and `seal` that of its ARC-Seal."""

    number: int
    domain: str
    selector: str
    cv: str
    results: str
    message: Signature
    seal: Signature


@dataclass(frozen=True)
class Chain:
    """The chain as found (section 5.2). `reason` is a word for why it fails; `temporary` says that a key could not be asked for.

    `oldest_pass` is the lowest instance whose ARC-Message-Signature still holds with all later ones, 0 where all do.
    Reasons: too-many-instances, incomplete-set, bad-instance, cv-fail, bad-cv, message-signature, seal, message-syntax, and the
    network's words.
    """

    cv: Validity
    instances: tuple[Instance, ...] = ()
    reason: str = ""
    oldest_pass: int = 0
    temporary: bool = False
    highest: int = 0


async def verify_arc(net: Network | Resolver, message: bytes, *, now: datetime | None = None) -> Chain:
    """The state of the message's chain: none, pass or fail. Does not raise."""
    resolver = Resolver.of(net)
    moment = (now or resolver.network.clock.now()).timestamp()
    try:
        fields, body = split(message)
    except Malformed:
        return Chain("fail", reason="message-syntax")
    try:
        sets = arc_sets(fields)
    except Malformed as error:
        return Chain("fail", reason=error.reason, highest=_highest(fields))
    if not sets:
        return Chain("none")
    hops = (_instance(resolver, sets, number, fields, body, moment) for number in range(1, len(sets) + 1))
    return _judged(tuple(await asyncio.gather(*hops)))


def arc_sets(fields: Sequence[Field]) -> Sets:
    """The ARC sets from instance 1 on. Raises Malformed: bad-instance, too-many-instances, incomplete-set."""
    found: dict[int, dict[str, Field]] = {}
    for name in NAMES:
        for field in named(fields, name):
            number = _number(field)
            if number > INSTANCES:
                raise Malformed("too-many-instances", str(number))
            if found.setdefault(number, {}).setdefault(name, field) is not field:
                raise Malformed("incomplete-set", f"two {name} of {number}")
    if sorted(found) != list(range(1, len(found) + 1)) or any(len(fields) != len(NAMES) for fields in found.values()):
        raise Malformed("incomplete-set", str(sorted(found))[:80])
    return tuple(found[number] for number in sorted(found))


def seal(
    message: bytes,
    *,
    domain: str,
    selector: str,
    key: PrivateKey,
    chain: Chain,
    results: AuthenticationResults,
    now: datetime,
    headers: Sequence[str] | None = None,
) -> bytes:
    """The message with one more ARC set on top (section 5.1): `chain` as verified on arrival, `results` as found then.

    Returns the message as it is where no set may be added: the chain has failed before, or is full. `key` is an RSA key.
    Raises ValueError for what cannot be sealed.
    """
    instance = chain.highest + 1
    if instance > INSTANCES or chain.reason in ("cv-fail", "too-many-instances"):
        return message
    fields, body = split(message)
    names = _names_to_sign(fields, headers)
    own = (("i", str(instance)), ("a", ALGORITHM), ("d", domain), ("s", selector), ("t", str(int(now.timestamp()))))
    digest = base64.b64encode(body_hash(canonical_body(body, "relaxed"), ALGORITHM)).decode("ascii")
    first = f"{RESULTS}: i={instance};\r\n ".encode("ascii") + results.field().split(b":", 1)[1].strip() + b"\r\n"
    second_tags = (*own, ("c", "relaxed/relaxed"), ("h", ":".join(names)), ("bh", digest))
    second = signing.signed_field(MESSAGE, second_tags, fields, names, key, ALGORITHM, "relaxed")
    before = () if chain.cv == "fail" else arc_sets(fields)
    third = _seal_field((*own, ("cv", chain.cv)), before, (_as_field(first), _as_field(second)), key)
    return signing.put_first(message, third, second, first)


def _seal_field(written: signing.TagList, before: Sets, own: Sequence[Field], key: PrivateKey) -> bytes:
    """The ARC-Seal over the sets before, the other two fields of its own, and itself."""
    unsigned = signing.folded(SEAL, written)
    covered = [*(one[name] for one in before for name in NAMES), *own, (SEAL.encode("ascii"), unsigned)]
    return signing.with_signature(SEAL, unsigned, signature_of(relaxed(covered).rstrip(), key, ALGORITHM))


async def _instance(resolver: Resolver, sets: Sets, number: int, fields: Sequence[Field], body: bytes, now: float) -> Instance:
    own = sets[number - 1]
    message, claims = _read(own[MESSAGE], now, sealing=False), _read(own[SEAL], now, sealing=True)
    results = own[RESULTS][1].split(b";", 1)[-1].decode("utf-8", "replace").strip()
    cv = _tag(own[SEAL], "cv")
    message, records = await _with_key(resolver, message)
    if records is not None:
        message = verification.judge(message, records, fields, body, own[MESSAGE])
    claims, records = await _with_key(resolver, claims)
    if records is not None:
        claims = _seal_judged(claims, records, sets[:number], cv)
    return Instance(number, claims.domain, claims.selector, cv, results, message, claims)


async def _with_key(resolver: Resolver, signature: Signature) -> tuple[Signature, tuple[KeyRecord, ...] | None]:
    """The key records of a signature that is still to be judged; None for one that has its outcome."""
    if signature.reason:
        return signature, None
    try:
        return signature, await verification.key_records(resolver, signature.selector, signature.domain)
    except Unreachable as error:
        return replace(signature, result="temperror", reason=error.reason, detail=error.where), None


def _read(field: Field, now: float, *, sealing: bool) -> Signature:
    """The field's tags as those of a DKIM-Signature, which they are but for i=, v=, h= and bh= (sections 4.1.2 and 4.1.3)."""
    try:
        found = tags.read(field[1])
    except Malformed as error:
        return Signature(detail=str(error))
    if sealing and "h" in found:  # section 4.1.3
        return Signature(detail="bad-tag: h")
    lent = {"v": "1", "i": f"@{found.get('d', '')}"} | ({"h": "from", "bh": "AA==", "c": "relaxed/relaxed"} if sealing else {})
    written = "; ".join(f"{name}={value}" for name, value in (found | lent).items())
    signature = read_signature(written.encode("utf-8"))
    reason = signature.reason or _fault(signature, now)
    return signature.judged(reason, signature.detail) if reason else signature


def _fault(signature: Signature, now: float) -> str:
    if not signature.from_signed:
        return "from-not-signed"
    if SEAL.lower() in (name.lower() for name in signature.headers):
        return "signature-syntax"
    if signature.signed_at is not None and signature.signed_at > now + DRIFT:
        return "signed-in-future"
    return algorithm_fault(signature)


def _seal_judged(claims: Signature, records: Sequence[KeyRecord], sets: Sets, cv: str) -> Signature:
    """The seal with its outcome: over every set so far, or over its own alone where it says that the chain failed (section 5.1.2)."""
    if len(records) != 1:
        return claims.judged("several-keys" if records else "no-key")
    record = records[0]
    claims = replace(claims, bits=record.bits, key_type=record.key_type)
    reason = key_fault(claims, record)
    if reason or record.key is None:
        return claims.judged(reason or "key-syntax")
    covered = [one[name] for one in (sets[-1:] if cv == "fail" else sets) for name in NAMES]
    covered[-1] = (covered[-1][0], without_signature(covered[-1][1]))
    return claims.judged(signature_fault(relaxed(covered).rstrip(), claims.octets, record.key))


def _judged(instances: tuple[Instance, ...]) -> Chain:
    """The chain's state in the order of section 5.2."""
    last = instances[-1]
    reason = ""
    if last.cv == "fail":
        reason = "cv-fail"
    elif any(one.cv != ("none" if one.number == 1 else "pass") for one in instances):
        reason = "bad-cv"
    elif not last.message.passed:
        reason = "message-signature"
    elif not all(one.seal.passed for one in instances):
        reason = "seal"
    silent = [one for one in (last.message, *(one.seal for one in instances)) if one.result == "temperror"]
    temporary = bool(silent) and reason in ("message-signature", "seal")
    reason = silent[0].reason if temporary else reason
    return Chain("fail" if reason else "pass", instances, reason, _oldest_pass(instances), temporary, last.number)


def _oldest_pass(instances: tuple[Instance, ...]) -> int:
    broken = [one.number for one in instances if not one.message.passed]
    return broken[-1] + 1 if broken else 0


def _names_to_sign(fields: Sequence[Field], headers: Sequence[str] | None) -> tuple[str, ...]:
    """The names given, or DKIM's own and the DKIM-Signatures. Raises ValueError for a list that section 4.1.2 rules out."""
    default = (*signing.default_headers(fields), *("DKIM-Signature" for _ in named(fields, "DKIM-Signature")))
    names = tuple(headers) if headers is not None else default
    lower = {name.lower() for name in names}
    if "from" not in lower or {SEAL.lower(), RESULTS.lower()} & lower:
        raise ValueError("ARC-Message-Signature covers From, and no ARC-Seal or ARC-Authentication-Results (section 4.1.2)")
    return names


def _as_field(whole: bytes) -> Field:
    name, _, value = whole.partition(b":")
    return name, value


def _number(field: Field) -> int:
    """The field's instance. It stands first in ARC-Authentication-Results and anywhere in the others (sections 4.1.1 to 4.1.3)."""
    text = field[1].decode("utf-8", "replace")
    if field[0].lower() != RESULTS.lower().encode("ascii"):
        text = f"i={_tag(field, 'i')}"
    found = INSTANCE.match(text)
    if found is None or int(found[1]) == 0:
        raise Malformed("bad-instance", text.strip()[:40])
    return int(found[1])


def _highest(fields: Sequence[Field]) -> int:
    """The highest instance that can be read in a broken chain, for the next hop's own."""
    highest = 0
    for name in NAMES:
        for field in named(fields, name):
            try:
                highest = max(highest, _number(field))
            except Malformed:
                continue  # it counts for no instance
    return highest


def _tag(field: Field, name: str) -> str:
    """The tag's value; empty in a field that is no tag list."""
    try:
        return tags.read(field[1]).get(name, "")
    except Malformed:
        return ""
