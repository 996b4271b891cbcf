"""Domain names as DMARC compares them: A-labels in lower case, without the final dot (RFC 9989, section 5.3.1; RFC 5890)."""

from __future__ import annotations

import re

import idna

LONGEST_NAME = 253  # characters of a written name whose wire form is 255 octets: RFC 1035, section 2.3.4
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")  # hosts' letters, and the underscore that mail names use too


def domain_name(text: str) -> str:
    """The name in lower-case A-labels without its final dot. A single label is a name.

    Raises ValueError for what is no domain name: an address literal, an empty label, a space, too many characters.
    """
    if len(text) > LONGEST_NAME + 1:
        raise ValueError(f"a domain name has at most {LONGEST_NAME} characters, not {len(text)}")
    name = text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    name = name.removesuffix(".").lower()
    if len(name) > LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"not a domain name: {text!r}")
    return name


def shortened(name: str, count: int) -> str:
    """The last `count` labels of a name."""
    return ".".join(name.split(".")[-count:])


def label_count(name: str) -> int:
    """How many labels the name has; the root is not counted."""
    return name.count(".") + 1


def is_within(name: str, ancestor: str) -> bool:
    """Whether the name is the ancestor itself or lies below it."""
    return name == ancestor or name.endswith("." + ancestor)
