"""The world `generated`: operators by the thousand, each made when it is first asked for, and always the same."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import dns.message
import dns.name
import dns.rcode
import pytest

from postlib import acts, background
from postlib.finding import Status
from postlib.lab import garden, generated, worlds
from postlib.lab.build import build
from postlib.lab.dns.server import NameServer
from postlib.lab.internet import Internet, visit
from postlib.lab.replay import apply
from postlib.lab.state import State
from postlib.look import scan
from postlib.network import Unreachable
from postlib.report import Report
from postlib.resolver import Answer, Resolver, Security

AT = datetime(2026, 11, 23, tzinfo=UTC)
ALL = {entry.domain: entry for entry in worlds.load("generated").entries if entry.kind == "generated"}
BOGUS = {"signatures-expired", "signatures-wrong", "signing-switched-off"}
WELL_KEPT = [domain for domain, entry in ALL.items() if not entry.faults]


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("generated", at=AT) as up:
        yield up


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only three domains are kept that nobody has changed."""
    monkeypatch.setattr(garden, "KEPT_DOMAINS", 3)


def digest(state: State, domain: str) -> str:
    """One number for every record, signature and denial of a domain, and for its delegation."""
    origin, whole = dns.name.from_text(domain), hashlib.sha256()
    zone = state.zones[origin]
    for name in zone.names:
        for rrtype in sorted(zone.types(name)):
            rdataset = zone.get(name, rrtype)
            assert rdataset is not None
            whole.update(f"{name} {rdataset} {zone.signature(name, rdataset)}".encode())
    for label in ("nothing", "www"):
        question = dns.message.make_query(f"{label}.{domain}", "CAA", want_dnssec=True, id=1)
        for machine in ("ns.nic.post", f"ns1.{ALL[domain].settings['provider']}"):
            whole.update(NameServer(state.machines[machine].shelf).handle(question.to_wire(), udp=False) or b"")  # type: ignore[arg-type]
    whole.update(repr((state.mail[domain], state.sites[domain])).encode())
    return whole.hexdigest()


def digests(state: State, order: Iterable[str]) -> dict[str, str]:
    return {domain: digest(state, domain) for domain in order}


def test_the_same_bytes_twice_and_in_any_order_of_first_use(crowded: None) -> None:
    some = list(ALL)[:24]
    once = digests(build("generated", "union", AT), some)
    state = build("generated", "union", AT)
    assert digests(state, reversed(some)) == once
    assert digests(state, some) == once, "made again, after others took its place"
    assert digests(build("generated", "another seed", AT), some[:3]) != {domain: once[domain] for domain in some[:3]}


def test_a_domain_made_on_another_day_is_what_it_would_have_become() -> None:
    early, late = build("generated", "union", AT), build("generated", "union", AT)
    some = [*list(ALL)[:8], *(domain for domain, entry in ALL.items() if BOGUS & set(entry.faults))]
    before = digests(early, some)
    early.clock.advance(days=3.5)
    late.clock.advance(days=3.5)
    assert digests(early, some) == digests(late, some) != before


def test_a_number_has_the_same_operator_in_a_world_of_any_size() -> None:
    entries = {entry.domain: entry for entry in worlds.load("generated:3000").entries}
    assert all(entries[domain] == entry for domain, entry in ALL.items())
    assert len(entries) == 3000 + len(worlds.load("generated").entries) - len(ALL)


def test_details_differ() -> None:
    told = [generated.details(domain, "a.example", "192.0.2.1", "20261123") for domain in ALL]
    assert all(len({one[key] for one in told}) > 3 for key in told[0])


@pytest.mark.parametrize("name", ["generated:0", "generated:x", "generated:", "generated:-3", "generated:100001", "generated:１"])
def test_a_number_that_is_none_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match="after generated: comes a number of operators, 1 to 100000"):
        visit(name)


def test_other_worlds_take_no_number() -> None:
    with pytest.raises(ValueError, match="has its own operators"):
        visit("union:30")


PATIENCE = 30.0  # seconds for one answer


