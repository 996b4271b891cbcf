"""The questions of one evaluation, and its limits (RFC 7208, section 4.6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype

from postlib.network import Unreachable
from postlib.protocols.spf.macro import NAME_LENGTH
from postlib.protocols.spf.outcome import Outcome, Query, Result
from postlib.resolver import Resolver
from postlib.resolver.answer import Answer

LOOKUPS = 10  # terms that ask the DNS, for the whole evaluation
VOIDS = 2  # lookups that find nothing
MAIL_SERVERS = 10  # of one mx; more are a permerror
POINTERS = 10  # names of one ptr; more are left aside
LABEL_LENGTH = 63  # RFC 1035, section 2.3.4


class Halt(Exception):
    """The evaluation ends here with an error; `inner` is the included outcome that brought it, if one did."""

    def __init__(self, result: Result, reason: str, value: str = "", inner: Outcome | None = None) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason
        self.value = value
        self.inner = inner


class Mark(NamedTuple):
    """How far an evaluation had come."""

    lookups: int
    voids: int
    queries: int


@dataclass(frozen=True)
class Reply:
    """What a question brought: the query as a fact, and the records."""

    query: Query
    records: tuple[dns.rdata.Rdata, ...]
    texts: tuple[bytes, ...] = ()


class Asking:
    """Asks, counts and remembers what was asked, until it is taken."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._queries: list[Query] = []
        self.lookups = 0
        self.voids = 0

    def mark(self) -> Mark:
        """How far it has come."""
        return Mark(self.lookups, self.voids, len(self._queries))

    def take(self, since: Mark) -> tuple[Query, ...]:
        """The queries made since that mark and not yet taken."""
        taken = tuple(self._queries[since.queries :])
        del self._queries[since.queries :]
        return taken

    def spent(self, since: Mark) -> tuple[int, int]:
        """Lookups and voids since that mark."""
        return self.lookups - since.lookups, self.voids - since.voids

    def charge(self) -> None:
        """Count one term that asks the DNS. Raises Halt for the eleventh."""
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise Halt(Result.PERMERROR, "too-many-lookups", str(LOOKUPS))

    async def ask(self, name: dns.name.Name, rrtype: str, *, counted: bool) -> Reply:
        """Ask one question. Raises Halt: temperror where nobody answers, permerror where a `counted` void is the third.

        Every empty answer counts, also those for the addresses of mail servers: so do the evaluators in service.
        """
        shown = name.to_text(omit_final_dot=True)
        try:
            answer = await self._resolver.lookup(name, rrtype)
        except Unreachable as error:
            self._queries.append(Query(shown, rrtype, error=error.reason))
            raise Halt(Result.TEMPERROR, error.reason, error.where) from error
        query = Query(shown, rrtype, _shown(answer), answer.exists)
        self._queries.append(query)
        if query.void and counted:
            self.voids += 1
            if self.voids > VOIDS:
                raise Halt(Result.PERMERROR, "too-many-voids", str(VOIDS))
        return Reply(query, answer.records, answer.texts)


def dns_name(text: str) -> dns.name.Name | None:
    """The name to ask for `text`, whatever visible or other ASCII its labels hold; None where it is no name (RFC 1035, 2.3.4)."""
    labels = text.split(".")
    if not text.isascii() or len(text) > NAME_LENGTH or any(not 0 < len(label) <= LABEL_LENGTH for label in labels):
        return None
    return dns.name.Name([*(label.encode() for label in labels), b""])


def a_labels(domain: str) -> str:
    """`domain` without its last dot and with A-labels for U-labels (section 4.3); as it is where there are none."""
    domain = domain.removesuffix(".")
    if domain.isascii():
        return domain
    try:
        return dns.name.from_unicode(domain, idna_codec=dns.name.IDNA_2008_Practical).to_text(omit_final_dot=True)
    except dns.exception.DNSException:
        return domain


def malformed(domain: str) -> str:
    """Why `domain` cannot have a record: "too-long", "malformed", or "" where it can (section 4.3)."""
    if len(domain) > NAME_LENGTH:
        return "too-long"
    visible = all("!" <= character <= "~" for character in domain)
    sound = visible and dns_name(domain) is not None and "." in domain and not domain.startswith("[")
    return "" if sound else "malformed"


def _shown(answer: Answer) -> tuple[str, ...]:
    """The records as text, in one order: servers shuffle theirs, and the same evaluation shall read the same."""
    if answer.rrtype == dns.rdatatype.TXT:
        return tuple(sorted(text.decode("latin-1") for text in answer.texts))
    return tuple(record.to_text().removesuffix(".") for record in sorted(answer.records))
