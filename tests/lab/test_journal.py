"""Journals: letters and stages are acts, and whoever replays them ends in the same bytes; kept in a file, taken back, gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postlib import acts, background
from postlib.lab import journal as journals
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.lab.mail.campaigns import plan
from postlib.lab.mail.posting import campaign
from postlib.lab.shapes import LONGEST_CELL, LONGEST_LINE, SHAPES, shaped
from postlib.network import Unreachable

AT = datetime(2026, 11, 23, tzinfo=UTC)
ME, CLARA, OMAR = "auroria.post", "clara@inbox.example", "omar@oldmail.example"
MONITORING = f"v=DMARC1; p=none; rua=mailto:dmarc@{ME}"
KILLED = """
import sys, time
from datetime import UTC, datetime
from postlib.lab.internet import visit
internet = visit("union", at=datetime(2026, 11, 23, tzinfo=UTC))
internet.keep(sys.argv[1])
internet.domain("auroria.post").publish("_dmarc", "TXT", sys.argv[2])
internet.campaign("parcel-fee")
internet.record.listen(lambda event: event.kind == "message" and time.sleep(600))
internet.campaign("own-envelope")
"""


def picture(internet: Internet) -> Any:
    """All that acts and letters change, to the octet."""
    zones = {zone.origin: (zone.text(), zone.signing and (zone.signing.ds(), zone.signing.now)) for zone in internet.state.zones.values()}
    office = internet.office
    kept = [(one.recipient, one.when, one.source, one.message, one.decision, one.tls) for one in office.mailboxes._kept]
    learnt = {provider: sorted(sources) for provider, sources in office._aligned.items()}
    return zones, dict(internet.state.mail), kept, learnt, sorted(office._onward), internet.clock.now()


def reports(internet: Internet) -> int:
    """How many reports of other providers have come."""
    return sum(kept.parsed["Subject"].startswith("Report Domain:") for kept in internet.mailbox(f"dmarc@{ME}"))


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


@pytest.fixture(scope="module")
def lived() -> Iterator[Internet]:
    """An Internet in which much has happened."""
    with visit("union", at=AT) as internet:
        me = internet.domain(ME)
        me.publish("_dmarc", "TXT", MONITORING)
        internet.campaign("parcel-fee")
        internet.send(f"ana@{ME}", CLARA, "Good news", "It works.", name="Ana", headers=[("X-Way", "by hand")])
        internet.clock.advance(hours=30)
        internet.stage("two keys")
        me.mail.new_key("s2026b")
        internet.send("ana@valdoria.post", "discussion@stampclub.example")
        me.publish("_dmarc", "TXT", MONITORING.replace("none", "reject"))
        internet.send("x@parcel-desk.example", OMAR, envelope="", helo="relay.example", signed_by="")
        internet.do(acts.send(f"ben@{ME}", CLARA) | {"at": (AT + timedelta(days=2, hours=5)).isoformat()})
        internet.campaign("own-envelope")
        internet.clock.advance(days=1)
        yield internet


def test_a_journal_with_letters_leads_to_the_same_bytes(lived: Internet, tmp_path: Path) -> None:
    lived.save(tmp_path / "journal.json")
    with visit("union", journal=tmp_path / "journal.json") as again:
        assert again.start == AT and again.journal() == lived.journal()
        assert picture(again) == picture(lived)
        assert reports(again) == reports(lived) > 1
        for internet in (again, lived):
            internet.send(f"ana@{ME}", CLARA, "The next one")
            internet.clock.advance(days=1)
        assert picture(again) == picture(lived)


def test_without_letters_a_journal_leads_to_the_same_state_and_time(lived: Internet) -> None:
    with visit("union", at=AT, journal=lived.journal(), letters=False) as again:
        zones, mail, kept, *_, now = picture(again)
        assert (zones, mail, now) == (picture(lived)[0], picture(lived)[1], lived.clock.now()) and kept == []
        assert {act["act"] for act in again.journal()} == {"publish", "stage", "dkim", "wait"}
    last = [acts.stage("before"), acts.send(f"ana@{ME}", CLARA) | {"at": "2026-11-24T00:00:00+00:00"}]
    with visit("union", at=AT, journal=last, letters=False) as again:
        assert again.clock.now() == AT + timedelta(days=1)


def test_a_letter_in_the_journal_says_what_was_given_and_no_more(lived: Internet) -> None:
    letters = [act for act in lived.journal() if act["act"] == "send"][:8]
    assert [act.get("campaign", "") for act in letters] == ["parcel-fee"] * 2 + [""] * 4 + ["own-envelope"] * 2
    assert letters[2] == acts.send(f"ana@{ME}", CLARA, "Good news", "It works.", name="Ana", headers=[["X-Way", "by hand"]]) | {
        "at": AT.isoformat()
    }
    assert set(letters[3]) == {"act", "author", "recipient", "subject", "body", "at"}
    assert letters[4]["envelope"] == "" == letters[4]["signed_by"] and letters[4]["helo"] == "relay.example"


def test_a_stage_changes_nothing(internet: Internet) -> None:
    before = picture(internet)
    internet.stage("two keys")
    assert picture(internet) == before and internet.journal() == (acts.stage("two keys") | {"at": AT.isoformat()},)
    for bad in ({"act": "stage"}, acts.stage(""), acts.stage("x" * (LONGEST_LINE + 1))):
        with pytest.raises(ValueError):
            internet.do(bad)


LATER = {"at": "2026-11-30T00:00:00+00:00"}
HOSTILE: dict[str, Any] = {
    "nobody": {"act": "send"},
    "no recipient": {"act": "send", "author": f"ana@{ME}"},
    "an author without an address": acts.send("ana", CLARA),
    "a recipient of another type": acts.send(f"ana@{ME}", CLARA) | {"recipient": [CLARA]},
    "parentheses within each other": acts.send("(" * 900 + f"ana@{ME}", CLARA),
    "an author of a megabyte": acts.send("a." * 500_000 + f"@{ME}", CLARA),
    "a subject of two lines": acts.send(f"ana@{ME}", CLARA, "one\r\nBcc: two@inbox.example"),
    "a lone surrogate": acts.send(f"ana@{ME}", CLARA, body="\ud800"),
    "a body of two megabytes": acts.send(f"ana@{ME}", CLARA, body="x" * (2 << 20)),
    "a machine nobody has": acts.send(f"ana@{ME}", CLARA, via="nowhere.test"),
    "an envelope that ends the command": acts.send(f"ana@{ME}", CLARA, envelope="x@y.example>\r\nDATA"),
    "a name that ends the command": acts.send(f"ana@{ME}", CLARA, helo="a\r\nMAIL FROM:<>"),
    "a second author": acts.send(f"ana@{ME}", CLARA, headers=[["From", "x@y.example"]]),
    "a field that ends the head": acts.send(f"ana@{ME}", CLARA, headers=[["X: a\r\n\r\nY", "b"]]),
    "fields as a mapping": acts.send(f"ana@{ME}", CLARA, headers={"X": "y"}),
    "half a field": acts.send(f"ana@{ME}", CLARA, headers=[["X"]]),
    "a thousand fields": acts.send(f"ana@{ME}", CLARA, headers=[["X", "y"]] * 1000),
    "a setting that is none": acts.send(f"ana@{ME}", CLARA, letter="x"),
    "a cell of another type": acts.send(f"ana@{ME}", CLARA, cell=5),
    "a cell of a megabyte": acts.send(f"ana@{ME}", CLARA, cell="x" * (LONGEST_CELL + 1)),
    "long ago": acts.send(f"ana@{ME}", CLARA) | {"at": "2020-01-01T00:00:00+00:00"},
    "a letter that cannot be sent, later": acts.send(f"ana@{ME}", CLARA, via="nowhere.test") | LATER,
}
TEXTS = st.sampled_from(["", f"ana@{ME}", CLARA, ME, "nowhere.test", "a b", "x\r\ny", "é", "(", '"', "From", "@"]) | st.text(max_size=12)
ANY = TEXTS | st.none() | st.integers() | st.floats() | st.lists(st.lists(TEXTS, max_size=3), max_size=2)


def test_a_letter_that_cannot_be_sent_changes_nothing_and_the_next_one_is_the_same(internet: Internet) -> None:
    """Not even the number in its Message-ID: the journal leads to the same bytes."""
    before, network = picture(internet), internet.network
    for name, act in HOSTILE.items():
        with pytest.raises(ValueError) as caught:
            internet.do(act)
        assert len(str(caught.value)) < 2000, name
    assert picture(internet) == before and internet.journal() == () and internet.network is network
    internet.send(f"ana@{ME}", CLARA)
    with visit("union", at=AT, journal=internet.journal()) as again:
        assert picture(again) == picture(internet)


def test_any_json_is_a_letter_that_is_sent_or_an_error(internet: Internet) -> None:
    @given(st.dictionaries(st.sampled_from([*SHAPES["send"], "at", "x"]), ANY, max_size=4), st.booleans())
    @settings(max_examples=60, deadline=None)
    def tried(told: dict[str, Any], whole: bool) -> None:
        act = {"act": "send", **({"author": f"ana@{ME}", "recipient": CLARA} if whole else {}), **told}
        count = len(internet.journal())
        try:
            internet.do(act)
        except ValueError:
            assert len(internet.journal()) == count
        else:
            assert len(internet.journal()) == count + 1 and shaped(internet.journal()[-1])

    tried()
    with visit("union", at=AT, journal=internet.journal()) as again:
        assert picture(again) == picture(internet)


def test_the_cell_of_an_act_is_no_part_of_what_is_done(internet: Internet) -> None:
    internet.do(acts.publish(f"x.{ME}", "TXT", "x"))
    placed = [{**act, "cell": "setup#0123456789ab"} for act in internet.journal()]
    with visit("union", at=AT, journal=placed) as again:
        assert picture(again) == picture(internet) and again.journal()[0]["cell"] == "setup#0123456789ab"


def test_somebody_elses_journal_has_a_bounded_number_of_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """They change no domain, so those of attackers are replayed too."""
    monkeypatch.setattr(journals, "MOST_LETTERS", 2)
    forged = acts.send(f"ana@{ME}", CLARA, via="parcel-desk.example", signed_by="")
    with visit("union", at=AT, journal=[forged] * 2, only=[ME]) as internet:
        assert len(internet.mailbox(CLARA)) == 2
    with pytest.raises(ValueError, match="3 letters"):
        visit("union", at=AT, journal=[forged] * 3, only=[ME])
    visit("union", at=AT, journal=[forged] * 3, only=[ME], letters=False).close()


def test_data_alone_sends_no_letter(internet: Internet) -> None:
    from postlib.lab.replay import apply

    with pytest.raises(ValueError, match="up"):
        apply(internet.state, acts.send(f"ana@{ME}", CLARA))


def test_who_is_killed_in_mid_campaign_goes_on_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal.json"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path), MONITORING], cwd=Path(__file__).parents[2])
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and child.poll() is None and not (path.exists() and len(journals.read(path, "union").acts) == 3):
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL
    letters = [*_letters("parcel-fee"), *_letters("own-envelope")]
    with visit("union", journal=path) as again, visit("union", at=AT) as whole:
        assert [act["act"] for act in again.journal()] == ["publish", "send", "send"]
        whole.domain(ME).publish("_dmarc", "TXT", MONITORING)
        whole.campaign("parcel-fee")
        whole.campaign("own-envelope")
        for act in letters[sum(act["act"] == "send" for act in again.journal()) :]:
            again.do(act)
        for internet in (again, whole):
            internet.clock.advance(days=1)
        assert picture(again) == picture(whole) and again.journal() == whole.journal() and reports(again) == reports(whole)


def _letters(name: str) -> list[acts.Act]:
    return list(campaign(name, plan(name, ME, str(worlds.load("union").by_domain[ME].settings["country"]))[1]))


def test_a_letter_that_is_cut_off_by_ctrl_c_is_whole_or_was_never_written(internet: Internet) -> None:
    internet.send(f"ana@{ME}", CLARA)
    internet.record.listen(lambda event: os.kill(os.getpid(), signal.SIGINT) if event.kind == "message" else None)
    with pytest.raises(KeyboardInterrupt):
        internet.campaign("parcel-fee")
    assert internet.send(f"ana@{ME}", CLARA).arrived
    assert len(internet.mailbox(CLARA)) + len(internet.mailbox(OMAR)) == len(internet.journal())
    with visit("union", at=AT, journal=internet.journal()) as again:
        assert picture(again) == picture(internet)


def test_the_last_acts_are_taken_back(internet: Internet, tmp_path: Path) -> None:
    internet.keep(tmp_path / "journal.json")
    me, network, before = internet.domain(ME), internet.network, picture(internet)
    me.publish("x", "TXT", "first")
    internet.campaign("parcel-fee")
    me.publish("x", "TXT", "second")
    internet.clock.advance(days=3)
    undone = internet.undo(2)
    assert [act["act"] for act in undone] == ["publish", "wait"] and undone[0]["values"] == ["second"]
    assert me.zone.get("x", "TXT") == ('"first"',) and internet.clock.now() == AT
    with pytest.raises(Unreachable, match="closed"):
        background.run(network.connect("192.0.2.19", 25))
    internet.undo()
    assert [len(internet.mailbox(address)) for address in (CLARA, OMAR)] == [1, 0]
    assert [act["act"] for act in journals.read(tmp_path / "journal.json", "union").acts] == ["publish", "send"]
    for wrong in (3, 0, -1):
        with pytest.raises(ValueError, match="2 acts"):
            internet.undo(wrong)
    internet.undo(2)
    assert picture(internet) == before and internet.journal() == ()