@functools.cache
def reports() -> dict[str, Report]:
    """Reports on a well-kept domain of each DMARC policy, and on enough others to have seen every fault that is drawn."""
    with visit("generated:400", at=AT) as internet:
        entries = [entry for entry in worlds.load("generated:400").entries if entry.kind == "generated"]
        chosen, seen = dict.fromkeys([model("reject"), model("quarantine")]), set[str]()
        for entry in entries:
            if not set(entry.faults) <= seen:
                chosen[entry.domain] = None
                seen |= set(entry.faults)
        patient = dataclasses.replace(internet.network, timeout=PATIENCE)  # every server here answers, on a busy machine too
        return {report.subject: report for report in scan(chosen, patient)}


def model(policy: str) -> str:
    return next(domain for domain in WELL_KEPT if f"p={policy}" in generated.details(domain, "", "", "")["dmarc"])


def broken(statuses: dict[str, str]) -> dict[str, str]:
    return {check: status for check, status in statuses.items() if status in ("fail", "unknown")}


def statuses(report: Report) -> dict[str, str]:
    return {finding.check: finding.status.value for finding in report}


def test_a_report_finds_what_the_world_says_and_nothing_else() -> None:
    entries = worlds.load("generated:400").by_domain
    drawn = {fault for entry in entries.values() for fault in entry.faults}
    assert {fault for domain in reports() for fault in entries[domain].faults} == drawn
    for domain, report in reports().items():
        faults = entries[domain].faults
        quarantine = "p=quarantine" in generated.details(domain, "", "", "")["dmarc"] and not BOGUS & set(faults)
        left = statuses(reports()[model("quarantine" if quarantine else "reject")])
        for fault in faults:
            left |= worlds.faults()[fault].changes(left)
        assert broken(statuses(report)) == broken(left), (domain, faults)


def test_a_domain_without_faults_keeps_every_rule() -> None:
    for policy in ("reject", "quarantine"):
        report = reports()[model(policy)]
        assert [finding.check for finding in report if finding.status in (Status.FAIL, Status.UNKNOWN)] == []


def looked(internet: Internet, name: str, rrtype: str) -> Answer | None:
    """The validated answer; None where it is bogus."""

    async def look() -> Answer | None:
        try:
            return await Resolver(internet.network).lookup(name, rrtype)
        except Unreachable as error:
            assert error.reason == "bogus"
            return None

    return background.run(look())


def test_signed_zones_validate_unsigned_ones_are_insecure_and_the_spoilt_are_bogus(internet: Internet) -> None:
    unsigned = [domain for domain, entry in ALL.items() if "not-signed" in entry.faults]
    spoilt = [domain for domain, entry in ALL.items() if BOGUS & set(entry.faults)]
    signed = [domain for domain in ALL if domain not in (*unsigned, *spoilt)]
    assert unsigned and spoilt and {ALL[domain].settings["denial"] for domain in signed} == {"nsec", "nsec3"}
    for domain in signed[:6]:
        there, nothing = looked(internet, domain, "MX"), looked(internet, f"nothing.{domain}", "A")
        assert there is not None and there.records and there.security is Security.SECURE
        assert nothing is not None and nothing.rcode == dns.rcode.NXDOMAIN and nothing.security is Security.SECURE
    for domain in unsigned[:3]:
        answer = looked(internet, domain, "MX")
        assert answer is not None and answer.records and answer.security is Security.INSECURE
    assert looked(internet, spoilt[0], "MX") is None
    nobody = looked(internet, "nobody-100.post", "A")
    assert nobody is not None and nobody.rcode == dns.rcode.NXDOMAIN and nobody.security is Security.SECURE


def test_what_an_act_has_changed_stays_and_goes_with_a_reset(internet: Internet, crowded: None) -> None:
    domain = internet.domain(WELL_KEPT[0])
    record = domain.zone.get("_dmarc", "TXT")
    domain.publish("_dmarc", "TXT", "v=DMARC1; p=none")
    with pytest.raises(ValueError):
        domain.publish("www", "CNAME", "elsewhere.test.")
    for other in WELL_KEPT[1:6]:
        assert internet.domain(other).zone.get("@", "MX")
    assert domain.zone.get("_dmarc", "TXT") == ('"v=DMARC1; p=none"',)
    assert [text.decode() for text in (looked(internet, f"_dmarc.{domain.name}", "TXT") or pytest.fail()).texts] == ["v=DMARC1; p=none"]
    domain.reset()
    assert domain.zone.get("_dmarc", "TXT") == record


