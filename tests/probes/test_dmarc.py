"""DMARC: purposes, subdomains, domains without mail, and the ladder, on small zones of their own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones import Records, served

from postlib.finding import Finding, Remedy, Status
from postlib.lab.keys import Keys
from postlib.policies import Profile, profile
from postlib.probe import Observation, Probe, run
from postlib.probes import bimi, dmarc
from postlib.probes.dmarc.remedies import written
from postlib.protocols.dkim import key_record
from postlib.protocols.dmarc import Policy, parse

NAME = "auroria.post"
KEY = key_record(Keys("tests").ed25519("key"))
SOUND: Records = {
    NAME: {"MX": ["10 mx1.auroria.post."], "TXT": ['"v=spf1 mx -all"']},
    "mx1.auroria.post": {"A": ["192.0.2.9"]},
    f"s1._domainkey.{NAME}": {"TXT": [f'"{KEY}"']},
    "_dmarc.post": {"TXT": ['"v=DMARC1; p=none; np=reject; psd=y"']},
}


def zones(record: str, *, without: str = "") -> Records:
    kept = {name: value for name, value in SOUND.items() if name != without}
    return {**kept, f"_dmarc.{NAME}": {"TXT": [f'"{record}"']}}


def findings(records: Records, name: str = NAME, edition: Profile | None = None, probe: Probe[Any] = dmarc.probe) -> dict[str, Finding]:
    observation = Observation(served(records).network, validate=False)
    return {f.check: f for f in asyncio.run(run(probe, observation, name, edition or profile()))}


def remedy(finding: Finding) -> Remedy:
    assert finding.remedy is not None
    return finding.remedy


def purpose(word: str) -> Profile:
    return replace(profile(), purposes={"*": word})


@pytest.mark.parametrize(
    ("word", "policy", "status", "advice"),
    [
        ("staff", "quarantine", Status.PASS, ""),
        ("staff", "reject", Status.PASS, "dmarc.lists"),
        ("transactional", "quarantine", Status.PASS, "dmarc.reject-fits"),
        ("transactional", "reject", Status.PASS, ""),
        ("none", "quarantine", Status.FAIL, ""),
        ("none", "reject", Status.PASS, ""),
        ("staff", "none", Status.FAIL, ""),
    ],
)
def test_what_is_enough_depends_on_what_the_mail_is_for(word: str, policy: str, status: Status, advice: str) -> None:
    """RFC 9989, section 7.4."""
    finding = findings(zones(f"v=DMARC1; p={policy}; rua=mailto:dmarc@{NAME}"), edition=purpose(word))["dmarc.enforced"]
    assert (finding.status, finding.verdict.advice) == (status, advice)


def test_a_subdomain_inherits_the_record_of_its_organization() -> None:
    """RFC 9989, section 4.10.1: sp speaks for it, where there is one."""
    seen = findings(zones(f"v=DMARC1; p=reject; sp=none; rua=mailto:dmarc@{NAME}"), f"mx1.{NAME}")
    assert seen["dmarc.published"].verdict.evidence == (("name", f"_dmarc.{NAME}"),)
    assert seen["dmarc.enforced"].verdict.evidence[0] == ("policy", "sp=none")


def test_what_the_registry_says_of_all_names_is_not_a_record_of_the_domain() -> None:
    seen = findings(SOUND)
    assert seen["dmarc.published"].status is Status.FAIL
    assert seen["dmarc.enforced"].status is Status.FAIL


def test_sp_below_the_organization_is_not_looked_at() -> None:
    """RFC 9989, section 4.7: sp and np count at the Organizational Domain alone."""
    below = {**zones(f"v=DMARC1; p=reject; rua=mailto:dmarc@{NAME}"), f"_dmarc.mx1.{NAME}": {"TXT": ['"v=DMARC1; p=reject; sp=none"']}}
    assert findings(below, f"mx1.{NAME}")["dmarc.subdomains-covered"].status is Status.NOT_APPLICABLE


def test_a_domain_without_mail_is_closed_at_once() -> None:
    """RFC 7505 and RFC 9989, section 7.4: nothing honest can be lost."""
    seen = findings({NAME: {"MX": ["0 ."]}})
    step = remedy(seen["dmarc.published"])
    assert [(act["name"], act["values"]) for act in step.acts] == [
        (NAME, ["v=spf1 -all"]),
        (f"_dmarc.{NAME}", ["v=DMARC1; p=reject"]),
    ]
    assert not step.first_step
    closed = findings({NAME: {"MX": ["0 ."], "TXT": ['"v=spf1 -all"']}, f"_dmarc.{NAME}": {"TXT": ['"v=DMARC1; p=reject"']}})
    assert {check for check, finding in closed.items() if finding.status is Status.FAIL} == set()


@pytest.mark.parametrize(
    ("without", "record", "missing"),
    [
        (f"s1._domainkey.{NAME}", f"v=DMARC1; p=none; rua=mailto:dmarc@{NAME}", "DKIM"),
        ("", "v=DMARC1; p=none", "rua"),
        (NAME, f"v=DMARC1; p=none; rua=mailto:dmarc@{NAME}", "SPF"),
    ],
)
def test_no_policy_is_raised_before_what_it_stands_on(without: str, record: str, missing: str) -> None:
    """Without reports, or without one of SPF and DKIM, honest mail would be lost unseen."""
    step = remedy(findings(zones(record, without=without))["dmarc.enforced"])
    assert (step.template, dict(step.values)["missing"], step.acts, step.first_step) == ("dmarc.prepare", missing, (), True)


def test_the_ladder_is_climbed_rung_by_rung() -> None:
    step = remedy(findings(zones(f"v=DMARC1; p=none; rua=mailto:dmarc@{NAME}"))["dmarc.enforced"])
    assert step.acts[0]["values"] == [f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{NAME}"]
    assert step.first_step


def test_reject_without_any_key_relies_on_spf_alone() -> None:
    """RFC 9989, section 7.4: such a domain has to sign."""
    record = f"v=DMARC1; p=reject; rua=mailto:dmarc@{NAME}"
    assert findings(zones(record, without=f"s1._domainkey.{NAME}"))["dmarc.dkim-behind-reject"].status is Status.FAIL
    assert findings(zones(record))["dmarc.dkim-behind-reject"].status is Status.PASS


def test_a_destination_that_could_not_be_asked_is_unknown() -> None:
    records = {**zones("v=DMARC1; p=reject; rua=mailto:a@reports.example"), f"{NAME}._report._dmarc.reports.example": "servfail"}
    assert findings(records)["dmarc.reports-authorised"].status is Status.UNKNOWN


def test_an_agreed_destination_stays_when_another_goes() -> None:
    """RFC 9990, section 4."""
    agreed = {f"{NAME}._report._dmarc.reports.example": {"TXT": ['"v=DMARC1"']}}
    record = "v=DMARC1; p=reject; rua=mailto:a@reports.example,mailto:b@other.example"
    finding = findings({**zones(record), **agreed})["dmarc.reports-authorised"]
    assert finding.status is Status.FAIL
    assert remedy(finding).acts[0]["values"] == ["v=DMARC1; p=reject; rua=mailto:a@reports.example"]


def test_bimi_of_the_organization_serves_its_subdomains() -> None:
    records = {
        **zones(f"v=DMARC1; p=reject; rua=mailto:d@{NAME}"),
        f"default._bimi.{NAME}": {"TXT": ['"v=BIMI1; l=https://x.example/l.svg"']},
    }
    assert findings(records, f"mx1.{NAME}", probe=bimi.probe)["bimi.published"].status is Status.PASS


def test_bimi_may_be_declined() -> None:
    records = {**zones(f"v=DMARC1; p=none; rua=mailto:d@{NAME}"), f"default._bimi.{NAME}": {"TXT": ['"v=BIMI1; l=; a="']}}
    seen = findings(records, probe=bimi.probe)
    assert seen["bimi.published"].status is Status.NOT_APPLICABLE
    assert seen["bimi.dmarc-enforced"].status is Status.NOT_APPLICABLE


TAGS = st.sampled_from(
    ["p=reject", "p=rejct", "sp=none", "np=quarantine", "t=y", "pct=20", "adkim=s", "rua=mailto:a@b.example!10m", "fo=1"]
)


@given(st.lists(st.one_of(TAGS, st.text("abcpst=;, \t“", max_size=12))))
@settings(max_examples=200)
def test_a_mended_record_has_no_faults_and_asks_for_no_more(parts: list[str]) -> None:
    record = parse("; ".join(["v=DMARC1", *parts]))
    mended = parse(written(record))
    assert mended.faults == ()
    assert (mended.p, mended.sp, mended.np, mended.rua) == (
        record.p or Policy.NONE,
        record.sp,
        record.np,
        tuple(replace(u, size="") for u in record.rua),
    )
