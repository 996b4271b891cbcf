"""A world that is built: from its parts, or from this user's cache, where the same world may lie as it was built before.

What is kept is a world as its story begins, before anybody's acts; the acts of a journal are replayed on it. Under one key there
is one world: its name, seed and time, and the version of this code (every file's time and size, Python, dnspython, cryptography)
as it was when it was loaded: a process that outlives an upgrade keeps nothing.
The files are pickles, as trustworthy as the user's own .pyc files. A grader must not read what a learner's code could have
written: `cache=False`, POSTLIB_CACHE=off in the environment, and every replay of somebody else's journal (`only`) keep away from it.
The world `generated` is never kept: its domains are made when they are first asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import cryptography
import dns.version

from postlib.acts import Act
from postlib.clock import LabClock
from postlib.lab import store
from postlib.lab.guests import Guests, welcome
from postlib.lab.state import State

CODE = Path(__file__).parents[1]
NEVER_KEPT = "generated"


def built(world: str, seed: str, at: datetime, acts: Iterable[Act] = (), only: Iterable[str] = (), *, cache: bool = True,
          guests: Guests | None = None) -> State:  # fmt: skip
    """As `build`, the same to the octet; quicker where the world lies in the cache, which is left alone if not `cache`."""
    only = frozenset(only)
    place = store.folder() if LOADED and cache and not only and world.partition(":")[0] != NEVER_KEPT else None
    return begun(_founded(world, seed, at) if place is None else _kept(place, world, seed, at), acts, only, guests)


def begun(state: State, acts: Iterable[Act], only: Iterable[str], guests: Guests | None) -> State:
    """A newly founded Internet with `guests`, after `acts`, which may change the domains `only`. Raises ValueError."""
    if guests is not None:
        welcome(state, guests)
        state.guests = guests
    state.only = frozenset(only)
    unknown = sorted(domain for domain in state.only if domain not in state.mail)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no domain of the world {state.world!r}")
    told = list(acts)
    if told:
        from postlib.lab.replay import replay  # takes longer than the first question

        replay(state, told)
    return state


def _kept(place: Path, world: str, seed: str, at: datetime) -> State:
    """The world from the cache; where it is not there it is built, and kept. Raises ValueError as `build`."""
    from postlib.lab import image  # not for those who never keep a world

    key = repr((world, seed, LabClock(at).now(), LOADED))
    octets = store.read(place, key)
    if octets is not None:
        return image.load(octets)
    state = _founded(world, seed, at)
    if version() == LOADED:
        store.write(place, key, image.dump(state))
    return state


def _founded(world: str, seed: str, at: datetime) -> State:
    from postlib.lab.build import founded  # reads YAML, and makes parties of all kinds: longer than the rest together

    return founded(world, seed, at)


def version() -> str:
    """What a built world depends on beside its name, seed and time, as it is now; "" for code that does not lie in a folder."""
    try:
        files = sorted(_files(str(CODE)))
    except OSError:
        return ""
    return repr((files, sys.version, dns.version.version, cryptography.__version__))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Path, time and size of every source and data file; what Python compiles of them follows from them."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path) if entry.name != "__pycache__" else ()
            else:
                about = entry.stat()
                yield entry.path, about.st_mtime_ns, about.st_size


LOADED = version()
"""The version of the code that this process runs."""
