"""Run a submission's cells as nbgrader does, in a kernel that knows whose they are; and let a test give nothing but points."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import Execute, NbGraderPreprocessor  # type: ignore[import-untyped]
from nbgrader.utils import is_grade, is_solution  # type: ignore[import-untyped]

from autograder.cells import new_output

NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,20})?")
WORD = "POSTLIB_GRADING_SEED"  # environment of a kernel that grades
SETTINGS = {"POSTLIB_CACHE": "off", "POSTLIB_PROGRESS": "off", "POSTLIB_MISTAKES": "off"}  # a traceback in an output would show tests
RAN = "autograder_ran"  # notebook metadata: without it, what lies among the graded ones was interrupted
NO_POINTS = "NoPoints"  # the name of the error that a test cell gets which gave no points


class RunAs(Execute):  # type: ignore[misc]
    """Run the cells with the submission's student id as POSTLIB_LEARNER; nothing is read from the user's cache or written to progress.

    What stands below the last test is not run: a lab ends with the learner's own domain, which is asked on the real Internet.
    """

    def preprocess(self, nb: NotebookNode, resources: Any, km: Any = None) -> tuple[NotebookNode, Any]:
        self.last_test = max((number for number, cell in enumerate(nb.cells) if cell.cell_type == "code" and is_grade(cell)), default=-1)
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources, km)
        done[0].metadata[RAN] = True
        return done

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        if index > self.last_test:
            return cell, resources
        done: tuple[NotebookNode, Any] = super().preprocess_cell(cell, resources, index)
        return done

    def start_new_kernel(self, **kwargs: Any) -> None:
        learner = self.resources["nbgrader"]["student"]
        environment = os.environ | SETTINGS | {"POSTLIB_LEARNER": learner}
        root = self.parent.parent.coursedir.root
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [os.environ.get("PYTHONPATH"), root])
        )  # hidden tests read the model solution
        environment.setdefault(WORD, word(Path(root, "build", "grading-seed")))
        super().start_new_kernel(env=environment, **kwargs)


def word(path: Path) -> str:
    """The word from which the mail of graded tests is drawn: made once for a course, so that grading twice gives the same points."""
    if not path.exists():
        half = path.with_name(f"{path.name}.{os.getpid()}.half")
        half.write_text(secrets.token_hex(16), encoding="ascii")
        with suppress(FileExistsError):  # another worker was first
            os.link(half, path)
        half.unlink()
    return path.read_text(encoding="ascii").strip()


class OnlyPoints(NbGraderPreprocessor):  # type: ignore[misc]
    """A test that ends in no number between 0 and its points gives none: nbgrader would give all of them."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
            problem = without_points(cell)
            if problem:
                error = new_output("error", ename=NO_POINTS, evalue=problem, traceback=[f"{NO_POINTS}: {problem}"])
                cell.outputs = [error, *cell.outputs]  # nbgrader looks at the first that decides
        return cell, resources


def without_points(cell: NotebookNode) -> str:
    """Why a test cell that has run gives no points, as a sentence; empty where its result is a number of points or it ended in an error."""
    if any(output.output_type == "error" for output in cell.outputs):
        return ""
    results = [str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs if output.output_type == "execute_result"]
    most = float(cell.metadata.nbgrader.points)
    if len(results) != 1:
        return f"the test gave {len(results)} results, and one was expected"
    if not NUMBER.fullmatch(results[0].strip()) or float(results[0]) > most:
        return f"the test gave {results[0][:40]!r}, and a number from 0 to {most:g} was expected"
    return ""
