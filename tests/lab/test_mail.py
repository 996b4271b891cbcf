"""Mail in the lab: what each party does with a message, over real SMTP, and the day's reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib import background
from postlib.lab.internet import Internet, visit
from postlib.protocols import reports
from postlib.protocols.authentication_results import of_message
from postlib.protocols.reports import AggregateReport

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


def received_reports(internet: Internet, address: str) -> list[AggregateReport]:
    found = [reports.read(data) for kept in internet.mailbox(address) for _, data in reports.attachments(kept.message)]
    return [report for report in found if isinstance(report, AggregateReport)]


def test_honest_mail_is_signed_sealed_and_judged(internet: Internet) -> None:
    sent = internet.send("ana@valdoria.post", "clara@inbox.example", "Good news", "It works.")
    [kept] = internet.mailbox("clara@inbox.example")
    assert sent.arrived and kept.tls == "TLSv1.3" and kept.source == "192.0.2.19"
    [results] = of_message(kept.message, "mx1.inbox.example")
    assert {(result.method, result.result) for result in results.results} == {("spf", "pass"), ("dkim", "pass"), ("dmarc", "pass")}
    assert kept.parsed["Subject"] == "Good news" and kept.parsed.get_content().strip() == "It works."


def test_a_result_that_a_stranger_wrote_in_our_name_is_taken_away(internet: Internet) -> None:
    """RFC 8601, section 5."""
    forged = [("Authentication-Results", "mx1.inbox.example; dmarc=pass header.from=valdoria.post")]
    internet.domain("valdoria.post").publish("_dmarc", "TXT", "v=DMARC1; p=none")
    internet.send("ana@valdoria.post", "clara@inbox.example", via="parcel-desk.example", signed_by="", headers=forged)
    [kept] = internet.mailbox("clara@inbox.example")
    [results] = of_message(kept.message, "mx1.inbox.example")
    assert [result.result for result in results.results if result.method == "dmarc"] == ["fail"]


def test_the_literal_provider_refuses_what_the_modern_one_weighs(internet: Internet) -> None:
    """RFC 9989, section 7.4: p=reject alone refuses nothing; a list's mail goes to spam, a stranger's is refused."""
    internet.send("ana@valdoria.post", "discussion@stampclub.example")
    outcomes = {event.details[1]: event.details[2] for event in internet.record.of("onward")}
    assert outcomes == {"clara@inbox.example": "spam", "omar@oldmail.example": "refused"}


def test_a_source_that_has_sent_aligned_mail_is_not_refused_for_one_bad_message(internet: Internet) -> None:
    unsigned = {"via": "mx1.valdoria.post", "envelope": "bounces@parcel-desk.example", "signed_by": ""}
    assert internet.send("ana@valdoria.post", "clara@inbox.example", **unsigned).outcome == "refused"
    assert internet.send("ana@valdoria.post", "clara@inbox.example").outcome == "inbox"
    assert internet.send("ana@valdoria.post", "clara@inbox.example", **unsigned).outcome == "spam"
    assert internet.send("ana@valdoria.post", "omar@oldmail.example", **unsigned).outcome == "refused"


def test_a_list_that_rewrites_the_author_keeps_dmarc_quiet(internet: Internet) -> None:
    internet.do({"act": "mail", "domain": "stampclub.example", "rewrites": True})
    internet.send("ana@valdoria.post", "discussion@stampclub.example", "Perforations")
    [kept] = internet.mailbox("omar@oldmail.example")
    assert kept.folder == "inbox" and kept.parsed["Subject"] == "[stampclub] Perforations"
    assert kept.parsed["From"].addresses[0].addr_spec == "discussion@stampclub.example" and "ana@valdoria.post" in kept.parsed["Reply-To"]


def test_forwarded_mail_loses_spf_and_lives_by_dkim(internet: Internet) -> None:
    internet.send("ana@valdoria.post", "old-friend@alumni.example")
    [kept] = internet.mailbox("clara@inbox.example")
    assert (kept.folder, kept.judgement.spf.result.value, kept.judgement.passed) == ("inbox", "fail", True)
    internet.do({"act": "mail", "domain": "valdoria.post", "selectors": []})
    internet.send("ana@valdoria.post", "old-friend@alumni.example", "Unsigned")
    assert len(internet.mailbox("clara@inbox.example")) == 2 and internet.mailbox("clara@inbox.example")[1].folder == "spam"


def test_nobody_relays_for_strangers(internet: Internet) -> None:
    internet.domain("printpost.example").publish("@", "MX", "10 mx1.inbox.example.")
    sent = internet.send("ana@valdoria.post", "someone@printpost.example")
    assert sent.outcome == "refused" and "5.7.1" in sent.reply


def test_a_null_mx_takes_no_mail(internet: Internet) -> None:
    """RFC 7505."""
    internet.domain("valdoria.post").publish("@", "MX", "0 .")
    assert internet.send("ana@meridia.post", "ana@valdoria.post").outcome == "null-mx"


def test_what_cannot_be_handed_over_says_why(internet: Internet) -> None:
    assert internet.send("ana@valdoria.post", "x@nowhere.post").outcome == "no-exchanger"
    with pytest.raises(ValueError, match="not a mail address"):
        internet.send("ana@valdoria.post", "not an address")
    with pytest.raises(ValueError, match="no machine"):
        internet.send("ana@valdoria.post", "clara@inbox.example", via="nowhere.example")


def test_a_domain_without_starttls_gets_its_mail_in_the_clear(internet: Internet) -> None:
    internet.domain("inbox.example").mail.set(starttls=False)
    internet.send("ana@valdoria.post", "clara@inbox.example")
    assert internet.mailbox("clara@inbox.example")[0].tls == ""


def test_reports_arrive_when_the_day_is_over(internet: Internet) -> None:
    internet.send("ana@valdoria.post", "clara@inbox.example")
    internet.campaign("parcel-fee", "valdoria.post")
    assert received_reports(internet, "dmarc@valdoria.post") == []
    internet.clock.advance(days=1)
    by_provider = {report.report_metadata.org_name: report for report in received_reports(internet, "dmarc@valdoria.post")}
    assert set(by_provider) == {"inbox.example", "oldmail.example"}
    rows = {record.source_ip: record for record in by_provider["inbox.example"].records}
    assert rows["192.0.2.19"].policy_evaluated.disposition == "pass"
    assert rows["203.0.113.67"].policy_evaluated.disposition == "reject" and rows["203.0.113.67"].policy_evaluated.spf == "fail"
    internet.clock.advance(days=1)
    assert len(received_reports(internet, "dmarc@valdoria.post")) == 2, "a quiet day makes no report"


def test_a_stranger_gets_reports_only_if_it_agrees(internet: Internet) -> None:
    """RFC 9990, section 4."""
    valdoria = internet.domain("valdoria.post")
    valdoria.publish("_dmarc", "TXT", "v=DMARC1; p=none; rua=mailto:reports@meridia.post")
    internet.send("ana@valdoria.post", "clara@inbox.example")
    internet.clock.advance(days=1)
    assert received_reports(internet, "reports@meridia.post") == []
    internet.domain("meridia.post").publish("valdoria.post._report._dmarc", "TXT", "v=DMARC1;")
    internet.send("ana@valdoria.post", "clara@inbox.example")
    internet.clock.advance(days=1)
    assert len(received_reports(internet, "reports@meridia.post")) == 1


def test_report_mail_passes_dmarc_itself(internet: Internet) -> None:
    internet.send("ana@valdoria.post", "clara@inbox.example")
    internet.clock.advance(days=1)
    [kept] = internet.mailbox("dmarc@valdoria.post")
    assert kept.judgement.passed


def test_a_message_that_goes_round_ends(internet: Internet) -> None:
    internet.do({"act": "mail", "domain": "alumni.example", "members": ["x@alumni.example"]})
    internet.send("ana@valdoria.post", "x@alumni.example")
    assert len(internet.record.of("onward")) < 30


@pytest.mark.parametrize("recipient", ["x@" + "a." * 300 + "post", "x@" + "a" * 64 + ".post", "x@a..post", "x", "", "x@y\r\nz.post"])
def test_what_is_no_address_is_an_error(recipient: str, internet: Internet) -> None:
    """RFC 5321, section 4.1.2; RFC 1035, section 2.3.4."""
    with pytest.raises(ValueError, match="not a mail address"):
        internet.send("ana@valdoria.post", recipient)


def test_a_domain_may_name_another_for_its_bounces(internet: Internet) -> None:
    """RFC 7208, section 2.4: SPF speaks of MAIL FROM. Another domain there is not aligned, and DKIM alone carries DMARC."""
    internet.domain("valdoria.post").mail.set(envelope="www.valdoria.post")
    kept = internet.send("ana@valdoria.post", "clara@inbox.example").kept
    assert kept is not None and kept.message.startswith(b"Return-Path: <ana@www.valdoria.post>")
    assert kept.judgement.spf.domain == "www.valdoria.post" and kept.judgement.spf.result.value == "fail" and kept.judgement.passed


BROKEN = {
    "a body where fields should be": b"This is no field\r\n\r\nHello.\r\n",
    "a NUL in a field's name": b"Fr\0m: a@b.post\r\n\r\nHello.\r\n",
    "a thousand times too many fields": b"X: y\r\n" * 30_000 + b"\r\nHello.\r\n",
}


@pytest.mark.parametrize("message", BROKEN.values(), ids=BROKEN)
def test_a_message_that_cannot_be_read_is_refused(internet: Internet, message: bytes) -> None:
    [sent] = background.run(
        internet.office.sender("mx1.parcel-desk.example").send(
            message, "x@parcel-desk.example", ["clara@inbox.example"], internet.office.mailboxes.find
        )
    )
    assert sent.outcome == "refused" and "5.6.0" in sent.reply


def test_an_author_without_a_domain_does_not_reach_the_inbox(internet: Internet) -> None:
    for author in (b"@@@@", b"a@b c@d", b"a@[127.0.0.1]"):
        message = b"From: " + author + b"\r\nMessage-ID: <" + author.hex().encode() + b"@x>\r\n\r\nHello.\r\n"
        sender = internet.office.sender("mx1.parcel-desk.example")
        [sent] = background.run(sender.send(message, "x@parcel-desk.example", ["clara@inbox.example"], internet.office.mailboxes.find))
        assert sent.outcome == "spam", author
