"""The DMARC Policy Record's grammar: RFC 9989, sections 4.7 and 4.8.

A text that does not begin with `v=DMARC1` is no DMARC record (DmarcSyntaxError). In any other, what is wrong is left out
in favour of the default and kept as a Fault: it never makes the record mean more than it would without it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from postlib.protocols.dmarc.uri import Uri, parse_uri

WSP = " \t"
KNOWN = frozenset({"v", "p", "sp", "np", "psd", "t", "adkim", "aspf", "rua", "ruf", "fo"})
OBSOLETE = frozenset({"pct", "rf", "ri"})  # RFC 7489's; RFC 9989, appendix C.5.2, takes them away
POLICY_TAGS = frozenset({"p", "sp", "np"})
REPORT_TAGS = ("rua", "ruf")
_CHOICES = {"p": "none quarantine reject", "psd": "y n u", "t": "y n", "adkim": "r s", "aspf": "r s"}
CHOICES = {tag: tuple(words.split()) for tag, words in (_CHOICES | {"sp": _CHOICES["p"], "np": _CHOICES["p"]}).items()}

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")  # the tag's name in any case, its value in this one
_TAG = re.compile(r"([A-Za-z]+)[ \t]*=[ \t]*(.*)", re.DOTALL)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class DmarcSyntaxError(ValueError):
    """The text is not a DMARC record: it does not begin with v=DMARC1 (RFC 9989, section 4.7, tag v)."""


class Policy(StrEnum):
    """What a domain owner asks to be done with mail that fails (RFC 9989, section 4.7, tag p)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def one_level_down(self) -> Policy:
        """The policy asked for under t=y."""
        return Policy.QUARANTINE if self is Policy.REJECT else Policy.NONE


@dataclass(frozen=True)
class Fault:
    """Something wrong in a record: a word of the catalogue, the tag it is in (empty where none can be read), and what stood there.

    not-a-tag, empty-tag, duplicate-tag, empty-value, bad-character, bad-value, bad-uri, empty-uri, uri-without-scheme: left out.
    obsolete-size (`!10m`), fo-without-ruf: ignored as RFC 9989 asks.
    """

    word: str
    tag: str
    value: str


@dataclass(frozen=True)
class Record:
    """A DMARC Policy Record as it is to be read, defaults filled in; `p`, `sp`, `np` are None where absent or wrong.

    `tags` are all pairs after the version in their order, names in lower case.
    """

    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    psd: str = "u"
    t: str = "n"
    adkim: str = "r"
    aspf: str = "r"
    rua: tuple[Uri, ...] = ()
    ruf: tuple[Uri, ...] = ()
    fo: tuple[str, ...] = ("0",)
    tags: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    v: str = "DMARC1"

    @property
    def unknown(self) -> tuple[tuple[str, str], ...]:
        """Tags no registry knows; they are ignored."""
        return tuple(pair for pair in self.tags if pair[0] not in KNOWN | OBSOLETE)

    @property
    def obsolete(self) -> tuple[tuple[str, str], ...]:
        """Tags of RFC 7489 that RFC 9989 took away (pct, rf, ri); older receivers may still act on them."""
        return tuple(pair for pair in self.tags if pair[0] in OBSOLETE)

    @property
    def valid_policy(self) -> bool:
        """Whether no p, sp or np in it is wrong. An absent p is not wrong: section 4.7 reads it as p=none."""
        return not any(fault.tag in POLICY_TAGS for fault in self.faults)

    @property
    def applies(self) -> bool:
        """Whether receivers act on it: with a wrong p, sp or np only where a valid rua is given (section 4.10.1)."""
        return self.valid_policy or bool(self.rua)

    def policy(self, *, subdomain: bool = False, exists: bool = True) -> tuple[str, Policy]:
        """The tag that speaks, and the policy it asks for before `t`, for the domain itself or for a subdomain (section 4.10.1).

        A wrong p, sp or np gives ("", none). An absent p gives ("p", none), with or without rua: sections 4.7 and 4.10.1
        can be read apart here, and we follow 4.7, where absence is a choice and not an error; sp and np keep their force.
        """
        if not self.valid_policy:
            return "", Policy.NONE
        if subdomain and not exists and self.np is not None:
            return "np", self.np
        if subdomain and self.sp is not None:
            return "sp", self.sp
        return "p", self.p or Policy.NONE


