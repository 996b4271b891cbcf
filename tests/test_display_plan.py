"""A journal as people read it: letters, campaigns, stages, and the notebook's cells."""

from __future__ import annotations

import re
from typing import Any

import pytest

from postlib.acts import dkim, mail, publish, reset, send, stage
from postlib.display import jupyter, plan
from postlib.lab.journal import Undone

ANA, CLARA = "ana@auroria.post", "clara@inbox.example"
AT, LATER = "2026-11-23T00:00:00+00:00", "2026-11-24T10:30:00+00:00"
FEE = send("tracking@auroria.post", CLARA, "Your parcel", "Pay.", via="parcel-desk.example", signed_by="", campaign="parcel-fee")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (send(ANA, CLARA, "Hello"), f"Send a letter from {ANA} to {CLARA}, subject: Hello."),
        (
            send(ANA, CLARA, "Hello", via="parcel-desk.example", envelope="b@c.example", signed_by="c.example", helo="h.example"),
            f"Send a letter from {ANA} to {CLARA}, subject: Hello. "
            "Sent by parcel-desk.example, envelope address b@c.example, server name h.example, signed by c.example.",
        ),
        (
            send(ANA, CLARA, "Hello", "secret", envelope="", signed_by="", headers=[["X-A", "b"], ["X-C", "d"]]),
            f"Send a letter from {ANA} to {CLARA}, subject: Hello. No envelope address, not signed, more header fields X-A: b, X-C: d.",
        ),
        (FEE, f"A letter of the campaign parcel-fee, from tracking@auroria.post to {CLARA}."),
        (stage("two keys"), "Stage: two keys."),
        (
            dkim("a.post", "k2", kind="rsa", bits=2048, signs=True),
            "Make the DKIM key k2 (RSA, 2048 bits) of a.post, publish its key record, and sign with it.",
        ),
        (
            dkim("a.post", "k2", kind="ed25519", bits=0, signs=False, flags=["y", "s"], services=[]),
            "Make the DKIM key k2 (Ed25519) of a.post and publish its key record; do not sign with it. Flags t=y:s.",
        ),
        (dkim("a.post", "k1", revoked=True), "Revoke the DKIM key k1 of a.post: publish an empty p= and sign with it no more."),
        (dkim("a.post", "k1", removed=True), "Remove the DKIM key k1 of a.post and its key record."),
        (mail("a.post", signing=["k2"]), "At a.post, sign with k2 alone."),
        (mail("a.post", signing=[]), "At a.post, sign with no DKIM key."),
        (mail("a.post", signing=["k2"], starttls=False), "Change the mail servers of a.post: signing k2, starttls False"),
        (reset("auroria.post"), "Start the domain auroria.post again, as it was at first."),
        ({"act": "send", "headers": 5}, "Send a letter from  to , subject: . More header fields 5."),
    ],
)
def test_letters_and_stages_are_sentences(act: dict[str, Any], said: str) -> None:
    assert plan.step({**act, "at": AT, "cell": "setup#0123456789ab"}) == said


def test_letters_of_one_campaign_are_one_row() -> None:
    acts = [
        publish("a.post", "TXT", "x"),
        *[FEE] * 12,
        FEE | {"author": "x@y.example"},
        *[FEE | {"campaign": "own-envelope"}] * 2,
        send(ANA, CLARA),
    ]
    journal = [{**act, "at": AT} for act in acts] + [FEE | {"at": LATER}]
    table = plan.plan(journal)
    assert table.caption == "Change plan: 18 steps." and table.columns == ("step", "when", "change")
    assert [row[0] for row in table.rows] == ["1", "2–13", "14", "15–16", "17", "18"]
    assert table.rows[1] == ("2–13", "2026-11-23 00:00", "12 letters of the campaign parcel-fee, from tracking@auroria.post.")
    assert table.rows[5][1:] == ("2026-11-24 10:30", plan.step(FEE))


def test_a_letter_that_is_in_no_campaign_is_a_row_of_its_own() -> None:
    assert len(plan.plan([send(ANA, CLARA)] * 3).rows) == 3


def test_where_no_cell_has_a_name_there_is_no_column_for_it() -> None:
    assert plan.plan([{**FEE, "cell": "#0123456789ab"}]).columns == ("step", "when", "change")


def test_what_was_taken_back_is_shown() -> None:
    table = plan.undone([{**stage("two keys"), "at": AT}])
    assert table.caption == "Taken back: 1 step." and table.rows == (("2026-11-23 00:00", "Stage: two keys."),)
    assert "Taken back: 2 steps." in jupyter.text(Undone([stage("a"), stage("b")]))


def test_the_cell_is_shown_where_there_is_one() -> None:
    journal = [
        stage("a"),
        *({**FEE, "cell": cell} for cell in ("setup#0123456789ab", "setup#0123456789ab", "#0123456789ab", f"{'x' * 40}#0")),
    ]
    table = plan.plan(journal)
    assert table.columns == ("step", "when", "change", "done-in") and table.titles[-1] == "Done in"
    assert [row[3] for row in table.rows] == ["", "cell setup", "", f"cell {'x' * 20}…"]
    assert not re.search("0123456789ab", table.text())
