"""A notebook's cell that raises an Internet and is executed again: what it raised before is closed, so that nothing is left behind."""

from __future__ import annotations

import weakref
from typing import Protocol

from postlib import cell


class Raised(Protocol):
    """What is up until it is closed."""

    def close(self) -> None:
        """End it."""
        ...


RAISED: weakref.WeakValueDictionary[tuple[str, str, int], Raised] = weakref.WeakValueDictionary()
"""By the cell (its id, or else the digest of its source), the request that executed it, and a number."""


def instead(made: Raised) -> None:
    """Close what the cell that is being executed raised when it was executed before; outside a notebook's kernel nothing is."""
    run = cell.running()
    if run is None:
        return
    place = run.id or run.digest
    for (raiser, request, _), earlier in list(RAISED.items()):
        if raiser == place and request != run.request:
            earlier.close()
    RAISED[place, run.request, id(made)] = made
