"""The contents page is current, its links lead somewhere, and what cannot be right is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lessons import COURSE, LABS, ROOT

from postlib.course.contents import Page, contents, read, title_of, words


def written(folder: Path, syllabus: dict[str, Any], *notebooks: str) -> Path:
    """A small project: this syllabus, and notebooks with the title `Who? (N)`."""
    (folder / "course").mkdir()
    (folder / "course" / "syllabus.yaml").write_text(yaml.safe_dump(syllabus, sort_keys=False))
    for name in notebooks:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Who? (N)\n", "\n", "Text."]}]}))
    return folder


def small() -> dict[str, Any]:
    """A syllabus of one page, one track with two lessons and a lab, and one road."""
    lesson = {"title": "Planned title?", "state": "planned"}
    lab = {"title": "A lab", "state": "planned", "practises": ["dmarc/02"], "minutes": 90}
    track: dict[str, Any] = {
        "title": "DMARC",
        "aims": ["Learn."],
        "minutes": [45, 60],
        "field": "f",
        "level": "l",
        "audience": "a",
        "entry": "e",
    }
    track |= {"lessons": {"dmarc/01": lesson, "dmarc/02": lesson}, "labs": {"lab": lab}}
    road: dict[str, Any] = {"title": "Day", "time": "6 hours", "about": "One.", "before": ["start"], "after": ["dmarc/02"]}
    road |= {"sessions": [{"steps": ["dmarc/01"], "then": ["lab"]}]}
    start = {"title": "Start", "state": "planned", "minutes": 10}
    return {"start": start, "general": {"languages": ["English"], "session": 2026}, "dmarc": track, "roads": {"day": road}}


def test_the_contents_page_is_current() -> None:
    """`make contents` after a change of the syllabus or of a title."""
    assert (COURSE / "README.md").read_text(encoding="utf-8") == contents(ROOT), "course/README.md is old: run make contents"


def test_every_link_of_the_page_leads_to_a_file() -> None:
    """A learner's copy has the labs in its folder labs, where the project has them beside the course."""
    links = re.findall(r"\]\(([^)]+)\)", (COURSE / "README.md").read_text(encoding="utf-8"))
    assert links
    assert not [link for link in links if not (LABS / link.removeprefix("labs/") if link.startswith("labs/") else COURSE / link).is_file()]


def test_everything_of_the_syllabus_stands_on_the_page() -> None:
    page, course = contents(ROOT), read(ROOT)
    assert not [step.id for step in course.steps.values() if step.title not in page]
    assert not [track.id for track in course.tracks for aim in track.sheet["aims"] if aim not in page]


def test_a_ready_lesson_has_the_title_of_its_notebook_and_a_link(tmp_path: Path) -> None:
    syllabus = small()
    syllabus["dmarc"]["lessons"] = {"dmarc/01": {"title": "Old?", "state": "ready"}}
    syllabus["roads"] = {}
    page = contents(written(tmp_path, syllabus, "course/dmarc/01-who.ipynb"))
    assert "| 1 | [Who? (N)](dmarc/01-who.ipynb) | 45–60 minutes | ready |" in page
    assert "Old?" not in page
    assert "1 lesson, 1 lab" in page


def test_a_planned_lesson_has_no_link(tmp_path: Path) -> None:
    page = contents(written(tmp_path, small()))
    assert "| 2 | Planned title? | 45–60 minutes | planned |" in page
    assert "| A lab | 2 | 90 minutes | planned |" in page
    assert "about 3 to 4 hours" in page  # 45 + 45 + 90 minutes, and 60 + 60 + 90


def test_a_road_tells_what_is_done_together_and_alone(tmp_path: Path) -> None:
    page = contents(written(tmp_path, small()))
    assert "**Day**: 6 hours. One.\n\n|  | together | alone, afterwards |" in page
    assert "| before |  | Start |\n| session 1 | Planned title? | A lab |\n| afterwards |  | Planned title? |" in page


def test_a_road_to_nowhere_is_refused(tmp_path: Path) -> None:
    syllabus = small()
    syllabus["roads"] = {"day": {"title": "Day", "time": "t", "about": "a", "sessions": [{"steps": ["dmarc/99"]}]}}
    with pytest.raises(KeyError, match="dmarc/99"):
        contents(written(tmp_path, syllabus))


@pytest.mark.parametrize("notebooks", [(), ("course/dmarc/01-one.ipynb", "course/dmarc/01-two.ipynb")])
def test_what_is_ready_must_be_there_once(tmp_path: Path, notebooks: tuple[str, ...]) -> None:
    syllabus = small()
    syllabus["dmarc"]["lessons"]["dmarc/01"] = {"title": "T?", "state": "ready"}
    with pytest.raises(ValueError, match="dmarc/01 is called ready"):
        read(written(tmp_path, syllabus, *notebooks))


def test_a_notebook_without_a_title_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    for cell in ({"cell_type": "markdown", "source": "No title"}, {"cell_type": "code", "source": "# a comment"}):
        path.write_text(json.dumps({"cells": [cell]}))
        with pytest.raises(ValueError, match="does not begin with a title"):
            title_of(path)


@pytest.mark.parametrize("minutes", ["an hour", [1, 2, 3], None, [45]])
def test_a_duration_that_is_none_is_refused(tmp_path: Path, minutes: object) -> None:
    syllabus = small()
    syllabus["start"]["minutes"] = minutes
    with pytest.raises(ValueError, match="minutes"):
        read(written(tmp_path, syllabus))


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    root = written(tmp_path, small())
    command = [sys.executable, "-m", "postlib.course.contents", "--root", str(root)]
    subprocess.run(command, check=True, cwd=ROOT, timeout=60)
    assert (root / "course" / "README.md").read_text(encoding="utf-8") == Page(read(root), words()).text()
