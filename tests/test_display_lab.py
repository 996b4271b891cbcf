"""What a lab does, as people see it: campaigns, letters, mailboxes, conversations, change plans, SPF trees; and how Jupyter shows it."""

from __future__ import annotations

import asyncio
import functools
from datetime import UTC, datetime
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from zones import Zones

from postlib.acts import advance, dkim, load, mail, registry, serve, sign, web, withdraw
from postlib.display import jupyter, plan, register, spf
from postlib.display import mail as shown
from postlib.lab.internet import Internet, visit
from postlib.protocols.spf import Outcome, Result, check_host


@functools.cache
def internet() -> Internet:
    made = visit("union", at=datetime(2026, 11, 23, tzinfo=UTC))
    made.domain("auroria.post").publish("_dmarc", "TXT", "v=DMARC1; p=none")
    made.send("ana@valdoria.post", "clara@inbox.example", "<b>Good day</b>")
    return made


@functools.cache
def outcome() -> Outcome:
    zones = Zones(
        {
            "a.example": {"TXT": ['"v=spf1 include:b.example mx ip4:192.0.2.0/24 -all"']},
            "b.example": {"TXT": ['"v=spf1 a:none.example -all"']},
        }
    )
    return asyncio.run(check_host(zones.resolver(), "192.0.2.7", "a.example", "x@a.example", "h.example"))


def test_a_campaign_is_a_table_of_recipients_outcomes_and_reasons() -> None:
    played = internet().campaign("parcel-fee", "valdoria.post")
    table = shown.campaign(played)
    assert "in the name of valdoria.post" in table.caption and f"of {len(played.sent)} letters" in table.caption
    assert len(table.rows) == len(played.sent) and table.columns == ("recipient", "outcome", "because")
    refused = next(row for row, one in zip(table.rows, played.sent, strict=True) if one.outcome == "refused")
    assert refused[1] == "refused by the server" and "550 5.7.1" in refused[2] and "DMARC policy asks for it" in refused[2]


def test_a_letter_says_where_it_went_and_why() -> None:
    table = shown.sent(internet().send("ana@valdoria.post", "clara@inbox.example"))
    assert table.rows == (("clara@inbox.example", "inbox", "DMARC confirms the author's domain"),)


def test_a_mailbox_lists_its_messages_and_escapes_their_subjects() -> None:
    table = shown.mailbox(internet().mailbox("clara@inbox.example"))
    assert table.caption.startswith("Mailbox of clara@inbox.example") and "<b>Good day</b>" in table.rows[0]
    assert "<b>" not in table.html() and "&lt;b&gt;Good day" in table.html()


def test_a_conversation_says_who_spoke_and_where_it_became_private() -> None:
    sent = internet().send("ana@valdoria.post", "clara@inbox.example")
    table = shown.transcript(sent.delivery)
    assert {row[0] for row in table.rows} == {"client", "server", "encrypted from here on"}
    assert ("client", "STARTTLS") in table.rows


def test_a_journal_is_a_change_plan() -> None:
    table = plan.plan(internet().journal())
    assert table.rows[0] == ("1", "2026-11-23 00:00", "At _dmarc.auroria.post, publish TXT: v=DMARC1; p=none")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (withdraw("a.post", "DS"), "At a.post, remove all DS"),
        (withdraw("a.post", "TXT", "x"), "At a.post, remove TXT: x"),
        ({"act": "publish", "name": "a.post", "type": "TXT", "values": ["x"], "ttl": 60, "add": True}, "At a.post, add TXT: x"),
        (sign("a.post", denial="nsec3"), "Sign the zone a.post with DNSSEC. denial nsec3"),
        (sign("a.post", signed=False), "Take the DNSSEC signatures of the zone a.post away."),
        (registry("a.post", ds=[]), "At the registry, change a.post: ds"),
        (mail("a.post", starttls=False), "Change the mail servers of a.post: starttls False"),
        (web("www.a.post", hsts=""), "Change the web site www.a.post: hsts"),
        (dkim("a.post", "s1", revoked=True), "Change the DKIM key s1 of a.post: revoked True"),
        (serve("ns1.a.post", habit="silent"), "Change the name server ns1.a.post: habit silent"),
        (load("a.post", "x" * 5000), "Replace the whole zone a.post by a new zone file."),
        (advance(60), "Wait 60 seconds."),
        ({"act": "wait", "at": "2026-11-24T10:00:00+00:00"}, "Wait until 2026-11-24 10:00."),
        ({"act": "brand-new", "thing": "x"}, "brand-new: thing x"),
    ],
)
def test_every_act_is_a_sentence(act: dict[str, Any], said: str) -> None:
    assert plan.step(act) == said


def test_an_spf_outcome_is_a_tree_with_its_budget() -> None:
    lines = spf.tree(outcome()).splitlines()
    assert lines[0] == "SPF of a.example: pass. Needed 3 of 10 DNS lookups, 2 of 2 empty answers."
    assert any(line.startswith("  │  ├─ · a:none.example: there is no address to compare with") for line in lines)
    assert "└─ ✔ ip4:192.0.2.0/24: the sender's address is in it" in lines[-1]
    assert "[lookups 2, empty 1]" in "\n".join(lines)


def test_an_spf_error_says_what_it_is() -> None:
    text = spf.tree(Outcome(Result.PERMERROR, "a.example", "too-many-lookups", "mx\x1b[2J"))
    assert "more than ten DNS lookups were needed" in text and "\x1b" not in text


@functools.cache
def shell() -> InteractiveShell:
    made = InteractiveShell.instance()
    assert register() and register()
    return made


def bundle(value: Any) -> dict[str, str]:
    return shell().display_formatter.format(value)[0]  # type: ignore[no-any-return,union-attr]


def test_jupyter_shows_our_classes_as_tables() -> None:
    from postlib.policies import profile
    from postlib.report import Report

    report = Report("auroria.post", (), datetime(2026, 11, 23, tzinfo=UTC), profile())
    values = [report, outcome(), internet().campaign("parcel-fee"), internet().mailbox("clara@inbox.example"), internet().journal()]
    for value in values:
        made = bundle(value)
        assert set(made) == {"text/plain", "text/html"} and 'class="postlib"' in made["text/html"]


def test_jupyter_shows_other_lists_as_ever() -> None:
    for value in ([], [1, 2], ({"a": 1},), ["x", 2]):
        assert bundle(value) == {"text/plain": repr(value)}


def test_every_class_that_jupyter_is_told_of_exists() -> None:
    from importlib import import_module

    for module, name in jupyter.FORMATTERS:
        assert hasattr(import_module(module), name)


def test_nothing_is_registered_outside_ipython() -> None:
    import subprocess
    import sys

    told = "import postlib.display as d, sys; assert not d.register(); assert 'postlib.words' not in sys.modules"
    subprocess.run([sys.executable, "-c", told], check=True)
