"""What a zone's operator can do wrong with keys, signatures and DS, by a word; some of it is only unusual, and right.

Each makes of the right signer the one that signs (None: nobody does) and the DS texts for the parent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dns.dnssec
from rooted import key

from postlib.lab.dns.signing import SEP, ZONE, Signing, ZoneKey

REVOKED = 0x80  # RFC 5011, section 7
Slip = Callable[[Signing], tuple[Signing | None, tuple[str, ...]]]


def _signed(**changes: Any) -> Slip:
    return lambda signing: (replace(signing, **changes), signing.ds())


def _with_ds(make: Callable[[Signing], tuple[str, ...]]) -> Slip:
    return lambda signing: (signing, make(signing))


def _with_keys(make: Callable[[Signing], tuple[ZoneKey, ...]]) -> Slip:
    def made(signing: Signing) -> tuple[Signing, tuple[str, ...]]:
        changed = replace(signing, keys=make(signing))
        return changed, tuple(_ds(signing, known) for known in changed.keys[:1])

    return made


def _ds(signing: Signing, known: ZoneKey, digest: str = "SHA256") -> str:
    return dns.dnssec.make_ds(signing.origin, known.dnskey, digest, policy=dns.dnssec.allow_all_policy).to_text()


def _changed(text: str, field: int, value: str) -> str:
    """A DS text with another field: tag, algorithm, digest type or digest."""
    fields = text.split(None, 3)
    return " ".join([*fields[:field], value, *fields[field + 1 :]])


def _wrong(text: str) -> str:
    digest = text.split(None, 3)[3].replace(" ", "")
    return _changed(text, 3, f"{int(digest[:2], 16) ^ 1:02x}{digest[2:]}")


def _other(signing: Signing, *, active: bool, algorithm: int = 13, flags: int = ZONE | SEP) -> ZoneKey:
    return ZoneKey(key(f"{signing.origin} other", algorithm).private, algorithm, flags, active=active)


SLIPS: dict[str, Slip] = {
    "honest": _signed(),
    "expired": _signed(start=-20, end=-2),
    "not-yet-valid": _signed(start=2, end=20),
    "bad-signature": _signed(slip="bad-signature"),
    "no-signatures": _signed(slip="no-signatures"),
    "no-denial": _signed(slip="no-denial"),
    "iterations-500": _signed(denial="nsec3", iterations=500),
    "iterations-151": _signed(denial="nsec3", iterations=151),
    "island": _with_ds(lambda _: ()),
    "unsigned-with-ds": lambda signing: (None, signing.ds()),
    "ds-digest-differs": _with_ds(lambda signing: tuple(map(_wrong, signing.ds()))),
    "ds-tag-differs": _with_ds(lambda signing: tuple(_changed(text, 0, "1") for text in signing.ds())),
    "ds-algorithm-unknown": _with_ds(lambda signing: tuple(_changed(text, 1, "99") for text in signing.ds())),
    "ds-algorithm-other": _with_ds(lambda signing: tuple(_changed(text, 1, "16") for text in signing.ds())),
    "ds-digest-unknown": _with_ds(lambda signing: tuple(_changed(text, 2, "250") for text in signing.ds())),
    "ds-digest-gost": _with_ds(lambda signing: tuple(_changed(text, 2, "3") for text in signing.ds())),
    "ds-one-of-two-good": _with_ds(lambda signing: (*map(_wrong, signing.ds()), *signing.ds())),
    "ds-unknown-beside-good": _with_ds(lambda signing: (*(_changed(text, 1, "99") for text in signing.ds()), *signing.ds())),
    "ds-unknown-beside-wrong": _with_ds(lambda signing: tuple(made for t in signing.ds() for made in (_changed(t, 1, "99"), _wrong(t)))),
    "ds-sha1": _with_ds(lambda signing: signing.ds(1)),
    "ds-sha1-beside-wrong-sha256": _with_ds(lambda signing: (*signing.ds(1), *map(_wrong, signing.ds()))),
    "ds-wrong-sha1-beside-sha256": _with_ds(lambda signing: (*map(_wrong, signing.ds(1)), *signing.ds())),
    "ds-sha384": _with_ds(lambda signing: signing.ds(4)),
    "ds-wrong-sha384-beside-sha256": _with_ds(lambda signing: (*map(_wrong, signing.ds(4)), *signing.ds())),
    "key-revoked": _with_keys(lambda signing: tuple(replace(known, flags=known.flags | REVOKED) for known in signing.keys)),
    "key-not-for-zones": _with_keys(lambda signing: tuple(replace(known, flags=known.flags & ~ZONE) for known in signing.keys)),
    "key-without-sep": _with_keys(lambda signing: (replace(signing.keys[0], flags=ZONE),)),
    "key-unpublished": _with_keys(lambda signing: (signing.keys[0], replace(_other(signing, active=True, flags=ZONE), published=False))),
    "key-on-standby": _with_keys(lambda signing: (*signing.keys, _other(signing, active=False))),
    "two-algorithms": _with_keys(lambda signing: (signing.keys[0], _other(signing, active=True, algorithm=15))),
    "second-algorithm-unused": _with_keys(lambda signing: (*signing.keys, _other(signing, active=False, algorithm=14))),
    "algorithm-retired": _with_keys(lambda signing: (replace(key(str(signing.origin), 7), algorithm=7),)),
}
