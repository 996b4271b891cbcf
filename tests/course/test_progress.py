"""The learner's file: whole or not at all, put aside when broken, never lost by two writers; My progress, and the learner's id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.course import learner_file, notes
from postlib.course.asking import predict, question
from postlib.course.enrolment import enroll, enrolled
from postlib.course.hints import hint
from postlib.course.my_progress import progress
from postlib.course.notes import reached

CELL = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "learner", "solution": True}}, "source": ["learner = \"\""]}
TWIN = {"cell_type": "code", "metadata": {}, "source": ["learner = \"\""]}


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of its own with start.ipynb, and the lesson's folder as the working directory."""
    (tmp_path / "my" / "dmarc").mkdir(parents=True)
    (tmp_path / "my" / "start.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path / "my" / "dmarc")
    monkeypatch.delenv("POSTLIB_PROGRESS", raising=False)
    monkeypatch.delenv("SEED", raising=False)
    return tmp_path / "my" / "progress.json"


def read(path: Path) -> Any:
    """What the file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_file_stands_beside_start(kept: Path) -> None:
    question("warm-up/ttl", 2)
    assert read(kept)["version"] == learner_file.VERSION and list(read(kept)["questions"]) == ["warm-up/ttl"]
    assert kept.read_text(encoding="utf-8").endswith("}\n")


def test_without_start_it_stands_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    question("warm-up/ttl", 2)
    assert (elsewhere / "progress.json").is_file()


def test_it_can_be_named_and_switched_off(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLIB_PROGRESS", str(tmp_path / "new" / "mine.json"))
    question("warm-up/ttl", 2)
    assert (tmp_path / "new" / "mine.json").is_file() and not kept.exists()
    monkeypatch.setenv("POSTLIB_PROGRESS", "off")
    monkeypatch.setattr(learner_file, "_kept_here", {})
    question("warm-up/cname", 3)
    enroll("ana-12")
    assert enrolled() == "ana-12" and "warm-up" in repr(progress())
    assert not kept.exists() and "warm-up/cname" not in (tmp_path / "new" / "mine.json").read_text()


OURS = json.dumps(learner_file.empty())


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"version": 2}', '{"notes": "of another program"}', "\xff\xfe", "[" * 100_000, OURS.replace("{}", "[]", 1),
     OURS.replace('"learner": ""', '"learner": 3'), OURS.replace('"questions": {}', '"questions": {"a": {"tries": "x"}}'),
     OURS.replace('"hints": {}', '"hints": {"a": [[]]}'), OURS.replace('"survey": {}', '"survey": ' + '{"a":' * 900 + "1" + "}" * 900),
     OURS + " " * learner_file.LARGEST],
    ids=range(14),
)  # fmt: skip
def test_a_broken_or_foreign_file_is_put_aside_with_a_sentence(text: str, kept: Path) -> None:
    """It may hold somebody's work: it is never overwritten."""
    kept.write_bytes(text.encode("latin-1"))
    words = repr(question("warm-up/ttl", 2))
    assert words.startswith("✔ Right.") and "put aside as progress.broken.json" in words
    assert kept.with_name("progress.broken.json").read_bytes() == text.encode("latin-1")
    assert list(read(kept)["questions"]) == ["warm-up/ttl"]


def test_a_second_broken_file_does_not_replace_the_first(kept: Path) -> None:
    for text in ("one", "two"):
        kept.write_text(text)
        progress()
    assert [kept.with_name(f"progress.broken{n}.json").read_text() for n in ("", "-2")] == ["one", "two"]


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: OURS.replace('"hints"', json.dumps(text)).encode()))
def test_whatever_the_file_holds_it_is_read_or_refused(data: bytes) -> None:
    understood = learner_file._understood(data)
    assert understood is None or understood.keys() >= {"version", "learner", *learner_file.SECTIONS}


def test_a_file_that_cannot_be_written_stops_nobody(kept: Path) -> None:
    """Nor does a folder of that name, which nobody can replace."""
    kept.mkdir()
    said = [question("warm-up/ttl", 2), predict("start/arrivals", 1), hint("spf-repair"), reached("spf-repair", 1, 2)]
    assert all("This was not kept: progress.json could not be written" in str(words) for words in said)
    assert "could not be read" in repr(progress()) and kept.is_dir() and list(kept.parent.glob(".*.half")) == []


WRITER = """
import sys
from postlib.course import learner_file, notes
for number in range(40):
    told = learner_file.change(notes.hinted(f"lab-{sys.argv[1]}-{number}", 1))
    assert told == "", told
"""


