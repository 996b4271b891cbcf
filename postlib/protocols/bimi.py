"""Brand Indicators for Message Identification (draft-brand-indicators-for-message-identification-08; not an RFC)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from postlib.network import Network
from postlib.protocols.malformed import Malformed
from postlib.protocols.text_record import texts_at
from postlib.resolver import Resolver

RECORD_LIMIT = 65535  # octets: RFC 1035, section 3.2.1
NAME = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f]")
LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Record:
    """The Assertion Record: `location` of the SVG, `authority` of the certificate that backs it; other tags as they stand.

    Both empty is a declination: the domain takes no part ("Declination to Publish").
    """

    location: str
    authority: str = ""
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def declined(self) -> bool:
        """Whether the domain says that it takes no part."""
        return not self.location and not self.authority


@dataclass(frozen=True)
class Bimi:
    """What was found for a domain; `failure` is no-record, several-records, or a word of `parse_record`."""

    domain: str
    selector: str
    record: Record | None
    failure: str = ""
    texts: tuple[bytes, ...] = ()


def parse_record(text: bytes) -> Record:
    """The record's grammar, a tag-list as DKIM's.

    Raises Malformed: too-long, not-utf-8, bad-tag, duplicate-tag, bad-version (v=BIMI1 comes first), no-location, bad-uri.
    """
    if len(text) > RECORD_LIMIT:
        raise Malformed("too-long", f"{len(text)} octets")
    try:
        parts = text.decode("utf-8").split(";")
    except UnicodeDecodeError as error:
        raise Malformed("not-utf-8", f"octet {error.start}") from error
    if len(parts) > 1 and not parts[-1].strip(" \t"):
        parts.pop()
    tags = [_tag(part) for part in parts]
    times = Counter(name for name, _ in tags)
    if tags[0] != ("v", "BIMI1"):
        raise Malformed("bad-version", parts[0][:80])
    again = next((name for name, count in times.items() if count > 1), None)
    if again is not None:
        raise Malformed("duplicate-tag", again)
    values = dict(tags)
    if "l" not in values:
        raise Malformed("no-location")
    others = tuple(tag for tag in tags if tag[0] not in ("v", "l", "a"))
    return Record(_https(values["l"]), _https(values.get("a", "")), others)


def _tag(part: str) -> tuple[str, str]:
    name, equals, value = (piece.strip(" \t") for piece in part.partition("="))
    if not equals or NAME.fullmatch(name) is None or CONTROL.search(value):
        raise Malformed("bad-tag", part[:80])
    return name.lower(), value


def _https(uri: str) -> str:
    """An https URI or nothing: no other scheme may carry an indicator or its evidence."""
    try:
        parts = urlsplit(uri)
        fits = parts.scheme == "https" and bool(parts.hostname) and " " not in uri
    except ValueError:
        fits = False
    if uri and not fits:
        raise Malformed("bad-uri", uri[:80])
    return uri


async def discover(net: Network | Resolver, domain: str, selector: str = "default") -> Bimi:
    """The record at `<selector>._bimi.<domain>`; where there is none the caller asks the organizational domain.

    Raises Unreachable, and ValueError for a selector that is not labels.
    """
    if not all(LABEL.fullmatch(label) for label in selector.split(".")):
        raise ValueError(f"a selector is a label or several: {selector!r}")
    published = await texts_at(net, f"{selector}._bimi.{domain}")
    texts = tuple(text for text in published if re.match(rb"[vV][ \t]*=[ \t]*BIMI1[ \t]*(;|$)", text))
    if len(texts) != 1:
        return Bimi(domain, selector, None, "several-records" if texts else "no-record", published)
    try:
        return Bimi(domain, selector, parse_record(texts[0]), "", published)
    except Malformed as error:
        return Bimi(domain, selector, None, error.reason, published)
