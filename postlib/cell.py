"""The notebook cell that is being executed, and what has become of the cells that were."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_ID = 512  # characters; nbformat allows 64, other editors make up longer ones
DIGITS = 12  # of the digest in hexadecimal
LARGEST_NOTEBOOK = 50 << 20  # octets of a file that is read
NOTEBOOK = "JPY_SESSION_NAME"  # where Jupyter Server tells a kernel the path of its notebook
_ran: dict[str, Run] = {}  # by id: each cell as it last ran in this kernel


@dataclass(frozen=True)
class Run:
    """One execution of a cell: the cell's `id` ("" where the editor gives none), its source's digest, when, and by which request."""

    id: str
    digest: str
    when: datetime
    request: str = ""

    def __str__(self) -> str:
        return f"{self.id}#{self.digest}"


def here() -> str:
    """The cell that is being executed, as "<id>#<first 12 hex of the SHA-256 of its source>"; "" outside a notebook's kernel."""
    run = running()
    return str(run) if run is not None else ""


def running() -> Run | None:
    """The execution that is under way, None outside a notebook's kernel and while no cell is executed (a button was pressed)."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    asked = getattr(getattr(shell, "kernel", None), "get_parent", None)  # other kernels than ipykernel have none
    if asked is None:
        return None
    shell.events.register("pre_run_cell", _begun)  # a second time changes nothing
    request: Mapping[str, Any] = asked("shell") or {}
    source = request.get("content", {}).get("code")
    if not isinstance(source, str):
        return None
    run = _run(request.get("metadata", {}).get("cellId"), source, str(request.get("header", {}).get("msg_id", "")))
    if run.id:
        _ran.setdefault(run.id, run)  # the cell that was under way when the first of us was imported
    return run


def _begun(info: Any) -> None:
    """IPython tells of every cell that begins, also of those that act on nothing."""
    run = _run(getattr(info, "cell_id", None), str(info.raw_cell))
    if run.id:
        _ran[run.id] = run


def _run(name: Any, source: str, request: str = "") -> Run:
    return Run(name[:LONGEST_ID] if isinstance(name, str) else "", digest(source), datetime.now(UTC), request)


def digest(source: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a cell's source."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def stale(journal: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The acts of a journal whose cells are no longer what they were.

    Such a cell ran again in this kernel with another source, or stands otherwise in the saved notebook, or no longer there.
    The notebook is asked only where Jupyter says which file it is, and it was saved after the cell ran here.
    """
    saved = _saved()
    return [act for act in journal if isinstance(act.get("cell"), str) and _changed(act["cell"], saved)]


@dataclass(frozen=True)
class _Saved:
    """A notebook's file: when it was written, and its cells' digests by id."""

    when: datetime
    cells: Mapping[str, str]
    digests: frozenset[str]


def _changed(cell: str, saved: _Saved | None) -> bool:
    name, _, known = cell.rpartition("#")
    last = _ran.get(name)
    if saved is None or (last is not None and last.when > saved.when):
        return last is not None and last.digest != known
    return saved.cells.get(name) != known if name else known not in saved.digests


def _saved() -> _Saved | None:
    """The saved notebook of this kernel; None where there is none that can be read."""
    path = Path(os.environ.get(NOTEBOOK, ""))
    try:
        with path.open("rb") as file:
            octets, when = file.read(LARGEST_NOTEBOOK + 1), os.fstat(file.fileno()).st_mtime
        notebook: Any = json.loads(octets) if len(octets) <= LARGEST_NOTEBOOK else None
        sources = [(str(cell.get("id", ""))[:LONGEST_ID], digest("".join(cell["source"]))) for cell in notebook["cells"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):  # not a notebook: it says nothing
        return None
    return _Saved(datetime.fromtimestamp(when, UTC), dict(sources), frozenset(found for _, found in sources))
