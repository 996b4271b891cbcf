"""Writing an aggregate report as XML: RFC 9990, appendix A, or the older schema of RFC 7489, appendix C."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from .aggregate import NAMESPACE, AggregateReport, AuthResults, PolicyEvaluated, PolicyPublished, Record, ReportMetadata, Schema
from .archive import ReportError
from .feedback import Feedback

Tree: TypeAlias = "tuple[str, str | int | list[Tree] | None]"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def write(report: AggregateReport, schema: Schema | None = None) -> bytes:
    """The report as XML in UTF-8, the same bytes for the same report; in its own schema, or `converted` to another.

    Raises ReportError if it would not read back the same and without an oddity: what is written is valid.
    """
    report = converted(report, schema or report.schema)
    root = f'feedback xmlns="{NAMESPACE}"' if report.schema == "rfc9990" else "feedback"
    parts: list[Tree] = [
        ("version", report.version),
        ("report_metadata", _report_metadata(report.report_metadata)),
        ("policy_published", _policy_published(report.policy_published)),
        *(("record", _record(record)) for record in report.records),
    ]
    body = "".join(_rendered(name, content, " ") for name, content in parts)
    written = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n{body}</feedback>\n'.encode()
    back = Feedback([written[at : at + 65536] for at in range(0, len(written), 65536)], {}).report()
    if back != report or back.oddities:
        raise ReportError("unwritable", ", ".join(back.oddities) or "it reads back as another report")
    return written


def converted(report: AggregateReport, schema: Schema) -> AggregateReport:
    """The report in the words of another schema. To RFC 7489 it loses what that cannot say and gains what that requires:

    no np, testing, discovery method, generator or SPF explanation; "pass" becomes "none", policy_test_mode "other"; sp, pct, fo and
    scope get their defaults. To RFC 9990 it loses pct, and the reasons that are gone become "other".
    """
    if schema == report.schema:
        return report
    published = replace(report.policy_published, pct=None)
    metadata = report.report_metadata
    if schema == "rfc7489":
        published = replace(published, np=None, testing=None, discovery_method=None, pct=100)
        published = replace(published, sp=published.sp or published.p, fo=published.fo or "0")
        metadata = replace(metadata, generator=None)
    records = tuple(_converted_record(record, schema) for record in report.records)
    return replace(report, report_metadata=metadata, policy_published=published, records=records, schema=schema)


def _converted_record(record: Record, schema: Schema) -> Record:
    evaluated, results = record.policy_evaluated, record.auth_results
    gone = ("policy_test_mode",) if schema == "rfc7489" else ("forwarded", "sampled_out")
    reasons = tuple(replace(reason, type="other") if reason.type in gone else reason for reason in evaluated.reasons)
    evaluated = replace(evaluated, reasons=reasons)
    if schema == "rfc7489":
        disposition = "none" if evaluated.disposition == "pass" else evaluated.disposition
        evaluated = replace(evaluated, disposition=disposition)
        results = replace(results, spf=tuple(replace(spf, scope=spf.scope or "mfrom", human_result=None) for spf in results.spf))
    return replace(record, policy_evaluated=evaluated, auth_results=results)


def _report_metadata(metadata: ReportMetadata) -> list[Tree]:
    return [
        ("org_name", metadata.org_name),
        ("email", metadata.email),
        ("extra_contact_info", metadata.extra_contact_info),
        ("report_id", metadata.report_id),
        ("date_range", [("begin", seconds(metadata.begin)), ("end", seconds(metadata.end))]),
        *(("error", error) for error in metadata.errors),
        ("generator", metadata.generator),
    ]


def _policy_published(policy: PolicyPublished) -> list[Tree]:
    names = ("domain", "discovery_method", "adkim", "aspf", "p", "sp", "np", "pct", "testing", "fo")
    return [(name, getattr(policy, name)) for name in names]


def _record(record: Record) -> list[Tree]:
    identifiers = record.identifiers
    return [
        (
            "row",
            [
                ("source_ip", record.source_ip),
                ("count", record.count),
                ("policy_evaluated", _policy_evaluated(record.policy_evaluated)),
            ],
        ),
        ("identifiers", [(name, getattr(identifiers, name)) for name in ("envelope_to", "envelope_from", "header_from")]),
        ("auth_results", _auth_results(record.auth_results)),
    ]


def _policy_evaluated(evaluated: PolicyEvaluated) -> list[Tree]:
    words: list[Tree] = [("disposition", evaluated.disposition), ("dkim", evaluated.dkim), ("spf", evaluated.spf)]
    return words + [("reason", [("type", reason.type), ("comment", reason.comment)]) for reason in evaluated.reasons]


def _auth_results(results: AuthResults) -> list[Tree]:
    dkim = ("domain", "selector", "result", "human_result")
    spf = ("domain", "scope", "result", "human_result")
    found: list[Tree] = [("dkim", [(name, getattr(result, name)) for name in dkim]) for result in results.dkim]
    return found + [("spf", [(name, getattr(result, name)) for name in spf]) for result in results.spf]


def _rendered(name: str, content: str | int | list[Tree] | None, indent: str) -> str:
    """One element on its own lines; nothing for None. Raises ReportError: character."""
    if content is None:
        return ""
    if isinstance(content, list):
        inner = "".join(_rendered(child, value, indent + " ") for child, value in content)
        return f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
    text = str(content)
    if NOT_XML.search(text):
        raise ReportError("character", f"{name}: {text[:64]!r}")
    return f"{indent}<{name}>{text.translate(ESCAPES)}</{name}>\n"


def seconds(when: datetime) -> int:
    """Whole seconds since 1970. Raises ReportError for a time without its time zone."""
    if when.tzinfo is None:
        raise ReportError("date", "a time without its time zone")
    return int(when.timestamp())
