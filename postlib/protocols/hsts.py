"""HTTP Strict Transport Security: the header's grammar (RFC 6797, section 6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from postlib.protocols.malformed import Malformed

HEADER_LIMIT = 8192  # octets; what common servers take as a whole header block
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x09\x20-\x7e])*"'
DIRECTIVE = re.compile(rf"[ \t]*(?:({TOKEN})[ \t]*(?:=[ \t]*({TOKEN}|{QUOTED})[ \t]*)?)?(;|\Z)")


@dataclass(frozen=True)
class Hsts:
    """For how many seconds the host is to be reached by HTTPS only. `preload` is not of the RFC: it asks to be on browsers' lists."""

    max_age: int
    include_subdomains: bool = False
    preload: bool = False


def parse_hsts(value: str) -> Hsts:
    """The policy in one Strict-Transport-Security header. Raises Malformed: too-long, bad-directive, duplicate, bad-max-age."""
    if len(value) > HEADER_LIMIT:
        raise Malformed("too-long", f"{len(value)} octets")
    directives = _directives(value)
    age = directives.get("max-age") or ""
    if not (age.isascii() and age.isdigit()):
        raise Malformed("bad-max-age", age[:80])
    for valueless in ("includesubdomains", "preload"):
        if directives.get(valueless) is not None:
            raise Malformed("bad-directive", valueless)
    return Hsts(int(age[:18]), "includesubdomains" in directives, "preload" in directives)


def _directives(value: str) -> dict[str, str | None]:
    """Names in lower case and their values, None where there is none; unknown ones are kept too (they are ignored)."""
    directives: dict[str, str | None] = {}
    position = 0
    while position < len(value):
        found = DIRECTIVE.match(value, position)
        if found is None:
            raise Malformed("bad-directive", value[position : position + 80])
        position = found.end()
        if found[1] is None:
            continue
        if found[1].lower() in directives:
            raise Malformed("duplicate", found[1])
        directives[found[1].lower()] = _unquoted(found[2])
    return directives


def _unquoted(value: str | None) -> str | None:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value and value.startswith('"') else value
