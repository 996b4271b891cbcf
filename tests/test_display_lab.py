"""What a lab does, as people see it: campaigns, letters, mailboxes, conversations, change plans, SPF trees; and how Jupyter shows it."""

from __future__ import annotations

import asyncio
import functools
import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from zones import Zones

from postlib.acts import advance, dkim, load, mail, registry, serve, sign, web, withdraw
from postlib.display import jupyter, letter, plan, register, spf, spf_tree, text
from postlib.display import mail as shown
from postlib.display.conversation import Conversation, transcript
from postlib.display.harmless import visible
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
    assert len(table.rows) == len(played.sent) and table.columns == ("recipient", "author", "outcome", "because")
    refused = next(row for row, one in zip(table.rows, played.sent, strict=True) if one.outcome == "refused")
    assert refused[1:3] == ("Valdoria Post <tracking@valdoria.post>", "refused by the server")
    assert "the DMARC policy of valdoria.post asks for this (p=reject). The server said: 550 5.7.1" in refused[3]


def test_a_campaign_from_a_name_that_looks_alike_does_not_say_that_it_is_in_the_operators() -> None:
    table = shown.campaign(internet().campaign("lookalike", "valdoria.post"))
    assert "The author is at auroria-parcels.example, and not at valdoria.post" in table.caption and "in the name of" not in table.caption
    assert table.rows[0][3] == "DMARC confirms auroria-parcels.example."


@pytest.mark.parametrize(
    ("record", "because"),
    [
        ("v=DMARC1; p=none", "DMARC does not confirm the author; its policy p=none asks for nothing."),
        ("v=DMARC1; p=quarantine; t=y", "DMARC does not confirm the author; its policy is only a test (t=y) and asks for nothing."),
        ("v=DMARC1; p=quarantine", "DMARC does not confirm the author, and the DMARC policy of auroria.post asks for this (p=quarantine)."),
        ("", "DMARC does not confirm the author; the DMARC policy of post is p=none and asks for nothing."),
    ],
)
def test_a_reason_names_the_policy(record: str, because: str) -> None:
    """Without a DMARC record of the domain's own, that of the registry counts (RFC 9989, section 4.10.1)."""
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as made:
        zone = made.domain("auroria.post")
        zone.publish("_dmarc", "TXT", record) if record else zone.withdraw("_dmarc", "TXT")
        assert shown.campaign(made.campaign("parcel-fee")).rows[0][3] == because


def test_a_letter_says_where_it_went_and_why() -> None:
    table = shown.sent(internet().send("ana@valdoria.post", "clara@inbox.example"))
    assert table.titles[1] == "From (what people see)"
    assert table.rows == (("clara@inbox.example", "ana@valdoria.post", "inbox", "DMARC confirms valdoria.post."),)


def test_a_kept_letter_is_readable_and_escaped() -> None:
    made = internet().send("ana@valdoria.post", "omar@oldmail.example", "<i>Hello</i>", "Good day.\n<script>\tx\n\u202eevil", name="Ana A.")
    text, html = letter.text(made.kept), letter.html(made.kept)
    assert text.startswith("From: \"Ana A.\" <ana@valdoria.post>\nTo: omar@oldmail.example\nSubject: <i>Hello</i>\nDate: Mon, 23 Nov 2026")
    assert "\nFolder: inbox\nAuthentication-Results: mx1.oldmail.example;" in text and "dmarc=pass" in text
    assert text.endswith("\n\nGood day.\n<script>    x\n\\u202eevil\n")
    assert "<script" not in html and "&lt;script&gt;" in html and "\u202e" not in html and "<i>" not in html


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_hostile_letter_shows_something_and_harms_nobody(value: bytes, content: bytes) -> None:
    message = b"From: " + value.replace(b"\r\n", b"") + b"\r\nContent-Type: text/plain; charset=" + content[:20] + b"\r\n\r\n" + content
    decision = SimpleNamespace(folder="inbox")
    text = letter.text(SimpleNamespace(message=message, folder=decision.folder, recipient="a@b.example"))
    assert all(visible(line) == line for line in text.split("\n"))


@pytest.mark.parametrize("value", [b"=?utf-8?q?=80?= <@>", b"<", b"a@[", b'"', b"=?x?b?!?=", b"(" * 50, b"\xff\xfe <a@b>", b",;:@"])
def test_a_hostile_author_is_text(value: bytes) -> None:
    assert isinstance(letter.field(b"From: " + value + b"\r\n\r\n", "From"), str)


