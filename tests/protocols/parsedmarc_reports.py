"""parsedmarc as a judge: many files in one process of its own, and its answers beside ours, field by field.

What it fills in, and how it writes values, is data here: `expected` says of a report of ours what parsedmarc should say.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postlib.protocols import reports
from postlib.protocols.reports import AggregateReport, Record, TlsReport
from postlib.protocols.reports.elements import address

CHILD = Path(__file__).with_name("parsedmarc_child.py")
LIMIT = 300  # seconds: a thousand reports take some twenty
parsedmarc_needed = pytest.mark.skipif(importlib.util.find_spec("parsedmarc") is None, reason="parsedmarc is not installed (group bench)")


def judged(folder: Path, sources: Sequence[bytes]) -> list[dict[str, Any]]:
    """parsedmarc's answer for each source: {"kind", "report"} or {"error"}. Fails the test if it tried to leave the machine."""
    paths = [folder / f"{number}.report" for number in range(len(sources))]
    for path, source in zip(paths, sources, strict=True):
        path.write_bytes(source)
    ran = subprocess.run(
        [sys.executable, "-P", str(CHILD)],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
        env=os.environ | {"TZ": "UTC"},  # it gives times in the zone of the machine
    )
    *answers, last = (json.loads(line) for line in ran.stdout.splitlines())
    assert last["refused"] == [] and len(answers) == len(sources), last
    return answers


def blank(text: str | None) -> str | None:
    """A text as parsedmarc has it: without the blanks of Unicode around it (ours: those of XML 1.0, production 3); none for empty."""
    return (text or "").strip() or None


def expected(report: AggregateReport) -> dict[str, Any]:
    """What parsedmarc should say of a report that we have read so."""
    about, policy = report.report_metadata, report.policy_published
    return {
        "org": blank(about.org_name),
        "email": blank(about.email),
        "extra": blank(about.extra_contact_info),
        "report_id": (blank(about.report_id) or "").replace("<", "").replace(">", "").split("@")[0],
        "period": (about.begin, about.end),
        "errors": [error for error in map(blank, about.errors) if error],
        "generator": blank(about.generator),
        "domain": policy.domain,
        "p": policy.p,
        "sp": policy.sp or policy.p,
        "alignment": (policy.adkim or "r", policy.aspf or "r"),
        "new": (policy.np, policy.testing, policy.discovery_method),
        "fo": blank(policy.fo),
        "pct": None if policy.pct is None else str(policy.pct),
        "records": [_expected_record(record) for record in report.records],
    }


def _expected_record(record: Record) -> dict[str, Any]:
    evaluated, who, results = record.policy_evaluated, record.identifiers, record.auth_results
    last = results.spf[-1].domain.lower() if results.spf else None
    return {
        "source": record.source_ip,
        "count": record.count,
        "evaluated": (evaluated.disposition, evaluated.dkim, evaluated.spf),
        "reasons": [(reason.type, blank(reason.comment)) for reason in evaluated.reasons],
        "header_from": who.header_from.lower(),
        "envelope_from": who.envelope_from or last,  # it fills in the domain of the last SPF result
        "envelope_to": who.envelope_to or None,
        "dkim": [(d.domain, d.selector or "none", d.result, blank(d.human_result)) for d in results.dkim],
        "spf": [(s.domain, s.scope or "mfrom", s.result, blank(s.human_result)) for s in results.spf],
    }


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """parsedmarc's aggregate report in the same form."""
    report = answer["report"]
    about, policy = report["report_metadata"], report["policy_published"]
    return {
        "org": about["org_name"],
        "email": about["org_email"],
        "extra": about["org_extra_contact_info"],
        "report_id": about["report_id"],
        "period": (_time(about["begin_date"]), _time(about["end_date"])),
        "errors": about["errors"],
        "generator": about["generator"],
        "domain": policy["domain"],
        "p": policy["p"],
        "sp": policy["sp"],
        "alignment": (policy["adkim"], policy["aspf"]),
        "new": (policy["np"], policy["testing"], policy["discovery_method"]),
        "fo": policy["fo"],
        "pct": policy["pct"],
        "records": [_said_record(record) for record in report["records"]],
    }


def _said_record(record: dict[str, Any]) -> dict[str, Any]:
    evaluated, who, results = record["policy_evaluated"], record["identifiers"], record["auth_results"]
    return {
        "source": address(record["source"]["ip_address"]),
        "count": record["count"],
        "evaluated": (evaluated["disposition"], evaluated["dkim"], evaluated["spf"]),
        "reasons": [(reason["type"], reason["comment"]) for reason in evaluated["policy_override_reasons"]],
        "header_from": who["header_from"],
        "envelope_from": who["envelope_from"],
        "envelope_to": who["envelope_to"],
        "dkim": [(d["domain"], d["selector"], d["result"], d["human_result"]) for d in results["dkim"]],
        "spf": [(s["domain"], s["scope"], s["result"], s["human_result"]) for s in results["spf"]],
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FAILURE = ("sending_mta_ip", "receiving_ip", "receiving_mx_hostname", "receiving_mx_helo", "failure_reason_code")


def expected_tls(report: TlsReport) -> dict[str, Any]:
    """What parsedmarc should say of a TLS report that we have read so. It looks for `mx-host-pattern`, which is `mx-host` in RFC 8460."""
    return {
        "about": (report.organization_name, report.contact_info, report.report_id),
        "period": (report.start_datetime, report.end_datetime),
        "policies": [
            {
                "policy": (policy.policy_type, policy.policy_domain, list(policy.policy_string)),
                "sessions": (policy.total_successful_session_count, policy.total_failure_session_count),
                "failures": [
                    (d.result_type, d.failed_session_count, blank(d.additional_information) and d.additional_information)
                    + tuple(blank(getattr(d, name)) and getattr(d, name) for name in FAILURE)
                    for d in policy.failure_details
                ],
            }
            for policy in report.policies
        ],
    }


def said_tls(answer: dict[str, Any]) -> dict[str, Any]:
    """parsedmarc's TLS report in the same form."""
    report = answer["report"]
    return {
        "about": (report["organization_name"], report["contact_info"], report["report_id"]),
        "period": (_moment(report["begin_date"]), _moment(report["end_date"])),
        "policies": [
            {
                "policy": (policy["policy_type"], policy["policy_domain"], policy.get("policy_strings", [])),
                "sessions": (policy["successful_session_count"], policy["failed_session_count"]),
                "failures": [
                    (d["result_type"], d["failed_session_count"], d.get("additional_info_uri"))
                    + tuple(_canonical(name, d.get(name)) for name in FAILURE)
                    for d in policy.get("failure_details", [])
                ],
            }
            for policy in report["policies"]
        ],
    }


def _canonical(name: str, value: str | None) -> str | None:
    return address(value) if value and name.endswith("_ip") else value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def agree(source: bytes, answer: dict[str, Any]) -> str:
    """ "" where the two read the same of a source; else what differs."""
    ours = reports.read(source)
    if "error" in answer:
        return f"refused there: {answer['error']}"
    if isinstance(ours, TlsReport):
        here, there = expected_tls(ours), said_tls(answer) if answer["kind"] == "smtp_tls" else {}
    else:
        here, there = expected(ours), said(answer) if answer["kind"] == "aggregate" else {}
    return ", ".join(f"{name}: {here[name]!r} and {there.get(name)!r}" for name in here if here[name] != there.get(name))