def parse(text: str | bytes) -> Record:
    """The record in a TXT record's text, its strings already put together. Raises DmarcSyntaxError where it is no DMARC record."""
    line = text.decode("latin-1") if isinstance(text, bytes) else text
    version = _VERSION.match(line)
    if version is None:
        raise DmarcSyntaxError(f"a DMARC record begins with v=DMARC1, this text with {line[:16]!r}")
    tags, faults = _split(line[version.end() :])
    times = Counter(name for name, _ in tags)
    values: dict[str, str] = {}
    for name, value in tags:
        word = _fault(name, value, times[name])
        if word:
            faults.append(Fault(word, name, value))
        elif name in KNOWN:
            values[name] = value
    uris: dict[str, tuple[Uri, ...]] = {tag: tuple(_uris(tag, values[tag], faults)) for tag in REPORT_TAGS if tag in values}
    if "fo" in values and "ruf" not in values:
        faults.append(Fault("fo-without-ruf", "fo", values.pop("fo")))
    return _record(values, uris, tuple(tags), tuple(faults))


def _split(rest: str) -> tuple[list[tuple[str, str]], list[Fault]]:
    """Names and values, and what is neither. The record may end with a semicolon."""
    segments = [segment.strip(WSP) for segment in rest.split(";")]
    if not segments[-1]:
        segments.pop()
    tags: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for segment in segments:
        pair = _TAG.fullmatch(segment)
        if pair:
            tags.append((pair[1].lower(), pair[2]))
        else:
            faults.append(Fault("not-a-tag" if segment else "empty-tag", "", segment))
    return tags, faults


def _fault(name: str, value: str, times: int) -> str:
    """What is wrong with a tag, or "". RFC 6376, section 3.2, allows no name twice: neither one is then to be believed."""
    if times > 1 or name == "v":
        return "duplicate-tag"
    if not value:
        return "empty-value"
    if _UNPRINTABLE.search(value):
        return "bad-character"
    if name in CHOICES and value.lower() not in CHOICES[name]:
        return "bad-value"
    return "bad-value" if name == "fo" and not _is_fo(value) else ""


def _is_fo(value: str) -> bool:
    """dmarc-fo: each word at most once, 0 and 1 not together."""
    words = value.lower().split(":")
    return set(words) <= set("01ds") and len(words) == len(set(words)) and not {"0", "1"} <= set(words)


def _uris(tag: str, value: str, faults: list[Fault]) -> Iterable[Uri]:
    """The list's valid URIs; the others become faults."""
    for item in value.split(","):
        text = item.strip(WSP)
        try:
            uri = parse_uri(text)
        except ValueError as error:
            faults.append(Fault(str(error) if text else "empty-uri", tag, text))
            continue
        if uri.size:
            faults.append(Fault("obsolete-size", tag, uri.size))
        yield uri


def _record(
    values: dict[str, str], uris: dict[str, tuple[Uri, ...]], tags: tuple[tuple[str, str], ...], faults: tuple[Fault, ...]
) -> Record:
    chosen = {tag: values[tag].lower() for tag in CHOICES if tag in values}
    p, sp, np = (Policy(chosen.pop(tag)) if tag in chosen else None for tag in ("p", "sp", "np"))
    fo = tuple(values["fo"].lower().split(":")) if "fo" in values else ("0",)
    return Record(p, sp, np, rua=uris.get("rua", ()), ruf=uris.get("ruf", ()), fo=fo, tags=tags, faults=faults, **chosen)
