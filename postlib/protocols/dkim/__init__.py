"""DomainKeys Identified Mail: RFC 6376, with RFC 8301 (key sizes, no SHA-1), RFC 8463 (Ed25519) and RFC 8616 (other scripts)."""

from postlib.protocols.dkim.discovery import WELL_KNOWN, SelectorKey, Selectors, selectors
from postlib.protocols.dkim.key import KeyRecord, PrivateKey, PublicKey, is_key, key_name, key_record, parse_key
from postlib.protocols.dkim.signature import RESULTS, Signature
from postlib.protocols.dkim.signing import sign
from postlib.protocols.dkim.verification import SIGNATURES, verify

__all__ = [
    "RESULTS",
    "SIGNATURES",
    "WELL_KNOWN",
    "KeyRecord",
    "PrivateKey",
    "PublicKey",
    "SelectorKey",
    "Selectors",
    "Signature",
    "is_key",
    "key_name",
    "key_record",
    "parse_key",
    "selectors",
    "sign",
    "verify",
]
