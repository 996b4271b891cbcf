"""Open JupyterLab for the instructor: the formgrader, nbgrader's assignment list and its validate button."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from autograder.course import Course, programs_on_path

QUIET = (
    "--ServerApp.answer_yes=True",  # Ctrl-C stops it at once
    "--Application.log_level=ERROR",
    "--KernelManager.transport_encryption=auto",
    "--LabApp.news_url=None",  # these two: nothing is fetched from outside
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def serve(course: Course, port: int, browser: bool) -> None:
    """Become JupyterLab on the repository, with the formgrader as its first page. nbgrader finds its configuration beside this file."""
    programs_on_path()
    command = [sys.executable, "-m", "jupyterlab", *QUIET, f"--ServerApp.port={port}", f"--ServerApp.root_dir={course.root}"]
    command += ["--LabApp.default_url=/formgrader"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")
    if not browser:
        command.append("--ServerApp.open_browser=False")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("JUPYTER_CONFIG_PATH")]))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no warning about frozen modules in a kernel
    os.chdir(course.root)
    os.execve(command[0], command, os.environ)
