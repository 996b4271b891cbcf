"""DMARC aggregate reports (RFC 9990; RFC 7489, appendix C) and SMTP TLS reports (RFC 8460): what is read, written and mailed."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reported import NEW, OLD, TLS

from postlib.protocols import reports
from postlib.protocols.reports import aggregate as words
from postlib.protocols.reports.elements import address
from postlib.protocols.reports.tls import POLICY_TYPES, RESULT_TYPES


def test_a_new_report_is_read_field_by_field():
    """RFC 9990, appendix A; addresses become canonical (RFC 5952), an empty envelope_from stays apart from none."""
    report = reports.read(NEW.encode())
    assert (report.schema, report.version, report.oddities) == ("rfc9990", "1.0", ())
    metadata = report.report_metadata
    assert (metadata.org_name, metadata.generator, metadata.extra_contact_info) == ("Valdoria Mail", "lab 1", "call us")
    assert (metadata.begin, metadata.end) == tuple(datetime.fromtimestamp(s, UTC) for s in (1795392000, 1795478399))
    assert report.policy_published == reports.PolicyPublished(
        "auroria.post", "reject", np="reject", testing="n", discovery_method="treewalk"
    )
    (record,) = report.records
    assert (record.source_ip, record.count) == ("2001:db8::25", 10**9)
    assert record.policy_evaluated == reports.PolicyEvaluated("pass", "pass", "fail", (reports.Reason("policy_test_mode", "a <test>"),))
    assert record.identifiers == reports.Identifiers("auroria.post", envelope_from="")
    assert record.auth_results.dkim == (reports.DkimResult("auroria.post", "s1", "pass"),)
    assert record.auth_results.spf == (reports.SpfResult("mail.example", "mfrom", "none"),)


def test_an_old_report_is_told_from_a_new_one():
    """RFC 7489, appendix C: no namespace and no new field; any new field makes it RFC 9990's."""
    old = reports.read(OLD.encode())
    assert (old.schema, old.policy_published.pct, old.version, old.oddities) == ("rfc7489", 50, None, ())
    named = reports.read(OLD.replace("<feedback>", f'<feedback xmlns="{words.OLD_NAMESPACE}">').encode())
    assert named == old and named.oddities == ()
    for new in ("<np>reject</np>", "<testing>y</testing>", "<discovery_method>psl</discovery_method>"):
        read = reports.read(OLD.replace("<pct>50</pct>", new).encode())
        assert (read.schema, read.oddities) == ("rfc9990", ("no-namespace",))
    assert reports.read(OLD.replace("<disposition>none", "<disposition>pass").encode()).schema == "rfc9990"


@pytest.mark.parametrize(
    ("found", "instead", "oddities"),
    [
        ("<selector>s1</selector>", "", ("missing-selector",)),
        ("<p>reject</p>", "", ("missing-p",)),
        ("<p>reject</p>", "<p>Reject</p>", ("letter-case",)),
        ("<p>reject</p>", "<p>rejct</p>", ("unknown-p",)),
        ("<p>reject</p>", "<p>reject</p><pct>100</pct>", ("pct",)),
        ("<result>none</result>", "<result>unknown</result>", ("synonym",)),
        ("<spf><domain>", "<spf><domain>x</domain><result>pass</result></spf><spf><domain>", ("several-spf",)),
        ("mfrom", "helo", ("scope-helo",)),
        ("policy_test_mode", "forwarded", ("old-reason",)),
        ("</policy_published>", "</policy_published><extension><ext:x>1</ext:x></extension>", ("extension",)),
        ("</auth_results>", "</auth_results><ext:arc><ext:x/></ext:arc>", ("extension",)),
        ("<count>", "<colour/><count>", ("unknown-element",)),
        ("<version>1.0<", "<version>2<", ("version",)),
        ("<org_name>Valdoria Mail</org_name>", "", ("missing-org-name",)),
        ("<generator>", "<error>a</error><error>b</error><generator>", ("several-errors",)),
        ("urn:ietf:params:xml:ns:dmarc-2.0", "urn:other", ("namespace", "no-namespace")),
    ],
)
def test_what_is_odd_but_common_is_tolerated_and_named(found, instead, oddities):
    assert found in NEW
    assert reports.read(NEW.replace(found, instead).encode()).oddities == oddities


