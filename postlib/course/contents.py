"""The contents page of the course, as on a course sheet: `python -m postlib.course.contents` writes course/README.md.

Everything in it stands in course/syllabus.yaml, in the first lines of the notebooks, or in contents.yaml beside this module.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

MOST_TITLE = 200  # characters: a longer first line is no title
HOUR = 60


@dataclass(frozen=True)
class Step:
    """One lesson, lab or page: its name in the syllabus, its title, how long it takes, and where it is once it is ready."""

    id: str
    title: str
    minutes: tuple[int, int]
    state: str
    link: str = ""
    practises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Track:
    """A track of the course with its sheet."""

    id: str
    sheet: Mapping[str, Any]
    lessons: tuple[Step, ...]
    labs: tuple[Step, ...]


@dataclass(frozen=True)
class Course:
    """What the contents page tells of."""

    pages: tuple[Step, ...]
    tracks: tuple[Track, ...]
    general: Mapping[str, Any]
    roads: tuple[Mapping[str, Any], ...]

    @property
    def steps(self) -> Mapping[str, Step]:
        """Every step, by its id."""
        inside = [step for track in self.tracks for step in (*track.lessons, *track.labs)]
        return {step.id: step for step in (*self.pages, *inside)}


def read(root: Path) -> Course:
    """The course that stands in this folder of the project. ValueError: something is called ready and is not there."""
    content = yaml.safe_load((root / "course" / "syllabus.yaml").read_text(encoding="utf-8"))
    tracks = tuple(_track(root, key, what) for key, what in content.items() if "lessons" in what)
    pages = tuple(_step(root, key, what, None) for key, what in content.items() if "state" in what)
    return Course(pages, tracks, content["general"], tuple(content["roads"].values()))


def _track(root: Path, key: str, what: Mapping[str, Any]) -> Track:
    lessons, labs = what["lessons"].items(), what["labs"].items()
    sheet = {name: value for name, value in what.items() if name not in ("lessons", "labs")}
    return Track(
        key,
        sheet,
        tuple(_step(root, name, lesson, what["minutes"]) for name, lesson in lessons),
        tuple(_step(root, name, lab, what["minutes"]) for name, lab in labs),
    )


def _step(root: Path, key: str, what: Mapping[str, Any], usual: object) -> Step:
    title, link = what["title"], ""
    if what["state"] == "ready":
        path = _notebook(root, key, lab="practises" in what)
        title = title_of(path)
        link = _link(root, path)
    return Step(key, title, _span(what.get("minutes", usual)), what["state"], link, tuple(what.get("practises", ())))


def _notebook(root: Path, key: str, *, lab: bool) -> Path:
    """The notebook of a step. ValueError: there is none, or more than one."""
    pattern = f"labs/{key}/{key}.ipynb" if lab else f"course/{key}-*.ipynb" if "/" in key else f"course/{key}.ipynb"
    found = sorted(root.glob(pattern))
    if len(found) != 1:
        raise ValueError(f"{key} is called ready in course/syllabus.yaml, and {len(found)} notebooks are called {pattern}")
    return found[0]


def title_of(path: Path) -> str:
    """The first line of a notebook, without its '# '. ValueError: it does not begin with a title."""
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    line = "".join(first["source"]).split("\n", 1)[0]
    if first["cell_type"] != "markdown" or not line.startswith("# ") or len(line) > MOST_TITLE:
        raise ValueError(f"{path} does not begin with a title")
    return line[2:].strip()


def _link(root: Path, path: Path) -> str:
    """As a learner follows it: course/ is the top of the own copy, and the released labs are in its folder labs/."""
    course = root / "course"
    return (path.relative_to(course) if path.is_relative_to(course) else path.relative_to(root)).as_posix()


def _span(minutes: object) -> tuple[int, int]:
    """The least and the most. ValueError: neither one number nor two."""
    match minutes:
        case int(one):
            return one, one
        case [int(least), int(most)]:
            return least, most
    raise ValueError(f"minutes are one number or two, not {minutes!r}")


class Page:
    """Writes the page, with its words from contents.yaml."""

    def __init__(self, course: Course, words: Mapping[str, Any]) -> None:
        self.course, self.words = course, words

    def text(self) -> str:
        """The whole page, in Markdown."""
        words, headings = self.words, self.words["headings"]
        first = self.course.pages[0]
        opening = words["open"].format(title=first.title, link=first.link, minutes=self.duration(first.minutes))
        pages = self.table("pages", ([self.name(step), self.duration(step.minutes), self.state(step)] for step in self.course.pages))
        parts = [f"<!-- {words['made']} -->", f"# {words['title']}", opening, words["about"].strip()]
        parts += [f"## {headings['pages']}", pages, f"## {headings['roads']}", words["roads"], *map(self.road, self.course.roads)]
        return "\n\n".join([*parts, *map(self.track, self.course.tracks)]) + "\n"

    def track(self, track: Track) -> str:
        """A track: its sheet, its lessons, its labs."""
        headings = self.words["headings"]
        lessons = ([str(n), self.name(step), self.duration(step.minutes), self.state(step)] for n, step in enumerate(track.lessons, 1))
        labs = (
            [self.name(step), self.numbers(step), self.duration(step.minutes), self.state(step)] for step in track.labs
        )  # a lab by the numbers of its lessons
        parts = [f"## {track.sheet['title']}", self.sheet(track), f"### {headings['lessons']}", self.table("lessons", lessons)]
        return "\n\n".join([*parts, f"### {headings['labs']}", self.table("labs", labs)])

    def sheet(self, track: Track) -> str:
        """The course sheet of a track."""
        every = (*track.lessons, *track.labs)
        total = (sum(step.minutes[0] for step in every), sum(step.minutes[1] for step in every))
        told = {
            **self.course.general,
            **track.sheet,
            "aims": "<br>".join(track.sheet["aims"]),
            "duration": self.words["duration"]["all"].format(hours=self.hours(total)),
            "languages": ", ".join(self.course.general["languages"]),
            "modules": f"{self.count('lesson', len(track.lessons))}, {self.count('lab', len(track.labs))}",
            "state": self.so_far(every),
        }
        return self.table("sheet", ([label, str(told[key])] for key, label in self.words["sheet"].items()))

    def road(self, road: Mapping[str, Any]) -> str:
        """One way through: the steps of each session, and what is done alone after it."""
        words = self.words["road"]
        line = words["time"].format(**{key: road[key] for key in ("title", "time", "about")})
        rows = [[words["before"], "", self.listed(road["before"])]] if "before" in road else []
        for number, session in enumerate(road.get("sessions", ()), 1):
            rows.append([words["session"].format(number=number), self.listed(session["steps"]), self.listed(session.get("then", ()))])
        rows += [[words["after"], "", self.listed(road["after"])]] if "after" in road else []
        return f"{line}\n\n{self.table('road', rows)}" if rows else line

    def listed(self, names: Iterable[str]) -> str:
        """Steps by their titles, one a line. KeyError: the syllabus has no such step."""
        return "<br>".join(self.name(self.course.steps[name]) for name in names)

    def name(self, step: Step) -> str:
        """The title, with a link once it is ready."""
        title = step.title.replace("|", "\\|")
        return f"[{title}]({step.link})" if step.link else title

    def numbers(self, step: Step) -> str:
        """The lessons that a lab practises, by number."""
        return ", ".join(str(int(key.split("/")[1])) for key in step.practises)

    def state(self, step: Step) -> str:
        return str(self.words["state"][step.state])

    def so_far(self, steps: Iterable[Step]) -> str:
        """How many are ready."""
        states = [step.state for step in steps]
        if len(set(states)) == 1:
            return str(self.words["state"][states[0]])
        return str(self.words["state"]["some"].format(ready=states.count("ready"), all=len(states)))

    def count(self, what: str, n: int) -> str:
        one, more = self.words["count"][what]
        return str((one if n == 1 else more).format(n=n))

    def duration(self, minutes: tuple[int, int]) -> str:
        """`60 minutes`, `45–60 minutes`."""
        least, most = minutes
        if least == most:
            return str(self.words["duration"]["minutes"].format(n=most))
        return str(self.words["duration"]["between"].format(least=least, most=most))

    def hours(self, minutes: tuple[int, int]) -> str:
        """Whole hours, rounded up."""
        least, most = (-(-number // HOUR) for number in minutes)
        if least == most:
            return str(self.words["duration"]["one"].format(n=most))
        return str(self.words["duration"]["hours"].format(least=least, most=most))

    def table(self, columns: str, rows: Iterable[Iterable[str]]) -> str:
        """A table of Markdown."""
        head = self.words["columns"][columns]
        return "\n".join(f"| {' | '.join(row)} |" for row in ([*head], ["---"] * len(head), *rows))


def words() -> Mapping[str, Any]:
    """The page's own words."""
    content: Mapping[str, Any] = yaml.safe_load(resources.files("postlib.course").joinpath("contents.yaml").read_text(encoding="utf-8"))
    return content


def contents(root: Path) -> str:
    """The contents page of the course in this folder of the project."""
    return Page(read(root), words()).text()


def main() -> None:
    """Write course/README.md of the project in --root (here)."""
    parser = argparse.ArgumentParser(prog="python -m postlib.course.contents", description="Write course/README.md.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of the project (default: here)")
    root = parser.parse_args().root
    (root / "course" / "README.md").write_text(contents(root), encoding="utf-8")


if __name__ == "__main__":
    main()
