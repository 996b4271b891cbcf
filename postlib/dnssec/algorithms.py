"""Which algorithms and digests a validator trusts: the IANA registries as set by RFC 9904, RFC 9905 and RFC 9906.

What is not in these tables is unsupported, and a zone that offers nothing else is insecure (RFC 4035, section 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dns.dnssectypes import Algorithm, DSDigest
from dns.edns import EDECode
from dns.rdtypes.ANY.DS import DS


@dataclass(frozen=True)
class Failure:
    """Why something does not prove what it should: an RFC 8914 code, a word of the catalogue, and its value."""

    ede: EDECode
    reason: str
    detail: str = ""


VALIDATED = frozenset({
    Algorithm.RSASHA256,  # RFC 5702
    Algorithm.RSASHA512,
    Algorithm.ECDSAP256SHA256,  # RFC 6605
    Algorithm.ECDSAP384SHA384,
    Algorithm.ED25519,  # RFC 8080
    Algorithm.ED448,
})
"""Algorithms whose signatures count. RSASHA1 (5, 7) is left out: operators of validators treat it as unsupported (RFC 9905, section 2)."""

DIGESTS = {DSDigest.SHA1: 20, DSDigest.SHA256: 32, DSDigest.SHA384: 48}
"""Digests a DS may have, with their lengths in octets. SHA-1 may still be validated, though none may be made (RFC 9904, section 3)."""

RETIRED = frozenset({
    Algorithm.RSAMD5,  # RFC 6725
    Algorithm.DSA,  # RFC 9904, section 2
    Algorithm.DSANSEC3SHA1,
    Algorithm.RSASHA1,  # RFC 9905
    Algorithm.RSASHA1NSEC3SHA1,
    Algorithm.ECCGOST,  # RFC 9906
})
"""Algorithms that are known and must not be used any more."""


def usable(records: Iterable[DS]) -> tuple[DS, ...]:
    """The DS records a validator may start from: known algorithm and digest; SHA-1 only where nothing is stronger (RFC 4509, section 3)."""
    known = tuple(ds for ds in records if ds.algorithm in VALIDATED and DIGESTS.get(ds.digest_type) == len(ds.digest))
    strong = tuple(ds for ds in known if ds.digest_type != DSDigest.SHA1)
    return strong or known


def unusable(records: Iterable[DS]) -> Failure:
    """Why `usable` found nothing among `records`: the algorithm or the digest, the first of each kind as an example."""
    records = tuple(records)
    for ds in records:
        if ds.algorithm in VALIDATED:
            return Failure(EDECode.UNSUPPORTED_DS_DIGEST_TYPE, "digest-unsupported", str(int(ds.digest_type)))
    retired = any(ds.algorithm in RETIRED for ds in records)
    reason = "algorithm-retired" if retired else "algorithm-unsupported"
    return Failure(EDECode.UNSUPPORTED_DNSKEY_ALGORITHM, reason, ", ".join(sorted({str(int(ds.algorithm)) for ds in records})))
