"""The Authentication-Results field, made and read (RFC 8601), on the authres library.

The field is worth only as much as the hop that wrote it: read your own border's (`of_message`) and take away what others
wrote in its name (`without`, section 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import authres  # type: ignore[import-untyped]
import authres.core  # type: ignore[import-untyped]

from postlib.protocols.dkim.message import HEADER_LIMIT, named, split
from postlib.protocols.malformed import Malformed

FIELD = "Authentication-Results"
VALUE_LIMIT = 16384  # octets: some hundred results; authres takes quadratic time
DEPTH_LIMIT = 50  # open parentheses: authres reads comments by recursion
TYPES = ("smtp", "header", "body", "policy")  # section 2.3
KEYWORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")  # RFC 2045, section 5.1
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
HOST = re.compile(r"[A-Za-z0-9_.-]+")
LINE = 76  # RFC 5322, section 2.1.1
OWN_FIELD = re.compile(rb"^authentication-results[ \t]*:", re.IGNORECASE)

Property = tuple[str, str, str]
"""A property's type, name and value: ("smtp", "mailfrom", "parcels@auroria.post")."""


@dataclass(frozen=True)
class MethodResult:
    """What one method said: `method` spf, dkim, dmarc, arc …; `result` its word (sections 2.7.1 to 2.7.7)."""

    method: str
    result: str
    reason: str = ""
    properties: tuple[Property, ...] = ()

    def property(self, kind: str, name: str) -> str:
        """The first property of that type and name, or nothing."""
        return next((value for one, two, value in self.properties if (one, two) == (kind, name)), "")


@dataclass(frozen=True)
class AuthenticationResults:
    """One field: who says so, and what; no results means that nothing was checked ("none")."""

    authserv_id: str
    results: tuple[MethodResult, ...] = ()

    def value(self) -> str:
        """The field's value on one line. Raises ValueError for words that the grammar has no place for.

        Values that come from the message are made harmless: what is not printable ASCII becomes `?`, local parts are quoted,
        empty values are left out.
        """
        if ATOM.fullmatch(self.authserv_id) is None:
            raise ValueError(f"an authserv-id is a word such as a host name, not {self.authserv_id!r}")
        results = [_written(result) for result in self.results]
        return str(authres.core.AuthenticationResultsHeader(authres.all_features(), self.authserv_id, results=results).header_value())

    def field(self) -> bytes:
        """The whole field, a line for each result."""
        text = self.value()
        lines = _by_result(text)
        return f"{FIELD}: {lines[0]}".encode("ascii") + b"".join(b";\r\n " + line.encode("ascii") for line in lines[1:]) + b"\r\n"


def read(value: bytes | str) -> AuthenticationResults:
    """Read a field's value (comments are dropped, methods and results made lower case).

    Raises Malformed: not-ascii, too-long, too-deep, unsupported-version, bad-field.
    """
    text = _unfolded(value)
    if text.count("(") > DEPTH_LIMIT:
        raise Malformed("too-deep", str(text.count("(")))
    try:
        found = authres.core.AuthenticationResultsHeader.parse_value(authres.all_features(), text)
    except authres.core.UnsupportedVersionError as error:
        raise Malformed("unsupported-version", str(error.version)) from error
    except (authres.core.AuthResError, ValueError, TypeError, AttributeError) as error:  # authres trips over some broken fields
        raise Malformed("bad-field", text[:80]) from error
    return AuthenticationResults(found.authserv_id, tuple(_read(result) for result in found.results))


def of_message(message: bytes, authserv_id: str) -> tuple[AuthenticationResults, ...]:
    """What the hop of that name wrote, from the top; others' fields and unreadable ones are passed over. Raises Malformed: no message."""
    found = []
    for _, value in named(split(message)[0], FIELD):
        try:
            results = read(value)
        except Malformed:
            continue  # section 2.2: an unreadable field carries no information
        if results.authserv_id == authserv_id.lower():
            found.append(results)
    return tuple(found)


def without(message: bytes, authserv_id: str) -> bytes:
    """The message without fields that claim to be of that hop, as its border takes them away before it writes its own (section 5).

    Unreadable ones that mention the name go too: another reader may understand them. Raises Malformed for what is no message.
    """
    split(message)  # so that what follows is known to be a header
    end = re.compile(rb"^\r?\n", re.MULTILINE).search(message, 0, HEADER_LIMIT)
    header, rest = (message[: end.start()], message[end.start() :]) if end else (message, b"")
    fields = re.findall(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?", header)
    return b"".join(field for field in fields if not _claims(field, authserv_id.lower())) + rest


def _claims(field: bytes, authserv_id: str) -> bool:
    start = OWN_FIELD.match(field)
    if start is None:
        return False
    try:
        return read(field[start.end() :]).authserv_id == authserv_id
    except Malformed:
        return authserv_id.encode("utf-8") in field.lower()


def _unfolded(value: bytes | str) -> str:
    try:
        text = value.decode("ascii") if isinstance(value, bytes) else value.encode("ascii").decode("ascii")
    except UnicodeError as error:
        raise Malformed("not-ascii") from error
    if len(text) > VALUE_LIMIT:
        raise Malformed("too-long", str(len(text)))
    return re.sub(r"\r?\n", "", text).strip(" \t")


def _read(result: authres.core.AuthenticationResult) -> MethodResult:
    properties = tuple((p.type, p.name, _unquoted(str(p.value or ""))) for p in result.properties)
    return MethodResult(result.method, result.result, _unquoted(str(result.reason or "")), properties)


def _unquoted(value: str) -> str:
    """authres leaves backslashes in quoted strings; a quoted local part keeps its quotes and so them."""
    return value if value.startswith('"') else re.sub(r"\\(.)", r"\1", value)


def _written(result: MethodResult) -> authres.core.AuthenticationResult:
    for word in (result.method, result.result, *(name for _, name, _ in result.properties)):
        if KEYWORD.fullmatch(word) is None:
            raise ValueError(f"{word!r} is not a word that can stand in an {FIELD} field")
    for kind, _, _ in result.properties:
        if kind not in TYPES:
            raise ValueError(f"a property is of {', '.join(TYPES)}, not of {kind!r}")
    given = [(kind, name, _address(_printable(value)) or _printable(value)) for kind, name, value in result.properties if value]
    properties = [authres.core.AuthenticationResultProperty(kind, name) for kind, name, _ in given]
    for each, (_, _, value) in zip(properties, given, strict=True):
        each.value = Word(value)
    written = authres.core.AuthenticationResult(result.method, result=result.result, properties=properties)
    written.reason = Word(_printable(result.reason))
    return written


class Word(str):
    """A value that quotes itself as authres asks it to, but also what holds an @ and is no address: else a sender could add results."""

    def quote_if_needed(self) -> str:
        """As it stands in the field: a token or an address bare, all else in quotes (RFC 2045, section 5.1)."""
        return str(self) if TOKEN.fullmatch(self) or _address(self) == self else _quoted(self)


def _printable(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)


def _address(value: str) -> str:
    """The value as an address whose strange local part is quoted, or nothing where it is no address."""
    local, at, host = value.rpartition("@")
    if not at or HOST.fullmatch(host) is None:
        return ""
    if not local or ATOM.fullmatch(local):
        return value
    inner = re.sub(r"\\(.)", r"\1", local[1:-1]) if QUOTED.fullmatch(local) else local
    return f"{_quoted(inner)}@{host}"


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _by_result(text: str) -> list[str]:
    """The value cut at the semicolons that stand outside quotes."""
    return [part.strip() for part in re.findall(r'(?:"(?:\\.|[^"\\])*"|[^;"])+', text)]
