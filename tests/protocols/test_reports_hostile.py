"""Reports that mean harm, or are damaged: refused within bounds, with a ReportError and its reason, and nothing else."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reported import NEW, OLD, TLS

from postlib.protocols import reports
from postlib.protocols.reports import archive, document, mail

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def reason(source: bytes) -> str:
    """Why it is refused."""
    with pytest.raises(reports.ReportError) as caught:
        reports.read(source)
    assert caught.value.reason in archive.REASONS
    return caught.value.reason


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as made:
        for name, content in members:
            made.writestr(name, content)
    return packed.getvalue()


def bomb(size: int) -> bytes:
    """A report whose comment has `size` bytes of spaces: well-formed, and large."""
    return NEW.replace("<record>", "<!--" + " " * size + "--><record>", 1).encode()


def with_doctype(doctype: str) -> str:
    return NEW.replace("<feedback", f"<!DOCTYPE feedback {doctype}><feedback", 1).replace("Valdoria Mail", "&x;")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "doctype",
    [
        '[<!ENTITY x SYSTEM "file:///etc/passwd">]',
        f'[<!ENTITY l0 "lol">{LAUGHS}<!ENTITY x "&l9;">]',
        f'[<!ENTITY x "{"a" * 10_000}">]',
        'SYSTEM "https://attacker.example/evil.dtd"',
        "",
    ],
    ids=["external entity", "billion laughs", "quadratic blow-up", "external DTD", "bare"],
)
def test_a_document_type_is_refused_in_every_encoding(doctype, encoding):
    """Also where a search for the bytes <!DOCTYPE would not find it."""
    text = with_doctype(doctype).replace("UTF-8", encoding.partition("-le")[0].partition("-be")[0].upper())
    assert reason(text.encode(encoding)) == "doctype"


def test_a_document_type_far_into_the_prolog_is_refused():
    late = with_doctype('[<!ENTITY x "y">]').replace("<!DOCTYPE", "<!-- " + "-x" * 100_000 + " --><!DOCTYPE", 1)
    assert reason(late.encode()) == "doctype"
    assert reason(NEW.replace("<record>", "<!DOCTYPE x><record>").encode()) == "xml"


@pytest.mark.parametrize("packed", [lambda x: x, reports.gzip, lambda x: zipped(("r.xml", x))], ids=["plain", "gzip", "zip"])
def test_what_unpacks_beyond_the_bound_is_refused(packed):
    assert reason(packed(b"<feedback>" + b" " * (reports.MAX_BYTES + 1))) == "size"


def test_one_giant_section_is_refused_and_many_small_ones_are_not():
    assert reason(reports.gzip(bomb(2 * document.MAX_SECTION))) == "size"
    assert reason(b"<!--" + b"x" * (2 * document.MAX_SECTION)) == "size"
    record = NEW[NEW.index("<record>") : NEW.index("</record>") + 9]
    many = NEW.replace(record, record * 2500)
    assert len(many) > document.MAX_SECTION and len(reports.read(many.encode()).records) == 2500


def test_damage_in_transit_is_seen():
    """zlib alone says nothing when the data ends early; a report cut anywhere is refused."""
    packed = reports.gzip(NEW.encode())
    assert {reason(packed[:n]) for n in range(2, len(packed))} <= {"truncated"}
    assert reason(packed[:-8] + b"\0\0\0\0" + packed[-4:]) == "corrupt"
    archived = zipped(("r.xml", NEW.encode()))
    assert {reason(archived[:n]) for n in range(2, len(archived), 7)} <= {"truncated", "corrupt"}
    text = NEW.encode()
    assert {reason(text[:n]) for n in range(1, len(text), 7)} == {"truncated"}
    assert reason(b"") == reason(reports.gzip(b"")) == "empty"


def test_an_archive_holds_one_file_and_no_archive():
    xml = NEW.encode()
    assert reason(zipped(("a.xml", xml), ("b.xml", xml))) == "members"
    assert reason(zipped()) == "members"
    assert reason(zipped(*((f"{n}.xml", b"") for n in range(100)))) == "members"
    assert reason(reports.gzip(xml) + reports.gzip(xml)) == "members"
    assert reason(reports.gzip(xml) + b"more") == "trailing"
    assert reason(zipped(("a.zip", zipped(("a.xml", xml))))) == "nested"
    assert reason(reports.gzip(reports.gzip(xml))) == "nested"
    assert reason(zipped(("a.xml", xml), method=zipfile.ZIP_LZMA)) == "corrupt"


def test_a_gzip_header_without_end_is_refused():
    """RFC 1952, section 2.3.1: a file name has no bound of its own."""
    assert reason(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"x" * (reports.MAX_BYTES + 100_000)) == "size"


@pytest.mark.parametrize("depth", [document.MAX_DEPTH + 1, 5_000, 100_000])
def test_deep_nesting_is_refused(depth):
    nest = "<a>" * depth + "</a>" * depth
    assert reason(NEW.replace("<record>", nest + "<record>").encode()) == "depth"
    assert reason(NEW.replace("</auth_results>", "</auth_results>" + nest).encode()) == "depth"
    assert reason(("<feedback>" + "<a>" * depth).encode()) in ("depth", "truncated")


@pytest.mark.parametrize(
    ("found", "instead", "why"),
    [
        ("<count>1000000000", "<count>-1", "count"),
        ("<count>1000000000", "<count>", "count"),
        ("<count>1000000000", "<count>1e3", "count"),
        ("<count>1000000000", "<count>1_000", "count"),
        ("<count>1000000000", "<count>\u0663", "count"),
        ("<count>1000000000", "<count>" + "9" * 100_000, "count"),
        ("<count>1000000000</count>", "", "count"),
        ("2001:DB8:0:0::25", "192.0.2.256", "address"),
        ("2001:DB8:0:0::25", "192.0.2.010", "address"),
        ("2001:DB8:0:0::25", "fe80::1%eth0", "address"),
        ("2001:DB8:0:0::25", "mail.example", "address"),
        ("<begin>1795392000", "<begin>1795478400", "date-order"),
        ("<begin>1795392000", "<begin>yesterday", "date"),
        ("<end>1795478399", "<end>1795478399000", "date"),
        ("<source_ip>", "<source_ip>192.0.2.1</source_ip><source_ip>", "repeated"),
        ("<identifiers>", "<identifiers></identifiers><identifiers>", "repeated"),
        ("<policy_published>", "<policy_published/><policy_published>", "missing"),
        ("</policy_published>", "</policy_published><policy_published/>", "repeated"),
        ("auroria.post</domain><discovery", "<b/>auroria.post</domain><discovery", "structure"),
        ("<domain>auroria.post</domain><discovery", "<discovery", "missing"),
        ("feedback", "html", "root"),
        ("</feedback>", "</feedback><feedback/>", "xml"),
        ("Valdoria Mail", "\x00", "xml"),
        ("Valdoria Mail", "&x;", "xml"),
        ("UTF-8", "UTF-99", "encoding"),
    ],
)
def test_what_cannot_be_trusted_is_refused(found, instead, why):
    assert found in NEW
    assert reason(NEW.replace(found, instead).encode()) == why


def test_a_report_without_its_parts_is_refused():
    assert reason(b"<feedback/>") == "missing"
    assert reason(b"not a report") == "xml"
    assert reason(NEW.encode()[:-11].replace(b"Valdoria", b"\xff") + b"</feedback>") == "xml"


def changed(path: tuple[str | int, ...], value: object) -> bytes:
    """The TLS report with one member changed."""
    report = json.loads(json.dumps(TLS))
    place = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(report).encode()


SUMMARY = ("policies", 0, "summary", "total-successful-session-count")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"[" * 100_000, "depth"),
        (b'{"a":' * 100_000, "depth"),
        (b'{"report-id": ' + b"9" * 100_000 + b"}", "json"),
        (b'{"report-id": NaN}', "json"),
        (b'{"a": 1, "a": 2}', "repeated"),
        (b'{"a": "' + b"x" * 5_000_000 + b'"}', "size"),
        (b'{"a": "\xff"}', "encoding"),
        (b"[]", "structure"),
        (b"{}", "missing"),
        (b'{"policies": [', "json"),
        (changed(SUMMARY, -1), "count"),
        (changed(SUMMARY, True), "count"),
        (changed(SUMMARY, 1e400), "json"),
        (changed(SUMMARY, 10**30), "count"),
        (changed(("policies",), {}), "structure"),
        (changed(("policies", 0), "x"), "structure"),
        (changed(("policies", 0, "policy", "policy-domain"), ""), "missing"),
        (changed(("policies", 0, "failure-details", 0, "sending-mta-ip"), "192.0.2.300"), "address"),
        (changed(("policies", 0, "failure-details", 0, "sending-mta-ip"), "1::\0"), "address"),
        (changed(("date-range", "end-datetime"), "2026-11-21T00:00:00Z"), "date-order"),
        (changed(("date-range", "end-datetime"), "2026-11-22"), "date"),
        (changed(("date-range", "start-datetime"), "0001-01-01T00:00:00+14:00"), "date"),
        (changed(("organization-name",), "\ud800"), "character"),
        (changed(("organization-name",), ["x"]), "structure"),
    ],
)
def test_a_tls_report_that_cannot_be_trusted_is_refused(source, why):
    assert reason(source) == why
    assert reason(reports.gzip(source)) == why


def test_a_tls_report_has_no_records_and_a_refusal_can_be_pickled():
    with pytest.raises(reports.ReportError) as caught:
        list(reports.records(json.dumps(TLS).encode()))
    assert caught.value.reason == "kind" and str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([NEW.encode(), OLD.encode(), json.dumps(TLS).encode()]),
    st.sampled_from([bytes, reports.gzip, lambda x: zipped(("r", x)), lambda x: NEW.encode("utf-16")]),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255) | st.binary(max_size=8)), min_size=1, max_size=5),
)
def test_mutated_reports_are_read_or_refused(report, packed, changes):
    """Never any other exception, and never without end."""
    data = bytearray(packed(report))
    for place, new in changes:
        at = place % len(data)
        data[at : at + 1] = new if isinstance(new, bytes) else bytes([new])
    try:
        reports.read(bytes(data))
    except reports.ReportError as error:
        assert error.reason in archive.REASONS


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: zlib.compress(b, wbits=31)))
def test_any_bytes_are_read_or_refused(data):
    with pytest.raises(reports.ReportError):
        reports.read(data)


MAIL = reports.message(reports.read(NEW.encode()), submitter="mail.example", recipient="dmarc@auroria.post")


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(MAIL) - 1), st.binary(max_size=12)), min_size=1, max_size=6))
def test_mutated_mail_is_taken_apart_or_refused(changes):
    data = bytearray(MAIL)
    for at, new in changes:
        data[at : at + 1] = new
    try:
        found = reports.attachments(bytes(data))
    except reports.ReportError:
        return
    assert all(isinstance(name, str) and "/" not in name and isinstance(content, bytes) for name, content in found)


def test_a_mail_of_too_many_or_too_deep_parts_is_refused():
    """RFC 2046, section 5.1: multiparts nest without a bound of their own."""
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(5_000))
    for source, why in ((deep, "parts"), (b"x" * (mail.MAX_MESSAGE + 1), "size")):
        with pytest.raises(reports.ReportError) as caught:
            reports.attachments(source)
        assert caught.value.reason == why


def test_a_file_name_leads_into_no_folder():
    evil = MAIL.replace(b'filename="', b'filename="../../etc/')
    assert [name for name, _ in reports.attachments(evil)] == [reports.gzip_name(reports.read(NEW.encode()), "mail.example")]


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a b", "", "<a", "ä"])
def test_a_header_cannot_be_injected(value):
    with pytest.raises(reports.ReportError, match="header"):
        reports.message(reports.read(NEW.encode()), submitter=value, recipient="dmarc@auroria.post")
    with pytest.raises(reports.ReportError, match="header"):
        reports.message(reports.read(NEW.encode()), submitter="mail.example", recipient=value)
