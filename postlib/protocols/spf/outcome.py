"""What check_host() came to, and every step on the way. Frozen facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """The seven results of check_host() (RFC 7208, section 2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True)
class Query:
    """One question put to the DNS: the name without its last dot, and the answers as text.

    `error` says why nothing was learnt (servfail, timeout …); `exists` is False for NXDOMAIN.
    """

    name: str
    rrtype: str
    answers: tuple[str, ...] = ()
    exists: bool = True
    error: str = ""

    @property
    def void(self) -> bool:
        """Whether it was answered with nothing: no such name, or no such data (section 4.6.4)."""
        return not self.answers and not self.error


@dataclass(frozen=True)
class Step:
    """One term of a record as it was evaluated.

    `domain` is the expanded target, "" where the term has none. `lookups` (of 10) and `voids` (of 2) are what the term cost,
    with everything below it. `reason` is a word that says why it matched or did not, and `value` what that is about:

        always                          all
        in-network, not-in-network      an address (ip4, ip6, a, mx), with the address or network
        other-family                    ip4 asked of an IPv6 client, or the reverse
        no-address, no-mail-server      nothing to compare with
        exists, no-such-name            exists
        validated, not-validated        ptr, with the name
        included, not-included          include, with the inner result
        redirected                      redirect, with the inner result
        explained, or why not           exp: no-record, several-records, syntax, not-a-name, servfail, timeout …
        not-a-name                      the expanded target cannot be asked
        or the reason of the error that ended the evaluation here, as in Outcome
    """

    term: str
    matched: bool
    reason: str
    value: str = ""
    domain: str = ""
    lookups: int = 0
    voids: int = 0
    queries: tuple[Query, ...] = ()
    inner: Outcome | None = None

    @property
    def children(self) -> tuple[Step, ...]:
        """The steps of the record that an include or a redirect leads to."""
        return self.inner.steps if self.inner else ()


@dataclass(frozen=True)
class Outcome:
    """The result for one domain, with the record it came from and the terms evaluated, in order.

    `explanation` is the domain's own text for a fail, "" where it gives none. `lookups` and `voids` are totals.
    `reason` is a word, with a `value`, for none, temperror and permerror:

        none       malformed, too-long, no-such-domain, no-record
        temperror  timeout, servfail, refused, bogus … as the network said, with who was asked
        permerror  syntax, several-records, too-many-lookups, too-many-voids, too-many-mail-servers, loop,
                   no-record (of an include or a redirect)

    and `matched`, `default` or `redirect` for the other four, with the term.
    """

    result: Result
    domain: str
    reason: str
    value: str = ""
    explanation: str = ""
    record: str = ""
    query: Query | None = None
    steps: tuple[Step, ...] = ()
    lookups: int = 0
    voids: int = 0

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Step]]:
        """Every step with its depth, each followed by those below it: the tree, read from the top."""
        for step in self.steps:
            yield depth, step
            if step.inner:
                yield from step.inner.walk(depth + 1)
