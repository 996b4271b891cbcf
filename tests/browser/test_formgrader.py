"""The formgrader and a page of feedback as an instructor meets them: in a real browser, on a class that was graded.

The screenshots stay in build/screenshots, for people to look at.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator

import nbformat
import pytest
from chromed import CHROMIUM, MISSING, PICTURES, QUIET, free_port, serving
from classroom import LAB, LIMIT, ROOT, SENDERS, answered, project, write
from playwright.sync_api import Page, sync_playwright

from autograder.course import Course, api
from autograder.feeding import feed_back
from autograder.grading import grade_one
from autograder.releasing import release

WAITS = 60_000  # milliseconds for a page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two learners, graded, with feedback."""
    made = Course(project(tmp_path_factory.mktemp("formgrader")))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(ROOT))
        release(made, LAB)
        for student, answers in {"ada": {"senders": SENDERS}, "bob": {"senders": 'senders = ["counter"]'}}.items():
            words = "The include follows the firm when it moves."
            notebook = answered(nbformat.read(made.release(LAB), 4), "ada", limit=LIMIT, in_words=words, **answers)
            write(made.submitted(LAB, student), notebook)
            assert grade_one(made, LAB, student) == "" and feed_back(made, LAB, student) == ""
    return made


@pytest.fixture(scope="module")
def server(course: Course) -> Iterator[str]:
    """`autograder formgrader`, as an instructor starts it. Gives its address."""
    token, port = secrets.token_hex(16), free_port()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(course.root), str(ROOT)]),
        "HOME": str(course.root),
        "JUPYTER_TOKEN": token,
    }
    command = [sys.executable, "-m", "autograder", "formgrader", "--port", str(port), "--no-browser"]
    with serving(command, port, token, course.root, cwd=course.root, env=environment):
        yield f"http://127.0.0.1:{port}/%s?token={token}"


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.set_default_timeout(WAITS)
        opened.route(lambda url: not url.startswith(("http://127.0.0.1:", "file:", "data:")), lambda route: route.abort())
        yield opened


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_an_answer_in_words_gets_its_points_in_the_formgrader(server: str, page: Page, course: Course) -> None:
    page.goto(server % "formgrader")
    page.get_by_role("link", name=LAB).first.wait_for()
    picture(page, "formgrader-assignments")
    page.goto(server % f"formgrader/gradebook/{LAB}/{LAB}")
    page.get_by_role("link", name="Submission #1").wait_for()
    picture(page, "formgrader-submissions")
    with page.expect_response(lambda answer: "/formgrader/api/grades" in answer.url):  # before they are there, nothing would be saved
        page.get_by_role("link", name="Submission #1").click()
    page.get_by_text("The include follows the firm when it moves.").wait_for()
    points = page.locator("input.score").last
    page.wait_for_load_state("networkidle")
    with page.expect_response(lambda answer: "/formgrader/api/grade/" in answer.url and answer.request.method != "GET") as saved:
        points.fill("2")
        points.press("Tab")
    assert saved.value.ok
    picture(page, "formgrader-submission")
    with api(course).gradebook as gradebook:
        given = {student: gradebook.find_grade("in-words", LAB, LAB, student).manual_score for student in ("ada", "bob")}
    assert sorted(given.values(), key=str) == [2.0, None]


def test_jupyterlab_has_the_validate_button_and_the_assignment_list(server: str, page: Page) -> None:
    page.goto(server % f"lab/tree/build/release/{LAB}/{LAB}.ipynb")
    page.locator(".jp-Notebook .jp-RenderedMarkdown h1").first.wait_for()
    page.get_by_role("button", name="Validate").first.wait_for()
    picture(page, "jupyterlab-validate")


def test_a_page_of_feedback_reads_without_asking_anybody(page: Page, course: Course) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(course.feedback(LAB, "bob").as_uri())
    assert page.locator("h1").inner_text() == "The paper round" and "1 of 3 services are in your list." in page.inner_text("body")
    assert "Your notebook names the learner ada" in page.inner_text(".notice")
    assert "handed_in" not in page.content() and len(asked) == 1
    picture(page, "feedback")
