"""The tag=value list in which DKIM writes its records, its signatures and ARC's (RFC 6376, section 3.2)."""

from __future__ import annotations

import base64
import binascii
import re

from postlib.protocols.malformed import Malformed

TAG_LIMIT = 64  # tags in one list: the RFCs define fewer than twenty in all
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
VALUE = re.compile(r"[\t\r\n\x20-\x3a\x3c-\x7e\u0080-\U0010ffff]*")  # UTF-8 besides ASCII: RFC 8616, section 5
WHITE = re.compile(r"[ \t\r\n]+")

Tags = dict[str, str]


def read(text: bytes) -> Tags:
    """The tags by name, each value without the white space around it. Names and values keep their case.

    Raises Malformed: not-text, bad-tag, duplicate-tag, too-many-tags.
    """
    parts = _decoded(text).split(";")
    if parts[-1].strip(" \t\r\n") == "":  # the last semicolon may close the list
        parts.pop()
    if len(parts) > TAG_LIMIT:
        raise Malformed("too-many-tags", str(len(parts)))
    tags: Tags = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.strip(" \t\r\n"), value.strip(" \t\r\n")
        if not equals or NAME.fullmatch(name) is None or VALUE.fullmatch(value) is None:
            raise Malformed("bad-tag", part.strip()[:40])
        if name in tags:
            raise Malformed("duplicate-tag", name)
        tags[name] = value
    return tags


def solid(value: str) -> str:
    """The value with all folding white space taken out, as base64 and most lists allow."""
    return WHITE.sub("", value)


def members(value: str) -> tuple[str, ...]:
    """The members of a colon-separated list."""
    return tuple(member.strip(" \t\r\n") for member in value.split(":"))


def octets(tags: Tags, name: str) -> bytes:
    """The tag's base64 as octets; empty where the tag is missing or empty. Raises Malformed: bad-base64."""
    try:
        return base64.b64decode(solid(tags.get(name, "")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("bad-base64", name) from error


def number(tags: Tags, name: str, digits: int) -> int | None:
    """The tag's decimal number, or None where the tag is missing. Raises Malformed: bad-number, past that many digits too."""
    value = tags.get(name)
    if value is None:
        return None
    if re.fullmatch(f"[0-9]{{1,{digits}}}", value) is None:
        raise Malformed("bad-number", name)
    return int(value)


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not-text") from error
