"""pyspf, asked about a zone in memory: no packet leaves the process."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # pyspf's own, on newer Pythons
    import spf

ALIASES = 16  # as zones.py follows them


class Verdict(NamedTuple):
    """What pyspf says: the result, the explanation of a fail; where it met an error its own message and the terms at fault."""

    result: str
    explanation: str
    why: str = ""
    terms: tuple[str, ...] = ()


def presented(text: str) -> str:
    """A plain text as a zone file has it, in strings of at most 255 octets."""
    octets = text.encode("latin-1")
    pieces = [octets[at : at + 255] for at in range(0, len(octets), 255)] or [b""]
    return " ".join('"' + "".join(chr(c) if 31 < c < 127 and c not in b'"\\' else f"\\{c:03d}" for c in piece) + '"' for piece in pieces)


def zone_file(zone: Mapping[str, Any]) -> dict[str, Any]:
    """A zone of plain values as zones.py serves it."""
    return {name: host if isinstance(host, str) else {t: _written(t, v) for t, v in host.items()} for name, host in zone.items()}


def _written(rrtype: str, values: Any) -> Any:
    if isinstance(values, str):
        return values
    write = {"TXT": presented, "PTR": "{}.".format}.get(rrtype, str)
    return [f"{n} {value}." if rrtype == "MX" else write(value) for n, value in enumerate(values)]


def judged(
    zone: Mapping[str, Any],
    ip: str,
    sender: str,
    helo: str,
    receiver: str = "",
    *,
    voids: int = 2,
    lookups: int = 10,
    joiners: str = "ls",
) -> Verdict:
    """pyspf's check of a MAIL FROM in a zone as zones.py serves it.

    Perhaps with other limits than those of section 4.6.4, or with more letters whose parts it joins with dots.
    """
    records = {_plain(name): host for name, host in zone.items()}

    def lookup(name: str, rrtype: str, *_: Any) -> list[Any]:
        return _answer(records, name, rrtype)

    before = spf.DNSLookup, spf.MAX_VOID_LOOKUPS, spf.MAX_LOOKUP, spf.JOINERS
    spf.DNSLookup, spf.MAX_VOID_LOOKUPS, spf.MAX_LOOKUP, spf.JOINERS = lookup, voids, lookups, dict.fromkeys(joiners, ".")
    try:
        query = spf.query(ip, sender, helo, receiver=receiver)
        query.set_default_explanation("")
        result, _, text = query.check()
    finally:
        spf.DNSLookup, spf.MAX_VOID_LOOKUPS, spf.MAX_LOOKUP, spf.JOINERS = before
    return Verdict(result, text if result == "fail" else "", getattr(query, "prob", ""), tuple(query.mech))


def checked(ask: Callable[[str, str], list[str]], ip: str, sender: str, helo: str) -> str:
    """pyspf's result, its questions answered by `ask`: a name and a type to records as a zone file has them, or an exception."""

    def lookup(name: str, rrtype: str, *_: Any) -> list[Any]:
        try:
            return [((name, rrtype), _data(rrtype, record)) for record in ask(name, rrtype)]
        except dns.exception.DNSException as error:
            raise spf.TempError(str(error)) from error

    before, spf.DNSLookup = spf.DNSLookup, lookup
    try:
        return str(spf.query(ip, sender, helo).check()[0])
    finally:
        spf.DNSLookup = before


def _plain(name: str) -> str:
    """A name without a zone file's escapes, in lower case."""
    return b".".join(label for label in dns.name.from_text(name).labels if label).decode("latin-1").lower()


def _answer(records: Mapping[str, Any], name: str, rrtype: str) -> list[Any]:
    """A name and type with pyspf's form of the data, behind the aliases that lead there."""
    found: list[Any] = []
    for _ in range(ALIASES):
        host = records.get(name.lower(), {})
        values = host if isinstance(host, str) else host.get(rrtype, ())
        if isinstance(values, str):
            raise spf.TempError(f"DNS {values}")
        if values:
            return found + [((name, rrtype), _data(rrtype, value)) for value in values]
        if "CNAME" not in host:
            return found
        (target,) = host["CNAME"]
        found.append(((name, "CNAME"), target.rstrip(".")))
        name = target.rstrip(".")
    return found


def _data(rrtype: str, value: str) -> Any:
    record = dns.rdata.from_text("IN", rrtype, value)
    if rrtype == "TXT":
        return tuple(record.strings)
    if rrtype == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    return re.sub(r"\.\Z", "", record.to_text())
