"""The words for how a lab's TLS server behaves, and what each means. `postlib.lab.personalities` makes servers of them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Literal

NO_TLS = "no-https"  # the personality of a site that has no TLS server at all; no port is opened for it
MODERN = "ECDHE+AESGCM:ECDHE+CHACHA20"  # what all the policies we carry accept under TLS 1.2

Fault = Literal["", "expired", "not-yet-valid", "wrong-host", "self-signed", "unknown-issuer", "incomplete", "sha1"]


@dataclass(frozen=True)
class Personality:
    """`ciphers` is OpenSSL's list for TLS 1.2 and older; `rsa_bits` 0 means a P-256 key."""

    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = MODERN
    rsa_bits: int = 0
    fault: Fault = ""


_V = ssl.TLSVersion
ANY = "ALL:@SECLEVEL=0"  # OpenSSL 3 speaks TLS 1.0 and 1.1, and takes short keys, only at security level 0

PERSONALITIES: dict[str, Personality] = {
    "good": Personality(),
    "expired": Personality(fault="expired"),
    "not-yet-valid": Personality(fault="not-yet-valid"),
    "wrong-host": Personality(fault="wrong-host"),
    "self-signed": Personality(fault="self-signed"),
    "unknown-issuer": Personality(fault="unknown-issuer"),
    "incomplete": Personality(fault="incomplete"),
    "short-key": Personality(ciphers=f"{MODERN}:@SECLEVEL=0", rsa_bits=1024),
    "sha1": Personality(ciphers=f"{MODERN}:@SECLEVEL=0", fault="sha1"),
    "tls1.0": Personality(_V.TLSv1, _V.TLSv1, ANY),
    "tls1.1": Personality(_V.TLSv1_1, _V.TLSv1_1, ANY),
    "tls1.0-1.2": Personality(_V.TLSv1, _V.TLSv1_2, ANY),
    "tls1.2": Personality(_V.TLSv1_2, _V.TLSv1_2),
    "tls1.3": Personality(_V.TLSv1_3, _V.TLSv1_3),
    "cbc": Personality(_V.TLSv1_2, _V.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256"),
    "no-forward-secrecy": Personality(_V.TLSv1_2, _V.TLSv1_2, "kRSA+AES", rsa_bits=2048),
}


def known(word: str) -> Personality:
    """The personality of that word. Raises ValueError where there is none."""
    try:
        return PERSONALITIES[word]
    except KeyError:
        raise ValueError(f"no TLS personality {word!r}, only {', '.join(PERSONALITIES)}") from None
