"""Broken and odd reports, by parsedmarc and by us: where one reads what the other refuses, the paragraph that settles it stands beside."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from conftest import FULL
from hypothesis import strategies as st
from protocols.parsedmarc_reports import agree, judged, parsedmarc_needed
from protocols.report_documents import documents, packed
from protocols.test_reports_oracle import drawn
from reported import NEW, TLS

from postlib.protocols import reports

pytestmark = parsedmarc_needed
MUTATED = 400 if FULL else 40
RECORD = NEW[NEW.index("<record>") : NEW.index("</record>") + 9]
WELL_FORMED = "XML 1.0, section 1.2: what is not well-formed is a fatal error; parsedmarc recovers some of it, perhaps another report"
RFC_4_3_3 = "XML 1.0, section 4.3.3: all processors read UTF-8 and UTF-16, with a byte order mark; encodings are declared"
TOLERATED = "RFC 9990, appendix A, requires the element: we read the rest and name the oddity, parsedmarc refuses the report"
NUMBER = "RFC 9990, appendix A: an integer, and a count of messages is not negative"
ONCE = "RFC 9990, appendix A: at most once; with two, two readers could disagree"


def new(found: str, instead: str) -> bytes:
    """The new report with something replaced."""
    assert found in NEW
    return NEW.replace(found, instead).encode()


def without(start: str, end: str) -> bytes:
    """The new report with a part left out."""
    return (NEW[: NEW.index(start)] + NEW[NEW.index(end) + len(end) :]).encode()


def tls(found: str, instead: str) -> bytes:
    """The TLS report with something replaced."""
    text = json.dumps(TLS)
    assert found in text
    return text.replace(found, instead).encode()


# name: (report, what we say of it, whether parsedmarc reads it, and what settles a difference)
CASES: dict[str, tuple[bytes, str, bool, str]] = {
    "cut gzip": (gzip.compress(NEW.encode())[:-9], "truncated", False, ""),
    "wrong sum": (gzip.compress(NEW.encode())[:-8] + bytes(8), "corrupt", False, ""),
    "document type": (new("<feedback", "<!DOCTYPE feedback><feedback"), "doctype", False, ""),
    "no metadata": (without("<report_metadata>", "</report_metadata>"), "missing", False, ""),
    "no domain": (new("<domain>auroria.post</domain><discovery", "<discovery"), "missing", False, ""),
    "no date": (new("<begin>1795392000</begin>", ""), "date", False, ""),
    "date in words": (new("<begin>1795392000", "<begin>today"), "date", False, ""),
    "count in words": (new("<count>1000000000", "<count>many"), "count", False, ""),
    "fraction": (new("<count>1000000000", "<count>1.5"), "count", False, ""),
    "no address": (new("<source_ip>2001:DB8:0:0::25</source_ip>", ""), "address", False, ""),
    "a name for an address": (new("2001:DB8:0:0::25", "mail.example"), "address", False, ""),
    "two addresses": (new("<source_ip>", "<source_ip>192.0.2.1</source_ip><source_ip>"), "repeated", False, ""),
    "another root": (new("feedback", "report"), "root", False, ""),
    "a mail": (b"From: x\r\n\r\nhello", "xml", False, ""),
    "nothing": (b"", "empty", False, ""),
    "no summary": (tls('"summary"', '"total"'), "missing", False, ""),
    "cut XML": (NEW.encode()[:-40], "truncated", True, WELL_FORMED),
    "bare ampersand": (new("Valdoria Mail", "A & B"), "xml", True, WELL_FORMED),
    "undeclared Latin-1": (NEW.replace("Valdoria", "V\xe4ldoria").encode("latin-1"), "xml", True, RFC_4_3_3),
    "more after gzip": (gzip.compress(NEW.encode()) + b"more", "trailing", True, "RFC 1952, section 2.2: a gzip file is its members"),
    "two members": (gzip.compress(NEW.encode()) * 2, "members", True, "RFC 1952, section 2.2: both are the file; parsedmarc drops one"),
    "fraction of a second": (new("<begin>1795392000", "<begin>1795392000.5"), "date", True, NUMBER),
    "end before begin": (new("<begin>1795392000", "<begin>1795478400"), "date-order", True, "RFC 9990, appendix A: a range"),
    "negative count": (new("<count>1000000000", "<count>-1"), "count", True, NUMBER),
    "underscore": (new("<count>1000000000", "<count>1_0"), "count", True, NUMBER + "; Python's int() reads 10"),
    "one bad record of two": (
        new(RECORD, RECORD + RECORD.replace("1000000000", "many")), "count", True, NUMBER + "; parsedmarc leaves such a record out",
    ),
    "scope": (new("2001:DB8:0:0::25", "fe80::1%eth0"), "address", True, "RFC 9990, appendix A: an address; a scope is local"),
    "leading zero": (new("2001:DB8:0:0::25", "192.0.2.010"), "address", True, "RFC 9990, appendix A: IPAddress; RFC 6943, section 3.1.1"),
    "two policies of p": (new("<p>reject</p>", "<p>reject</p><p>none</p>"), "repeated", True, ONCE),
    "two policy_published": (new("</policy_published>", "</policy_published><policy_published/>"), "repeated", True, ONCE),
    "sessions as text": (tls(": 5,", ': "5",'), "count", True, "RFC 8460, section 4.4: an integer"),
    "no number": (tls(": 5,", ": NaN,"), "json", True, "RFC 8259, section 6"),
    "a day in words": (tls("2026-11-22T00:00:00Z", "yesterday"), "date", True, "RFC 8460, section 4.4: date-time of RFC 3339"),
    "two report ids": (tls('"report-id": "t1"', '"report-id": "t1", "report-id": "t2"'), "repeated", True, "RFC 7493, section 2.3"),
    "a name as address": (tls("192.0.2.9", "mail.example"), "address", True, "RFC 8460, section 4.4"),
    "JSON in Latin-1": (json.dumps(TLS).encode().replace(b"Vald", b"V\xe4ld"), "encoding", True, "RFC 8259, section 8.1: UTF-8"),
    "namespace by prefix": (
        NEW.replace("<", "<d:").replace("<d:/", "</d:").replace("<d:?", "<?").replace("xmlns=", "xmlns:d=").encode(),
        "read", False, "Namespaces in XML 1.0, section 4: a prefix is as good",
    ),
    "UTF-16": (NEW.replace("UTF-8", "UTF-16").encode("utf-16"), "read", False, RFC_4_3_3),
    "byte order mark": (b"\xef\xbb\xbf" + NEW.encode(), "read", False, RFC_4_3_3),
    "mark before JSON": (b"\xef\xbb\xbf" + json.dumps(TLS).encode(), "not-a-list", False, "RFC 8259, section 8.1: it may be ignored"),
    "declared Latin-1": (
        NEW.replace("UTF-8", "ISO-8859-1").replace("Vald", "V\xe4ld").encode("latin-1"), "read", True, RFC_4_3_3 + "; ä is lost there",
    ),
    "empty report id": (new("<report_id>r1@mail.example<", "<report_id><"), "read", False, "RFC 9990, appendix A: xs:string, or empty"),
    "no record": (new(RECORD, ""), "no-records", False, "RFC 9990, appendix A: one at least; there is nothing to misread"),
    "no p": (new("<p>reject</p>", ""), "missing-p", False, TOLERATED),
    "no report id": (new("<report_id>r1@mail.example</report_id>", ""), "missing-report-id", False, TOLERATED),
    "no name": (new("<org_name>Valdoria Mail</org_name>", ""), "missing-org-name", False, TOLERATED),
    "no email": (new("<email>dmarc@mail.example</email>", ""), "missing-email", False, TOLERATED),
    "no policy_evaluated": (without("<policy_evaluated>", "</policy_evaluated>"), "missing-policy-evaluated", False, TOLERATED),
    "no aligned SPF": (new("<dkim>pass</dkim><spf>fail</spf>", "<dkim>pass</dkim>"), "missing-aligned-spf", False, TOLERATED),
    "no identifiers": (without("<identifiers>", "</identifiers>"), "missing-identifiers", False, TOLERATED),
    "no auth_results": (without("<auth_results>", "</auth_results>"), "missing-auth-results", False, TOLERATED),
    "old word": (new("<result>none", "<result>unknown"), "synonym", True, "RFC 7489, appendix C: unknown is temperror"),
    "policy type": (tls('"sts"', '"dane"'), "unknown-policy-type", False, "RFC 8460, section 4.4: three words; the rest stays true"),
    "one string": (tls('["version: STSv1"]', '"version: STSv1"'), "not-a-list", True, "RFC 8460, section 4.4: a list; its text is lost"),
}  # fmt: skip
READS_ALL = {"declared Latin-1", "old word", "one string"}  # both read, and not the same


def said_here(source: bytes) -> str:
    """Our word: the reason of a refusal, the first oddity, or "read"."""
    try:
        return next(iter(reports.read(source).oddities), "read")
    except reports.ReportError as error:
        return error.reason


def test_every_known_outcome_and_its_reason(tmp_path: Path) -> None:
    answers = dict(zip(CASES, judged(tmp_path, [source for source, *_ in CASES.values()]), strict=True))
    for name, (source, here, there, why) in CASES.items():
        found, read_here = said_here(source), here not in reports.archive.REASONS
        if name in {"mark before JSON", "one string", "policy type", "no identifiers", "no policy_evaluated"}:
            assert here in reports.read(source).oddities, name
        else:
            assert found == here, (name, found)
        assert ("error" not in answers[name]) is there, (name, answers[name])
        assert bool(why) is (read_here != there or name in READS_ALL), name
        if read_here and there:
            assert bool(agree(source, answers[name])) is (name in READS_ALL), name


CHANGES = [
    ("</", "<"),
    (">", ""),
    ("<count>", "<count>-"),
    ("&", "&&"),
    ("pass", "maybe"),
    ("</dkim>", ""),
    ("<row>", "<row><row>"),
    ("post", ""),
    ("1", "x"),
]


def test_generated_reports_broken_anywhere(tmp_path: Path) -> None:
    """Octets cut, changed, or written twice: what both read is the same; the other outcomes are of the kinds above, and counted."""
    change = st.tuples(st.integers(0, 10**6), st.sampled_from(CHANGES), st.sampled_from(["plain", "gzip", "zip"]))
    sources = [broken(document.decode(), *how) for document, how in drawn(st.tuples(documents(), change), MUTATED)]
    met: Counter[str] = Counter()
    for source, answer in zip(sources, judged(tmp_path, sources), strict=True):
        met[outcome(source, answer)] += 1
    print(*(f"{count:6} {what}" for what, count in sorted(met.items())), sep="\n")
    reads = {here for _, here, there, _ in CASES.values() if there}
    odd = {here for _, here, there, _ in CASES.values() if not there and here not in reports.archive.REASONS} | {"missing-envelope-from"}
    known = {"both refuse", "alike"} | {f"refused here alone: {why}" for why in reads} | {f"read here alone: {why}" for why in odd}
    assert set(met) <= known, set(met) - known


def broken(document: str, place: int, change: tuple[str, str], how: str) -> bytes:
    """The document with one of the things to be changed changed, somewhere."""
    found, instead = change
    at = document.find(found, place % len(document))
    at = document.find(found) if at < 0 else at
    changed = document if at < 0 else document[:at] + instead + document[at + len(found) :]
    return packed(changed.encode(), how)


def outcome(source: bytes, answer: dict[str, Any]) -> str:
    """What the two make of one report, as a word of the test above."""
    here = said_here(source)
    if here in reports.archive.REASONS:
        return "both refuse" if "error" in answer else f"refused here alone: {here}"
    if "error" in answer:
        return f"read here alone: {here}"
    return agree(source, answer) or "alike"
