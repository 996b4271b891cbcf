"""The commands of `autograder`. What takes long to import is imported when a command runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.problem import Refused

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.results import Result

WIDTH = 120  # columns of a table that goes into a file
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Hand out the labs, collect what learners hand in, grade it with nbgrader, give feedback, export the points.",
)
Lab = Annotated[str, typer.Argument(help="A lab: a folder of labs/.", metavar="LAB")]
Student = Annotated[str, typer.Option(help="This student alone.", metavar="ID")]


def asked(lab: str) -> Course:
    """The course that holds the lab. Raises Refused for a lab that is not there or was never released."""
    from autograder.course import here

    course = here()
    if lab not in course.labs:
        raise Refused(f"there is no lab {lab!r}; the labs are: {', '.join(course.labs) or 'none yet'}")
    if not course.release(lab).exists():
        raise Refused(f"{lab} was not released yet: autograder release {lab}")
    return course


@app.command()
def release(
    labs: Annotated[list[str] | None, typer.Argument(help="The labs; all of them by default.", metavar="[LAB]...")] = None,
    due: Annotated[str, typer.Option(help="When they are due, in UTC, for example 2026-12-01T18:00.", metavar="TIME")] = "",
    bundle: Annotated[Path | None, typer.Option(help="Also write an archive of all that learners need.", metavar="FILE.zip")] = None,
) -> None:
    """Make the learners' version of labs, in build/release: blanks instead of answers, no hidden tests."""
    from autograder.bundle import write_bundle
    from autograder.course import here
    from autograder.releasing import release as make

    course, when = here(), time(due)
    chosen = labs or course.labs
    if not chosen:
        raise Refused("there are no labs in labs/")
    for lab in chosen:
        make(course, lab, when)
        typer.echo(f"{lab}: build/release/{lab}" + (f", due {when:%Y-%m-%d %H:%M} UTC" if when else ""))
    if bundle:
        typer.echo(f"{write_bundle(course, bundle)} files for learners are in {bundle}")


def time(text: str) -> datetime | None:
    """A time in UTC; None for an empty text. Raises Refused."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{text!r} is no time; write it as 2026-12-01T18:00") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@app.command()
def collect(
    places: Annotated[list[Path], typer.Argument(help="Folders or ZIP archives, as the LMS gives them.", metavar="FOLDER|ZIP...")],
) -> None:
    """Take in what learners handed in: a folder a student, or files that begin with the student's id. All submissions are kept."""
    from autograder import collecting
    from autograder.course import here

    told = list(collecting.collect(here(), places))
    for one in told:
        who = f"{one.student} {one.lab}".strip()
        typer.echo(printable(f"{who or '?'}: {one.path}: {one.words}"), err=one.problem)
    taken = {(one.student, one.lab) for one in told if one.student and one.lab and not one.problem}
    problems = sum(one.problem for one in told)
    typer.echo(f"Collected from {len(taken)} students and labs; {problems} files need a look.")
    raise typer.Exit(int(problems > 0))


@app.command()
def grade(
    lab: Lab,
    student: Student = "",
    force: Annotated[bool, typer.Option("--force", help="Grade again what did not change.")] = False,
    workers: Annotated[int, typer.Option(help="Submissions graded at the same time.", min=1, max=64)] = 2,
) -> None:
    """Grade what was collected. A bad submission stops nobody; the table says who needs a look."""
    from autograder import grading
    from autograder.results import results

    course = asked(lab)
    students = [one for one in grading.submissions(course, lab) if student in ("", one)]
    if not students:
        raise Refused(f"nothing to grade for {lab}" + (f" from {student}" if student else "; collect submissions first"))
    waiting = [one for one in students if force or grading.waits(course, lab, one)]
    with typer.progressbar(grading.grade(course, lab, waiting, force, workers), length=len(waiting), label=lab) as done:
        for _ in done:
            pass
    rows = [row for row in results(course, lab) if student in ("", row.student)]
    show(rows)
    raise typer.Exit(int(any(row.needs_look for row in rows)))


@app.command()
def feedback(lab: Lab, student: Student = "") -> None:
    """Write a page for each graded student, build/feedback/STUDENT/LAB/LAB.html: what was observed, and no test's source."""
    from autograder import feeding

    course = asked(lab)
    students = [one for one in feeding.graded(course, lab) if student in ("", one)]
    if not students:
        raise Refused(f"nothing is graded for {lab}" + (f" from {student}" if student else f" yet: autograder grade {lab}"))
    problems = {one: problem for one in students if (problem := feeding.feed_back(course, lab, one))}
    for one, problem in problems.items():
        typer.echo(f"{one}: {problem}", err=True)
    typer.echo(f"{len(students) - len(problems)} pages are in build/feedback")
    raise typer.Exit(int(bool(problems)))


@app.command()
def export(
    file: Annotated[Path, typer.Option("--csv", help="Write this file.", metavar="FILE.csv")],
    lab: Annotated[list[str] | None, typer.Argument(help="The labs; all that were released by default.", metavar="[LAB]...")] = None,
) -> None:
    """Write the points: one row a student and lab, with what is late and what needs a look."""
    from autograder.course import here
    from autograder.results import results, write_csv

    course = here()
    for one in lab or ():
        asked(one)
    labs = lab or [one for one in course.labs if course.release(one).exists()]
    rows = [row for one in labs for row in results(course, one)]
    with file.open("w", encoding="utf-8", newline="") as lines:
        write_csv(rows, lines)
    typer.echo(f"{len(rows)} rows are in {file}")
    raise typer.Exit(int(any(row.needs_look for row in rows)))


@app.command()
def formgrader(
    port: Annotated[int, typer.Option(help="Its port on this machine.", min=1, max=65535)] = 8899,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open nbgrader's formgrader in JupyterLab: read what learners wrote, give points by hand, comment. Ctrl-C stops it."""
    from autograder.course import here
    from autograder.serving import serve

    typer.echo("Starting the formgrader ... It prints its address. Ctrl-C stops it.")
    serve(here(), port, browser)


def show(rows: Iterable[Result]) -> None:
    """A table of who got what. Text from submissions is shown as it is, never as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from autograder.results import COLUMNS

    table = Table(*(column for column in COLUMNS if column != "lab"))
    for row in rows:
        words = dict(zip(COLUMNS, row.row(), strict=True))
        table.add_row(*(Text(printable(words[str(column.header)])) for column in table.columns))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def printable(text: str) -> str:
    """Text of strangers, without the characters that steer a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
