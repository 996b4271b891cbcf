"""Taking back: while something is being done, each change says how it is undone; mappings that hold more than has been made."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
Back = Callable[[], None]


class History:
    """How to take back what is being done now. It costs what was changed, and nothing for what was not."""

    def __init__(self) -> None:
        self._steps: list[Back] | None = None

    def note(self, back: Back) -> None:
        """A change is being made, and `back` undoes it."""
        if self._steps is not None:
            self._steps.append(back)

    @contextlib.contextmanager
    def undone(self, *, always: bool) -> Iterator[None]:
        """Take back what is changed in this block, the last change first: where the block fails, or always."""
        before, self._steps, done = self._steps, [], False
        try:
            yield
            done = not always
        finally:
            steps, self._steps = self._steps, None
            for back in [] if done else reversed(steps):
                back()
            self._steps = before
            if before is not None and done:
                before += steps

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """What is done in this block is not part of what is being done: it is never taken back."""
        before, self._steps = self._steps, None
        try:
            yield
        finally:
            self._steps = before


class Ledger(dict[K, V]):
    """A mapping whose changes can be taken back, and which may hold more than has been made.

    `grow` is told of a key that is not here, and may `lay` it down; only what has been made is iterated over.
    """

    def __init__(self, history: History, grow: Callable[[K], None] | None = None) -> None:
        super().__init__()
        self._history = history
        self.grow = grow

    def lay(self, key: K, value: V) -> None:
        """Put down what was there all along: nothing to take back."""
        super().__setitem__(key, value)

    def lift(self, key: K) -> None:
        """Forget what `grow` would make again."""
        super().pop(key, None)

    def __missing__(self, key: K) -> V:
        if self._grown(key):
            return super().__getitem__(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or self._grown(key)

    @overload
    def get(self, key: K, default: None = None, /) -> V | None: ...
    @overload
    def get(self, key: K, default: D, /) -> V | D: ...
    def get(self, key: K, default: Any = None, /) -> Any:
        """What is, or can be made, at `key`."""
        try:
            return self[key]
        except KeyError:
            return default

    def __setitem__(self, key: K, value: V) -> None:
        if key in self:
            before = self[key]
            self._history.note(lambda: self.lay(key, before))
        else:
            self._history.note(lambda: self.lift(key))
        super().__setitem__(key, value)

    def __delitem__(self, key: K) -> None:
        before = self[key]
        self._history.note(lambda: self.lay(key, before))
        super().__delitem__(key)

    def __ior__(self, others: Mapping[K, V]) -> Ledger[K, V]:  # type: ignore[override,misc]
        for key, value in others.items():
            self[key] = value
        return self

    def _grown(self, key: Any) -> bool:
        if self.grow is None:
            return False
        self.grow(key)
        return super().__contains__(key)
