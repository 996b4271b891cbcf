"""Certification Authority Authorization: who may issue (RFC 8659), for which account and by which proof (RFC 8657)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import dns.exception
import dns.name

from postlib.network import Network
from postlib.protocols.addresses import text
from postlib.protocols.malformed import Malformed
from postlib.resolver import Resolver, Security

CRITICAL = 128  # section 4.1: bit 0 of the flags
UNDERSTOOD = ("issue", "issuewild", "issuemail", "iodef", "contactemail", "contactphone")
VALUE_LIMIT = 65535  # octets: RFC 1035, section 3.2.1

LABEL = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
ISSUE = re.compile(rf"[ \t]*((?:{LABEL}(?:\.{LABEL})*)?)[ \t]*(?:;(.*))?", re.DOTALL)
PARAMETER = re.compile(rf"[ \t]*({LABEL})[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)[ \t]*")


@dataclass(frozen=True)
class Property:
    """One CAA record, as published. `tag` is in lower case: tags are matched without regard to it."""

    flags: int
    tag: str
    value: bytes

    @property
    def critical(self) -> bool:
        """Whether a CA that does not know the tag must not issue."""
        return bool(self.flags & CRITICAL)


@dataclass(frozen=True)
class Issue:
    """The value of `issue` or `issuewild`: the CA's domain, empty for nobody, and its parameters by name."""

    issuer: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def account_uri(self) -> str | None:
        """The only account that may ask (RFC 8657, section 3), or None for any."""
        return next((value for name, value in self.parameters if name == "accounturi"), None)

    @property
    def validation_methods(self) -> tuple[str, ...] | None:
        """The proofs that may be used, such as dns-01 (RFC 8657, section 4), or None for any."""
        methods = next((value for name, value in self.parameters if name == "validationmethods"), None)
        return None if methods is None else tuple(methods.split(","))


@dataclass(frozen=True)
class Relevant:
    """The Relevant Resource Record Set of a name: the records, and `found` where the climb ended; both empty where none has any."""

    name: str
    found: str
    properties: tuple[Property, ...]
    security: Security


@dataclass(frozen=True)
class Decision:
    """Whether a certificate may be issued, and why.

    Reasons: no-caa, no-such-property (nothing restricts this kind), authorized, not-authorized, critical-unknown.
    """

    may_issue: bool
    reason: str


def parse_issue(value: bytes) -> Issue:
    """The grammar of `issue` and `issuewild` values (section 4.2). Raises Malformed: too-long, bad-value, bad-parameter, duplicate."""
    if len(value) > VALUE_LIMIT:
        raise Malformed("too-long", f"{len(value)} octets")
    found = ISSUE.fullmatch(value.decode("ascii", "backslashreplace"))
    if found is None:
        raise Malformed("bad-value", repr(value[:80]))
    given = found[2] or ""
    parameters = tuple(_parameter(part) for part in given.split(";")) if given.strip(" \t") else ()
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names):
        raise Malformed("duplicate", repr(value[:80]))
    return Issue(found[1].lower(), parameters)


def _parameter(part: str) -> tuple[str, str]:
    found = PARAMETER.fullmatch(part)
    if found is None:
        raise Malformed("bad-parameter", part[:80])
    return found[1].lower(), found[2]


async def relevant(net: Network | Resolver, name: str) -> Relevant:
    """Climb from `name` to the first ancestor that has CAA records, aliases followed at each step (section 3).

    A leading `*.` is left away. An alias's own parents are not climbed. Raises Unreachable (then a CA must not issue),
    and ValueError for what is not a name.
    """
    resolver = Resolver.of(net)
    try:
        asked = dns.name.from_text(name.removeprefix("*."))
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"not a domain name: {name!r}") from error
    here, security = asked, Security.INDETERMINATE
    while here != dns.name.root:
        answer = await resolver.lookup(here, "CAA")
        security = answer.security
        if answer.records:
            records = sorted((r.flags, r.tag.decode("ascii", "backslashreplace").lower(), r.value) for r in answer.records)  # type: ignore[attr-defined]
            return Relevant(text(asked), text(here), tuple(Property(*record) for record in records), security)
        here = here.parent()
    return Relevant(text(asked), "", (), security)


def decide(
    found: Relevant, issuer: str, *, wildcard: bool = False, account_uri: str | None = None, method: str | None = None
) -> Decision:
    """Whether the CA `issuer` may issue, to that account and by that proof (RFC 8659, sections 4.1 to 4.3; RFC 8657)."""
    if any(p.critical and p.tag not in UNDERSTOOD for p in found.properties):
        return Decision(False, "critical-unknown")
    if not found.properties:
        return Decision(True, "no-caa")
    wild = [p for p in found.properties if p.tag == "issuewild"] if wildcard else []
    rules = wild or [p for p in found.properties if p.tag == "issue"]
    if not rules:
        return Decision(True, "no-such-property")
    granted = any(_grants(rule, issuer.rstrip(".").lower(), account_uri, method) for rule in rules)
    return Decision(granted, "authorized" if granted else "not-authorized")


def _grants(rule: Property, issuer: str, account_uri: str | None, method: str | None) -> bool:
    """A value that cannot be read grants nothing (section 4.2)."""
    try:
        issue = parse_issue(rule.value)
    except Malformed:
        return False
    methods = issue.validation_methods
    return (
        bool(issue.issuer)
        and issue.issuer == issuer
        and (issue.account_uri is None or issue.account_uri == account_uri)
        and (methods is None or method in methods)
    )
