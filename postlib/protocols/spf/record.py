"""An SPF record: its grammar (RFC 7208, sections 4.5, 4.6.1, 5, 6 and 12). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from postlib.protocols.spf.macro import MacroString, MacroSyntaxError, domain_spec, macro_string
from postlib.protocols.spf.outcome import Result

Address = IPv4Address | IPv6Address

_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=")
_DUAL_CIDR = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_CIDR = re.compile(r"0|[1-9][0-9]{0,2}")


class Mechanism(StrEnum):
    """The eight mechanisms (section 5)."""

    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP4 = "ip4"
    IP6 = "ip6"
    EXISTS = "exists"


ASKING = frozenset({Mechanism.INCLUDE, Mechanism.A, Mechanism.MX, Mechanism.PTR, Mechanism.EXISTS})
"""The mechanisms that count towards the ten lookups; the modifier redirect does too (section 4.6.4)."""

QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}
"""What a matching directive results in (section 4.6.2)."""

_NEEDS_DOMAIN = (Mechanism.INCLUDE, Mechanism.EXISTS)


class SpfSyntaxError(ValueError):
    """A record that breaks the grammar.

    `term` is the offending term and `position` where in the record the error lies, counted from 0.
    `reason` is a word: version, not-ascii, unknown-mechanism, argument, domain, macro, network, prefix-length, repeated.
    """

    def __init__(self, reason: str, term: str, position: int, message: str) -> None:
        super().__init__(f"{message}: {_shown(term)}, at character {position} of the record")
        self.reason = reason
        self.term = term
        self.position = position


@dataclass(frozen=True)
class Directive:
    """A mechanism with its qualifier. `domain` is None where the term gives none; `network` is set for ip4 and ip6 alone."""

    text: str
    position: int
    result: Result
    mechanism: Mechanism
    domain: MacroString | None = None
    network: IPv4Network | IPv6Network | None = None
    ip4_prefix: int = 32
    ip6_prefix: int = 128

    @property
    def asks(self) -> bool:
        """Whether evaluating it costs one of the ten lookups."""
        return self.mechanism in ASKING


@dataclass(frozen=True)
class Modifier:
    """`name=value`; the name in lower case."""

    text: str
    position: int
    name: str
    value: MacroString


@dataclass(frozen=True)
class Record:
    """A record that obeys the grammar: its directives and its modifiers, each in the order written."""

    text: str
    directives: tuple[Directive, ...] = ()
    modifiers: tuple[Modifier, ...] = ()

    @property
    def all(self) -> Directive | None:
        """The first `all`, after which nothing is evaluated."""
        return next((d for d in self.directives if d.mechanism is Mechanism.ALL), None)

    @property
    def evaluated(self) -> tuple[Directive, ...]:
        """The directives that can be reached: up to and with the first `all` (section 5.1)."""
        return self.directives[: self.directives.index(self.all) + 1] if self.all else self.directives

    @property
    def redirect(self) -> Modifier | None:
        """The redirect modifier, unless an `all` makes it void (section 6.1)."""
        return None if self.all else self._modifier("redirect")

    @property
    def exp(self) -> Modifier | None:
        """The modifier that names where the explanation is."""
        return self._modifier("exp")

    def _modifier(self, name: str) -> Modifier | None:
        return next((m for m in self.modifiers if m.name == name), None)


def is_spf(text: bytes) -> bool:
    """Whether a TXT record is an SPF record of version 1: `v=spf1`, in any case, then a space or the end (section 4.5)."""
    return text[:7].lower() in (b"v=spf1", b"v=spf1 ")


def _shown(term: str) -> str:
    """A term in quotes. Of a record that came as octets, each character is one: as UTF-8 where it is that, otherwise with escapes."""
    try:
        return repr(term.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        return ascii(term)
    except UnicodeEncodeError:  # it came as text
        return repr(term)


def parse(text: str | bytes) -> Record:
    """The record in `text`, which must be whole, from `v=spf1` on. Raises SpfSyntaxError for any error anywhere (section 4.6)."""
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    if text[:7].lower() not in ("v=spf1", "v=spf1 "):
        raise SpfSyntaxError("version", text[:7], 0, "a record begins with v=spf1 and a space")
    directives: list[Directive] = []
    modifiers: list[Modifier] = []
    for found in re.finditer(r"[^ ]+", text[6:]):
        term, position = found[0], found.start() + 6
        _only_visible(term, position)
        if name := _MODIFIER.match(term):
            modifiers.append(_modifier(term, position, name[1].lower(), modifiers))
        else:
            directives.append(_directive(term, position))
    return Record(text, tuple(directives), tuple(modifiers))


def _only_visible(term: str, position: int) -> None:
    bad = re.search(r"[^!-~]", term)
    if bad:
        raise SpfSyntaxError("not-ascii", term, position + bad.start(), "a record holds visible ASCII characters and spaces only")


def _modifier(term: str, position: int, name: str, before: list[Modifier]) -> Modifier:
    known = name in ("redirect", "exp")
    if known and any(other.name == name for other in before):
        raise SpfSyntaxError("repeated", term, position, f"{name}= appears a second time")
    value = _macros(term, position, len(name) + 1, domain=known)
    return Modifier(term, position, name, value)


def _directive(term: str, position: int) -> Directive:
    start = 1 if term[0] in QUALIFIERS else 0
    result = QUALIFIERS[term[0]] if start else Result.PASS
    end = next((i for i in range(start, len(term)) if term[i] in ":/"), len(term))
    try:
        mechanism = Mechanism(term[start:end].lower())
    except ValueError:
        raise SpfSyntaxError("unknown-mechanism", term, position + start, "there is no such mechanism") from None
    if mechanism in (Mechanism.IP4, Mechanism.IP6):
        return Directive(term, position, result, mechanism, network=_network(term, position, mechanism, end))
    if mechanism in (Mechanism.A, Mechanism.MX):
        domain, ip4, ip6 = _dual_cidr(term, position, end)
        return Directive(term, position, result, mechanism, domain, ip4_prefix=ip4, ip6_prefix=ip6)
    return Directive(term, position, result, mechanism, _argument(term, position, mechanism, end))


def _argument(term: str, position: int, mechanism: Mechanism, end: int) -> MacroString | None:
    """What follows the colon, for mechanisms that take a domain and nothing else."""
    if mechanism is Mechanism.ALL and end < len(term):
        raise SpfSyntaxError("argument", term, position + end, "all takes no argument")
    if end == len(term):
        if mechanism in _NEEDS_DOMAIN:
            raise SpfSyntaxError("argument", term, position + end, f"{mechanism} needs a domain name")
        return None
    if term[end] == "/":
        raise SpfSyntaxError("prefix-length", term, position + end, f"{mechanism} takes no prefix length")
    return _macros(term, position, end + 1, domain=True)


def _dual_cidr(term: str, position: int, end: int) -> tuple[MacroString | None, int, int]:
    """Domain and both prefix lengths of `a` and `mx`; a slash may also stand inside the domain (section 7.1)."""
    cidr = _DUAL_CIDR.search(term, max(end, len(term) - len("/32//128")))
    if cidr is None or (end < len(term) and term[end] == "/" and cidr.start() != end):
        raise SpfSyntaxError("prefix-length", term, position + end, "a prefix length is /0 to /32, then //0 to //128")
    ip4, ip6 = int(cidr[1] or 32), int(cidr[2] or 128)
    if ip4 > 32 or ip6 > 128:
        raise SpfSyntaxError("prefix-length", term, position + cidr.start(), "a prefix length is at most /32, and //128")
    if cidr.start() == end:
        return None, ip4, ip6
    return _macros(term, position, end + 1, cidr.start(), domain=True), ip4, ip6


def _network(term: str, position: int, mechanism: Mechanism, end: int) -> IPv4Network | IPv6Network:
    address, slash, prefix = term[end + 1 :].partition("/")
    longest = 32 if mechanism is Mechanism.IP4 else 128
    if term[end : end + 1] != ":":
        raise SpfSyntaxError("argument", term, position + end, f"{mechanism} needs an address")
    if slash and not (_CIDR.fullmatch(prefix) and int(prefix) <= longest):
        at = position + end + 1 + len(address)
        raise SpfSyntaxError("prefix-length", term, at, f"a prefix length is /0 to /{longest}")
    length = int(prefix) if slash else longest
    try:
        if mechanism is Mechanism.IP4:
            return IPv4Network((IPv4Address(address), length), strict=False)
        sound = address.replace("%", " ")  # Python reads a scope after a percent sign; RFC 7208 has none
        return IPv6Network((IPv6Address(sound), length), strict=False)
    except ValueError as error:
        raise SpfSyntaxError("network", term, position + end + 1, f"{address!r} is no address for {mechanism}") from error


def _macros(term: str, position: int, start: int, end: int | None = None, *, domain: bool) -> MacroString:
    text = term[start:end]
    try:
        macros = macro_string(text)
        return domain_spec(text) if domain else macros
    except MacroSyntaxError as error:
        reason = "domain" if "%" not in text[error.position : error.position + 1] else "macro"
        raise SpfSyntaxError(reason, term, position + start + error.position, str(error)) from error
