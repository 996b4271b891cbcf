"""Errors that come out of postlib: those that it raises on purpose, with a sentence, and those that are its own fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from postlib.display.cells import maker
from postlib.display.scene import OURS, Scene, Step
from postlib.words import phrase, word

SENTENCES = (ValueError, KeyError, RuntimeError, TypeError, AttributeError, OSError)  # raised with `raise` and a sentence: for people
OWN = {"ClusterFailed", "CancelledError"}  # others that carry one
DOUBLED = re.compile(r"(?<![\w.-])((?:[\w-]+\.)*?)([\w-]+(?:\.[\w-]+)*\.[A-Za-z][\w-]*)\.\2(?![\w-])")  # a name, not an address
KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "datetime": (datetime,), "None": (type(None),),
}  # fmt: skip
SHOWN = 60  # characters of a value that a sentence repeats
WANTED = {"str": "text", "int": "number", "float": "number", "bool": "yes-or-no", "datetime": "time"}


def text(error: BaseException) -> str:
    """What an error says, on one line and without its last dot."""
    said = error.args[0] if isinstance(error, KeyError) and error.args else error
    return " ".join(str(said).split()).rstrip(".")


def setup(scene: Scene) -> str:
    """How the setup cell is found: the cell that visits an Internet."""
    name = next((name for name, value in scene.names.items() if internet(value)), "internet")
    cell = maker(name, scene.cells)
    return cell.said() if cell is not None else phrase("mistake.cell-unknown")


def wrong_kind(scene: Scene) -> str | None:
    """An argument of another kind than the call takes: told by the call's own annotations."""
    if not scene.ours:
        return None
    step = scene.ours[0]
    annotations = _annotations(step)
    for parameter, value in step.given:
        wanted = annotations.get(parameter, "").split(" | ")
        if all(kind in KINDS for kind in wanted) and not any(isinstance(value, KINDS[kind]) for kind in wanted):
            return phrase(
                "mistake.wrong-kind", call=_called(step), parameter=parameter, line=scene.line,
                wanted=phrase(f"mistake.wanted-{WANTED[wanted[0]]}"), given=_kind(value),
            )  # fmt: skip
    return None


def closed(scene: Scene) -> str | None:
    """An Internet that was closed is used."""
    for step in scene.ours:
        for _, value in step.given:
            if internet(value) and getattr(getattr(value, "servers", None), "closed", False):
                name = next((name for name, known in scene.names.items() if known is value), "internet")
                cell = maker(name, scene.cells)
                return phrase("mistake.closed", name=name, cell=cell.said() if cell else setup(scene))
    return None


def no_internet(scene: Scene) -> str | None:
    """A name of the lab is looked up on the real Internet: what postlib says to a command line, in a notebook's words."""
    if not scene.on_purpose or "exists only in a lab" not in text(scene.error):
        return None
    step = scene.ours[0]
    name = next((name for name, value in scene.names.items() if internet(value)), "internet")
    return phrase("mistake.no-internet", call=_called(step), subject=step.given[0][1], internet=name, line=scene.line)


def told(scene: Scene) -> str | None:
    """What postlib says itself, and what to do then."""
    error = scene.error
    if not scene.on_purpose:
        return None
    if hasattr(error, "reason") and hasattr(error, "where"):
        return phrase("mistake.unreachable", where=error.where, reason=word(error.reason), cell=setup(scene))
    said = text(error)
    if not (isinstance(error, SENTENCES) or type(error).__name__ in OWN) or " " not in said:
        return None
    if doubled := DOUBLED.search(said):
        return phrase("mistake.doubled", said=said, domain=doubled[2], short=doubled[1].rstrip(".") or "@", line=scene.line)
    return phrase("mistake.told-question" if said.endswith("?") else "mistake.told", said=said, line=scene.line)


def fault(scene: Scene) -> str:
    """A fault of postlib: where it is, so that it can be found."""
    step = scene.ours[-1]
    path = step.frame.f_code.co_filename.replace("\\", "/")
    file = f"{OURS}/{path.rpartition(f'/{OURS}/')[2]}"
    return phrase("mistake.fault", kind=type(scene.error).__name__, file=file, line=step.line)


def internet(value: Any) -> bool:
    """Whether it is an Internet, without importing what that is."""
    return type(value).__name__ == "Internet" and type(value).__module__ == "postlib.lab.internet"


def _called(step: Step) -> str:
    *outer, name = step.frame.f_code.co_qualname.split(".")
    return "[ ]" if name == "__getitem__" else outer[-1] if name == "__init__" and outer else name


def _kind(value: Any) -> str:
    plain = value is None or isinstance(value, bool | int | float | str)
    return repr(value)[:SHOWN] if plain else phrase("mistake.a-thing", kind=type(value).__name__)


def _annotations(step: Step) -> Mapping[str, str]:
    """The annotations of the function that a step is in, as they are written; none if it cannot be found."""
    found: Any = None
    for part in step.frame.f_code.co_qualname.split("."):
        found = step.frame.f_globals.get(part) if found is None else getattr(found, part, None)
    written = getattr(found, "__annotations__", {})
    return {name: kind for name, kind in written.items() if isinstance(kind, str)}
