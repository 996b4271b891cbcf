"""Facts that are not there: what does not exist, and what could not be told. They are never taken for each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NoReturn


class CouldNotTell(Exception):
    """A check touched an Unknown; only the probe runner catches this."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown)
        self.unknown = unknown

    def __str__(self) -> str:
        return f"{self.unknown.reason} at {self.unknown.where}"


@dataclass(frozen=True, eq=False)
class Absent:
    """The question was answered, and the answer is: there is none (no such name, or no such data)."""

    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        return "ABSENT"  # there is one of it, also after a copy or on the other side of a pickle


ABSENT = Absent()


@dataclass(frozen=True, eq=False)
class Unknown:
    """It could not be told. Whatever touches it becomes unknown too: every use raises CouldNotTell, its text not excepted.

    Only `repr`, `isinstance`, `is`, hashing, copying and pickling leave it in peace.
    """

    reason: str
    where: str

    def _touch(self, *_: Any) -> NoReturn:
        raise CouldNotTell(self)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # copy, pickle and inspection ask for these
            raise AttributeError(name)
        raise CouldNotTell(self)

    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _touch
    __str__ = __format__ = __int__ = __float__ = __index__ = __call__ = __reversed__ = __add__ = __radd__ = __sub__ = __rsub__ = _touch
    __or__ = __ror__ = __and__ = __rand__ = _touch
    __hash__ = object.__hash__
