"""The names of a zone in canonical order (RFC 4034, section 6.1), kept while names come and go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

import dns.name

Key = tuple[bytes, ...]
"""A name's labels in lower case, the last one first: keys sort as names do canonically."""


class Tree:
    """Every name that exists below and at `origin`, empty non-terminals too (RFC 4592, section 2.2.2)."""

    def __init__(self, origin: dns.name.Name, nodes: Iterable[dns.name.Name]) -> None:
        self._depth = len(origin.labels)
        self._origin: Key = tuple(label.lower() for label in reversed(origin.labels))
        self._names: dict[Key, dns.name.Name] = {self._origin: origin}
        self._uses: dict[Key, int] = {self._origin: 1}  # nodes at and below a name; the origin is there in any case
        for name in nodes:
            self._use(name)
        self._order = sorted(self._names)

    def key(self, name: dns.name.Name) -> Key:
        """The key of a name at or below the origin."""
        return self._origin + tuple(map(bytes.lower, name.labels[: len(name.labels) - self._depth][::-1]))

    def __contains__(self, name: dns.name.Name) -> bool:
        return self.key(name) in self._names

    def __iter__(self) -> Iterator[dns.name.Name]:
        return map(self._names.__getitem__, self._order)

    def below(self, name: dns.name.Name) -> Iterator[dns.name.Name]:
        """The names below a name, not itself; they stand together."""
        key = self.key(name)
        for at in range(bisect_left(self._order, (*key, b"")), len(self._order)):
            if self._order[at][: len(key)] != key:
                return
            yield self._names[self._order[at]]

    def add(self, name: dns.name.Name) -> None:
        """A node has come."""
        for key in self._use(name):
            insort(self._order, key)

    def remove(self, name: dns.name.Name) -> None:
        """A node has gone, and with it the empty non-terminals that led only there."""
        key = self.key(name)
        for depth in range(len(key), self._depth - 1, -1):
            above = key[:depth]
            self._uses[above] -= 1
            if not self._uses[above]:
                del self._uses[above], self._names[above], self._order[bisect_left(self._order, above)]

    def _use(self, name: dns.name.Name) -> list[Key]:
        """Count a node; returns the keys of the names that are new."""
        key, new = self.key(name), []
        for depth in range(len(key), self._depth - 1, -1):
            above = key[:depth]
            self._uses[above] = self._uses.get(above, 0) + 1
            if above not in self._names:
                self._names[above] = name if depth == len(key) else name.split(depth)[1]
                new.append(above)
        return new
