"""Collecting: whose notebook it is, of which lab, what is wrong with it; and nobody's work is lost."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath

import nbformat
import pytest
from classroom import LAB, SENDERS, answered, named
from hypothesis import given
from hypothesis import strategies as st

from autograder import whose
from autograder.collecting import Told, collect
from autograder.course import Course
from autograder.delivered import MOST_FILES, files
from autograder.notebook import Unreadable, read_notebook
from autograder.problem import Refused
from autograder.received import AS_IT_CAME, latest, received
from postlib.course.seeds import LEARNER

LABS = ["spf-repair", "dkim-rotation"]


def work(course: Course, learner: str = "", senders: str = SENDERS) -> bytes:
    """A notebook as a learner saves it."""
    return nbformat.writes(answered(nbformat.read(course.release(LAB), 4), learner, senders=senders)).encode()


def put(path: Path, content: bytes, at: str = "2026-11-20T10:00:00") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return path


def senders(course: Course, student: str) -> str:
    """What lies there to be graded."""
    return str(named(nbformat.read(course.submitted(LAB, student), 4), "senders").source)


def told(course: Course, place: Path) -> dict[str, Told]:
    return {one.path: one for one in collect(course, [place])}


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ada/spf-repair.ipynb", "ada"),
        ("ada/spf-repair/spf-repair.ipynb", "ada"),
        ("ada.ipynb", "ada"),
        ("ada_spf-repair.ipynb", "ada"),
        ("spf-repair-ada.ipynb", "ada"),
        ("Ada Lovelace_4711_assignsubmission_file_/spf-repair.ipynb", "4711"),
        ("lovelaceada_4711_98765_spf-repair.ipynb", "4711"),
        ("lovelaceada_LATE_4711_98765_spf-repair-1.ipynb", "4711"),
        ("Ada Lovelace/spf-repair.ipynb", ""),
        ("spf-repair.ipynb", ""),
        ("..ipynb", ""),
        ("-/spf-repair.ipynb", ""),
    ],
)
def test_a_student_is_read_from_the_names_that_an_lms_gives(path: str, student: str) -> None:
    assert whose.student(PurePosixPath(path), LABS) == student


@pytest.mark.parametrize(
    ("paths", "depth"),
    [
        (["class/ada/x.ipynb", "class/bob/x.ipynb"], 1),
        (["ada/x.ipynb", "bob/x.ipynb"], 0),
        (["submissions/ada/x.ipynb"], 1),
        (["ada/spf-repair/x.ipynb", "ada/dkim-rotation/x.ipynb"], 0),
        (["ada/x.ipynb"], 0),
        (["ada.ipynb", "bob.ipynb"], 0),
    ],
)
def test_a_folder_around_a_class_is_nobodys(paths: list[str], depth: int) -> None:
    assert whose.wrapped([PurePosixPath(path) for path in paths], LABS) == depth


def test_a_students_id_is_a_learners_id() -> None:
    assert whose.STUDENT.pattern == LEARNER.pattern


def test_the_time_is_the_files_or_that_of_its_note(released: Course, tmp_path: Path) -> None:
    put(tmp_path / "in/ada/x.ipynb", work(released))
    put(tmp_path / "in/bob/x.ipynb", work(released))
    (tmp_path / "in/bob/timestamp.txt").write_text("2026-12-24 18:00:00 UTC")
    told(released, tmp_path / "in")
    stamps = [(released.submitted(LAB, name).parent / "timestamp.txt").read_text() for name in ("ada", "bob")]
    assert stamps == ["2026-11-20 10:00:00 UTC\n", "2026-12-24 18:00:00 UTC\n"]


def test_each_submission_is_kept_and_the_latest_readable_one_is_graded(released: Course, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    put(second / "ada" / "x.ipynb", work(released, senders="later = 1"), "2026-11-22T10:00:00")
    put(first / "ada" / "x.ipynb", work(released, senders="earlier = 1"), "2026-11-21T10:00:00")
    put(third / "ada" / "x.ipynb", b"{broken", "2026-11-23T10:00:00")
    for place in (second, first, third):
        told(released, place)
    assert senders(released, "ada") == "later = 1"
    folder = released.collected(LAB, "ada")
    assert len(received(folder)) == 3 and "its JSON breaks" in latest(folder).problem  # type: ignore[union-attr]
    assert [b"later" in (folder / number / AS_IT_CAME).read_bytes() for number in "12"] == [True, False]
    assert {one.words for one in collect(released, [first, second, third])} == {"nothing new"}


def test_a_renamed_notebook_is_known_by_its_cells(released: Course, tmp_path: Path) -> None:
    put(tmp_path / "in/ada/my homework.ipynb", work(released))
    found = told(released, tmp_path / "in")["ada/my homework.ipynb"]
    assert (found.student, found.lab, found.problem) == ("ada", LAB, False) and "renamed" in found.words


def test_fifty_megabytes_of_output_are_left_out(released: Course, tmp_path: Path) -> None:
    notebook = json.loads(work(released))
    notebook["cells"][4]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}]
    put(tmp_path / f"in/ada/{LAB}.ipynb", json.dumps(notebook).encode())
    assert "50 MB" in told(released, tmp_path / "in")[f"ada/{LAB}.ipynb"].words
    assert senders(released, "ada") == SENDERS and released.submitted(LAB, "ada").stat().st_size < 20_000
    assert (released.collected(LAB, "ada") / "1" / AS_IT_CAME).stat().st_size < 20_000


def test_what_is_no_notebook_is_told_and_the_rest_goes_on(released: Course, tmp_path: Path) -> None:
    place = tmp_path / "in"
    put(place / "ada" / "x.ipynb", work(released))
    put(place / "bob" / f"{LAB}.ipynb", b"")
    put(place / "cyd" / "essay.pdf", b"%PDF")
    (place / "dan").mkdir()
    (place / "dan" / f"{LAB}.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(place / "pipe.ipynb")
    found = told(released, place)
    assert found[f"bob/{LAB}.ipynb"].words == "the file is empty" and found["cyd/essay.pdf"].words.startswith("no notebook")
    assert found[f"dan/{LAB}.ipynb"].problem and "link" in found[f"dan/{LAB}.ipynb"].words and "link" in found["pipe.ipynb"].words
    assert not released.submitted(LAB, "dan").exists() and senders(released, "ada") == SENDERS


def archive(path: Path, **contents: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in contents.items():
            made.writestr(name, content)
    return path


def test_an_archive_in_an_archive_is_opened_and_no_name_leads_out(released: Course, tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", **{"work.ipynb": work(released)}).read_bytes()
    outer = archive(tmp_path / "in.zip", **{"ada/inner.zip": inner, "../../bob/x.ipynb": work(released), "cyd/broken.zip": b"PK\3\4"})
    found = told(released, outer)
    assert found["ada/inner/work.ipynb"].student == "ada" and senders(released, "ada") == SENDERS
    assert "leads out" in found["x.ipynb"].words and not list(tmp_path.parent.glob("bob"))
    assert found["cyd/broken.zip"].words == "it is a damaged archive"


def test_a_bomb_is_not_unpacked(released: Course, tmp_path: Path) -> None:
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made, made.open("ada/x.ipynb", "w") as file:
        for _ in range(101):
            file.write(b" " * 1_000_000)
    (tmp_path / "bomb.zip").write_bytes(bomb.getvalue())
    assert "larger than 100 MB" in told(released, tmp_path / "bomb.zip")["ada/x.ipynb"].words


def test_too_many_files_and_no_delivery_are_refused(released: Course, tmp_path: Path) -> None:
    many = archive(tmp_path / "many.zip", **{str(number): b"" for number in range(MOST_FILES + 1)})
    for place, words in ((many, "more than"), (tmp_path / "none", "is not there"), (put(tmp_path / "x.txt", b"x"), "neither")):
        with pytest.raises(Refused, match=words):
            files(place)


WRONG: dict[str, Callable[[dict[str, object]], object]] = {
    "no cells": lambda notebook: notebook.pop("cells"),
    "a cell that is a text": lambda notebook: notebook.update(cells=["print()"]),
    "a source that is a number": lambda notebook: notebook.update(cells=[{"cell_type": "code", "source": 3}]),
    "an unknown kind": lambda notebook: notebook.update(cells=[{"cell_type": "video", "source": ""}]),
    "too many cells": lambda notebook: notebook.update(cells=[{"cell_type": "raw", "source": ""}] * 3000),
    "too much text": lambda notebook: notebook.update(cells=[{"cell_type": "raw", "source": "x" * 3_000_000}]),
    "format 3": lambda notebook: (notebook.pop("cells"), notebook.update(worksheets=[])),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_damaged_notebook_is_a_sentence(released: Course, wrong: str) -> None:
    notebook = json.loads(work(released))
    WRONG[wrong](notebook)
    with pytest.raises(Unreadable):
        read_notebook(json.dumps(notebook).encode())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=8
)
cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "?"]) | values, "source": values},
    optional={
        "metadata": values | st.fixed_dictionaries({"nbgrader": values | st.dictionaries(st.text(max_size=9), values)}),
        "id": values,
    },
)


@given(st.binary(max_size=60) | st.fixed_dictionaries({"cells": st.lists(cells, max_size=3)}).map(lambda found: json.dumps(found).encode()))
def test_anything_is_a_notebook_or_a_sentence(content: bytes) -> None:
    try:
        notebook = read_notebook(content)
    except Unreadable as error:
        assert str(error)
    else:
        nbformat.validate(notebook)
        nbformat.writes(notebook).encode()


def test_a_lab_is_told_by_cells_that_no_other_has() -> None:
    labs = {"spf-repair": ["learner", "setup", "repair"], "dkim-rotation": ["learner", "setup", "switch"]}
    path = PurePosixPath("ada/x.ipynb")
    assert whose.lab(path, ["setup", "switch"], labs) == "dkim-rotation"
    assert whose.lab(path, ["setup", "learner"], labs) == ""
    assert whose.lab(PurePosixPath("ada/spf-repair (1).ipynb"), [], labs) == "spf-repair"
