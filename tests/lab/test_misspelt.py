"""Names that this Internet does not have: each error, and each report, says so in its first words, and which name was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

import postlib
from postlib.course.seeds import case
from postlib.display import jupyter, plain
from postlib.lab import known
from postlib.lab.internet import Internet, visit
from postlib.lab.spelling import MOST_NAMES, meant
from postlib.look import check

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLARA = "clara@inbox.example"


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


def test_a_letter_or_a_campaign_of_nobodys_domain_is_an_error_that_says_which_is_meant(internet: Internet) -> None:
    wrong: dict[str, Callable[[], object]] = {
        "aurora.post is no domain of this Internet; did you mean auroria.post?": lambda: internet.send("ana@aurora.post", CLARA),
        "Aurora.post is no domain of this Internet; did you mean auroria.post?": lambda: internet.campaign("parcel-fee", "Aurora.post"),
        "www.aurora.post is no domain of this Internet": lambda: internet.campaign("parcel-fee", "www.aurora.post"),
        "post is no domain of this Internet": lambda: internet.campaign("parcel-fee", "post"),
        "atlantis.org is no domain of this Internet; there are: alumni.example, ": lambda: internet.domain("atlantis.org"),
        "valdora.post is no domain of this Internet; did you mean valdoria.post\\?$": lambda: internet.domain("valdora.post"),
        "mx1.aurora.post is no machine of this lab; did you mean mx1.auroria.post": lambda: internet.send(
            "ana@auroria.post", CLARA, via="mx1.aurora.post"
        ),
        'news.auroria.post has no mail server of its own: say which one sends, for example via="auroria.post"': lambda: internet.send(
            "ana@news.auroria.post", CLARA
        ),
        "not a mail address": lambda: internet.send("not an address", CLARA),
    }
    for said, done in wrong.items():
        with pytest.raises(ValueError, match=said):
            done()
    assert internet.journal() == ()


def test_what_has_no_mail_of_its_own_may_still_be_written_from_and_phished(internet: Internet) -> None:
    assert internet.send("ana@news.auroria.post", CLARA, via="auroria.post").kept is not None
    assert internet.campaign("parcel-fee", "www.auroria.post").target == "www.auroria.post"


def test_a_letter_to_a_misspelt_domain_is_not_sent_and_says_which_is_meant(internet: Internet) -> None:
    sent = internet.send("ana@auroria.post", "clara@inbx.example")
    assert (sent.outcome, sent.near, len(internet.journal())) == ("no-exchanger", "inbox.example", 1)
    assert str(sent) == "nobody has the domain inbx.example here; did you mean inbox.example?"
    shown = jupyter.text(sent)
    assert "nobody has the domain inbx.example here; perhaps inbox.example was meant." in shown
    for other in ("x@nowhere.post", "x@news.auroria.post"):  # like nothing; and somebody's, without mail
        sent = internet.send("ana@auroria.post", other)
        assert (sent.outcome, sent.near) == ("no-exchanger", "") and str(sent) == repr(sent)
        assert "no mail server was found" in jupyter.text(sent)


@pytest.mark.parametrize("name", ["aurora.post", "www.auroria.example", "nothing.auroria.post"])
def test_a_report_on_a_name_that_nobody_has_begins_with_that(internet: Internet, name: str) -> None:
    """RFC 8020: a question that may be asked; its answer is that there is nothing."""
    report = check(name, internet)
    assert plain.text(report).startswith(f"{name} does not exist. Is it spelled right?\n")
    assert [finding.check for finding in report.failed] == ["delegation.exists"]


def test_a_guest_is_phished_in_its_countrys_name(internet: Internet) -> None:
    drawn = case("spf-repair", "mailbox-17")
    with visit("union", at=AT, learner=drawn) as guested:
        [entry] = [entry for entry in drawn.entries if entry.domain == drawn.domain]
        kept = guested.campaign("parcel-fee", drawn.domain).sent[0]
        assert known.country(guested.state, drawn.domain) == entry.settings["country"] != drawn.domain
        assert str(entry.settings["country"]).encode() in kept.message
        assert guested.domains()[-len(drawn.entries) :] == tuple(entry.domain for entry in drawn.entries)


def test_what_was_meant_is_short() -> None:
    assert meant("valdora.post", ["valdoria.post", "caldera.post"]) == "; did you mean valdoria.post?"
    assert meant("x", ()) == "; there is none" and meant("x", ["a"]) == "; there is: a"
    assert meant("x", map(str, range(MOST_NAMES * 2))).count(",") == MOST_NAMES - 1


def test_a_misspelt_name_of_postlib_is_told_which_is_meant() -> None:
    with pytest.raises(AttributeError, match=r"postlib has no vist; did you mean visit\?"):
        postlib.vist  # noqa: B018
    with pytest.raises(AttributeError, match=r"postlib has no zzzzz: dir\(postlib\)"):
        postlib.zzzzz  # noqa: B018
