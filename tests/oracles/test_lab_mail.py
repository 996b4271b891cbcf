"""The lab's own mail before other people's programs: every message of operators, list, forwarder, partner and phishers of the union.

pyspf and dkimpy judge what reached the providers and ask the lab's resolver as anyone would; authres reads what the provider wrote in
Authentication-Results, and all must say the same. parsedmarc reads the reports that the providers mail after midnight.
"""

from __future__ import annotations

import re
import types
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import authres
import dkim
import dns.exception
import dns.message
import dns.nameserver
import dns.resolver
import pytest
from conftest import FULL
from protocols.parsedmarc_reports import agree, judged, parsedmarc_needed
from protocols.pyspf import checked

from postlib.lab.internet import Internet, visit
from postlib.lab.mail.mailbox import Kept
from postlib.lab.mail.sender import Sent
from postlib.protocols import reports

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
RESOLVER = "192.0.2.10"  # the lab's own
PEOPLE = ("clara@inbox.example", "omar@oldmail.example")
THROUGH = ("discussion@stampclub.example", "old-friend@alumni.example")
SOME = ("valdoria.post", "auroria.post", "meridia.post", "lumenia.post", "norvika.post", "inbox.example", "auroria-parcels.example")
CAMPAIGNS = ("parcel-fee", "own-envelope", "lookalike")


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=AT) as up:
        yield up


@pytest.fixture(scope="module")
def letters(internet: Internet) -> list[Kept]:
    """What the two providers have seen of a busy day, the refused too."""
    sent = list(day(internet))
    found = [kept for person in PEOPLE for kept in internet.mailbox(person)]
    return found + [one.kept for one in sent if one.kept is not None and one.outcome == "refused"]


def day(internet: Internet) -> Iterator[Sent]:
    """Letters by everybody to everybody, in every way the union knows."""
    for number, domain in enumerate(internet.domains() if FULL else SOME):
        if domain in internet.state.mail:
            for recipient in (*PEOPLE, *THROUGH) if domain in SOME else (PEOPLE[number % 2], THROUGH[number % 2]):
                yield internet.send(f"ana@{domain}", recipient, f"To {recipient}", "Good day.\n\n  Two  spaces, and a dot:\n.\n")
    for target in ("auroria.post", "valdoria.post"):
        for name in CAMPAIGNS:
            yield from internet.campaign(name, target).sent
        yield internet.send(f"ana@{target}", PEOPLE[0], "By the partner", via="printpost.example")
        yield internet.send(f"ana@{target}", PEOPLE[1], "Signed twice", via="printpost.example", signed_by=target)
        yield internet.send(f"ana@{target}", PEOPLE[0], "A null sender", envelope="")
        yield internet.send(f"zoe@{target}", PEOPLE[0], "Gr\xfc\xdfe, " + "lang " * 40, "\xe4\xf6\xfc " * 60)


def asking(internet: Internet) -> Callable[[str, str], list[str]]:
    """A question to the lab's resolver over UDP or TCP, as dnspython's stub asks it."""
    host, port = internet.servers.outside(RESOLVER, 53, "udp")
    stub = dns.resolver.Resolver(configure=False)
    stub.nameservers = [dns.nameserver.Do53Nameserver(host, port)]
    stub.lifetime = 20.0

    def ask(name: str, rrtype: str) -> list[str]:
        try:
            return [record.to_text() for record in stub.resolve(name, rrtype, search=False)]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    return ask


def written(kept: Kept) -> tuple[Message, authres.AuthenticationResultsHeader]:
    """The message, and the topmost field that its own provider wrote, read by authres."""
    message = message_from_bytes(kept.message)
    return message, authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {message['Authentication-Results']}")


def test_pyspf_says_what_the_provider_wrote(internet: Internet, letters: list[Kept]) -> None:
    """Every result but those of a broken domain was met, or the comparison would say little."""
    met: Counter[str] = Counter()
    for kept in letters:
        message, results = written(kept)
        (mine,) = [result for result in results.results if result.method == "spf"]
        sender = message["Return-Path"].strip("<>")
        found = re.match(r"from (\S+) \(\[(\S+)\]\)", message["Received"])
        assert found is not None and found[2] == kept.source
        assert checked(asking(internet), found[2], sender, found[1]) == mine.result, (sender, found[1], kept.source)
        met[mine.result] += 1
    print(met)
    assert {"pass", "fail", "permerror"} <= set(met) and met.total() >= (120 if FULL else 40)


def test_dkimpy_says_what_the_provider_wrote(internet: Internet, letters: list[Kept], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim, "time", types.SimpleNamespace(time=lambda: internet.clock.now().timestamp()))  # its clock, set to the lab's
    met: Counter[str] = Counter()
    for kept in letters:
        compare_signatures(asking(internet), kept, met)
    print(met)
    assert met["pass"] >= 30 and met["fail"] >= 5 and met["none"] >= 2


def compare_signatures(ask: Callable[[str, str], list[str]], kept: Kept, met: Counter[str]) -> None:
    """Each signature's result in the field, and dkimpy's own; no message of the lab carries an ARC set, and dkimpy finds none."""

    def lookup(name: bytes, timeout: float = 5) -> bytes:
        try:
            found = ask(name.decode(), "TXT")
        except dns.resolver.NoNameservers as error:
            raise dkim.DnsTimeoutError from error
        return b"".join(part.encode() for part in re.findall(r'"([^"]*)"', found[0])) if found else b""

    _, results = written(kept)
    mine = [result for result in results.results if result.method == "dkim"]
    signatures = sum(name.lower() == b"dkim-signature" for name, _ in dkim.DKIM(kept.message).headers)
    assert len(mine) == max(1, signatures)
    for index, result in enumerate(mine):
        try:
            verdict = dkim.DKIM(kept.message).verify(idx=index, dnsfunc=lookup)
        except dkim.DKIMException:
            verdict = False
        assert verdict is (result.result == "pass"), (index, str(result), kept.message)
        met[result.result] += 1
    assert dkim.arc_verify(kept.message, dnsfunc=lookup)[0] == b"none"


@parsedmarc_needed
def test_parsedmarc_reads_every_report_that_the_providers_mail(internet: Internet, letters: list[Kept], tmp_path: Path) -> None:
    """After midnight; the reports' own mail is judged by dkimpy and pyspf too."""
    internet.clock.advance(days=1)
    mailboxes = {event.details[1] for event in internet.record.of("report")}
    kept = [one for address in sorted(mailboxes) for one in internet.mailbox(address)]
    sources = [data for one in kept for _, data in reports.attachments(one.message)]
    assert len(sources) >= len(kept) >= (30 if FULL else 8), (len(sources), sorted(mailboxes))
    wrong = [why for source, answer in zip(sources, judged(tmp_path, sources), strict=True) if (why := agree(source, answer))]
    assert wrong == []
    counted = sum(record.count for source in sources for record in read(source).records)
    assert counted >= (80 if FULL else 40)
    for one in kept:
        _, results = written(one)
        assert {(result.method, result.result) for result in results.results} >= {("spf", "pass"), ("dmarc", "pass")}


def read(source: bytes) -> reports.AggregateReport:
    """One of the lab's reports."""
    found = reports.read(source)
    assert isinstance(found, reports.AggregateReport) and found.oddities == ()
    return found