def test_two_kernels_that_write_at_once_lose_nothing(kept: Path) -> None:
    path = {**os.environ, "PYTHONPATH": str(Path(learner_file.__file__).parents[2])}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(n)], stderr=subprocess.PIPE, text=True, env=path) for n in range(3)]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert said == ["", "", ""] and [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(read(kept)["hints"]) == 120


def test_a_kernel_that_holds_the_lock_for_too_long_stops_nobody(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_file, "PATIENCE", 0.1)
    with learner_file._alone(kept):
        words = repr(question("warm-up/ttl", 2))
    assert words.startswith("✔ Right.") and "another notebook has been writing" in words
    assert repr(question("warm-up/ttl", 2)).startswith("✔ Right.") and kept.is_file()


def test_the_file_stays_small(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner_file, "MOST_ENTRIES", 5)
    for number in range(9):
        reached(f"lab-{number}", 1, 2)
    assert list(read(kept)["reached"]) == [f"lab-{number}" for number in range(4, 9)]


def test_my_progress_counts_first_later_and_missed_and_never_cells() -> None:
    assert "Nothing is noted yet" in repr(progress())
    for id, *answers in (("ttl", 2), ("cname", 2, 1), ("ns", 1), ("txt", 1, 2)):
        for answer in answers:
            question(f"warm-up/{id}", answer)
    for guess, prediction in ((3, "arrivals"), (1, "second-try")):
        predict(f"start/{prediction}", guess)
        predict(f"start/{prediction}")
    rows = {line.split()[0]: line.split()[1:] for line in repr(progress()).splitlines() if line.startswith(("warm-up", "start"))}
    assert rows["warm-up"] == ["1", "1", "2", "6", "0"]
    assert rows["start"] == ["0", "0", "0", "4", "2", "1", "of", "2"]
    assert "3 missed questions wait in review.ipynb." in repr(progress())
    html = progress()._repr_mimebundle_()["text/html"]
    assert "<table" in html and "1 of 2" in html


def test_a_guess_that_was_not_compared_yet_is_not_told() -> None:
    """My progress must not give the surprise away."""
    predict("start/arrivals", 3)
    row = next(line for line in repr(progress()).splitlines() if line.startswith("start"))
    assert row.split() == ["start", "0", "0", "0", "4", "1"]


def test_the_best_try_of_a_lab_stays(kept: Path) -> None:
    for points in (3, 7.5, 5):
        assert reached("spf-repair", points, 10) == ""
    hint("spf-repair", 2)
    assert read(kept)["reached"]["spf-repair"]["points"] == 7.5 and "7.5 of 10" in repr(progress())
    row = next(line for line in repr(progress()).splitlines() if line.startswith("spf-repair"))
    assert row.split()[-1] == "2" and notes.today().isoformat() in row


def notebook(kept: Path, lab: str, cells: list[Any], **form: Any) -> Path:
    """A notebook of a lab beside start.ipynb."""
    path = kept.parent / "labs" / lab / f"{lab}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes((json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, **form) + "\n").encode())
    return path


@pytest.mark.parametrize("form", [{"indent": 1}, {"indent": 4}, {}, {"indent": 1, "sort_keys": True}, {"indent": 1, "ensure_ascii": False}])
def test_the_id_is_written_into_the_one_cell_and_every_other_byte_stays(form: dict[str, Any], kept: Path) -> None:
    """Another cell with the same line, before and after it, stays as it is."""
    story = {"cell_type": "markdown", "metadata": {}, "source": ["Zoë writes learner = \"\" too\n", "learner = \"\""]}
    path = notebook(kept, "spf-repair", [TWIN, story, CELL, TWIN], **form)
    before = path.read_bytes()
    assert repr(enroll("ana-12")).startswith("Your id is ana-12.\nIt was written into 1 lab notebook.")
    after = path.read_bytes()
    assert len(after) == len(before) + len("ana-12") and after.replace(b"ana-12", b"") == before
    sources = [cell["source"] for cell in json.loads(after)["cells"]]
    assert sources == [TWIN["source"], story["source"], ["learner = \"ana-12\""], TWIN["source"]]
    assert enrolled() == "ana-12" and read(kept)["learner"] == "ana-12"


MARKED = ["### BEGIN SOLUTION\n", "learner = ''\n", "### END SOLUTION"]


@pytest.mark.parametrize("source", [MARKED, 'x = 1\nlearner = ""\ny = 2', ["learner=\"\""]])
def test_the_line_may_stand_among_others(source: Any, kept: Path) -> None:
    path = notebook(kept, "spf-repair", [CELL | {"source": source}], indent=1)
    enroll("bo")
    written = json.loads(path.read_text())["cells"][0]["source"]
    assert 'learner = "bo"' in "".join(written) and type(written) is type(source)
    assert len("".join(written).splitlines()) == len("".join(source).splitlines())


def test_a_notebook_with_another_id_is_named_and_left(kept: Path) -> None:
    path = notebook(kept, "spf-repair", [CELL | {"source": ["learner = \"bo\""]}], indent=1)
    before = path.read_bytes()
    words = repr(enroll("ana-12"))
    assert "labs/spf-repair/spf-repair.ipynb holds another id, bo," in words and path.read_bytes() == before
    assert repr(enroll("bo")) == "Your id is bo."


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"cells": 3}', b'{"cells": [null, {"metadata": []}]}', b"[" * 100_000])
def test_a_notebook_that_cannot_be_read_stops_nobody(text: bytes, kept: Path) -> None:
    path = notebook(kept, "spf-repair", [])
    path.write_bytes(text)
    good = notebook(kept, "dkim-rotation", [CELL], indent=1)
    assert "It was written into 1 lab notebook." in repr(enroll("ana-12"))
    assert path.read_bytes() == text and b"ana-12" in good.read_bytes()


@pytest.mark.parametrize("learner", ["ana 12", "é", ".ana", "a" * 65, "../x", 'a"b', "a\n", 12, ["a"]])
def test_an_id_of_another_shape_is_one_sentence(learner: Any, kept: Path) -> None:
    with pytest.raises(ValueError, match="cannot be an id: write 1 to 64 letters"):
        enroll(learner)
    assert not kept.exists()


def test_without_an_id_it_says_what_to_write(kept: Path) -> None:
    """So the cell of start.ipynb runs in a run of all cells."""
    assert 'enroll("ana-12")' in repr(enroll()) and enrolled() == "" and not kept.exists()
    enroll("practice")
    assert repr(enroll("")) == "Your id is practice."


def test_a_workshop_has_one_id_for_all(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "class")
    path = notebook(kept, "spf-repair", [CELL], indent=1)
    assert enrolled() == "class" and repr(enroll("ana-12")).startswith("Your id is class.")
    assert b'learner = \\"class\\"' in path.read_bytes()
