"""Lessons as their readers meet them: JupyterLab in a real browser, every cell run from top to bottom, nothing asked of the Internet.

The screenshots stay in build/screenshots, for people to look at.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromed import CHROMIUM, MISSING, PICTURES, QUIET, free_port, serving
from playwright.sync_api import Page, TimeoutError, sync_playwright

ROOT = Path(__file__).parent.parent.parent
LESSONS = sorted(path.relative_to(ROOT / "course") for path in (ROOT / "course").rglob("*.ipynb"))
LABS = sorted(path.relative_to(ROOT) for path in (ROOT / "labs").rglob("*.ipynb"))  # with their solutions, so that every cell runs
ENDED = r"""() => document.querySelector(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']")
    || [...document.querySelectorAll(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt")].every(e => /^\[\d+\]:$/.test(e.textContent))"""
BEGUN = (
    r"""() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt")].some(e => /[*0-9]/.test(e.textContent))"""
)
CLICKS, SETTLES = 6, 15_000
RUNS = 180_000  # milliseconds for all cells to run: a bound, not a measure

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the course. Gives its address with %s for the notebook."""
    room = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "course", room / "course")
    shutil.copytree(ROOT / "labs", room / "course" / "labs", ignore=shutil.ignore_patterns("*.json"))
    token, port = secrets.token_hex(16), free_port()
    words = [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={room / 'course'}", "--no-browser"]
    quiet = ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--allow-root"]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter"),
        "HOME": str(room),
        "POSTLIB_PROGRESS": str(room / "progress.json"),
        "JUPYTER_NO_CONFIG": "",
    }
    with serving([sys.executable, "-m", "jupyterlab", *words, *quiet], port, token, room, env=environment):
        yield f"http://127.0.0.1:{port}/lab/tree/%s?reset&token={token}"


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser.new_page(viewport={"width": 1280, "height": 15000})


@pytest.mark.parametrize("lesson", [*LESSONS, *LABS], ids=str)
def test_a_lesson_runs_from_top_to_bottom_in_the_browser(server: str, page: Page, lesson: Path) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: None if _local(request.url) else elsewhere.append(request.url))
    page.goto(server % lesson)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first.wait_for()  # before its kernel is there, nothing would run
    run_all(page)
    page.wait_for_function(ENDED, timeout=RUNS)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{'-'.join(lesson.with_suffix('').parts)}.png")
    assert page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts() == []
    assert elsewhere == []


def run_all(page: Page) -> None:
    """Choose Run All Cells, again where a page that was still settling swallowed it: a cell that runs has a star or a number."""
    for _ in range(CLICKS):
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All Cells")).first.click()
        try:
            page.wait_for_function(BEGUN, timeout=SETTLES)
        except TimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(f"no cell ran, though Run All Cells was chosen {CLICKS} times")


def _local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