def test_a_mailbox_lists_its_messages_and_escapes_their_subjects() -> None:
    table = shown.mailbox(internet().mailbox("clara@inbox.example"))
    assert table.caption.startswith("Mailbox of clara@inbox.example") and "<b>Good day</b>" in table.rows[0]
    assert "<b>" not in table.html() and "&lt;b&gt;Good day" in table.html()


def test_a_conversation_says_who_spoke_and_where_it_became_private() -> None:
    sent = internet().send("ana@valdoria.post", "clara@inbox.example")
    said = transcript(sent.delivery)
    text = said.text()
    assert "encrypted from here on" in text and re.search(r"client +STARTTLS", text)
    assert re.search(r"MAIL FROM:<ana@valdoria.post>.* envelope address", text)
    assert re.search(r"From: ana@valdoria.post +author address", text)


def test_a_conversation_folds_the_message_into_one_row() -> None:
    sent = internet().send("ana@valdoria.post", "clara@inbox.example", body="From: nobody\n.\nMAIL FROM:<x@y.example>")
    said = transcript(sent.delivery)
    html, (first, last) = said.html(), said.message
    assert f"<summary>the message, {last - first} lines</summary>" in html and html.count("<details>") == 1
    assert html.count("<tr>") == len(said.lines) - (last - first) + 2  # the line of titles, and the message
    assert html.count("author address") == 1 == html.count("envelope address")
    assert said.lines[last] == ("client", ".") and said.lines[said.author] == ("client", "From: ana@valdoria.post")


def test_a_conversation_without_a_message_is_shown_too() -> None:
    made = Conversation("c", (("server", "554 no"), ("client", "QUIT")), (2, 2))
    assert "<details>" not in made.html() and made.author == -1 and "554 no" in made.text()


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
        (sign("a.post", signed=False), "Remove the DNSSEC signatures of the zone a.post."),
        (registry("a.post", ds=[]), "At the registry, change a.post: ds"),
        (mail("a.post", starttls=False), "Change the mail servers of a.post: starttls False"),
        (web("www.a.post", hsts=""), "Change the web site www.a.post: hsts"),
        (dkim("a.post", "s1", revoked=True), "Revoke the DKIM key s1 of a.post: publish an empty p= and sign with it no more."),
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
    assert text.splitlines()[1] == "  more than ten DNS lookups were needed" and "\x1b" not in text


@pytest.mark.parametrize(
    ("record", "shown", "why"),
    [
        ("v=spf1 mx –all".encode(), "v=spf1 mx –all", "it cannot be read: a record holds visible ASCII characters and spaces only"),
        (b"v=spf1 mx \xe2all", "v=spf1 mx \\xe2all", "it cannot be read: a record holds visible ASCII characters and spaces only"),
        (b"v=spf1 include:none.example", "v=spf1 include:none.example", "there is no SPF record there (none.example)"),
    ],
)
def test_an_spf_error_and_its_record_can_be_read(record: bytes, shown: str, why: str) -> None:
    found = Outcome(Result.PERMERROR, "a.example", "no-record" if b"include" in record else "syntax", record=record.decode("latin-1"),
                    value="none.example" if b"include" in record else why.partition(": ")[2])  # fmt: skip
    assert spf.tree(found).splitlines()[1:3] == [f"  {shown}", f"  {why}"]
    assert why in spf_tree.svg(found) and shown in spf_tree.html(found)


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
    box, sent = internet().mailbox("clara@inbox.example"), internet().send("ana@valdoria.post", "clara@inbox.example")
    values = [report, outcome(), internet().campaign("parcel-fee"), box, box[-1], sent, sent.delivery, internet().journal()]
    for value in values:
        made = bundle(value)
        assert set(made) == {"text/plain", "text/html"} and 'class="postlib"' in made["text/html"]
        assert made["text/plain"] == text(value)


@pytest.mark.parametrize("value", [3, "x", [], [1, 2], None])
def test_there_is_no_text_for_anything_else(value: object) -> None:
    with pytest.raises(TypeError, match="postlib has no text for a"):
        text(value)


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


def test_a_letter_that_could_not_be_sent_says_so_and_why() -> None:
    """The words are those of Sent.outcome and of the network; none of them means that a server was asked."""
    for outcome, why in (
        ("bogus", "the DNS answer for valdoria.post has DNSSEC signatures that are not valid."),
        ("null-mx", "valdoria.post takes no mail (null MX)."),
        ("unreachable", "the network says that it cannot be reached."),
    ):
        table = shown.sent(SimpleNamespace(recipient="ana@valdoria.post", outcome=outcome, kept=None, delivery=None, message=b"", near=""))
        assert table.caption == "Not sent to ana@valdoria.post" and table.rows[0][2:] == ("not sent", why)
