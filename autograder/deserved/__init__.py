"""Answers to the labs, kept as data: the solution, the four opponents of every judge, and typical wrong answers.

Each is a list of acts, written with the names of a case in braces, and the points that it deserves, with the reason. Learners do not get
this folder. The tests hold every judge to it, over many seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from postlib.course import Case, case

SOLUTION = "solution"
OPPONENTS = ("do-nothing", "allow-everything", "switch-it-off", "text-only")  # each deserves at most a fifth of the points


@dataclass(frozen=True)
class Answer:
    """One answer: its acts, the points of each part, and why it deserves them."""

    name: str
    acts: tuple[Mapping[str, Any], ...]
    points: Mapping[str, int]
    why: str

    def filled(self, of: Case) -> list[dict[str, Any]]:
        """The acts for one case."""
        made: list[dict[str, Any]] = _filled(list(self.acts), of.names)
        return made


@cache
def deserved(lab: str) -> Mapping[str, Answer]:
    """All answers to a lab, by name."""
    text = resources.files("autograder").joinpath("deserved", f"{lab}.yaml").read_text(encoding="utf-8")
    return {name: Answer(name, tuple(what["acts"]), what["points"], what["why"]) for name, what in yaml.safe_load(text).items()}


def model(lab: str, learner: str) -> list[dict[str, Any]]:
    """The acts of the solution for a learner's case: what a question that builds on an earlier one is judged from, too."""
    return deserved(lab)[SOLUTION].filled(case(lab, learner))


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(names)
    if isinstance(value, list):
        return [_filled(inner, names) for inner in value]
    return {key: _filled(inner, names) for key, inner in value.items()} if isinstance(value, dict) else value
