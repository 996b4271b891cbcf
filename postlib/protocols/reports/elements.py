"""The elements of an aggregate report, the words they may hold, and the reading of single values."""

from __future__ import annotations

import socket
from typing import TypeAlias
from xml.etree.ElementTree import Element

from . import aggregate as words
from .archive import ReportError

WHITESPACE = " \t\r\n"  # XML 1.0, production 3
MAX_COUNT = 10**12  # messages in one record: more than the whole world's mail of a day
MAX_TIME = 253_402_300_799  # the last second of the year 9999, which is datetime's last

# Elements that hold text, and elements that hold elements or may come again, by the element that holds them.
LEAVES: dict[str, tuple[str, ...]] = {
    "report_metadata": ("org_name", "email", "extra_contact_info", "report_id", "generator"),
    "date_range": ("begin", "end"),
    "policy_published": ("domain", "discovery_method", "adkim", "aspf", "p", "sp", "np", "testing", "fo", "pct", "version_published"),
    "record": (),
    "row": ("source_ip", "count"),
    "policy_evaluated": ("disposition", "dkim", "spf"),
    "reason": ("type", "comment"),
    "identifiers": ("envelope_to", "envelope_from", "header_from"),
    "auth_results": (),
    "dkim": ("domain", "selector", "result", "human_result"),
    "spf": ("domain", "scope", "result", "human_result"),
}
PARTS: dict[str, tuple[str, ...]] = {
    "report_metadata": ("date_range", "error"),
    "record": ("row", "identifiers", "auth_results"),
    "row": ("policy_evaluated",),
    "policy_evaluated": ("reason",),
    "auth_results": ("dkim", "spf"),
}
SECTIONS = ("version", "report_metadata", "policy_published", "extension", "record")
REPEATABLE = {"error", "reason", "dkim", "spf"}
NEW_ELEMENTS = {"np", "testing", "discovery_method"}  # of policy_published: any of them, and the report is of RFC 9990
SYNONYMS = {"unknown": "temperror", "error": "permerror", "hardfail": "fail"}  # the first two: RFC 7489, appendix C

Words: TypeAlias = dict[str, str]
DISPOSITION: Words = {word: word for word in words.DISPOSITIONS}
ALIGNED: Words = {word: word for word in words.ALIGNED}
POLICY: Words = {word: word for word in words.POLICIES}
ALIGNMENT: Words = {word: word for word in words.ALIGNMENTS}
TESTING: Words = {word: word for word in words.TESTING}
DISCOVERY: Words = {word: word for word in words.DISCOVERY_METHODS}
REASON: Words = {word: word for word in words.REASONS + words.OLD_REASONS}
DKIM: Words = {word: word for word in words.DKIM_RESULTS}
SPF: Words = {word: word for word in words.SPF_RESULTS}
SCOPE: Words = {word: word for word in words.SCOPES}


def text(element: Element) -> str:
    """The text of an element that holds nothing else. Raises ReportError: structure."""
    if len(element):
        raise ReportError("structure", f"elements inside {element.tag[-64:]}")
    return stripped(element.text)


def stripped(value: str | None) -> str:
    """The text without the blanks around it."""
    return value.strip(WHITESPACE) if value else ""


def number(value: str, reason: str, most: int) -> int:
    """A decimal number from 0 to `most`. Raises ReportError with the reason given."""
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(most))) or int(value) > most:
        raise ReportError(reason, repr(value[:64]))
    return int(value)


def address(value: str) -> str:
    """An IPv4 or IPv6 address in canonical form (RFC 5952). Raises ReportError: address."""
    try:
        if ":" in value:
            return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, value))
        socket.inet_pton(socket.AF_INET, value)
    except (OSError, ValueError) as error:
        raise ReportError("address", repr(value[:64])) from error
    return value
