"""Every judge is held to the answers that are kept as data: the solution, the four opponents, and typical wrong answers."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

import pytest
from conftest import FULL

from autograder.deserved import OPPONENTS, SOLUTION, deserved, model
from postlib.course.judging import judge
from postlib.course.outcome import Judged
from postlib.course.seeds import LABS, PRACTICE, Case, case
from postlib.display.judged import notes

START = datetime(2026, 11, 23, tzinfo=UTC)
SEEDS = 50 if FULL else 5
FOR_NOTHING = 5  # of them, for how many doing nothing is judged too
WRONG = 10_000 if FULL else 3  # answers of each lab beside the solution and the opponents
CHANCE = random.Random(os.environ.get("CHANCE", "answers"))


def judged(of: Case, acts: list[dict[str, object]], mail: str = "practice") -> Judged:
    """What a judge says of acts, handed in as a grader takes them."""
    handed = {"lab": of.lab, "learner": of.learner, "start": START.isoformat(), "journal": acts}
    return judge(of.lab, handed, mail=mail, model=model(of.lab, of.learner))


def points(found: Judged) -> dict[str, int]:
    parts = dict.fromkeys(outcome.part for outcome in found.outcomes)
    return {part: found.part(part).points for part in parts}


def chosen(lab: str) -> list[str]:
    others = [name for name in deserved(lab) if name not in (SOLUTION, *OPPONENTS)]
    return [SOLUTION, *OPPONENTS, *CHANCE.sample(others, min(WRONG, len(others)))]


@pytest.mark.parametrize(("lab", "name"), [(lab, name) for lab in LABS for name in chosen(lab)])
def test_an_answer_gets_the_points_that_it_deserves(lab: str, name: str) -> None:
    for learner in (PRACTICE, "ana-12"):
        of = case(lab, learner)
        found = judged(of, deserved(lab)[name].filled(of), "graded")
        assert points(found) == dict(deserved(lab)[name].points), (learner, [outcome for outcome in found.outcomes if not outcome.right])


@pytest.mark.parametrize("lab", LABS)
def test_no_opponent_deserves_more_than_a_fifth(lab: str) -> None:
    most = sum(deserved(lab)[SOLUTION].points.values())
    assert all(sum(deserved(lab)[name].points.values()) <= most / 5 for name in OPPONENTS)
    assert len(deserved(lab)) >= len(OPPONENTS) + 1 + 10


@pytest.mark.parametrize("lab", LABS)
def test_every_seed_is_as_hard_as_every_other(lab: str) -> None:
    """The same kinds and number of troubles, a solution of the same length, full marks for it, and nothing for doing nothing."""
    shapes = set()
    for number in range(SEEDS):
        of = case(lab, f"learner-{CHANCE.randrange(10**6)}-{number}")
        solution = model(lab, of.learner)
        troubles = [(act["act"], len(" ".join(act.get("values", ())).split())) for act in of.acts]
        terms = [len(" ".join(act.get("values", ())).split()) for act in solution]
        shapes.add((repr(troubles), repr(terms), len(of.entries), len(of.told)))
        found = judged(of, solution)
        assert found.points == found.most
        assert number >= FOR_NOTHING or judged(of, []).points == 0
    assert len(shapes) == 1


@pytest.mark.parametrize("lab", LABS)
def test_one_id_gives_one_case_and_another_id_another(lab: str) -> None:
    assert case(lab, "ana-12") == case(lab, "ana-12")
    domains = {case(lab, f"learner-{number}").domain for number in range(50)}
    assert len(domains) > 30
    assert case(lab, PRACTICE).domain == "auroria.post"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("v=spf1 mx –all", "is permerror: it cannot be read: a record holds visible ASCII"),
        ("v=spf1 include:auroria.post -all", "is permerror: the records lead back to the first one (auroria.post). An error"),
        (f"v=spf1 {' '.join(['a'] * 11)} -all", "is permerror: more than ten DNS lookups were needed. An error"),
    ],
)
def test_an_spf_error_is_told_in_words(record: str, said: str) -> None:
    acts: list[dict[str, object]] = [{"act": "publish", "name": "auroria.post", "type": "TXT", "values": [record]}]
    assert any(said in note for note in notes(judged(case("spf-repair", PRACTICE), acts)))


@pytest.mark.parametrize("lab", LABS)
def test_what_is_not_the_learners_to_change_does_not_count(lab: str) -> None:
    """Somebody who sends the judge acts on other domains, or nonsense, gets what the rest deserves, and is told."""
    of = case(lab, "ana-12")
    foreign = [
        {"act": "publish", "name": "inbox.example", "type": "TXT", "values": ["v=spf1 -all"]},
        {"act": "mail", "domain": "oldmail.example", "receiver": "none"},
        {"act": "no such act"},
        {"act": "advance", "seconds": 10**9},
        {"act": "publish", "name": of.domain, "type": "TXT", "values": ["x"], "at": "not a time"},
    ]
    found = judged(of, [*foreign, *model(lab, of.learner)])
    assert found.points == found.most
    assert [name for name, _ in found.notes].count("judge-skipped") == 3


@pytest.mark.parametrize("lab", LABS)
def test_how_a_server_misbehaves_is_no_part_of_an_answer(lab: str) -> None:
    """Silent name servers would make a judgement wait for minutes."""
    of = case(lab, "ana-12")
    silent = [{"act": "serve", "host": f"ns{number}.{of.domain}", "habit": "silent"} for number in (1, 2)]
    found = judged(of, [*silent, {"act": "mail", "domain": of.domain, "habit": "silent"}, *model(lab, of.learner)])
    assert found.points == found.most
    assert {note["why"] for name, note in found.notes if name == "judge-skipped"} == {"how a server misbehaves is no part of an answer"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "9999-12-31T23:59:59-14:00"}, {"start": "yesterday"}, {"journal": {}}, {"journal": [1]}, {"lab": 7}, {"learner": "../x"},
        {"journal": [{"act": "stage", "name": "x"}] * 5001}, {"journal": [{"act": "load", "text": "x" * (1 << 20)}]},
    ],
)  # fmt: skip
def test_what_is_no_hand_in_is_refused_in_a_sentence(wrong: dict[str, object]) -> None:
    handed = {"lab": LABS[0], "learner": "ana-12", "start": START.isoformat(), "journal": []}
    with pytest.raises(ValueError):
        judge(LABS[0], handed | wrong)
