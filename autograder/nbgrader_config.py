"""nbgrader's configuration: `nbgrader` run in this folder, the formgrader and JupyterLab all read it. What it says is in course.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # at the end: an installed autograder comes first, and none is needed

from autograder.course import Course, configuration  # noqa: E402

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
c.merge(configuration(Course(ROOT)))
