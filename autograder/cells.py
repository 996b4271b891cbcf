"""nbformat with types: what is made and read here are notebooks, cells and outputs of format 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

MAKERS = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}


def new_cell(kind: str, source: str, metadata: Mapping[str, Any], outputs: Iterable[NotebookNode] = ()) -> NotebookNode:
    """A cell of a kind: code, markdown or raw."""
    more = {"outputs": list(outputs)} if kind == "code" else {}
    made: NotebookNode = MAKERS[kind](source, metadata=nbformat.from_dict(dict(metadata)), **more)  # type: ignore[no-untyped-call]
    return made


def new_output(kind: str, **content: Any) -> NotebookNode:
    """An output of a kind: stream, error, display_data or execute_result."""
    made: NotebookNode = v4.new_output(kind, **content)  # type: ignore[no-untyped-call]
    return made


def new_notebook(cells: Iterable[NotebookNode], metadata: Mapping[str, Any]) -> NotebookNode:
    made: NotebookNode = v4.new_notebook(cells=list(cells), metadata=dict(metadata))  # type: ignore[no-untyped-call]
    return made


def read(path: Path) -> NotebookNode:
    """The notebook in a file. Raises ValueError for what is none, and OSError."""
    found: NotebookNode = nbformat.reads(path.read_text(encoding="utf-8"), 4)  # type: ignore[no-untyped-call]
    return found


def written(notebook: NotebookNode) -> str:
    """A notebook as the text of a file."""
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text
