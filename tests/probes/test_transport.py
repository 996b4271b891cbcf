"""Judging mail transport: what could not be seen is never called absent, and one conversation an address is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from postlib import acts, background
from postlib.finding import Status, Verdict
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.look import check
from postlib.network import Transport, Unknown
from postlib.policies import profile
from postlib.probe import Observation, run
from postlib.probes import dane, mta_sts, mx, starttls, tls_rpt
from postlib.probes.starttls import Server, Starttls
from postlib.protocols.starttls import StartTls
from postlib.report import Report

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
PROBES = (mx.probe, starttls.probe, dane.probe, mta_sts.probe, tls_rpt.probe)
NO_IPV6 = Unknown("unreachable", "[2001:db8:1::3]:25")


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("clean", at=AT) as raised:
        yield raised


def failing(report: Report) -> set[str]:
    return {finding.check for finding in report.failed}


def seen(internet: Internet) -> Starttls:
    """What STARTTLS shows at the clean domain."""
    return background.run(Observation(internet.network).facts(starttls.probe, CLEAN))


def test_port_25_blocked_everywhere_is_unknown_and_no_fault_of_the_domain(internet: Internet) -> None:
    """A way out of here that is closed says nothing of the far end."""
    internet.domain(CLEAN).publish("@", "MX", "10 www")
    internet.domain(CLEAN).publish("_25._tcp.www", "TLSA", f"3 1 1 {'00' * 32}")
    report = check(CLEAN, internet)
    for name in ("starttls.offered", "starttls.negotiated", "starttls.trusted", "starttls.right-name", "dane.matches"):
        assert report[name].status is Status.UNKNOWN
        assert ("reason", "port-25-blocked") in report[name].verdict.evidence


def test_one_silent_exchanger_is_unknown_beside_a_good_one(internet: Internet) -> None:
    internet.domain(CLEAN).publish("@", "MX", "10 mx1", "20 www")
    finding = check(CLEAN, internet)["starttls.offered"]
    assert finding.status is Status.UNKNOWN
    assert dict(finding.verdict.evidence)["reason"] == "refused"


def test_what_one_exchanger_lacks_is_a_fault_though_another_is_silent(internet: Internet) -> None:
    internet.domain(CLEAN).publish("@", "MX", "10 mx1", "20 www")
    internet.domain(CLEAN).mail.set(starttls=False)
    assert check(CLEAN, internet)["starttls.offered"].status is Status.FAIL


def test_when_nobody_answers_everything_is_unknown(internet: Internet) -> None:
    internet.close()
    deaf = Observation(internet.network)
    findings = [finding for probe in PROBES for finding in background.run(run(probe, deaf, CLEAN, profile()))]
    assert {finding.status for finding in findings} == {Status.UNKNOWN}


def test_a_null_mx_takes_no_mail_so_nothing_more_is_asked_of_it(internet: Internet) -> None:
    """RFC 7505, section 3."""
    internet.domain(CLEAN).publish("@", "MX", "0 .")
    for name in ("_mta-sts", "_smtp._tls"):
        internet.domain(CLEAN).withdraw(name, "TXT")
    report = check(CLEAN, internet)
    assert report["mx.published"].status is Status.PASS
    others = [f for f in report if f.check.startswith(("starttls.", "dane.", "mta-sts.", "tls-rpt."))]
    assert {f.status for f in others} == {Status.NOT_APPLICABLE}


def test_a_name_that_does_not_exist_has_nowhere_for_mail(internet: Internet) -> None:
    report = check(f"nobody.{CLEAN}", internet)
    assert dict(report["mx.published"].verdict.evidence) == {"found": "no-such-name"}
    assert report["starttls.offered"].status is Status.NOT_APPLICABLE


def test_reverse_names_that_cannot_be_asked_for_are_unknown(internet: Internet) -> None:
    internet.state.machines["ns.nic.arpa"].shelf.habit = "servfail"  # no act may change what belongs to no domain
    assert check(CLEAN, internet)["mx.addresses-have-names"].status is Status.UNKNOWN


def test_ipv6_that_we_lack_ourselves_is_told_and_not_held_against_the_server(internet: Internet) -> None:
    facts = seen(internet)
    v4, v6 = facts.servers
    verdict = starttls.offered(replace(facts, servers=(v4, replace(v6, seen=NO_IPV6))), profile())
    assert (verdict.status, verdict.evidence) == (Status.PASS, (("overlooked", "2001:db8:1::3"),))


def test_an_exchanger_that_has_ipv6_alone_is_unknown_from_where_there_is_none(internet: Internet) -> None:
    facts = seen(internet)
    alone = replace(facts, servers=(Server("mx1.valdoria.post", "2001:db8:1::3", NO_IPV6),))
    assert starttls.offered(alone, profile()).status is Status.UNKNOWN


def test_an_address_past_the_bound_is_unknown(internet: Internet) -> None:
    """Never a pass for a server that nobody spoke with."""
    facts = seen(internet)
    past = Server("mx9.valdoria.post", "192.0.2.21", Unknown("not-asked", "192.0.2.21"))
    verdict = starttls.offered(replace(facts, servers=(*facts.servers, past)), profile())
    assert (verdict.status, dict(verdict.evidence)["reason"]) == (Status.UNKNOWN, "not-asked")


@pytest.mark.parametrize(
    ("handshake", "failure", "status"),
    [(None, "handshake-failure", Status.FAIL), (Unknown("closed", "192.0.2.19:25"), "", Status.UNKNOWN)],
)
def test_a_handshake_that_fails_is_a_fault_and_one_that_is_cut_off_is_unknown(
    internet: Internet, handshake: Unknown | None, failure: str, status: Status
) -> None:
    facts = seen(internet)
    broken = StartTls("mx1.valdoria.post", "192.0.2.19", True, handshake, failure, None, None, ())
    judged = replace(facts, servers=(Server(broken.host, broken.address, broken),))
    assert starttls.offered(judged, profile()).status is Status.PASS
    assert starttls.negotiated(judged, profile()).status is status


def test_tlsa_records_that_nobody_validated_are_neither_secure_nor_insecure(internet: Internet) -> None:
    """RFC 7672, section 2.2: only what DNSSEC secured counts, and a resolver that does not look cannot say."""
    blind = Observation(internet.network, validate=False)
    findings = background.run(run(dane.probe, blind, CLEAN, profile()))
    verdict = next(finding.verdict for finding in findings if finding.check == "dane.secured")
    assert (verdict.status, dict(verdict.evidence)["reason"]) == (Status.UNKNOWN, "dnssec-not-seen")


def tlsa(internet: Internet, *records: str) -> dict[str, Verdict]:
    """The verdicts on these records of the clean domain's exchanger, where {cert} and {key} are what it shows."""
    certificate, key = _shown(internet)
    internet.domain(CLEAN).publish("_25._tcp.mx1", "TLSA", *(record.format(cert=certificate, key=key) for record in records))
    return {finding.check: finding.verdict for finding in check(CLEAN, internet) if finding.check.startswith("dane.")}


