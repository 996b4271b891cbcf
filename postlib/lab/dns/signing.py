"""How a lab zone is signed: its keys, the life of its signatures, and the slips a signer can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import dns.dnssec
import dns.dnssectypes
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY
import dns.rdtypes.ANY.NSEC3PARAM
import dns.rdtypes.ANY.RRSIG
import dns.rrset
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

RdataType = dns.rdatatype.RdataType
ZONE, SEP = 0x100, 0x1  # DNSKEY flags, RFC 4034, section 2.1.1
LONGEST_SALT = 255  # octets, RFC 5155, section 3.1.5
SLIPS = ("", "bad-signature", "no-signatures", "no-denial")


@dataclass(frozen=True)
class ZoneKey:
    """A key of a zone. `published` puts it into the DNSKEY set, `active` signs with it."""

    private: PrivateKeyTypes
    algorithm: int = 13
    flags: int = ZONE | SEP
    published: bool = True
    active: bool = True

    @cached_property
    def dnskey(self) -> dns.rdtypes.ANY.DNSKEY.DNSKEY:
        """The DNSKEY record of the public half."""
        made = dns.dnssec.make_dnskey(self.private.public_key(), dns.dnssectypes.Algorithm.make(self.algorithm), self.flags)  # type: ignore[arg-type]
        assert isinstance(made, dns.rdtypes.ANY.DNSKEY.DNSKEY)
        return made


@dataclass(frozen=True)
class Signing:
    """The settings of one signed zone.

    Signatures are valid from `start` to `end`, in days from `now`'s midnight; an `automatic` signer renews them daily.
    `denial` is nsec or nsec3, with `iterations`, `salt` and `opt_out` (RFC 5155; zero iterations and no salt, RFC 9276).
    """

    origin: dns.name.Name
    keys: tuple[ZoneKey, ...]
    now: datetime
    denial: str = "nsec"
    iterations: int = 0
    salt: bytes = b""
    opt_out: bool = False
    start: float = -1.0
    end: float = 13.0
    slip: str = ""
    automatic: bool = True
    dnskey_ttl: int = 3600

    def __post_init__(self) -> None:
        if self.denial not in ("nsec", "nsec3"):
            raise ValueError(f"denial is nsec or nsec3, not {self.denial!r}")
        if len(self.salt) > LONGEST_SALT:
            raise ValueError(f"a salt of {len(self.salt)} octets; {LONGEST_SALT} are the most")
        if self.slip not in SLIPS:
            raise ValueError(f"a slip is one of {', '.join(SLIPS[1:])}, not {self.slip!r}")

    def at(self, now: datetime) -> Signing:
        """The same signer on another day."""
        return replace(self, now=now)

    def apex(self, rrtype: RdataType) -> dns.rdataset.Rdataset | None:
        """What signing itself puts at the apex: DNSKEY and, with NSEC3, NSEC3PARAM."""
        if rrtype == RdataType.DNSKEY:
            return dns.rdataset.from_rdata_list(self.dnskey_ttl, [key.dnskey for key in self.keys if key.published])
        if rrtype == RdataType.NSEC3PARAM and self.denial == "nsec3":
            record = dns.rdtypes.ANY.NSEC3PARAM.NSEC3PARAM(dns.rdataclass.IN, rrtype, 1, 0, self.iterations, self.salt)
            return dns.rdataset.from_rdata(0, record)
        return None

    def apex_types(self) -> set[RdataType]:
        """The types that `apex` adds."""
        return {RdataType.DNSKEY} | ({RdataType.NSEC3PARAM} if self.denial == "nsec3" else set())

    def sign(self, name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rdataset.Rdataset:
        """The RRSIG set over `rdataset`; empty where the signer forgot it."""
        made = dns.rdataset.Rdataset(dns.rdataclass.IN, RdataType.RRSIG, rdataset.rdtype, rdataset.ttl)
        if self.slip == "no-signatures" and rdataset.rdtype != RdataType.DNSKEY:
            return made
        rrset = dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
        day = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        for key in self._signers(rdataset.rdtype):
            signature = dns.dnssec.sign(
                rrset, key.private, self.origin, key.dnskey,  # type: ignore[arg-type]
                inception=day + timedelta(days=self.start), expiration=day + timedelta(days=self.end), verify=False,
                origin=None, deterministic=True,
            )  # fmt: skip
            made.add(self._slipped(signature, rdataset.rdtype), rdataset.ttl)
        return made

    def _signers(self, rrtype: RdataType) -> list[ZoneKey]:
        """A key-signing key signs the key set, a zone-signing key the rest; a single key does both (RFC 6781, section 3.1)."""
        active = [key for key in self.keys if key.active]
        split = any(not key.flags & SEP for key in active) and any(key.flags & SEP for key in active)
        if not split:
            return active
        wanted = SEP if rrtype in (RdataType.DNSKEY, RdataType.CDS, RdataType.CDNSKEY) else 0
        return [key for key in active if key.flags & SEP == wanted]

    def _slipped(self, signature: dns.rdtypes.ANY.RRSIG.RRSIG, rrtype: RdataType) -> dns.rdtypes.ANY.RRSIG.RRSIG:
        if self.slip != "bad-signature" or rrtype == RdataType.DNSKEY:
            return signature
        spoiled = bytes([signature.signature[0] ^ 1]) + signature.signature[1:]
        return signature.replace(signature=spoiled)  # type: ignore[return-value]

    def ds(self, digest: int = 2) -> tuple[str, ...]:
        """The DS texts that a parent should hold for these keys (RFC 4509: SHA-256; others, SHA-1 too, for faults)."""
        entry = [key for key in self.keys if key.flags & SEP and key.published and key.active]
        kind = dns.dnssectypes.DSDigest.make(digest)
        return tuple(dns.dnssec.make_ds(self.origin, key.dnskey, kind, policy=dns.dnssec.allow_all_policy).to_text() for key in entry)
