"""What a resolved name comes to: the records, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT


class Security(StrEnum):
    """The four security states of RFC 4035, section 4.3."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True)
class Link:
    """One step of a chain of trust: the zone, what was looked at, its state, and where it breaks an RFC 8914 code.

    `reason` is a word of the catalogue ("signature-expired"), `detail` its value.
    """

    zone: dns.name.Name
    what: str
    security: Security
    ede: int | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """The outcome of one question. `rrset` is None where there is no such name or no such data.

    `aliases` are the targets of the CNAMEs and DNAMEs followed, in order; `ttl` is in seconds, what is left of it.
    `answer` and `authority` are the RRsets as they were sent, signatures included, for a server that passes them on.
    """

    name: dns.name.Name
    rrtype: dns.rdatatype.RdataType
    rcode: dns.rcode.Rcode
    rrset: dns.rrset.RRset | None
    security: Security
    aliases: tuple[dns.name.Name, ...] = ()
    chain: tuple[Link, ...] = ()
    ttl: int = 0
    answer: tuple[dns.rrset.RRset, ...] = field(default=(), repr=False)
    authority: tuple[dns.rrset.RRset, ...] = field(default=(), repr=False)

    @property
    def broken(self) -> Link | None:
        """The first link that is bogus, or could not be looked at; None where the chain holds, or ends unsigned."""
        return next((link for link in self.chain if link.security in (Security.BOGUS, Security.INDETERMINATE)), None)

    @property
    def exists(self) -> bool:
        """Whether the name exists, with or without data of this type (RFC 8020: NXDOMAIN alone says it does not)."""
        return self.rcode != dns.rcode.NXDOMAIN

    @property
    def records(self) -> tuple[dns.rdata.Rdata, ...]:
        """The records themselves; empty where there are none."""
        return tuple(self.rrset) if self.rrset is not None else ()

    @property
    def canonical(self) -> dns.name.Name:
        """The name at the end of the aliases."""
        return self.aliases[-1] if self.aliases else self.name

    @property
    def texts(self) -> tuple[bytes, ...]:
        """For TXT: each record's strings put together without spaces (RFC 7208, section 3.3)."""
        return tuple(b"".join(record.strings) for record in self.records if isinstance(record, TXT))
