"""SMTP MTA Strict Transport Security (RFC 8461): a record says that there is a policy, HTTPS says what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from postlib.network import Network, Unknown, Unreachable
from postlib.protocols.http import HttpFailure, Response, fetch
from postlib.protocols.malformed import Malformed
from postlib.protocols.service_identity import matches as name_matches
from postlib.protocols.text_record import Fields, fields, texts_at, versioned
from postlib.protocols.tls import TlsRefused
from postlib.resolver import Resolver

POLICY_LIMIT = 65536  # octets: section 3.3 suggests 64 kilobytes
MAX_AGE_LIMIT = 31557600  # seconds, about a year: section 3.2

ID = re.compile(r"[A-Za-z0-9]{1,32}")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
PATTERN = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*")
FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(\S(?:.*\S)?)[ \t]*")

Mode = Literal["enforce", "testing", "none"]


@dataclass(frozen=True)
class Record:
    """The TXT record: `id` changes whenever the policy does; `extensions` are fields that RFC 8461 does not name."""

    id: str
    extensions: Fields = ()


@dataclass(frozen=True)
class Policy:
    """The policy: `max_age` in seconds. A field given twice counts the first time, and is kept in `repeated`."""

    mode: Mode
    mx: tuple[str, ...]
    max_age: int
    extensions: Fields = ()
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True)
class MtaSts:
    """What was found for a domain.

    `record_failure` is no-record, several-records, or a word of `parse_record`; `policy_failure` is no-address, not-200,
    redirect, wrong-media-type, too-long, untrusted (then `response.trust` says why), tls-…, malformed-http, or a word of
    `parse_policy`. `policy` is Unknown where the policy host could not be reached, or was not to be; without a valid record it is
    not asked.
    """

    domain: str
    record: Record | None
    record_failure: str = ""
    texts: tuple[bytes, ...] = ()
    policy: Policy | Unknown | None = None
    policy_failure: str = ""
    response: Response | None = None


def parse_record(text: bytes) -> Record:
    """The record's grammar (section 3.1); the first id counts (3.2). Raises Malformed: those of `text_record.fields`, no-id, bad-id."""
    pairs = fields(text, "STSv1")
    ids = [value for name, value in pairs if name == "id"]
    if not ids:
        raise Malformed("no-id")
    if ID.fullmatch(ids[0]) is None:
        raise Malformed("bad-id", ids[0][:80])
    if any("=" in value or " " in value or "\t" in value for _, value in pairs):
        raise Malformed("bad-field")
    return Record(ids[0], tuple(pair for pair in pairs if pair[0] != "id"))


def parse_policy(body: bytes) -> Policy:
    """The policy's grammar (section 3.2); lines end in LF or CRLF.

    Raises Malformed: too-long, not-utf-8, bad-field, no-version, bad-version, no-mode, bad-mode, no-max_age, bad-max_age, no-mx, bad-mx.
    """
    if len(body) > POLICY_LIMIT:
        raise Malformed("too-long", f"more than {POLICY_LIMIT} octets")
    try:
        lines = re.split("\r?\n", body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Malformed("not-utf-8", f"octet {error.start}") from error
    pairs = [_field(line) for line in (lines[:-1] if lines[-1] == "" else lines)]
    _first(pairs, "version", re.compile("STSv1"))
    mode = cast(Mode, _first(pairs, "mode", re.compile("enforce|testing|none")))
    mx = tuple(value for name, value in pairs if name == "mx")
    wrong = next((pattern for pattern in mx if PATTERN.fullmatch(pattern) is None), None)
    if wrong is not None:
        raise Malformed("bad-mx", wrong[:80])
    if not mx and mode != "none":
        raise Malformed("no-mx")
    max_age = int(_first(pairs, "max_age", re.compile("[0-9]{1,10}")))
    if max_age > MAX_AGE_LIMIT:
        raise Malformed("bad-max_age", str(max_age))
    known = ("version", "mode", "max_age")
    repeated = tuple(name for name in known if sum(n == name for n, _ in pairs) > 1)
    return Policy(mode, mx, max_age, tuple(pair for pair in pairs if pair[0] not in (*known, "mx")), repeated)


def _field(line: str) -> tuple[str, str]:
    found = FIELD.fullmatch(line)
    if found is None or not found[2].isprintable():
        raise Malformed("bad-field", line[:80])
    return found[1], found[2]


def _first(pairs: list[tuple[str, str]], wanted: str, grammar: re.Pattern[str]) -> str:
    value = next((value for name, value in pairs if name == wanted), None)
    if value is None:
        raise Malformed(f"no-{wanted}")
    if grammar.fullmatch(value) is None:
        raise Malformed(f"bad-{wanted}", value[:80])
    return value


def matches(mx_host: str, pattern: str) -> bool:
    """Whether a policy's `mx` pattern allows that host; a `*` is one whole left-most label (section 4.1)."""
    return name_matches(mx_host, pattern)


def allows(policy: Policy, mx_host: str) -> bool:
    """Whether the policy names that host."""
    return any(matches(mx_host, pattern) for pattern in policy.mx)


async def discover(net: Network | Resolver, domain: str) -> MtaSts:
    """The domain's record, and the policy where the record is valid (sections 3.1 and 3.3). Raises Unreachable for the record."""
    resolver = Resolver.of(net)
    published = await texts_at(resolver, f"_mta-sts.{domain}")
    texts = versioned(published, "STSv1")
    if len(texts) != 1:
        return MtaSts(domain, None, "several-records" if texts else "no-record", published)
    try:
        record = parse_record(texts[0])
    except Malformed as error:
        return MtaSts(domain, None, error.reason, published)
    if not resolver.network.contacts:
        return MtaSts(domain, record, "", published, Unknown("not-contacted", f"mta-sts.{domain}"))
    try:
        response = await fetch(resolver, f"https://mta-sts.{domain}/.well-known/mta-sts.txt", max_body=POLICY_LIMIT)
    except Unreachable as error:
        return MtaSts(domain, record, "", published, Unknown(error.reason, error.where))
    except TlsRefused as error:
        return MtaSts(domain, record, "", published, None, f"tls-{error.reason}")
    except HttpFailure as error:
        return MtaSts(domain, record, "", published, None, "malformed-http" if error.reason == "malformed" else error.reason)
    policy, failure = _accepted(response)
    return MtaSts(domain, record, "", published, policy, failure, response)


def _accepted(response: Response) -> tuple[Policy | None, str]:
    """The policy in a response, or why a sender must not use it (section 3.3)."""
    if response.trust is None or not response.trust.trusted:
        return None, "untrusted"
    if response.location is not None:
        return None, "redirect"
    if response.status != 200:
        return None, "not-200"
    if response.media_type != "text/plain":
        return None, "wrong-media-type"
    if response.truncated:
        return None, "too-long"
    try:
        return parse_policy(response.body), ""
    except Malformed as error:
        return None, error.reason
