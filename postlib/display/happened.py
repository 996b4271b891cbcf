"""What a cell that ended in an error had already done to an Internet: whoever runs it again as it is does that twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from postlib.display import inside
from postlib.words import phrase

_before: WeakKeyDictionary[Any, tuple[Any, ...]] = WeakKeyDictionary()  # each Internet's journal as the cell that runs found it


def begin(names: Mapping[str, Any]) -> None:
    """A cell begins: remember the journals of the Internets that the kernel knows by name."""
    _before.clear()
    for internet in _open(names).values():
        _before[internet] = tuple(internet.journal())


def said(names: Mapping[str, Any], error: BaseException) -> str:
    """What is to be said of the acts of the cell that ended so; "" where there is none, and where all is to be run again anyway."""
    if isinstance(error, AssertionError):
        return ""
    for name, internet in _open(names).items():
        before, now = _before.get(internet), tuple(internet.journal())
        if before is not None and now != before[: len(now)]:
            return phrase("mistake.happened", internet=name)
    return ""


def _open(names: Mapping[str, Any]) -> dict[str, Any]:
    """The Internets that are open, each by one of its names that people give."""
    found = {id(value): (name, value) for name, value in reversed(list(names.items())) if inside.internet(value) and name[:1] != "_"}
    return {name: value for name, value in found.values() if not value.servers.closed}
