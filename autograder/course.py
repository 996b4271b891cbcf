"""Where a course lies on disk, and how nbgrader is set up for it: one place for `nbgrader_config.py` and for the commands."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbgrader  # type: ignore[import-untyped]
from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader import preprocessors as stock
from nbgrader.apps import NbGraderAPI  # type: ignore[import-untyped]
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.learner import KeepLearner
from autograder.roles import GiveRoles
from autograder.run import OnlyPoints, RunAs
from autograder.told import GetPoints, TellOnly

DATABASE = "AUTOGRADER_DB"  # environment: the gradebook as an SQLAlchemy URL
EXCHANGE = "AUTOGRADER_EXCHANGE"  # environment: nbgrader's exchange folder, where learners and instructor share a machine
CELL_SECONDS = 120  # a judge takes at most 30 s on an idle machine; graders are busy
LOCK_SECONDS = 60  # as long as one worker waits for another's write to an SQLite gradebook
STUB = "# write your answer here"
TEXT_STUB = "*Your answer here.*"

# In a lab's folder only the notebook and the data beside it are the learner's. A module beside a notebook would be imported before the
# library of that name, so none is ever copied, from a submission neither.
INSTRUCTORS = ["answers*", "*.journal.json", "*.before.json", "models", "model*.ipynb", "rubric*", "*.py", "*.so", "*.pyd", "*.pth"]
REFUSED = [".ipynb_checkpoints", "__pycache__", "*.pyc", "feedback"]
TEMPLATES = [Path(__file__).parent / "templates", Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"]


@dataclass(frozen=True)
class Course:
    """A repository with `labs/`; everything that grading makes lies in its `build/`."""

    root: Path

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def labs(self) -> list[str]:
        """The names of the labs: every folder of `labs/` that holds a notebook of the same name."""
        return sorted(path.stem for path in self.root.glob("labs/*/*.ipynb") if path.stem == path.parent.name)

    @property
    def database(self) -> str:
        """The gradebook as an SQLAlchemy URL."""
        return os.environ.get(DATABASE) or f"sqlite:///{self.build / 'gradebook.db'}?timeout={LOCK_SECONDS}"

    def source(self, lab: str) -> Path:
        return self.root / "labs" / lab / f"{lab}.ipynb"

    def release(self, lab: str) -> Path:
        return self.build / "release" / lab / f"{lab}.ipynb"

    def collected(self, lab: str, student: str) -> Path:
        """The folder of all that a student ever handed in for a lab."""
        return self.build / "collected" / lab / student

    def submitted(self, lab: str, student: str) -> Path:
        return self.build / "submitted" / student / lab / f"{lab}.ipynb"

    def autograded(self, lab: str, student: str) -> Path:
        return self.build / "autograded" / student / lab / f"{lab}.ipynb"

    def failed(self, lab: str, student: str) -> Path:
        """The note why a submission could not be graded."""
        return self.build / "not-graded" / lab / f"{student}.txt"

    def feedback(self, lab: str, student: str) -> Path:
        return self.build / "feedback" / student / lab / f"{lab}.html"


def here() -> Course:
    """The course that this package belongs to."""
    return Course(Path(__file__).resolve().parent.parent)


def configuration(course: Course) -> Config:
    """All that differs from nbgrader's own settings. Makes the folders that nbgrader wants to be there."""
    Path(exchange := os.environ.get(EXCHANGE) or str(course.build / "exchange")).mkdir(parents=True, exist_ok=True)
    programs_on_path()
    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.course_id = "postlib"
    config.CourseDirectory.source_directory = "labs"
    for step in ("release", "submitted", "autograded", "feedback", "solution", "source_with_tests"):
        config.CourseDirectory[f"{step}_directory"] = os.path.join("build", step)
    config.CourseDirectory.db_url = course.database
    config.CourseDirectory.ignore = REFUSED + INSTRUCTORS
    config.Exchange.root = exchange
    config.ClearSolutions.code_stub = {"python": STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    config.Execute.timeout = CELL_SECONDS
    config.KernelManager.transport_encryption = "auto"
    config.HTMLExporter.extra_template_basedirs = [str(path) for path in TEMPLATES]
    _steps(config)
    return config


def _steps(config: Config) -> None:
    """nbgrader's own steps, with ours between them."""
    config.GenerateAssignment.preprocessors = [
        stock.IncludeHeaderFooter, stock.InstantiateTests, stock.LockCells, KeepLearner, stock.ClearOutput, stock.CheckCellMetadata,
        stock.ComputeChecksums, stock.SaveCells, stock.ClearHiddenTests, stock.ClearMarkScheme, stock.ComputeChecksums,
        stock.CheckCellMetadata,
    ]  # fmt: skip
    config.Autograde.sanitize_preprocessors = [
        stock.ClearOutput, GiveRoles, stock.DeduplicateIds, stock.OverwriteKernelspec, stock.OverwriteCells, stock.CheckCellMetadata,
    ]  # fmt: skip
    config.Autograde.autograde_preprocessors = [
        RunAs, OnlyPoints, stock.IgnorePattern, ClearMetadataPreprocessor, stock.LimitOutput,
        stock.SaveAutoGrades, stock.AssignLatePenalties, stock.CheckCellMetadata,
    ]  # fmt: skip
    config.GenerateFeedback.preprocessors = [GetPoints, TellOnly, CSSHTMLHeaderPreprocessor]


def programs_on_path() -> None:
    """nbgrader calls `alembic` by its name: the programs of this Python's environment must be found, whether it is activated or not."""
    folder = os.path.dirname(sys.executable)
    if folder not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + os.environ.get("PATH", "")


def api(course: Course) -> NbGraderAPI:
    """nbgrader, set up for this course."""
    warnings.filterwarnings("ignore", "Object of type <Submitted", SAWarning)  # what nbgrader 0.9.6 does there is harmless
    return NbGraderAPI(config=configuration(course))
