"""Text that a learner wrote without its quotes: what Python makes of it is a name, a subtraction, or nothing that it can read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from postlib.display.scene import OURS, Scene
from postlib.words import phrase

ENDS_LIKE_A_NAME = r"(?:\.[A-Za-z0-9-]+)*\.(?:post|example|test|invalid|com|org|net|int)\b"  # the lab's, and the commonest
IN_QUOTES = re.compile(r"\"[^\"]*\"|'[^']*'")
RECORD = re.compile(r"\bv ?= ?(?:spf1|DMARC1|DKIM1|STSv1|TLSRPTv1|BIMI1)\b", re.IGNORECASE)  # how the records of this course begin
PLAIN = (ast.Name, ast.Attribute, ast.Constant)


def domain(name: str, scene: Scene) -> str | None:
    """The domain name or mail address that stands in the cell without quotes and begins with `name`."""
    shown = ast.unparse(scene.statement) if scene.statement is not None else ""
    written = re.search(rf"(?<![\w.\"'-])\b{name}{ENDS_LIKE_A_NAME}", shown)
    return phrase("mistake.unquoted", text=written[0], line=scene.line) if written else None


def record(source: str, line: int) -> str | None:
    """The record that stands in this line of a cell without quotes."""
    lines = source.splitlines()
    found = RECORD.search(IN_QUOTES.sub('""', lines[line - 1])) if 0 < line <= len(lines) else None
    return phrase("mistake.unquoted-record", text=found[0], line=line) if found else None


def hyphened(name: str, scene: Scene) -> str | None:
    """`new_key(key-b)`: an argument with hyphens, of which Python makes a subtraction."""
    return next((_said("mistake.unquoted", text, scene) for node, text in _given(name, scene) if isinstance(node, ast.BinOp)), None)


def word(name: str, scene: Scene) -> str | None:
    """`revoke_key(smtp1)`: a bare word."""
    return next((_said("mistake.bare-word", text, scene) for node, text in _given(name, scene) if isinstance(node, ast.Name)), None)


def _said(key: str, text: str, scene: Scene) -> str:
    return phrase(key, text=text, line=scene.line)


def _given(name: str, scene: Scene) -> Iterator[tuple[ast.expr, str]]:
    """The arguments of calls of ours that are this name, or it with hyphens; each as it is written."""
    for call in ast.walk(scene.statement) if scene.statement is not None else ():
        if not isinstance(call, ast.Call) or not _ours(call.func, scene):
            continue
        for node in (*call.args, *(keyword.value for keyword in call.keywords)):
            text = ast.get_source_segment(scene.source, node) or ""
            if _hyphened(node) and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node)) and " " not in text:
                yield node, text


def _hyphened(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Sub) and _hyphened(node.left) and _hyphened(node.right)
    return isinstance(node, PLAIN)


def _ours(called: ast.expr, scene: Scene) -> bool:
    """Whether what is called begins with a name that the kernel has from postlib."""
    while isinstance(called, ast.Attribute | ast.Call):
        called = called.value if isinstance(called, ast.Attribute) else called.func
    value = scene.names.get(called.id) if isinstance(called, ast.Name) else None
    return str(getattr(value, "__module__", "")).partition(".")[0] == OURS