def _shown(internet: Internet) -> tuple[str, str]:
    facts = background.run(Observation(internet.network).facts(dane.probe, CLEAN))
    server = facts.servers.answering[0]
    shown = facts.hosts[0].seen[0].key
    assert server.handshake is not None and shown is not None
    return sha256(server.handshake.chain[0]).hexdigest(), shown.data.hex()


def test_a_roll_over_passes_while_one_of_the_records_matches(internet: Internet) -> None:
    """RFC 7671, section 8.1: the record of the next key stands beside that of the key in use."""
    assert tlsa(internet, "3 1 1 {key}", f"3 1 1 {'00' * 32}")["dane.matches"].status is Status.PASS


def test_a_record_of_the_whole_certificate_passes_with_advice(internet: Internet) -> None:
    """RFC 7672, section 3.1.1: with selector 0 every renewal needs a new record."""
    verdicts = tlsa(internet, "3 0 1 {cert}")
    assert verdicts["dane.matches"].status is Status.PASS
    assert verdicts["dane.usable"].advice == "dane.whole-certificate"


def test_an_unusable_record_beside_a_usable_one_is_advice(internet: Internet) -> None:
    """RFC 7672, section 3.1.3."""
    verdicts = tlsa(internet, "3 1 1 {key}", "1 1 1 {key}")
    assert verdicts["dane.matches"].status is Status.PASS
    assert verdicts["dane.usable"].advice == "dane.unusable-beside"


def test_mta_sts_is_begun_in_testing_and_enforced_with_a_new_id(internet: Internet) -> None:
    """RFC 8461, section 3.1: without another id nobody fetches the new policy; also within one moment."""
    domain = internet.domain(CLEAN)
    domain.withdraw("_mta-sts", "TXT")
    ids = []
    for name in ("mta-sts.published", "mta-sts.enforced"):
        domain.apply(check(CLEAN, internet)[name])
        report = check(CLEAN, internet)
        assert report[name].status is Status.PASS
        ids.append(dict(report["mta-sts.syntax"].verdict.evidence)["id"])
    assert len(set(ids)) == 2
    assert not failing(report)


def test_enforcing_waits_until_the_servers_keep_the_policy(internet: Internet) -> None:
    """A remedy must not cost mail: with an expired certificate the first step is another one."""
    domain = internet.domain(CLEAN)
    domain.withdraw("_mta-sts", "TXT")
    domain.apply(check(CLEAN, internet)["mta-sts.published"])
    domain.mail.set(certificate="expired")
    remedy = check(CLEAN, internet)["mta-sts.enforced"].remedy
    assert remedy is not None and remedy.first_step and not remedy.acts


def test_the_other_text_records_of_a_name_stay(internet: Internet) -> None:
    domain = internet.domain(CLEAN)
    domain.publish("_smtp._tls", "TXT", "v=TLSRPTv1; rua=ftp://reports.example/", "token=1")
    domain.apply(check(CLEAN, internet)["tls-rpt.destination"])
    assert set(domain.zone.get("_smtp._tls", "TXT")) == {'"v=TLSRPTv1; rua=mailto:tls-reports@valdoria.post"', '"token=1"'}


def test_a_check_opens_one_conversation_for_each_exchanger_address(internet: Internet) -> None:
    opened: list[tuple[str, int]] = []

    def counting(address: str, port: int, transport: Transport) -> tuple[str, int]:
        if transport == "tcp" and port == 25:
            opened.append((address, port))
        return internet.servers.route(address, port, transport)

    assert not failing(check(CLEAN, replace(internet.network, route=counting)))
    assert sorted(opened) == [("192.0.2.19", 25), ("2001:db8:1::3", 25)]


def test_the_zone_is_named_that_lacks_dnssec_and_not_the_host(internet: Internet) -> None:
    """RFC 7672, section 2.2: a partner's host is in the partner's zone, and the domain's own host in its own."""
    partner = worlds.faults()["dane-partner-unsigned"].on(CLEAN)
    for todo, zone in ((partner, "printpost.example"), ([acts.registry(CLEAN, ds=[])], CLEAN)):
        internet.reset()
        for act in todo:
            internet.do(act)
        remedy = check(CLEAN, internet)["dane.secured"].remedy
        assert remedy is not None and dict(remedy.values)["zone"] == zone
    internet.reset()
