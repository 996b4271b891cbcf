"""What is said of signatures that do not hold: which key made them, and why a signer may have gone wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postlib import words
from postlib.display import text
from postlib.lab import worlds
from postlib.lab.internet import visit
from postlib.look import check
from postlib.report import Report

NAME = "valdoria.post"


def report(fault: str) -> Report:
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        for act in worlds.faults()[fault].on(NAME):
            internet.do(act)
        return check(NAME, internet)


@pytest.mark.parametrize(("fault", "why"), [("signatures-expired", "why it stopped"), ("signatures-wrong", "came apart")])
def test_a_signer_that_stopped_is_told_from_signatures_that_do_not_fit(fault: str, why: str) -> None:
    remedy = report(fault)["dnssec.validates"].remedy
    assert remedy is not None and why in words.sentence(remedy)


def test_a_wrong_signature_names_its_key_and_names_end_without_a_dot() -> None:
    """RFC 4034, section 3.1: a signature names its key by tag and algorithm. The final dot is the resolver's, not people's."""
    made = report("signatures-wrong")
    evidence = dict(made["dnssec.validates"].verdict.evidence)
    assert evidence["algorithm"] == "13" and evidence["key"].isdecimal() and "detail" not in evidence
    said = text(made)
    assert f"key tag: {evidence['key']}" in said and f"the chain of trust ends before: {NAME} " in said and f"{NAME}. " not in said
