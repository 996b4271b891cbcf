"""A mistake in one sentence: what happened, what to do, which cell to run again. Pure: from a Scene to words."""

from __future__ import annotations

import ast
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from postlib.display import inside, unquoted
from postlib.display.cells import maker
from postlib.display.scene import OURS, Scene
from postlib.words import phrase

CURLY = {"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "″": '"'}
ODD = re.compile(r"invalid (?:non-printable )?character '?(.)?'? ?\(?U\+([0-9A-F]{4,6})")  # as CPython's tokenizer words it
BRACKET = re.compile(r"'(.)' was never closed")
NOT_THERE = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
IPYTHONS = ("In", "Out", "exit", "quit", "get_ipython")  # IPython's own names: no learner means them

Explainer = Callable[[Scene], str | None]


@dataclass(frozen=True)
class Mistake:
    """The sentence, and whether the fault is postlib's own."""

    sentence: str
    fault: bool = False


def explained(scene: Scene) -> Mistake:
    """Every error has a sentence. The order matters: what the learner's own line shows comes before what postlib says of it."""
    for explain in EXPLAINERS:
        said = explain(scene)
        if said:
            return Mistake(said)
    if scene.ours:
        return Mistake(inside.fault(scene), fault=True)
    said = inside.text(scene.error)
    return Mistake(phrase("mistake.any" if said else "mistake.any-silent", line=scene.line, kind=type(scene.error).__name__, said=said))


def stopped(scene: Scene) -> str | None:
    """A person pressed Stop: nobody's error."""
    return phrase("mistake.stopped") if isinstance(scene.error, KeyboardInterrupt) else None


def unreadable(scene: Scene) -> str | None:
    """A cell that Python cannot read. One of imported code is not the cell's."""
    error = scene.error
    if not isinstance(error, SyntaxError) or scene.inside:
        return None
    error = _again(scene) if error.msg == "incomplete input" else error  # IPython compiles so; without its flag Python says what is missing
    line, said = error.lineno or 1, error.msg or ""
    if found := ODD.search(said):
        return _odd(chr(int(found[2], 16)), line)
    if "unterminated" in said:
        triple = '"""' in (error.text or "") or "triple" in said
        single = "'" in (error.text or "") and '"' not in (error.text or "")
        return phrase("mistake.open-quote", line=line, straight='"""' if triple else "'" if single else '"')
    if forgotten := unquoted.record(_source(scene), line):
        return forgotten
    if found := BRACKET.search(said):
        return phrase("mistake.open-bracket", line=line, bracket=found[1])
    return phrase("mistake.unreadable", line=line, said=said.rstrip("."))


def _again(scene: Scene) -> SyntaxError:
    assert isinstance(scene.error, SyntaxError)
    try:
        ast.parse(_source(scene))
    except SyntaxError as error:
        return error
    return scene.error


def _source(scene: Scene) -> str:
    """The cell that could not be read, as IPython keeps it."""
    return str((scene.names.get("In") or [""])[-1])


def _odd(character: str, line: int) -> str:
    if character in CURLY:
        return phrase("mistake.curly-quote", line=line, character=character, straight=CURLY[character])
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return phrase("mistake.odd-character", line=line, character=character if character.isprintable() else "", name=name)


def unknown_name(scene: Scene) -> str | None:
    """A name of the cell that means nothing yet, or is misspelt."""
    error = scene.error
    if not isinstance(error, NameError) or scene.inside or not error.name:
        return None
    name = error.name
    said = unquoted.domain(name, scene) or unquoted.hyphened(name, scene) or unquoted.record(scene.source, scene.line)
    if said is not None:
        return said
    cell = maker(name, scene.cells, scene.source)
    if cell is not None:
        return phrase("mistake.not-yet", name=name, cell=cell.said())
    if name in _public():
        return phrase("mistake.not-yet-public", name=name, line=scene.line)
    bare = unquoted.word(name, scene)  # what stands there as an argument is hardly a misspelt `len`
    here = [known for known in (*scene.names, *(() if bare else _builtins())) if not known.startswith("_") and known not in IPYTHONS]
    promised = {made for cell in scene.cells for made in cell.makes} - {name}
    near = [known for known in here if known.lower() == name.lower()] or get_close_matches(name, (*here, *promised, *_public()), 1, 0.7)
    if near:
        return phrase("mistake.misspelt", name=name, near=near[0], line=scene.line)
    return bare or phrase("mistake.no-name", name=name, line=scene.line)


def _builtins() -> list[str]:
    return [*dir(sys.modules["builtins"])]


def _public() -> list[str]:
    return [*getattr(sys.modules.get(OURS), "__all__", ())]


def blank(scene: Scene) -> str | None:
    """The three dots of a lesson that stand where an answer belongs."""
    if scene.statement is None or isinstance(scene.error, AssertionError):
        return None
    for node in ast.walk(scene.statement):
        if isinstance(node, ast.Constant) and node.value is ...:
            return phrase("mistake.blank", line=node.lineno)
    for node in ast.walk(scene.statement):
        if isinstance(node, ast.Name) and scene.names.get(node.id) is ...:
            return _blank_name(node.id, scene)
    return None


def _blank_name(name: str, scene: Scene) -> str:
    """Where the blank is that a name stands for: in this cell, or in another."""
    for node in ast.walk(ast.parse(scene.source)):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            return phrase("mistake.blank", line=node.lineno)
    cell = maker(name, scene.cells)
    return phrase("mistake.blank-elsewhere", name=name, cell=cell.said() if cell is not None else inside.setup(scene))


def misspelt_import(scene: Scene) -> str | None:
    """`from postlib import vist`, `import postlb`."""
    error = scene.error
    if not isinstance(error, ImportError):
        return None
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        near = get_close_matches(name, [OURS, *sys.stdlib_module_names], 1, 0.8)
        said = {"name": name, "line": scene.line}
        return phrase("mistake.no-module", near=near[0], **said) if near else phrase("mistake.not-installed", name=name)
    found = NOT_THERE.search(str(error))
    if found is None or any(step.ours for step in scene.inside):
        return None
    there = [name for name in dir(sys.modules.get(found[2])) if not name.startswith("_")]
    return _suggested("mistake.no-import", found[1], there, scene, module=found[2]) or phrase(
        "mistake.no-import-at-all", name=found[1], module=found[2], line=scene.line
    )


def attribute(scene: Scene) -> str | None:
    """A misspelt name behind a dot."""
    error = scene.error
    if not isinstance(error, AttributeError) or scene.inside or not error.name:
        return None
    named = [name for name, value in scene.names.items() if value is error.obj and not name.startswith("_")]
    if said := next((said for name in named if (said := unquoted.domain(name, scene))), None):
        return said
    there = [name for name in dir(error.obj) if not name.startswith("_")]
    kind = getattr(error.obj, "__name__", "") or type(error.obj).__name__
    return _suggested("mistake.no-attribute", error.name, there, scene, kind=kind)


def _suggested(key: str, name: str, there: list[str], scene: Scene, **values: Any) -> str | None:
    near = get_close_matches(name, there, 1)
    return phrase(key, name=name, near=near[0], line=scene.line, **values) if near else None


def claim(scene: Scene) -> str | None:
    """An assertion of the lesson that does not hold."""
    if not isinstance(scene.error, AssertionError) or scene.inside:
        return None
    if said := inside.text(scene.error):
        return phrase("mistake.claim-told", said=said, line=scene.line)
    shown = ast.unparse(scene.statement.test) if isinstance(scene.statement, ast.Assert) else "assert"
    return phrase("mistake.claim", claim=shown, line=scene.line)


def python(scene: Scene) -> str | None:
    """What beginners meet besides: a list too short, a key that is not there, a call with the wrong brackets."""
    if scene.inside:
        return None
    if isinstance(scene.error, IndexError):
        return phrase("mistake.too-few", line=scene.line)
    if isinstance(scene.error, KeyError) and scene.error.args:
        return phrase("mistake.no-entry", entry=repr(scene.error.args[0]), line=scene.line)
    if isinstance(scene.error, TypeError) and "argument" in str(scene.error):
        return phrase("mistake.call", said=inside.text(scene.error), line=scene.line)
    return None


EXPLAINERS: tuple[Explainer, ...] = (
    stopped, unreadable, unknown_name, blank, misspelt_import, attribute, claim, python, inside.wrong_kind, inside.closed,
    inside.no_internet, inside.told,
)  # fmt: skip
