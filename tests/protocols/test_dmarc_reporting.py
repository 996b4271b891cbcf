"""Who agreed to receive reports: RFC 9990, section 4; RFC 9991, section 5."""

import dns.name
import pytest
from zones import Zones, run, served

from postlib.network import Unreachable
from postlib.protocols.dmarc import report_authorised

AGREED = "auroria.post._report._dmarc.reports.example"


def authorised(uri, records, **named):
    return run(report_authorised(served(records), "auroria.post", uri, **named))


def agreeing(*texts):
    return {AGREED: {"TXT": [f'"{text}"' for text in texts]}}


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1;", "v = DMARC1 ; "])
def test_another_organization_has_to_agree(text):
    """Section 4, steps 1 to 8; the final semicolon is optional."""
    answer = authorised("mailto:d@reports.example", agreeing(text, "unrelated"))
    assert (answer.authorised, answer.reason, answer.external, answer.query) == (True, "authorised", True, AGREED)
    assert [uri.address for uri in answer.uris] == ["d@reports.example"]


@pytest.mark.parametrize("records", [{}, agreeing("yes"), agreeing("v=DMARC2"), {"reports.example": {"TXT": ['"v=DMARC1"']}}])
def test_without_an_agreement_the_address_is_ignored(records):
    """Section 4, step 7."""
    answer = authorised("mailto:d@reports.example", records)
    assert (answer.authorised, answer.reason, answer.uris) == (False, "no-record", ())


class WithWildcards(dict):
    """A zone's names, found through a wildcard where they are not there themselves (RFC 4592)."""

    def get(self, name, default=None):
        wildcards = (dns.name.Name((b"*", *name.labels[n:])) for n in range(1, len(name.labels)))
        return next((self[found] for found in (name, *wildcards) if found in self), default)


def test_a_wildcard_agrees_to_anybody():
    """Section 4: `*._report._dmarc` at the destination; the DNS itself answers for it."""
    zones = Zones({"*._report._dmarc.reports.example": {"TXT": ['"v=DMARC1"']}})
    zones.records = WithWildcards(zones.records)
    for domain in ("auroria.post", "a.b.valdoria.post"):
        answer = run(report_authorised(zones.resolver(), domain, "mailto:d@reports.example"))
        assert (answer.authorised, answer.query) == (True, f"{domain}._report._dmarc.reports.example")
    assert not run(report_authorised(zones.resolver(), "auroria.post", "mailto:d@other.example")).authorised


def test_within_one_organization_nobody_is_asked_to_agree():
    """Section 4: the Organizational Domains are compared, not the names."""
    zones = Zones({"_dmarc.auroria.post": {"TXT": ['"v=DMARC1; p=none"']}})
    answer = run(report_authorised(zones.resolver(), "shop.auroria.post", "mailto:d@mail.auroria.post"))
    assert (answer.authorised, answer.reason, answer.external) == (True, "same-organization", False)
    assert not any("_report" in name for name, _ in zones.asked)
    assert authorised("mailto:d@auroria.post", {}).reason == "same-organization"


def test_a_neighbour_under_a_public_suffix_is_another_organization():
    """RFC 9989, section 4.10.2."""
    records = {"_dmarc.post": {"TXT": ['"v=DMARC1; psd=y"']}}
    assert authorised("mailto:d@valdoria.post", records).reason == "no-record"


def test_the_destination_may_name_another_address_on_its_host():
    """Section 4, step 9."""
    answer = authorised("mailto:d@reports.example", agreeing("v=DMARC1; rua=mailto:new@Reports.example!5m"))
    assert (answer.authorised, answer.reason) == (True, "overridden")
    assert [uri.address for uri in answer.uris] == ["new@reports.example"]


@pytest.mark.parametrize(
    "override", ["mailto:victim@bank.example", "mailto:a@reports.example,mailto:b@bank.example", "mailto:a@sub.reports.example", "foo:bar"]
)
def test_an_override_elsewhere_stops_reports_to_both(override):
    """Section 4: neither the original nor the override."""
    answer = authorised("mailto:d@reports.example", agreeing(f"v=DMARC1; rua={override}"))
    assert (answer.authorised, answer.reason, answer.uris) == (False, "override-elsewhere", ())


def test_an_unreadable_override_is_none():
    """RFC 9989, section 4.8: syntax errors are ignored."""
    assert authorised("mailto:d@reports.example", agreeing("v=DMARC1; rua=nobody")).reason == "authorised"


def test_failure_reports_take_the_override_of_ruf():
    """RFC 9991, section 5."""
    records = agreeing("v=DMARC1; rua=mailto:a@reports.example; ruf=mailto:f@reports.example")
    assert [uri.address for uri in authorised("mailto:d@reports.example", records, kind="ruf").uris] == ["f@reports.example"]


def test_a_name_too_long_to_ask_about_is_no_agreement():
    """Section 4, step 4."""
    host = ".".join(["a" * 60] * 4)
    assert authorised(f"mailto:d@{host}", {}).reason == "name-too-long"


def test_a_uri_without_a_host_cannot_be_agreed_to():
    assert authorised("urn:x:y", {}).reason == "no-host"


def test_what_cannot_be_asked_is_not_decided():
    """Section 4, step 5: the report may wait."""
    with pytest.raises(Unreachable):
        authorised("mailto:d@reports.example", {AGREED: "servfail"})


def test_bad_input_is_refused():
    for domain, uri in (("a..b", "mailto:d@reports.example"), ("auroria.post", "d@reports.example")):
        with pytest.raises(ValueError):
            run(report_authorised(served({}), domain, uri))