def test_missing_parts_of_a_record_are_tolerated_and_named():
    """Nothing is made up: what is missing is an empty word, which is no pass."""
    begin, end = NEW.index("<policy_evaluated>"), NEW.index("</policy_evaluated>") + len("</policy_evaluated>")
    report = reports.read((NEW[:begin] + NEW[end:]).encode())
    assert report.records[0].policy_evaluated == reports.PolicyEvaluated("", "", "")
    assert report.oddities == ("missing-policy-evaluated", "missing-disposition", "missing-aligned-dkim", "missing-aligned-spf")


def test_gzip_zip_a_path_and_utf16_give_the_same_report(tmp_path):
    plain = reports.read(NEW.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.xml", NEW)
    (tmp_path / "r.xml.gz").write_bytes(reports.gzip(NEW.encode()))
    assert reports.read(tmp_path / "r.xml.gz") == reports.read(str(tmp_path / "r.xml.gz")) == plain
    assert reports.read(reports.gzip(NEW.encode()) + bytes(512)).oddities == ("padding",)
    zipped = reports.read(packed.getvalue())
    assert zipped == plain and zipped.oddities == ("zip",)
    assert reports.read(NEW.replace("UTF-8", "UTF-16").encode("utf-16")) == plain


def test_a_tls_report_is_read_field_by_field():
    """RFC 8460, section 4.4; an mx-host that is not a list is odd but common."""
    report = reports.read(reports.gzip(json.dumps(TLS).encode()))
    assert (report.report_id, report.oddities) == ("t1", ("not-a-list",))
    assert report.end_datetime - report.start_datetime == timedelta(seconds=86399)
    (policy,) = report.policies
    assert (policy.policy_type, policy.policy_domain, policy.mx_host) == ("sts", "auroria.post", ("mx",))
    assert (policy.total_successful_session_count, policy.total_failure_session_count) == (5, 2)
    assert policy.failure_details == (reports.FailureDetails("certificate-expired", 2, sending_mta_ip="192.0.2.9"),)


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=12).map(lambda t: t.strip(" \t\r\n"))
names = st.sampled_from(["auroria.post", "mail.auroria.post", "valdoria.post", "a-b.example"])
perhaps = st.none() | texts
ips = st.ip_addresses().map(lambda ip: address(str(ip)))
times = st.integers(0, 253_402_300_799).map(lambda s: datetime.fromtimestamp(s, UTC))


def one_of(choices, absent=False):
    return st.sampled_from(choices) | st.none() if absent else st.sampled_from(choices)


records = st.builds(
    reports.Record,
    ips,
    st.integers(0, 10**12),
    st.builds(
        reports.PolicyEvaluated,
        one_of(words.DISPOSITIONS),
        one_of(words.ALIGNED),
        one_of(words.ALIGNED),
        st.lists(st.builds(reports.Reason, one_of(words.REASONS), perhaps), max_size=2).map(tuple),
    ),
    st.builds(reports.Identifiers, names, st.none() | names | st.just(""), st.none() | names),
    st.builds(
        reports.AuthResults,
        st.lists(st.builds(reports.DkimResult, names, names, one_of(words.DKIM_RESULTS), perhaps), max_size=3).map(tuple),
        st.lists(st.builds(reports.SpfResult, names, st.just("mfrom"), one_of(words.SPF_RESULTS), perhaps), max_size=1).map(tuple),
    ),
)
policies = st.builds(
    reports.PolicyPublished,
    names,
    *[one_of(words.POLICIES), one_of(words.POLICIES, True), one_of(words.POLICIES, True)],
    *[one_of(words.ALIGNMENTS, True), one_of(words.ALIGNMENTS, True), one_of(words.TESTING, True)],
    one_of(words.DISCOVERY_METHODS, True),
    perhaps,
)
metadata = st.tuples(times, times).flatmap(
    lambda period: st.builds(
        reports.ReportMetadata,
        *[texts, texts, texts, st.just(min(period)), st.just(max(period)), perhaps, perhaps],
        st.lists(texts, max_size=1).map(tuple),
    )
)
aggregates = st.builds(reports.AggregateReport, metadata, policies, st.lists(records, min_size=1, max_size=4).map(tuple))
failures = st.builds(
    reports.FailureDetails,
    one_of(sorted(RESULT_TYPES)),
    st.integers(0, 10**12),
    st.none() | ips,
    perhaps,
    perhaps,
    st.none() | ips,
    perhaps,
)
tls_policies = st.builds(
    reports.TlsPolicy,
    *[one_of(sorted(POLICY_TYPES)), names, st.integers(0, 10**12), st.integers(0, 10**12)],
    *[st.lists(texts, max_size=3).map(tuple), st.lists(texts, max_size=3).map(tuple), st.lists(failures, max_size=2).map(tuple)],
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))
tls_reports = st.tuples(moments, moments).flatmap(
    lambda period: st.builds(
        reports.TlsReport,
        *[texts, st.just(min(period)), st.just(max(period)), texts, texts],
        st.lists(tls_policies, min_size=1, max_size=3).map(tuple),
    )
)


