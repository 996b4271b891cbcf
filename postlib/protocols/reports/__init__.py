"""DMARC aggregate reports (RFC 9990, and the older RFC 7489) and SMTP TLS reports (RFC 8460): read, written, mailed, summed up.

    read(source)       a whole report            records(source)     its records one by one, in little memory
    write, write_tls   the bytes of a report     message             the mail that carries it
    attachments        reports out of a mail     sources             what reports say of each source

Everything wrong is a ReportError with a `reason` of archive.REASONS; what is merely odd is named in the report's `oddities`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from .aggregate import (
    AggregateReport,
    AuthResults,
    DkimResult,
    Identifiers,
    PolicyEvaluated,
    PolicyPublished,
    Reason,
    Record,
    ReportMetadata,
    SourceRow,
    SpfResult,
    sources,
)
from .archive import MAX_BYTES, ReportError, Source, gzip, unpack
from .feedback import Feedback
from .mail import attachments, gzip_name, message
from .tls import MAX_JSON, FailureDetails, TlsPolicy, TlsReport, read_tls, write_tls
from .xml import converted, write

__all__ = [
    "MAX_BYTES",
    "AggregateReport",
    "AuthResults",
    "DkimResult",
    "FailureDetails",
    "Identifiers",
    "PolicyEvaluated",
    "PolicyPublished",
    "Reason",
    "Record",
    "ReportError",
    "ReportMetadata",
    "SourceRow",
    "SpfResult",
    "TlsPolicy",
    "TlsReport",
    "attachments",
    "converted",
    "gzip",
    "gzip_name",
    "message",
    "read",
    "records",
    "sources",
    "write",
    "write_tls",
]


def read(source: Source, *, limit: int = MAX_BYTES) -> AggregateReport | TlsReport:
    """The report in a file (its path) or in bytes: XML or JSON, plain or gzip, XML also zip; at most `limit` bytes unpacked.

    Raises ReportError; OSError if the file cannot be opened.
    """
    oddities: dict[str, None] = {}
    chunks = unpack(source, limit, oddities)
    first = next(chunks, b"")
    if _is_json(first):
        return read_tls(_joined(first, chunks), oddities)
    return Feedback(chain((first,), chunks), oddities).report()


def records(source: Source, *, limit: int = MAX_BYTES) -> Iterator[Record]:
    """The records of an aggregate report as they are read: memory does not grow with their number; raise `limit` for giants.

    Raises ReportError, perhaps only at the end: then the records before it are not to be trusted. OSError as `read`.
    """
    chunks = unpack(source, limit, {})
    first = next(chunks, b"")
    if _is_json(first):
        raise ReportError("kind", "an SMTP TLS report has no records")
    yield from Feedback(chain((first,), chunks), {}).records()


def _is_json(first: bytes) -> bool:
    return first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _joined(first: bytes, chunks: Iterator[bytes]) -> bytes:
    """All of a document that must be read at once, as far as MAX_JSON and one chunk beyond."""
    document = bytearray(first)
    for chunk in chunks:
        document += chunk
        if len(document) > MAX_JSON:
            raise ReportError("size", f"more than {MAX_JSON} bytes of JSON")
    return bytes(document)
