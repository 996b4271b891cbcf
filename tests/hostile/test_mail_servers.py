"""Mail servers that mean harm, or are broken, in the lab and through `check`: each ends as *unknown* or *failed*, within bounds."""

from __future__ import annotations

import pytest
from besieged import MOST_OCTETS, VICTIM, besieged, explained
from conftest import FULL
from watchdog import watchdog

from postlib import acts
from postlib.finding import Status
from postlib.lab import habits
from postlib.lab.internet import visit
from postlib.look import check, scan

BEHIND = ("starttls.negotiated", "starttls.trusted", "starttls.right-name", "dane.matches", "mta-sts.exchangers-keep-it")
BROKEN = ("starttls.negotiated", "dane.matches", "mta-sts.exchangers-keep-it")

# What becomes of STARTTLS: not even a greeting, or of the handshake a status and its reason.
OUTCOMES = dict.fromkeys(habits.MAIL, "no-greeting") | {
    "nul": "fail not-offered",
    "unlistening": "fail injected-plaintext",
    "starttls-plain": "fail not-tls",
    "starttls-garbage": "fail not-tls",
    "starttls-injects": "fail injected-plaintext",
    "starttls-silent": "unknown timeout",
    "starttls-closes": "unknown closed",
    "starttls-wrong-code": "fail wrong-code",
    "half-handshake": "unknown timeout",
    "unreadable-certificate": "fail broken-handshake",
    "thousand-certificates": "fail oversized-handshake",
    "giant-certificate": "fail oversized-handshake",
}
WEARY = ("slow", "mixed-codes", "endless-greeting", "thousand-certificates", "starttls-garbage", "no-code")  # much like others, or slow


@pytest.mark.parametrize("habit", [habit for habit in habits.MAIL if FULL or habit not in WEARY])
def test_a_hostile_mail_server_is_known_for_what_it_does(monkeypatch: pytest.MonkeyPatch, habit: str) -> None:
    """RFC 5321, section 4.2, and RFC 3207; nothing that was said in the clear is believed behind STARTTLS."""
    siege = besieged(monkeypatch, habit, acts.mail(VICTIM, habit=habit))
    status, _, word = OUTCOMES[habit].partition(" ")
    if status == "no-greeting":
        assert siege.changes == dict.fromkeys(("starttls.offered", *BEHIND), "unknown")
        assert siege.words("starttls.offered")["reason"] == "no-greeting"
    elif status == "unknown":
        assert siege.changes == dict.fromkeys(BEHIND, "unknown")
        assert siege.words("starttls.negotiated")["reason"] == word
    else:
        broken = ("starttls.offered", *BROKEN[1:]) if word == "not-offered" else BROKEN
        gone = ("starttls.negotiated", *BEHIND[1:3]) if word == "not-offered" else BEHIND[1:3]
        assert siege.changes == dict.fromkeys(broken, "fail") | dict.fromkeys(gone, "not-applicable")
        assert word in siege.words(broken[0])["server"]
    assert all(map(explained, siege.report))
    assert siege.octets < MOST_OCTETS


def test_mail_is_not_lost_at_a_hostile_server() -> None:
    """A letter to it is not delivered, and one to its neighbour is."""
    with watchdog(), visit("clean") as internet:
        internet.do(acts.mail(VICTIM, habit="unlistening"))
        assert internet.send("clara@inbox.example", f"ana@{VICTIM}").outcome != "inbox"
        assert internet.send("clara@inbox.example", "ana@oldmail.example").outcome == "inbox"


HOSTILE = {  # a web and a mail server that never stop, for each
    "auroria.post": ("endless-body", "endless-line"),
    "meridia.post": ("chunked-body", "endless-greeting"),
    "pelagia.post": ("endless-interim", "many-extensions"),
    "norvika.post": ("many-headers", "unlistening"),
    "caldera.post": ("growing-redirect", "giant-certificate"),
    "borvia.post": ("giant-certificate", "garbage"),
}


def test_the_others_in_a_scan_are_not_harmed() -> None:
    """An honest domain is found as it is when looked at alone."""
    with watchdog(), visit("union") as internet:
        alone = check(VICTIM, internet)
        for domain, (web, mail) in HOSTILE.items():
            internet.do(acts.web(domain, habit=web))
            internet.do(acts.mail(domain, habit=mail))
        found = {report.subject: report for report in scan([*HOSTILE, VICTIM], internet)}
    assert found.keys() == {VICTIM, *HOSTILE}
    assert {f.check: f.verdict for f in found[VICTIM]} == {f.check: f.verdict for f in alone}
    assert all(found[domain]["starttls.negotiated"].status in (Status.UNKNOWN, Status.FAIL) for domain in HOSTILE)
