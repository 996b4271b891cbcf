"""The learner's own copy of the course, in the folder `my`: kept up to date, and never a file overwritten that the learner changed.

Standard library alone, for `bootstrap.py`.
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
from pathlib import Path

COPIED = ".copied.json"  # in `my`: of each file, the two hashes of what was copied in
RELEASED = "build/release"  # labs without answers, as `autograder release` makes them; an archive for learners has them in labs/ itself
NOT_COPIED = ("teach",)  # the instructors' folder


def copy_course(root: Path, mine: Path) -> list:
    """Bring `mine` up to date with the course. A file that the learner changed stays; the new one is put beside it.

    Returns a sentence for each file put beside another.
    """
    mine.mkdir(exist_ok=True)
    copied = read_json(mine / COPIED)
    sentences = []
    for folder, below in (("course", "."), (RELEASED if instructors(root) else "labs", "labs")):
        for source in course_files(root / folder):
            target = mine / below / source.relative_to(root / folder)
            sentences += copy(source, target, copied, mine)
    write_json(mine / COPIED, copied)
    return sentences


def instructors(root: Path) -> bool:
    """Whether this is the whole project, whose labs/ holds the answers too, and not an archive for learners."""
    return (root / "autograder").is_dir()


def unreleased(root: Path) -> list:
    """The names of the labs whose version for learners is not there yet, or is older than the lab."""
    labs = [path for path in sorted(root.glob("labs/*/*.ipynb")) if path.stem == path.parent.name] if instructors(root) else []
    made = {path: root / RELEASED / path.relative_to(root / "labs") for path in labs}
    return [path.stem for path in labs if not made[path].is_file() or made[path].stat().st_mtime < path.stat().st_mtime]


def course_files(folder: Path) -> list:
    """The files of a folder of ours that a learner gets."""

    def handed_out(path: Path) -> bool:
        parts = path.relative_to(folder).parts
        return path.is_file() and parts[0] not in NOT_COPIED and not any(part[0] in "._" for part in parts)

    return sorted(path for path in folder.rglob("*") if handed_out(path))


def copy(source: Path, target: Path, copied: dict, mine: Path) -> list:
    """Copy one file by the rule of `copy_course`, and note in `copied` what was copied."""
    name = target.relative_to(mine).as_posix()
    new, known, here = [fingerprint(source), written(source)], noted(copied, name), written(target)
    if here not in ("", new[1], known[1]):
        if known[0] == new[0]:
            return []
        beside = free_name(target, copied, mine, new[1])
        replace(source, beside)
        copied[name] = copied[beside.relative_to(mine).as_posix()] = new
        return [f"You changed my/{name}, so it was left as it is; the course's new version is beside it: {beside.name}"]
    if not here or known[0] not in ("", new[0]):
        replace(source, target)
    copied[name] = new
    return []


def noted(copied: dict, name: str) -> list:
    """What was copied under that name: its bytes' hash and its writing's hash; empty texts where nothing was noted."""
    known = copied.get(name)
    return known if isinstance(known, list) and len(known) == 2 else ["", ""]


def free_name(target: Path, copied: dict, mine: Path, new: str) -> Path:
    """`start.new.ipynb` for `start.ipynb`, or with a number where the learner has changed that one too."""
    for number in itertools.chain([""], itertools.count(2)):
        beside = target.with_name(f"{target.stem}.new{number}{target.suffix}")
        if written(beside) in ("", new, noted(copied, beside.relative_to(mine).as_posix())[1]):
            break
    return beside


def replace(source: Path, target: Path) -> None:
    """Copy whole or not at all: a copy that is interrupted leaves the old file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name("." + target.name + ".half")
    shutil.copyfile(str(source), str(half))
    os.replace(str(half), str(target))


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; empty where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def written(path: Path) -> str:
    """As `fingerprint`, but of a notebook only what a person wrote: to open and run it changes its outputs and metadata, not that."""
    if path.suffix == ".ipynb" and path.is_file():
        with contextlib.suppress(ValueError, LookupError, TypeError):  # not a notebook after all: then its bytes count
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells])
            return hashlib.sha256(text.encode()).hexdigest()
    return fingerprint(path)


def read_json(path: Path) -> dict:
    """A table kept in a file; empty where there is none or it cannot be read, which is always the careful answer here."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def write_json(path: Path, table: dict) -> None:
    """Keep a table in a file, whole or not at all."""
    half = path.with_name(path.name + ".half")
    half.write_text(json.dumps(table, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(str(half), str(path))