def test_an_act_that_fails_leaves_a_domain_that_was_just_made_whole(internet: Internet) -> None:
    domain = WELL_KEPT[0]
    with pytest.raises(ValueError):
        internet.do(acts.publish(f"www.{domain}", "CNAME", "elsewhere.test."))
    assert digest(internet.state, domain) == digest(build("generated", "union", AT), domain)
    assert internet.state.sites[f"www.{domain}"].pages and internet.domain(domain).mail.settings.host


def test_a_server_can_stop_to_hold_a_domain_nobody_has_asked_for(internet: Internet, crowded: None) -> None:
    domain = WELL_KEPT[0]
    host = f"ns1.{ALL[domain].settings['provider']}"
    internet.do({"act": "serve", "host": host, "drops": [domain]})
    for other in WELL_KEPT[1:6]:
        internet.domain(other)
    question = dns.message.make_query(domain, "SOA")
    answer = NameServer(internet.state.machines[host].shelf).handle(question.to_wire(), udp=True)
    assert isinstance(answer, bytes) and dns.message.from_wire(answer).rcode() == dns.rcode.REFUSED


def test_mail_goes_to_and_from_a_domain_nobody_has_asked_for(internet: Internet) -> None:
    first, second = WELL_KEPT[:2]
    assert internet.send(f"ana@{first}", "clara@inbox.example").outcome == "inbox"
    assert internet.send("clara@inbox.example", f"ben@{second}").arrived
    assert [letter.folder for letter in internet.mailbox(f"ben@{second}")] == ["inbox"]


def test_a_journal_may_be_confined_to_a_domain() -> None:
    with visit("generated", at=AT, only=[WELL_KEPT[0]]) as internet:
        internet.domain(WELL_KEPT[0]).publish("@", "TXT", "v=spf1 -all")
        with pytest.raises(ValueError, match="only"):
            internet.domain(WELL_KEPT[1]).publish("@", "TXT", "v=spf1 -all")


def calls(work: Callable[[], Any]) -> int:
    """How many functions a piece of work calls, Python's own and C's: a cost that is the same on every machine."""
    count = 0

    def seen(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def costs(world: str) -> dict[str, int]:
    """What questions and acts cost, in calls, after the first of their kind."""
    state, cost = build(world, "union", AT), {}
    first, second = WELL_KEPT[:2]
    top, host = NameServer(state.machines["ns.nic.post"].shelf), NameServer(state.machines[f"ns1.{ALL[second].settings['provider']}"].shelf)

    def ask(server: NameServer, name: str) -> Any:
        return server.handle(dns.message.make_query(name, "A", want_dnssec=True).to_wire(), udp=True)

    todo: dict[str, Callable[[str], Any]] = {
        "a referral": lambda domain: ask(top, domain),
        "a denial": lambda domain: ask(top, f"no-{domain}"),
        "an answer": lambda domain: ask(host, second),
        "an act on a zone": lambda domain: apply(state, acts.publish(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none")),
        "an act on a delegation": lambda domain: apply(state, acts.registry(domain, ds=[])),
        "a referral after it": lambda domain: ask(top, f"www.{domain}"),
        "the end of a delegation": lambda domain: apply(state, acts.registry(domain, ns=[])),
        "a denial after it": lambda domain: ask(top, domain),
    }
    for name, work in todo.items():
        work(first)
        cost[name] = calls(lambda work=work: work(second))  # type: ignore[misc]
    return cost


def test_no_question_and_no_act_costs_more_in_a_larger_world() -> None:
    """In calls: what remains is the search in a sorted list, and names one digit longer."""
    small, large = costs("generated:100"), costs("generated:3000")
    assert {name: (small[name], large[name]) for name in small if large[name] > 1.25 * small[name]} == {}


def test_the_real_internet_is_not_asked_for_a_generated_name() -> None:
    """Whatever its number: the world that has it is named."""
    near, far = WELL_KEPT[0], list(worlds.load("generated:4712").by_domain)[-1]
    assert (worlds.home(near), worlds.home(f"www.{near}"), worlds.home(far)) == ("generated", "generated", "generated:4712")
    assert (worlds.home("valdoria.post"), worlds.home("elsewhere-17.post"), worlds.home("post")) == ("union", "", "")
