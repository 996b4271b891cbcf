"""Reports as mail: RFC 9990, "Email", and RFC 8460, section 5.3; and reports out of mail."""

from __future__ import annotations

import base64
import email.parser
import email.policy
import hashlib
import re
from datetime import datetime
from email.message import Message
from email.utils import format_datetime

from .aggregate import AggregateReport
from .archive import ReportError, gzip
from .tls import TlsReport, write_tls
from .xml import seconds, write

Report = AggregateReport | TlsReport
DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")
ADDRESS = re.compile(r"[^\s<>\x00-\x20\x7f-\uffff]{1,320}")
RIDFMT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,255}(?:@[A-Za-z0-9_.-]{1,255})?")  # RFC 9990: Definition of Report-ID

MAX_MESSAGE = 32 * 1024 * 1024  # bytes: 20 MiB and what base64 adds
MAX_PARTS = 64  # Content-Type lines, and so parts, and so their depth
MAX_LINES = 600_000  # what base64 makes of 32 MiB, and more; each is held against the boundary of every part around it
MAX_FIELD = 4096  # bytes of a Content-Type or Content-Disposition field: the standard library takes quadratic time for its parameters
CONTENT_TYPE = re.compile(rb"(?:^|[\r\n])content-type", re.IGNORECASE)
FIELD = re.compile(rb"(?:^|[\r\n])content-(?:type|disposition)[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.IGNORECASE)
MEDIA_TYPES = {
    "application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed", "text/xml", "application/xml",
    "application/tlsrpt+gzip", "application/tlsrpt+json",
}  # fmt: skip
FILE_NAME = re.compile(r"\.(?:xml|json|zip|gz)\Z", re.IGNORECASE)


def gzip_name(report: Report, submitter: str | None = None) -> str:
    """The file name receiver!policy-domain!begin!end!unique-id.xml.gz (RFC 9990, "Email"; .json.gz, RFC 8460, section 5.1).

    `submitter` is the receiver's domain: by default that of the contact address. The unique id is the letters and digits of the
    report id before its @. Raises ReportError: header.
    """
    policy_domain, report_id, begin, end, contact = _facts(report)
    receiver = submitter or contact.rpartition("@")[2]
    unique = re.sub(r"[^A-Za-z0-9]", "", report_id.partition("@")[0])
    period = f"{seconds(begin)}!{seconds(end)}" + (f"!{unique}" if unique else "")
    extension = "xml.gz" if isinstance(report, AggregateReport) else "json.gz"
    return f"{_fits(DOMAIN, receiver)}!{_fits(DOMAIN, policy_domain)}!{period}.{extension}"


def message(report: Report, *, submitter: str, recipient: str, sender: str | None = None, date: datetime | None = None) -> bytes:
    """The mail that carries the report, gzipped; the same bytes for the same arguments. It is not yet signed.

    `submitter` is the reporting receiver's domain. By default `sender` is the report's contact address and `date` the end of its
    period. Raises ReportError: header, and as `write` does.
    """
    policy_domain, report_id, _, end, contact = _facts(report)
    ridtxt = _fits(RIDFMT, report_id.removeprefix("<").removesuffix(">"))
    domain, receiver = _fits(DOMAIN, policy_domain), _fits(DOMAIN, submitter)
    head = [
        f"From: <{_fits(ADDRESS, sender or contact)}>",
        f"To: <{_fits(ADDRESS, recipient)}>",
        f"Subject: Report Domain: {domain}",
        f" Submitter: {receiver}",
        f" Report-ID: <{ridtxt}>",
        f"Date: {format_datetime(date or end)}",
        f"Message-ID: <{ridtxt if '@' in ridtxt else f'{ridtxt}@{receiver}'}>",
        "MIME-Version: 1.0",
    ]
    if isinstance(report, TlsReport):  # RFC 8460, section 5.3
        head += [f"TLS-Report-Domain: {domain}", f"TLS-Report-Submitter: {receiver}"]
    body = _multipart(report, f"This is a report on mail for {domain}, from {receiver}.", gzip_name(report, receiver))
    return "\r\n".join(head + body + [""]).encode("ascii")


def _multipart(report: Report, annotation: str, name: str) -> list[str]:
    """The rest of the header and the body, as lines: a sentence for people, and the report."""
    if isinstance(report, AggregateReport):
        document, multipart, media_type = write(report), "multipart/mixed", "application/gzip"
    else:
        document, multipart, media_type = write_tls(report), 'multipart/report; report-type="tlsrpt"', "application/tlsrpt+gzip"
    boundary = "=_" + hashlib.sha256(document).hexdigest()[:32]  # neither part can hold it: base64 knows no "_"
    return [
        f"Content-Type: {multipart};",
        f' boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        annotation,
        "",
        f"--{boundary}",
        f"Content-Type: {media_type};",
        f' name="{name}"',
        "Content-Disposition: attachment;",
        f' filename="{name}"',
        "Content-Transfer-Encoding: base64",
        "",
        *base64.encodebytes(gzip(document)).decode("ascii").splitlines(),
        f"--{boundary}--",
    ]


def attachments(message: bytes) -> list[tuple[str, bytes]]:
    """The parts of a mail that may be reports, by media type or file name: (file name without folders, or "", and content).

    Their contents are for `read`, which bounds and judges them. Raises ReportError: size, parts, structure.
    """
    if len(message) > MAX_MESSAGE:
        raise ReportError("size", f"a message of more than {MAX_MESSAGE} bytes")
    _refuse_monsters(message)
    try:
        parsed = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(message)
        found = [(_file_name(part), part) for part in parsed.walk() if not part.is_multipart()]
        return [(name, _content(part)) for name, part in found if FILE_NAME.search(name) or part.get_content_type() in MEDIA_TYPES]
    except (LookupError, ValueError, TypeError, AttributeError) as error:  # what email raises on malformed parameters and encodings
        raise ReportError("structure", repr(error)) from error


def _refuse_monsters(message: bytes) -> None:
    """Keep from the standard library what it would sit over for minutes. Raises ReportError: parts, size."""
    if sum(1 for _ in CONTENT_TYPE.finditer(message)) > MAX_PARTS:
        raise ReportError("parts", f"more than {MAX_PARTS} Content-Type fields")
    if message.count(b"\n") + message.count(b"\r") - message.count(b"\r\n") > MAX_LINES:
        raise ReportError("size", f"more than {MAX_LINES} lines")
    if any(len(field[0]) > MAX_FIELD for field in FIELD.finditer(message)):
        raise ReportError("size", f"a field on the content of more than {MAX_FIELD} bytes")


def _file_name(part: Message) -> str:
    return re.split(r"[/\\]", part.get_filename() or "")[-1]


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _facts(report: Report) -> tuple[str, str, datetime, datetime, str]:
    """Policy domain, report id, beginning, end, contact address."""
    if isinstance(report, AggregateReport):
        metadata = report.report_metadata
        return report.policy_published.domain, metadata.report_id, metadata.begin, metadata.end, metadata.email
    if not report.policies:
        raise ReportError("missing", "policies")
    return report.policies[0].policy_domain, report.report_id, report.start_datetime, report.end_datetime, report.contact_info


def _fits(grammar: re.Pattern[str], value: str) -> str:
    if not grammar.fullmatch(value):
        raise ReportError("header", repr(value[:64]))
    return value
