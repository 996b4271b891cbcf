"""The end of an error's sentence about a name that is not there: which one was meant, or which there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CLOSE = 0.85  # of difflib's ratio: valdora.post is like valdoria.post, and not like caldera.post
MOST_NAMES = 60  # that an error lists


def meant(name: str, known: Iterable[str]) -> str:
    """"; did you mean …?" where a name is like some that there are, and otherwise those that there are."""
    there = list(dict.fromkeys(known))
    near = get_close_matches(name.lower(), there, 3, CLOSE)
    if near:
        return f"; did you mean {', '.join(near)}?"
    more = " …" if len(there) > MOST_NAMES else ""
    return f"; there {'are' if len(there) > 1 else 'is'}: {', '.join(there[:MOST_NAMES])}{more}" if there else "; there is none"
