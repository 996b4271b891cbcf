"""SPF: what the faults do not reach, on small zones of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from zones import Records, served

from postlib.finding import Finding, Status
from postlib.policies import profile
from postlib.probe import Observation, run
from postlib.probes import spf
from postlib.probes.spf import Spf

NAME = "auroria.post"
MAIL = {NAME: {"MX": ["10 mx1.auroria.post."]}, "mx1.auroria.post": {"A": ["192.0.2.9"]}}


def observation(records: Records) -> Observation:
    return Observation(served(records).network, validate=False)


def facts(*texts: str, others: Records | None = None) -> Spf:
    zones: dict[str, str | Mapping[str, object]] = {**MAIL, **(others or {})}
    apex = zones[NAME]
    zones[NAME] = apex if isinstance(apex, str) else {**apex, "TXT": [f'"{text}"' for text in texts]}
    return asyncio.run(spf.observe(observation(zones), NAME))  # type: ignore[arg-type]


def findings(records: Records) -> dict[str, Finding]:
    return {f.check: f for f in asyncio.run(run(spf.probe, observation(records), NAME, profile()))}


def record(remedy: object) -> str:
    return dict(remedy.values)["record"]  # type: ignore[attr-defined,no-any-return]


def test_records_stand_in_one_order_whatever_the_dns_gives() -> None:
    one, other = facts("v=spf1 mx -all", "v=spf1 a -all"), facts("v=spf1 a -all", "v=spf1 mx -all")
    assert one.records == other.records


def test_case_means_nothing() -> None:
    """RFC 7208, section 4.6.1: names of mechanisms and modifiers are case-insensitive."""
    seen = facts("V=SPF1 MX PTR +ALL")
    assert record(spf.without_broken_terms(seen)) == "v=spf1 MX +ALL"
    assert record(spf.end_in_all(seen)) == "v=spf1 MX PTR ~all"


def test_a_record_that_cannot_be_read_is_not_called_absent() -> None:
    found = findings({**MAIL, NAME: {**MAIL[NAME], "TXT": ['"v=spf1 mx nonsense -all"']}})
    others = {check: finding for check, finding in found.items() if finding.status is Status.NOT_APPLICABLE}
    assert found["spf.syntax"].status is Status.FAIL and len(others) >= 5
    assert {dict(finding.verdict.evidence)["found"] for finding in others.values()} == {"unreadable-record"}


def test_other_texts_at_the_name_stay() -> None:
    act = spf.publish_record(facts("site-verification=abc")).acts[0]
    assert act["values"] == ["v=spf1 mx ~all", "site-verification=abc"]


def test_a_name_that_merely_contains_ptr_is_kept() -> None:
    others = {"ptrust.example": {"TXT": ['"v=spf1 ip4:192.0.2.1 -all"']}}
    seen = facts("v=spf1 include:ptrust.example ptr -all", others=others)
    assert record(spf.without_broken_terms(seen)) == "v=spf1 include:ptrust.example -all"


def test_a_redirect_is_joined_as_an_include() -> None:
    """RFC 7208, section 6.1: a redirect is void beside an `all`, so the joined record includes instead."""
    others = {"_spf.partner.example": {"TXT": ['"v=spf1 ip4:192.0.2.1 -all"']}}
    seen = facts("v=spf1 mx -all", "v=spf1 redirect=_spf.partner.example", others=others)
    assert record(spf.publish_record(seen)) == "v=spf1 mx include:_spf.partner.example -all"


def test_a_record_that_is_only_a_redirect_gets_no_end() -> None:
    others = {"_spf.partner.example": {"TXT": ['"v=spf1 ip4:192.0.2.1 -all"']}}
    seen = facts("v=spf1 ptr redirect=_spf.partner.example", others=others)
    assert record(spf.without_broken_terms(seen)) == "v=spf1 redirect=_spf.partner.example"


def test_the_mail_servers_come_in_place_of_the_last_term() -> None:
    assert record(spf.without_broken_terms(facts("v=spf1 ptr -all"))) == "v=spf1 mx -all"


def test_a_mail_server_without_an_address_does_not_cost_the_others_their_place() -> None:
    others = {NAME: {"MX": ["10 mx1.auroria.post.", "20 old1.auroria.post."]}}
    seen = facts("v=spf1 mx ptr -all", others=others)
    assert record(spf.without_broken_terms(seen)) == "v=spf1 mx -all"


@pytest.mark.parametrize("term", ["+all", "ip4:192.0.2.0/0", "ip6:2001:db8::/0", "a/0", "mx//0"])
def test_every_way_to_allow_everybody_is_seen(term: str) -> None:
    seen = findings({**MAIL, NAME: {"MX": ["10 mx1.auroria.post."], "TXT": [f'"v=spf1 {term} -all"']}})
    assert seen["spf.not-everyone"].status is Status.FAIL


def test_a_domain_that_takes_no_mail_is_closed_at_once() -> None:
    """RFC 7505: a null MX; nobody sends in its name, so -all loses nothing."""
    seen = asyncio.run(spf.observe(observation({NAME: {"MX": ["0 ."]}}), NAME))
    assert seen.null_mx is True
    assert record(spf.publish_record(seen)) == "v=spf1 -all"


def test_an_include_that_could_not_be_asked_is_unknown_and_not_broken() -> None:
    zones: Records = {
        **MAIL,
        NAME: {"MX": ["10 mx1.auroria.post."], "TXT": ['"v=spf1 include:slow.example -all"']},
        "slow.example": "servfail",
    }
    seen = findings(zones)
    assert seen["spf.includes-work"].status is Status.UNKNOWN
    assert seen["spf.one-record"].status is Status.PASS


@pytest.mark.parametrize("term", ["include:open.example", "+include:open.example", "include:first.example", "redirect=first.example"])
def test_an_include_or_redirect_that_allows_everybody_is_seen_and_left_out(term: str) -> None:
    """RFC 7208, section 5.2: whoever passes in the included record passes here."""
    others: Records = {"open.example": {"TXT": ['"v=spf1 +all"']}, "first.example": {"TXT": ['"v=spf1 include:open.example -all"']}}
    end = "" if term.startswith("redirect") else " -all"
    zones: Records = {**MAIL, NAME: {"MX": ["10 mx1.auroria.post."], "TXT": [f'"v=spf1 {term}{end}"']}, **others}
    finding = findings(zones)["spf.not-everyone"]
    assert finding.status is Status.FAIL and dict(finding.verdict.evidence)["term"] == "+all (open.example)"
    assert finding.remedy is not None and record(finding.remedy) == "v=spf1 mx ~all"


@pytest.mark.parametrize(
    ("term", "status"),
    [("-include:open.example", Status.PASS), ("include:slow.example", Status.UNKNOWN), ("a:slow.example", Status.PASS)],
)
def test_only_a_record_that_could_allow_everybody_counts(term: str, status: Status) -> None:
    others: Records = {"open.example": {"TXT": ['"v=spf1 +all"']}, "slow.example": "servfail"}
    zones: Records = {**MAIL, NAME: {"MX": ["10 mx1.auroria.post."], "TXT": [f'"v=spf1 {term} -all"']}, **others}
    assert findings(zones)["spf.not-everyone"].status is status
