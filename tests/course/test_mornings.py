"""The morning's post of lesson dmarc/01: real letters, whose truth is how they were sent, and a desk that gives nothing away."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest

from postlib.course.mornings import Morning, Sorted, morning, names
from postlib.lab.internet import visit

HONEST = {"auroria": [1, 3, 4], "pelagia": [1, 4]}


@functools.cache
def post(name: str) -> Morning:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        return morning(internet, name)


def text(shown: Any) -> str:
    return repr(shown)


@pytest.mark.parametrize("name", HONEST)
def test_every_letter_of_a_morning_reaches_the_inbox(name: str) -> None:
    assert {kept.folder for kept in post(name).letters} == {"inbox"}


@pytest.mark.parametrize(("name", "honest"), HONEST.items())
def test_the_right_letters_are_sorted_rightly_and_every_other_choice_is_not(name: str, honest: list[int]) -> None:
    most = len(post(name).letters)
    assert _right(name, honest) == most
    for number in range(1, most + 1):
        assert _right(name, [n for n in honest if n != number] if number in honest else [*honest, number]) == most - 1


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("all_of_them", [True, False])
def test_calling_all_honest_or_all_forged_earns_no_more_than_a_coin(name: str, all_of_them: bool) -> None:
    most = len(post(name).letters)
    assert _right(name, range(1, most + 1) if all_of_them else []) <= most / 2


def test_a_wrong_answer_says_where_to_look_and_not_what_is_true() -> None:
    said = text(post("auroria").sort([]))
    assert "3 of 6 letters sorted rightly" in said and said.count("look again") == 3 and "contract with Printpost names" not in said


def test_the_source_address_is_in_no_letter_chosen_by_whoever_writes_it() -> None:
    """Honest letters come from three machines; the forged ones from the criminals' own."""
    sources = [kept.source for kept in post("auroria").letters]
    assert sources == ["192.0.2.35", "203.0.113.67", "198.51.100.67", "198.51.100.35", "203.0.113.83", "203.0.113.67"]


def test_the_forged_result_of_letter_two_stands_below_the_providers_own() -> None:
    """RFC 8601, section 5: a receiver takes away what carries its own name, and nothing else."""
    results = message_from_bytes(post("auroria").letter(2).message).get_all("Authentication-Results") or []
    assert [result.partition(";")[0] for result in results] == ["mx1.inbox.example", "mx1.auroria.post"]
    assert "dmarc=fail" in results[0] and "dmarc=pass" in results[1]


def test_the_five_names_of_a_letter() -> None:
    shown = text(names(post("auroria").letter(2)))
    for value in ("203.0.113.67", "mx1.auroria.post", "tracking@auroria.post", "Auroria Post"):
        assert value in shown


def test_a_blank_is_answered_by_a_sentence() -> None:
    assert text(post("pelagia").sort([1, ...])) == "Put a number in place of each ... and run this cell again."


@pytest.mark.parametrize("wrong", [0, 5, "1", True, None])
def test_what_is_no_letter_is_said_in_a_sentence(wrong: Any) -> None:
    with pytest.raises(ValueError, match="numbers 1 to 4"):
        post("pelagia").sort([wrong])


def test_a_morning_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="there are auroria, pelagia"):
        morning(visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)), "meridia")


def _right(name: str, honest: Any) -> int:
    done = post(name).sort(list(honest))
    assert isinstance(done, Sorted) and done.most == len(post(name).letters)
    return done.right
