"""What one learner gets in one lab: an operator and its troubles, drawn from the lab's name and the learner's id.

The same id gives the same case, everywhere. The kinds of trouble, their number and the length of the solution are the same for all;
names, addresses and places differ. The learner `practice` is the operator that the lessons share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from random import Random

from postlib.lab.guests import Guests

PRACTICE = "practice"
COMMON = ("auroria.post", "Auroria")  # the operator of the lessons
LEARNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LABS = ("spf-repair", "dkim-rotation")
BLOCK = 14  # of the address plan: the learner's operator
# None of these begins as a country of the worlds does (postlib.lab.drawn), so that no two operators share a name.
BEGINNINGS = ("Kest", "Ard", "Ulm", "Jor", "Wes", "Ith", "Dun", "Erl", "Cor", "Byl", "Yar", "Fal", "Gil", "Hest", "Oro", "Tir")
ENDINGS = ("ova", "onia", "avia", "elia", "umbra", "esta", "inor", "anta")


@dataclass(frozen=True)
class Told:
    """A table for the learner: what stands in it are phrases, <title>-<row>-<column>, filled with the case's names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Case(Guests):
    """One learner's share of a lab: guests of the Internet, and what is told of them.

    `names` are the case's own words for the lab's parts ("forgotten" to "payslip.example"): what a solution is written with.
    """

    lab: str = ""
    learner: str = ""
    domain: str = ""
    country: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    told: tuple[Told, ...] = ()


def case(lab: str, learner: str = PRACTICE) -> Case:
    """The case of a learner. Raises ValueError for a lab that does not exist, and for what is no learner's id."""
    if lab not in LABS:
        raise ValueError(f"there is no lab {lab!r}; the labs are: {', '.join(LABS)}")
    if not isinstance(learner, str) or not LEARNER.fullmatch(learner):
        raise ValueError(f"{learner!r} is no learner's id: it has 1 to 64 letters, digits, dots or dashes")
    drawn: Case = import_module(f"postlib.course.cases.{lab.replace('-', '_')}").draw(learner, Random(f"{lab}/{learner}"))
    return drawn


def operator(learner: str, chance: Random) -> tuple[str, str]:
    """The domain and the country of a learner's operator."""
    country = chance.choice(BEGINNINGS) + chance.choice(ENDINGS)
    return COMMON if learner == PRACTICE else (f"{country.lower()}.post", country)
