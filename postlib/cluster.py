"""Work shared out on a Dask cluster (https://distributed.dask.org): batches of names go out, results come as each batch is done.

What is done with a batch is the caller's function. A batch comes back whole or not at all: where its worker is lost, the scheduler
gives all of it to another one, and what the lost one had found of it was never seen here. So each name has exactly one result.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import importlib
import importlib.metadata
import logging
import pickle
import re
import sys
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[^\s/:@?#\[\]]+):(?P<port>[0-9]{1,5})")
REACHED = 10.0  # seconds in which a scheduler must be found
ANSWERED = 60.0  # seconds in which one that was found must answer a question, busy as it may be
GOODBYE = 3.0  # seconds for taking leave; less than what `background.run` gives to work that is cancelled
WORKERLESS = 60.0  # seconds without any worker, before the work stops: a cluster that grows on demand takes about as long
PATROL = 2.0  # seconds between two looks at how many workers there are
AHEAD = 2  # batches out for each thread of a worker: the one at work, and the next
LARGEST = 100  # names in a batch: what is done again when a worker is lost, and how long results may be in coming
CODE = {".py", ".yaml", ".json", ".txt"}  # files of postlib on which a finding may depend


class ClusterFailed(Exception):
    """The cluster cannot do the work. The message is one sentence."""


def address(text: str) -> str:
    """The address of a scheduler. Raises ValueError for what is none."""
    found = ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise ValueError(f"a scheduler has an address like tcp://127.0.0.1:8786, not {text!r}")
    return text


async def spread(work: Callable[[tuple[str, ...]], list[T]], names: Iterable[str], scheduler: str) -> AsyncGenerator[T, None]:
    """Do `work` with all names, a batch at a time, on the workers of a cluster. Gives what it returns, batch by batch.

    `work` is picklable, and may be done twice with a batch whose worker is lost. Only some batches are out at any time, so that a long
    list costs no memory there; what is at work when its consumer goes is ended by its worker, unseen. Raises ClusterFailed; what `work`
    raises is raised here and stops all; ValueError for no address.
    """
    left, out, done = deque(names), set[asyncio.Task[list[T]]](), set[asyncio.Task[list[T]]]()
    async with _connected(address(scheduler)) as client:
        packed = pickle.dumps(work)
        try:
            while left or out:
                threads = await _threads(client, scheduler)
                while left and len(out) < AHEAD * threads:
                    batch = tuple(left.popleft() for _ in range(batch_size(len(left), threads)))
                    out.add(asyncio.ensure_future(_done(client, packed, batch)))
                done, out = await asyncio.wait(out, timeout=PATROL, return_when=asyncio.FIRST_COMPLETED)
                for task in sorted(done, key=lambda task: task.exception() is not None):  # what is done is given before what failed
                    for result in task.result():
                        yield result
        finally:
            for task in out | done:
                task.cancel()
            await asyncio.gather(*out, *done, return_exceptions=True)


def batch_size(left: int, threads: int) -> int:
    """How many names go together: fewer towards the end, so that no thread is idle (guided self-scheduling, Polychronopoulos, 1987)."""
    return max(1, min(LARGEST, left // (AHEAD * threads)))


async def _done(client: Any, packed: bytes, batch: tuple[str, ...]) -> list[Any]:
    """The results of one batch, whichever worker did it."""
    unit = pickle.dumps(Unit(this_code(), packed, batch))
    future = client.submit(pickle.loads, unit, key=f"postlib-{uuid.uuid4().hex}", pure=False)
    try:
        results: list[Any] = await future
        return results
    except _dask("distributed").KilledWorker as error:
        these = f"{batch[0]} to {batch[-1]}" if len(batch) > 1 else batch[0]
        lost = error.allowed_failures + 1
        raise ClusterFailed(f"workers were lost at work on {these} ({lost} of them), so no other one is given it") from error
    except concurrent.futures.CancelledError as error:
        raise ClusterFailed("the connection to the scheduler was lost, or it took the work back") from error
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "postlib":
            raise
        raise ClusterFailed(f"a worker has another postlib than this machine, or none: {error}") from error
    finally:
        future.release()


@dataclass(frozen=True)
class Unit:
    """One batch on its way. Unpickling it does the work: so a scheduler needs no postlib, and a worker without one can say so."""

    code: str
    packed: bytes
    batch: tuple[str, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return do, (self.code, self.packed, self.batch)


def do(code: str, packed: bytes, batch: tuple[str, ...]) -> list[Any]:
    """What a worker does with one batch. Raises ClusterFailed where its postlib differs from the one that asks."""
    if code != this_code():
        raise ClusterFailed(f"{this_worker()} has {this_code()}, and this machine {code}: install the same on both")
    work: Callable[[tuple[str, ...]], list[Any]] = pickle.loads(packed)
    try:
        return work(batch)
    except Exception as error:
        error.add_note(f"on {this_worker()}")
        raise


@cache
def this_code() -> str:
    """Which postlib this is: its version, where it is installed, and a digest of its files."""
    home, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.suffix in CODE):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    try:
        version = importlib.metadata.version("postlib")
    except importlib.metadata.PackageNotFoundError:  # runs from its source
        version = "from source"
    return f"postlib {version} (code {digest.hexdigest()[:12]})"


def this_worker() -> str:
    """This worker, for a sentence. Called on a worker only."""
    return f"the worker at {_dask('distributed').get_worker().address}"


@asynccontextmanager
async def _connected(scheduler: str) -> AsyncIterator[Any]:
    """A client of that scheduler. Raises ClusterFailed if there is none, in REACHED seconds."""
    make = _dask("distributed").Client
    client = make(scheduler, asynchronous=True, timeout=REACHED, set_as_default=False, name="postlib")
    try:
        try:
            await asyncio.wait_for(client, REACHED)
        except (OSError, ValueError, ImportError) as error:  # OSError: a TimeoutError too
            raise ClusterFailed(f"there is no Dask scheduler to reach at {scheduler}") from error
        yield client
    finally:
        with suppress(TimeoutError):  # a scheduler that is gone, or too busy to listen, sees the connection end
            await client.close(GOODBYE)


async def _threads(client: Any, scheduler: str) -> int:
    """How many threads the workers have together, waiting for the first one. Raises ClusterFailed if none comes in WORKERLESS seconds."""
    until = time.monotonic() + WORKERLESS
    while True:
        try:
            threads = sum((await asyncio.wait_for(client.nthreads(), ANSWERED)).values())
        except OSError as error:
            raise ClusterFailed(f"the scheduler at {scheduler} does not answer any more") from error
        if threads:
            return int(threads)
        if time.monotonic() > until:
            raise ClusterFailed(f"the scheduler at {scheduler} has had no worker for {WORKERLESS:g} seconds")
        await asyncio.sleep(min(PATROL, WORKERLESS))


def _dask(module: str) -> Any:
    """A module of Dask's, which not everybody has. Raises ClusterFailed."""
    first = "distributed" not in sys.modules
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ClusterFailed(f"a cluster needs {error.name}, which is not installed: pip install 'postlib[cluster]'") from error
    if first:  # nobody else here uses it: what goes wrong is said by us, in one sentence
        for logger in ("distributed", "distributed.client"):  # those with handlers of their own
            logging.getLogger(logger).setLevel(logging.CRITICAL)
    return found