@settings(deadline=None, max_examples=60)
@given(aggregates)
def test_what_is_written_reads_back_the_same(report):
    """RFC 9990, appendix A; in the old schema too, once converted; the same bytes each time."""
    written = reports.write(report)
    assert reports.read(written) == report and reports.read(written).oddities == ()
    assert reports.write(report) == written
    old = reports.converted(report, "rfc7489")
    assert reports.read(reports.write(report, "rfc7489")) == old


@settings(deadline=None, max_examples=60)
@given(tls_reports)
def test_a_tls_report_that_is_written_reads_back_the_same(report):
    assert reports.read(reports.write_tls(report)) == report


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": -1},
        {"count": 10**13},
        {"source_ip": "192.0.2.256"},
        {"source_ip": "2001:DB8::1"},
        {"identifiers": reports.Identifiers(" x")},
    ],
)
def test_what_is_not_valid_is_not_written(wrong):
    report = reports.read(NEW.encode())
    broken = dataclasses.replace(report, records=(dataclasses.replace(report.records[0], **wrong),))
    with pytest.raises(reports.ReportError):
        reports.write(broken)


def test_the_report_mail_is_deterministic_and_yields_the_report():
    """RFC 9990, "Email": Subject, file name, media type; the file name repeats letters and digits of the report id."""
    report = reports.read(NEW.encode())
    mail = reports.message(report, submitter="mail.example", recipient="dmarc@auroria.post")
    assert mail == reports.message(report, submitter="mail.example", recipient="dmarc@auroria.post")
    assert b"Subject: Report Domain: auroria.post\r\n Submitter: mail.example\r\n Report-ID: <r1@mail.example>\r\n" in mail
    assert b"Content-Type: application/gzip" in mail and all(len(line) < 998 for line in mail.split(b"\r\n"))
    ((name, content),) = reports.attachments(mail)
    assert name == reports.gzip_name(report) == "mail.example!auroria.post!1795392000!1795478399!r1.xml.gz"
    assert reports.read(content) == report


def test_a_tls_report_mail_names_its_domain():
    """RFC 8460, section 5.3."""
    report = reports.read(json.dumps(TLS).encode())
    mail = reports.message(report, submitter="mail.example", recipient="tls@auroria.post")
    assert b"\r\nTLS-Report-Domain: auroria.post\r\nTLS-Report-Submitter: mail.example\r\n" in mail
    ((name, content),) = reports.attachments(mail)
    assert name.endswith("!t1.json.gz") and reports.read(content) == report


def test_records_are_streamed_in_order():
    one = NEW[NEW.index("<record>") : NEW.index("</record>") + 9]
    many = "".join(one.replace("1000000000", str(n)) for n in range(3000))
    source = reports.gzip(NEW.replace(one, many).encode())
    assert [record.count for record in reports.records(source)] == list(range(3000))


def test_sources_sum_up_what_reports_say():
    new, old = reports.read(NEW.encode()), reports.read(OLD.encode())
    first, second = reports.sources([old, new, old, new])
    assert first == reports.SourceRow("2001:db8::25", "auroria.post", "", 2 * 10**9, 0, 2 * 10**9, (("pass", 2 * 10**9),))
    assert second == reports.SourceRow("192.0.2.1", "auroria.post", None, 6, 6, 0, (("none", 6),))
    shuffled = [old, new, old, new]
    random.Random(1).shuffle(shuffled)
    assert reports.sources(shuffled) == (first, second)
