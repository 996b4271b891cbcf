"""What a proof of non-existence comes to, and the type bitmaps it is read from."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name
import dns.rdatatype
from dns.edns import EDECode
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

from postlib.dnssec.algorithms import Failure

OPT_OUT = Failure(EDECode.OTHER, "opt-out")
"""The name lies in an opt-out span, where unsigned delegations may hide (RFC 5155, sections 6 and 9.2)."""


@dataclass(frozen=True)
class Proof:
    """A proof that holds. `insecure` says why it proves no more than that the answer need not be signed.

    `cut`: the name is a delegation. `compact`: the name is said not to exist by the type NXNAME (RFC 9824, section 3.1).
    """

    what: str
    insecure: Failure | None = None
    cut: bool = False
    compact: bool = False


def has(record: NSEC | NSEC3, rrtype: int) -> bool:
    """Whether the type's bit is set (RFC 4034, section 4.1.2)."""
    window, offset = divmod(rrtype, 256)
    for number, bitmap in record.windows:
        if number == window:
            octet, bit = divmod(offset, 8)
            return octet < len(bitmap) and bool(bitmap[octet] & 0x80 >> bit)
    return False


def is_cut(record: NSEC | NSEC3) -> bool:
    """Whether the record is of the parent's side of a delegation: it speaks of DS and of nothing else (RFC 6840, section 4.1)."""
    return has(record, dns.rdatatype.NS) and not has(record, dns.rdatatype.SOA)


def hides_below(record: NSEC | NSEC3) -> bool:
    """Whether names below the owner are out of the record's reach: a delegation, or a DNAME (RFC 6840, section 4.1)."""
    return is_cut(record) or has(record, dns.rdatatype.DNAME)


def denies(record: NSEC | NSEC3, name: dns.name.Name, rrtype: int) -> bool:
    """Whether the record at `name` proves that the name has no such type, nor an alias in its place.

    DS is the parent's: an apex cannot deny its own, and a delegation denies nothing else (RFC 4035, section 5.2; RFC 6840, section 4.1).
    The root has no parent.
    """
    if has(record, rrtype) or has(record, dns.rdatatype.CNAME):
        return False
    if rrtype == dns.rdatatype.DS:
        return name == dns.name.root or not has(record, dns.rdatatype.SOA)
    return not is_cut(record)
