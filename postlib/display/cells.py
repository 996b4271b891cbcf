"""The cells of the notebook that is open: which one makes a name. From the notebook's file where it is known, else from what has run."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postlib import words

LARGEST = 20_000_000  # octets of a notebook that is read for this; ours: a lesson has some 50 000, with all its outputs a million
WORD = re.compile(r"(?![0-9a-f-]{8,}$)[a-z][a-z-]*[a-z]")  # a cell's id that a person gave it; Jupyter's own are hexadecimal
SETUP = "setup"
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Cell:
    """A code cell: its number is counted from the top of the file, or, when `ran`, is the one that stands beside it."""

    source: str
    number: int
    name: str = ""
    ran: bool = False

    @property
    def makes(self) -> frozenset[str]:
        """The names that it makes for the other cells. None, if Python cannot read it."""
        try:
            return frozenset(_bound(ast.parse(_python(self.source))))
        except (SyntaxError, ValueError, RecursionError):
            return frozenset()

    def said(self) -> str:
        """How a person finds it."""
        if self.ran:
            return words.phrase("mistake.cell-ran", number=self.number)
        if self.name:
            return words.phrase("mistake.cell-setup" if self.name == SETUP else "mistake.cell-named", number=self.number, name=self.name)
        return words.phrase("mistake.cell", number=self.number)


def maker(name: str, cells: Sequence[Cell], but: str = "") -> Cell | None:
    """The first cell that makes a name, other than the one whose source is `but`; None where there is none."""
    return next((cell for cell in cells if cell.source.strip() != but.strip() and name in cell.makes), None)


def known(names: Mapping[str, Any]) -> tuple[Cell, ...]:
    """The code cells of the open notebook, of its file and then as they ran; `names` is what the kernel knows by name."""
    history: Sequence[Any] = names.get("In") or ()
    ran = tuple(Cell(str(source), number, ran=True) for number, source in enumerate(history) if source)
    path = _path(names)
    return (*read(path), *ran) if path is not None else ran


def read(path: Path) -> tuple[Cell, ...]:
    """The code cells of a notebook's file; none if it is no notebook, or too large."""
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= LARGEST else {}
        code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
        return tuple(Cell("".join(cell["source"]), number, _word(cell.get("id"))) for number, cell in enumerate(code, 1))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):  # half written, or something else by that name
        return ()


def _path(names: Mapping[str, Any]) -> Path | None:
    """The notebook's file, as Jupyter's server or VS Code tells its kernels; None where nobody does."""
    told = names.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if not isinstance(told, str) or not told.endswith(".ipynb"):
        return None
    return next((path for path in (Path(told), Path(Path(told).name)) if path.is_file()), None)


def _word(name: Any) -> str:
    return name if isinstance(name, str) and WORD.fullmatch(name) else ""


def _python(source: str) -> str:
    """The cell without IPython's magic lines."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


def _bound(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, OWN_SCOPE):
            yield child.name
        elif isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, INNER):
            yield from _bound(child)
