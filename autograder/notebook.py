"""Read a notebook that a stranger wrote: what is kept is cells and their text, within bounds; anything else is a problem in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.cells import new_cell, new_notebook
from autograder.roles import grade_id

LARGEST = 100_000_000  # bytes of a file that is read at all; ours
MOST_TEXT = 2_000_000  # characters in all cells together, without outputs; ours: a hundred times a long lab
MOST_CELLS = 2_000
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
SAID = ("grade", "grade_id", "solution", "task", "locked", "points", "cell_type", "checksum", "schema_version")
MEGABYTE = 1_000_000


class Unreadable(ValueError):
    """This is no notebook that can be graded. The message says why, for whoever handed it in."""


def read_notebook(content: bytes) -> NotebookNode:
    """The notebook without its outputs. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // MEGABYTE} MB; clear its outputs, save it and hand it in again")
    if not content.strip():
        raise Unreadable("the file is empty")
    found = _json(content)
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        old = isinstance(found, dict) and "worksheets" in found
        raise Unreadable("it is a notebook of an old format; save it anew in JupyterLab" if old else "it is JSON, but no notebook")
    if len(found["cells"]) > MOST_CELLS:
        raise Unreadable(f"it has more than {MOST_CELLS} cells")
    notebook = new_notebook(_distinct(_cell(cell, number) for number, cell in enumerate(found["cells"], 1)), KERNEL)
    if sum(len(cell.source) for cell in notebook.cells) > MOST_TEXT:
        raise Unreadable(f"its cells hold more than {MOST_TEXT // MEGABYTE} million characters of text")
    nbformat.validate(notebook)
    return notebook


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not text in UTF-8, as every notebook is") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is damaged: its JSON breaks in line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise Unreadable("it is damaged: its JSON cannot be read") from None


def _cell(cell: Any, number: int) -> NotebookNode:
    """One cell: its kind, its text, its id, and what nbgrader's metadata says of it."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise Unreadable(f"its cell {number} is no notebook cell")
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise Unreadable(f"the text of its cell {number} is no text")
    text = "".join(lines).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    made = new_cell(cell["cell_type"], text, _said(cell.get("metadata")))
    if isinstance(cell.get("id"), str) and CELL_ID.fullmatch(cell["id"]):
        made.id = cell["id"]
    return made


def _said(metadata: Any) -> dict[str, Any]:
    """Of a cell's metadata what nbgrader wrote, plain values alone."""
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(about, dict) or not grade_id(about):
        return {}
    return {"nbgrader": {key: about[key] for key in SAID if isinstance(about.get(key), (str, int, float, bool))}}


def _distinct(cells: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """The same cells; one whose id stood before gets a new one."""
    used: set[str] = set()
    for cell in cells:
        if cell.id in used:
            cell.id = new_cell("raw", "", {}).id
        used.add(cell.id)
        yield cell
