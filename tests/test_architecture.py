"""Who may import whom, and how large things may grow. The table says it; the imports are read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import postlib

ROOT = Path(__file__).resolve().parent.parent

GROUND = {"acts", "background", "cell", "clock", "finding", "unknown"}  # import nothing of ours
EVERYONE_MAY = {"acts", "background"}

# A part may import what its row names, and what those may import in turn.
MAY_IMPORT: dict[str, set[str]] = {
    "acts": set(),
    "background": set(),
    "cell": set(),
    "clock": set(),
    "finding": set(),
    "unhurried": set(),
    "unknown": set(),
    "patience": set(),
    "wire": set(),
    "datagram": {"patience"},
    "network": {"clock", "unknown", "patience", "wire", "datagram"},
    "dnssec": set(),
    "resolver": {"network", "dnssec"},
    "protocols": {"network", "resolver", "dnssec"},
    "probe": {"finding", "network", "resolver"},  # one observation shares one resolver
    "probes": {"probe", "protocols"},
    "policies": {"finding", "probe"},
    "lab": {"network", "resolver", "protocols", "dnssec", "cell"},
    "report": {"finding", "policies"},
    "words": {"finding"},
    "display": {"finding", "policies", "report", "words"},
    "cluster": set(),  # spreads any work: what is done with a batch is its caller's
    "vantage": {"network", "resolver", "lab"},  # the lab, because a worker visits a world itself
    "look": {"probes", "policies", "report", "lab", "cluster", "vantage", "unhurried"},  # the lab, to refuse its names on the real Internet
    "second_opinion": {"report", "display", "lab"},  # the lab, for a resolver that its child process may ask
    "commands": {"look", "display", "lab", "course", "second_opinion"},
    "philately": {"finding"},
    "course": {"lab", "report", "words", "display", "cell"},
}
EXCEPTIONS = {"philately.shop": {"probes"}}  # one module that may import more than its part
DOORS = {"__init__", "__main__"}  # of postlib itself: they may import all of it

MAX_FILE = 300  # lines
MAX_FUNCTION = 30
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}


def sources(*folders: str) -> list[Path]:
    """Every Python file below these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    """The dotted name of a file within postlib: `network`, `probes.spf`, `resolver` for its `__init__`."""
    parts = path.relative_to(ROOT / "postlib").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """The absolute dotted names that a module imports; `package` is where its relative imports start."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(above + (node.module.split(".") if node.module else []))
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == "postlib" else [module]


def imports_of(path: Path) -> set[str]:
    """What a file imports, absolute."""
    return set(imported(ast.parse(path.read_text()), list(path.relative_to(ROOT).with_suffix("").parts[:-1])))


def reachable(part: str) -> set[str]:
    """The parts that a part may import: its row, and theirs."""
    found: set[str] = set()
    waiting = {part}
    while waiting:
        new = MAY_IMPORT[waiting.pop()] - found
        found |= new
        waiting |= new
    return found


def parts_imported(path: Path) -> set[str]:
    """The parts of postlib that a file imports; `postlib` itself is named so."""
    names = [name.split(".") for name in imports_of(path)]
    return {name[1] if len(name) > 1 else "postlib" for name in names if name[0] == "postlib"}


def test_every_part_is_in_the_table() -> None:
    """A new part needs a row: its place is a decision."""
    parts = {module_of(path).split(".")[0] for path in sources("postlib")}
    assert parts - DOORS <= MAY_IMPORT.keys()


def test_the_table_has_no_circle() -> None:
    """No part reaches itself."""
    assert not [part for part in MAY_IMPORT if part in reachable(part)]
    assert all(not MAY_IMPORT[part] for part in GROUND)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    """The table above, module by module."""
    wrong = {}
    for path in sources("postlib"):
        module = module_of(path)
        if module.split(".")[0] != part:
            continue
        allowed = reachable(part) | {part} | (set() if part in GROUND else EVERYONE_MAY) | EXCEPTIONS.get(module, set())
        if surplus := parts_imported(path) - allowed:
            wrong[module] = surplus
    assert not wrong


def test_postlib_never_imports_the_autograder() -> None:
    """The grader stands on postlib, not the other way round."""
    assert not [path for path in sources("postlib") if any(name.split(".")[0] == "autograder" for name in imports_of(path))]


def test_the_autograder_uses_public_names_only() -> None:
    """`from postlib import name` and `from postlib.course import name`: what a notebook may import, and never a module of theirs."""
    public = {"postlib", "postlib.course"} | {f"postlib.{name}" for name in postlib.__all__}
    wrong = {}
    for path in sources("autograder"):
        found = {name for name in imports_of(path) if name.split(".")[0] == "postlib"} - public
        if found:
            wrong[path.name] = found
    assert not wrong


def test_imports_are_read_in_every_form() -> None:
    """The reader of imports sees through relative imports, aliases and imports inside functions."""
    text = "import postlib.lab.build as b\nfrom . import acts\nfrom ..network import Network\ndef f():\n    from postlib import clock\n"
    found = set(imported(ast.parse(text), ["postlib", "probes"]))
    assert found == {"postlib.lab.build", "postlib.probes", "postlib.network", "postlib.clock"}


def test_files_are_short() -> None:
    """A file has at most 300 lines."""
    counts = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources("postlib", "autograder", "tests")}
    counts |= {path.name: len(path.read_text().splitlines()) for path in ROOT.glob("*.py")}
    assert not {name: count for name, count in counts.items() if count > MAX_FILE}


def test_functions_are_short() -> None:
    """A function has at most 30 lines, its docstring among them."""
    long = {}
    for path in [*sources("postlib", "autograder"), *ROOT.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines
    assert not long


def test_no_file_has_a_name_that_says_nothing() -> None:
    """A name says what is inside."""
    names = [path for path in sources("postlib", "autograder", "tests") if {path.stem, path.parent.name} & FORBIDDEN_NAMES]
    assert not names
