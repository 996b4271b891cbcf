"""Handing in: what a test cell takes from the learner, as plain JSON values. Everything else of the learner's stays where it is."""

from __future__ import annotations

import json
import sys
from typing import Any

from postlib.course.bench import handed_over
from postlib.lab.internet import Internet

LONGEST = 1 << 20  # characters of one value as JSON


def handed_in(*names: str) -> dict[str, Any]:
    """The learner's values of those names: an Internet as its case and journal, anything else as JSON data.

    Raises ValueError, in one sentence, for a name that is not there, and for a value that is no JSON data or too large.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    space: dict[str, Any] = shell.user_ns if shell is not None else {}
    return {name: _plain(name, space) for name in names}


def _plain(name: str, space: dict[str, Any]) -> Any:
    if name not in space:
        raise ValueError(f"{name} is not there: run the cell that makes it, and then this one again")
    value = space[name]
    if isinstance(value, Internet):
        return handed_over(value)
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name} cannot be handed in: it holds a {type(value).__name__}; text, numbers, lists and tables can") from error
    if len(text) > LONGEST:
        raise ValueError(f"{name} cannot be handed in: it is longer than {LONGEST} characters")
    return json.loads(text)
