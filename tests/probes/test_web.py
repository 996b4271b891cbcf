"""What the lab's faults cannot show of the web probes: facts made by hand, judged; and some sites as they are seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib import words
from postlib.finding import Status, Verdict
from postlib.lab.internet import Internet, visit
from postlib.look import check
from postlib.network import Unknown
from postlib.policies import profile
from postlib.probe import judged
from postlib.probes import caa, http, tls
from postlib.probes.http import Host, Refusal, Web
from postlib.protocols.addresses import Addresses
from postlib.protocols.caa import Property, Relevant
from postlib.protocols.http import Response
from postlib.protocols.tls import Handshake
from postlib.report import Report
from postlib.resolver import Security

AT = datetime(2026, 11, 23, tzinfo=UTC)
PROFILE = profile()
CLEAN = "valdoria.post"
SHAKE = Handshake("192.0.2.4", 443, CLEAN, "TLSv1.3", "TLS_AES_256_GCM_SHA384", None, ())
HSTS = ("strict-transport-security", "max-age=63072000")


def response(url: str, *headers: tuple[str, str], status: int = 200, hops: tuple[Response, ...] = (), stopped: str = "") -> Response:
    return Response(url, "192.0.2.4", status, headers, b"", hops=hops, stopped=stopped)


def web(secure: http.Seen, plain: http.Seen, v6: Any = ("2001:db8::4",)) -> Web:
    return Web(CLEAN, (Host(CLEAN, Addresses(CLEAN, ("192.0.2.4",), v6), secure, plain),))


def outcome(probe: Any, name: str, facts: Any) -> Verdict:
    """The verdict as the runner gives it: a touched Unknown is unknown."""
    rule = next(rule for rule in probe.checks if rule.id == name)
    with visit("clean", at=AT) as internet:
        return judged(rule, facts, PROFILE, CLEAN, internet.network).verdict


def test_https_that_leads_back_to_plain_http_does_not_count() -> None:
    """The last page is what people get."""
    step = response(f"https://{CLEAN}/", ("location", f"http://www.{CLEAN}/"), status=301)
    verdict = http.over_https(web(response(f"http://www.{CLEAN}/", hops=(step,)), Refusal("malformed", CLEAN)), PROFILE)
    assert (verdict.status, dict(verdict.evidence)["problem"]) == (Status.FAIL, "back-to-http")


def test_redirections_without_end_do_not_count_as_an_answer() -> None:
    loop = response(f"https://{CLEAN}/", ("location", f"https://{CLEAN}/"), status=302, stopped="too-many-redirects")
    assert http.over_https(web(loop, loop), PROFILE).status is Status.FAIL


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        (f"http://{CLEAN}/home", "redirect-to-http"),
        (f"https://www.{CLEAN}/", "other-host"),
        ("https://[/", "bad-location"),
    ],
)
def test_plain_http_must_lead_to_https_on_the_same_host_first(location: str, problem: str) -> None:
    """RFC 6797, section 7.2: the same URI with another scheme, so that HSTS can be noted for this very host."""
    plain = response(f"http://{CLEAN}/", ("location", location), status=301)
    verdict = http.redirects_to_https(web(response(f"https://{CLEAN}/"), plain), PROFILE)
    assert (verdict.status, dict(verdict.evidence)["problem"]) == (Status.FAIL, problem)


def test_a_temporary_redirection_passes_with_advice() -> None:
    plain = response(f"http://{CLEAN}/", ("location", f"https://{CLEAN}/"), status=302)
    verdict = http.redirects_to_https(web(response(f"https://{CLEAN}/"), plain), PROFILE)
    assert (verdict.status, verdict.advice) == (Status.PASS, "http.permanent-redirect")


def test_a_host_without_port_80_has_nothing_to_redirect() -> None:
    facts = web(response(f"https://{CLEAN}/"), Unknown("refused", "192.0.2.4:80"))
    assert http.redirects_to_https(facts, PROFILE).status is Status.NOT_APPLICABLE
    assert http.hsts_not_over_http(facts, PROFILE).status is Status.NOT_APPLICABLE


def test_a_refused_connection_is_a_fact_only_where_the_host_answers_elsewhere() -> None:
    """A wall in front of us may refuse for everybody."""
    refused = Unknown("refused", "192.0.2.4:443")
    assert http.over_https(web(refused, response(f"http://{CLEAN}/")), PROFILE).status is Status.FAIL
    assert http.over_https(web(refused, Unknown("refused", "192.0.2.4:80")), PROFILE).status is Status.UNKNOWN


@pytest.mark.parametrize("rule", [rule.id for rule in http.probe.checks])
def test_silence_is_never_a_pass_or_a_fail(rule: str) -> None:
    silent = Unknown("timeout", "192.0.2.4:443")
    assert outcome(http.probe, rule, web(silent, silent, v6=silent)).status is Status.UNKNOWN


def test_hsts_is_one_header() -> None:
    """RFC 6797, section 7.1."""
    verdict = http.hsts_readable(web(response(f"https://{CLEAN}/", HSTS, HSTS), response(f"http://{CLEAN}/")), PROFILE)
    assert (verdict.status, dict(verdict.evidence)["problem"]) == (Status.FAIL, "several-headers")


def test_the_header_of_the_host_itself_counts_not_that_of_the_page_it_leads_to() -> None:
    step = response(f"https://{CLEAN}/", ("location", f"https://www.{CLEAN}/"), status=301)
    facts = web(response(f"https://www.{CLEAN}/", HSTS, hops=(step,)), response(f"http://{CLEAN}/"))
    assert http.hsts(facts, PROFILE).status is Status.FAIL


def endpoint(**accepts: bool | Unknown) -> tls.Tls:
    return tls.Tls(CLEAN, (tls.Endpoint(CLEAN, SHAKE, None, accepts),), AT)


def test_a_version_that_we_cannot_speak_is_unknown_and_never_refused() -> None:
    """No pass of `no_old_version` from an OpenSSL that was built without TLS 1.0."""
    ours = Unknown("local-tls", "this machine")
    rest: dict[str, bool | Unknown] = {"TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": True}
    assert tls.no_old_version(endpoint(TLSv1=ours, **rest), PROFILE).status is Status.UNKNOWN
    assert tls.no_old_version(endpoint(TLSv1=ours, **(rest | {"TLSv1.1": True})), PROFILE).status is Status.FAIL
    assert tls.modern_version(endpoint(TLSv1=ours, **(rest | {"TLSv1.3": ours})), PROFILE).status is Status.PASS
    assert tls.modern_version(endpoint(TLSv1=False, **(rest | {"TLSv1.2": False, "TLSv1.3": ours})), PROFILE).status is Status.UNKNOWN


@pytest.mark.parametrize("rule", [rule.id for rule in tls.probe.checks])
def test_a_host_that_is_silent_leaves_tls_unknown(rule: str) -> None:
    facts = tls.Tls(CLEAN, (tls.Endpoint(CLEAN, Unknown("timeout", "192.0.2.4:443")),), AT)
    assert outcome(tls.probe, rule, facts).status is Status.UNKNOWN


@pytest.mark.parametrize("probe", [http.probe, tls.probe])
def test_a_domain_without_a_web_address_has_no_web_server_to_judge(probe: Any) -> None:
    with visit("clean", at=AT) as internet:
        me = internet.domain(CLEAN)
        for name in ("@", "www"):
            me.withdraw(name, "A")
            me.withdraw(name, "AAAA")
        report = check(CLEAN, internet)
    mine = [finding for finding in report if finding.check.startswith(f"{probe.name}.")]
    assert len(mine) == len(probe.checks)
    assert {finding.status for finding in mine} == {Status.NOT_APPLICABLE}
    assert {finding.verdict.evidence for finding in mine} == {(("found", "no-web-address"),)}


def seen(*changes: Callable[[Internet], object]) -> Report:
    with visit("clean", at=AT) as internet:
        for change in changes:
            change(internet)
        return check(CLEAN, internet)


def test_the_renewal_that_did_not_come_is_advice_by_the_share_of_life_left() -> None:
    """A lab certificate lives 90 days, 80 of them from the start: a quarter is left on day 57."""
    early, late = (seen(lambda i, days=days: i.clock.advance(days=days))["tls.in-its-time"] for days in (57, 58))  # type: ignore[misc]
    assert (early.status, early.verdict.advice) == (Status.PASS, "")
    assert (late.status, late.verdict.advice) == (Status.PASS, "tls.renew-soon")


def test_caa_records_that_name_another_authority_are_advice_and_no_failure() -> None:
    """RFC 8659 binds the authority when it issues; the certificate that is there stays good."""
    issue = ('0 iodef "mailto:a@valdoria.post"', '0 issue "oldca.example"')
    finding = seen(lambda i: i.domain(CLEAN).publish("@", "CAA", *issue))["caa.names-issuer"]
    assert (finding.status, finding.verdict.advice) == (Status.PASS, "caa.renewal-refused")
    assert "renewal" in words.advice(finding.verdict.advice)


def test_www_has_its_own_records_where_it_publishes_some() -> None:
    """RFC 8659, section 3: the climb ends at the first name that has any."""
    report = seen(lambda i: i.domain(CLEAN).publish("www", "CAA", '0 issue ";"'))
    assert ("record", '0 issue ";"') in report["caa.present"].verdict.evidence
    assert report["caa.names-issuer"].verdict.advice == "caa.renewal-refused"


def records(*properties: Property) -> caa.Caa:
    return caa.Caa(CLEAN, True, (Relevant(CLEAN, CLEAN, properties, Security.SECURE),), (caa.Present(CLEAN, "A Small CA", False),))


def test_an_authority_that_we_do_not_know_is_never_said_to_be_refused() -> None:
    verdict = caa.names_issuer(records(Property(0, "issue", b"somebody.example")), PROFILE)
    assert (verdict.status, verdict.advice) == (Status.PASS, "")


def test_a_remedy_for_an_unknown_authority_asks_and_changes_nothing() -> None:
    """Publishing the readable rest would allow everybody."""
    mend = caa.without_broken(records(Property(0, "issue", b"a b c"), Property(0, "iodef", b"mailto:a@valdoria.post")))
    assert (mend.template, mend.acts) == ("caa.choose-authority", ())


def test_no_caa_answer_leaves_caa_unknown() -> None:
    facts = caa.Caa(CLEAN, True, (Unknown("servfail", CLEAN),), ())
    assert {outcome(caa.probe, rule.id, facts).status for rule in caa.probe.checks} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    ("value", "good"),
    [(b"mailto:a@b.example", True), (b"https://b.example/r", True), (b"mailto:", False), (b"a@b.example", False), (b"http:///", False)],
)
def test_reports_go_to_a_url(value: bytes, good: bool) -> None:
    """RFC 8659, section 4.4."""
    assert caa.usable(value) is good


@given(st.binary(max_size=80), st.sampled_from(["issue", "issuewild", "iodef", "tbs"]), st.sampled_from([0, 128]))
def test_whatever_a_record_holds_every_check_and_remedy_comes_to_an_end(value: bytes, tag: str, flags: int) -> None:
    facts = records(Property(flags, tag, value))
    statuses = {rule.judge(facts, PROFILE).status for rule in caa.probe.checks}
    assert statuses <= {Status.PASS, Status.FAIL, Status.NOT_APPLICABLE}
    assert {rule.remedy(facts).template[:4] for rule in caa.probe.checks if rule.remedy} == {"caa."}


@given(st.text(max_size=60))
def test_whatever_hsts_holds_it_is_read_or_a_failure(value: str) -> None:
    facts = web(response(f"https://{CLEAN}/", ("strict-transport-security", value)), response(f"http://{CLEAN}/"))
    readable, lasting = http.hsts_readable(facts, PROFILE), http.hsts_max_age(facts, PROFILE)
    assert readable.status in (Status.PASS, Status.FAIL)
    assert (lasting.status is Status.NOT_APPLICABLE) == (readable.status is Status.FAIL)


def test_every_word_of_the_web_probes_has_its_sentence() -> None:
    """Remedies with their values, advice, and labels of all evidence that a broken site gives."""
    report = seen(lambda i: i.domain(CLEAN).web.set(personality="tls1.0-1.2", hsts="max-age=5, x", redirect=False))
    mine = [finding for finding in report if finding.check.partition(".")[0] in ("http", "tls", "caa")]
    assert any(finding.remedy for finding in mine)
    for finding in mine:
        assert all(words.label(name, finding.check) for name, _ in finding.verdict.evidence)
        assert finding.remedy is None or words.sentence(finding.remedy)
