"""Questions in a real kernel, with no front end beside it: the widget and the full text go out together, and nothing waits for anybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbconvert")

ROOT = Path(__file__).parents[2]
VIEW = "application/vnd.jupyter.widget-view+json"
CELLS = (
    "from postlib.course.asking import predict, question\nfrom postlib.course.my_progress import progress",
    'question("warm-up/road")',
    'predict("start/arrivals")',
    'form = question("warm-up/road").widget()\nform.asked[0].choose(1)\nform.button.click()\nassert "Right." in form.said.value',
    "progress()",
)


def run(cells: tuple[str, ...], folder: Path, **environment: str) -> list[dict[str, Any]]:
    """Run cells in a kernel of their own. Returns what each of them showed, by media type."""
    code = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for n, text in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (folder / "n.ipynb").write_text(json.dumps({"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))
    told = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--stdout", "n.ipynb"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    outputs = [cell["outputs"] for cell in json.loads(told.stdout)["cells"]]
    return [dict(shown[-1].get("data", {})) if shown else {} for shown in outputs]


def test_a_kernel_gets_the_widget_and_the_whole_text(tmp_path: Path) -> None:
    shown = run(CELLS, tmp_path, POSTLIB_PROGRESS="off")
    assert VIEW in shown[1] and "".join(shown[1]["text/plain"]).endswith('question("warm-up/road", 2)')
    assert VIEW in shown[2] and "Guess before you go on." in "".join(shown[2]["text/plain"])
    assert "warm-up" in "".join(shown[4]["text/plain"]) and "<table" in "".join(shown[4]["text/html"])
    assert [path.name for path in tmp_path.iterdir()] == ["n.ipynb"]


def test_widgets_can_be_switched_off_for_an_export(tmp_path: Path) -> None:
    shown = run(CELLS[:3], tmp_path, POSTLIB_PROGRESS="off", POSTLIB_WIDGETS="off")
    assert [list(one) for one in shown] == [[], ["text/plain"], ["text/plain"]]
