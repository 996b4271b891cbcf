"""For maintainers: run the lessons, and keep what each has done by each of its headings. `make places` calls it.

    python -m postlib.course.placing [--root FOLDER] [LESSON …]

A lesson's file is written anew only when its code or its headings have changed, or with --all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from postlib import acts
from postlib.acts import Act
from postlib.cell import digest
from postlib.course.places import file_name

HEADING = re.compile(r"(?m)^## (.*)$")
PATIENCE = 300  # seconds for one cell
QUIET = {"POSTLIB_PROGRESS": "off", "POSTLIB_MISTAKES": "off", "JUPYTER_PLATFORM_DIRS": "1"}
JOURNAL = (
    "dict(world=internet.world, seed=internet.seed, start=str(internet.start), now=str(internet.clock.now()), acts=internet.journal())"
)
TIME_PASSES = ("wait", "advance")


@dataclass(frozen=True)
class Lesson:
    """A notebook with a variable `internet` that its setup cell makes."""

    id: str
    notebook: Mapping[str, Any]

    @property
    def headings(self) -> dict[str, int]:
        """Its headings, and the cell that each is in."""
        prose = ((number, _source(cell)) for number, cell in enumerate(self.notebook["cells"]) if cell["cell_type"] == "markdown")
        return {heading.strip(): number for number, source in prose for heading in HEADING.findall(source)}

    @property
    def digest(self) -> str:
        """Of all that can change what is kept: the code, and where the headings stand."""
        parts = [_source(cell) if cell["cell_type"] == "code" else str(HEADING.findall(_source(cell))) for cell in self.notebook["cells"]]
        return digest("\0".join(parts))

    def asked(self, expression: str) -> dict[str, Any]:
        """Run it in a kernel of its own, and evaluate an expression at each heading; the values, as JSON gives them, by heading.

        Raises nbclient's CellExecutionError where a cell ends in an error.
        """
        import nbformat
        from nbclient import NotebookClient
        from traitlets.config import Config

        notebook = nbformat.reads(json.dumps(self.notebook), as_version=4)  # type: ignore[no-untyped-call]
        question = f"import json as _json\nprint(_json.dumps({expression}))"
        for heading, number in reversed(self.headings.items()):
            cell = nbformat.v4.new_code_cell(question, id=f"asked-{number}", metadata={"heading": heading})  # type: ignore[no-untyped-call]
            notebook.cells.insert(number, cell)
        with tempfile.TemporaryDirectory() as folder:
            resources, config = {"metadata": {"path": folder}}, Config(KernelManager={"transport_encryption": "auto"})
            client = NotebookClient(notebook, kernel_name="python3", timeout=PATIENCE, resources=resources, config=config)
            client.execute(env=_environment(folder))
        answers = [cell for cell in notebook.cells if "heading" in cell.metadata]
        return {cell.metadata.heading: json.loads("".join(out.text for out in cell.outputs if out.name == "stdout")) for cell in answers}


@dataclass
class Kept:
    """The acts so far, without dates, and how many seconds of the lesson they have taken."""

    lines: list[Act] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    seconds: float = 0

    def go_on(self, told: Mapping[str, Any]) -> int:
        """Add what a journal has more; returns the number of lines. Raises ValueError where it has not all that was there before."""
        start = datetime.fromisoformat(told["start"])
        done = [act for act in told["acts"] if act["act"] not in TIME_PASSES]
        plain = [{key: value for key, value in act.items() if key not in ("at", "cell")} for act in done]
        if plain[: len(self.acts)] != self.acts:
            raise ValueError("takes back what it did under an earlier heading, so its headings cannot be started alone")
        for act, new in list(zip(done, plain, strict=True))[len(self.acts) :]:
            self._wait((datetime.fromisoformat(act["at"]) - start).total_seconds())
            self.lines.append(new)
        self._wait((datetime.fromisoformat(told["now"]) - start).total_seconds())
        self.acts = plain
        return len(self.lines)

    def _wait(self, until: float) -> None:
        if until != self.seconds:
            self.lines.append(acts.advance(until - self.seconds))
            self.seconds = until


def placed(lesson: Lesson, told: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a lesson's file, from its JOURNAL at each heading. Raises ValueError for one that takes back what it has done."""
    kept = Kept()
    try:
        headings = {heading: kept.go_on(journal) for heading, journal in told.items()}
    except ValueError as error:
        raise ValueError(f"{lesson.id} {error}") from error
    first = next(iter(told.values()))
    head = {"lesson": lesson.id, "made_from": lesson.digest, "world": first["world"], "seed": first["seed"], "headings": headings}
    lines = [f"  {json.dumps(act, ensure_ascii=False)}" for act in kept.lines]
    told_acts = "[\n" + ",\n".join(lines) + "\n ]" if lines else "[]"
    return json.dumps(head, indent=1, ensure_ascii=False)[:-2] + f',\n "acts": {told_acts}\n}}\n'


def lessons(root: Path) -> Iterator[Lesson]:
    """The lessons of the project in `root` that can be started at a heading, in the order of their ids."""
    for path in sorted((root / "course").rglob("*.ipynb")):
        name = path.relative_to(root / "course").with_suffix("").as_posix()
        lesson = Lesson(re.sub(r"/(\d\d)-.*$", r"/\1", name), json.loads(path.read_text(encoding="utf-8")))
        setup = [_source(cell) for cell in lesson.notebook["cells"] if cell.get("id") == "setup"]
        if lesson.headings and any(re.search(r"(?m)^internet = ", source) for source in setup) and ".ipynb_checkpoints" not in path.parts:
            yield lesson


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _environment(folder: str) -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, **QUIET, "IPYTHONDIR": folder, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def main() -> None:
    """Write the files of the lessons named, or of all that have changed, and take away those of lessons that are no more."""
    parser = argparse.ArgumentParser(prog="python -m postlib.course.placing", description="Keep what each lesson has done by each heading.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="for example dmarc/02 (default: those that have changed)")
    parser.add_argument("--all", action="store_true", help="also those that have not changed")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of the project (default: here)")
    asked = parser.parse_args()
    folder, known = asked.root / "postlib" / "course" / "places", {lesson.id: lesson for lesson in lessons(asked.root)}
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in map(file_name, known):
            path.unlink()
    unknown = set(asked.lessons) - known.keys()
    if unknown:
        sys.exit(f"there is no lesson {', '.join(sorted(unknown))} to start in; there are: {', '.join(known)}")
    for lesson in (known[name] for name in asked.lessons or known):
        path = folder / file_name(lesson.id)
        if asked.all or asked.lessons or not path.exists() or json.loads(path.read_text(encoding="utf-8"))["made_from"] != lesson.digest:
            path.write_text(placed(lesson, lesson.asked(JOURNAL)), encoding="utf-8")
            print(f"{lesson.id}: {path.relative_to(asked.root)}")


if __name__ == "__main__":
    main()
