"""SMTP TLS reports: the JSON of RFC 8460, section 4.4, read and written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from .archive import ReportError
from .elements import MAX_COUNT, address

MAX_JSON = 4 * 1024 * 1024  # bytes; ours: as Python objects a document may take a hundred times its size
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?\d*([Zz]|[+-]\d\d:\d\d)", re.ASCII)  # RFC 3339, section 5.6
POLICY_TYPES = {"tlsa", "sts", "no-policy-found"}
RESULT_TYPES = {  # RFC 8460, section 4.3
    "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure",
    "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailureDetails:
    """Sessions that failed in one way. Addresses are in canonical form; None where the report says nothing."""

    result_type: str
    failed_session_count: int
    sending_mta_ip: str | None = None
    receiving_mx_hostname: str | None = None
    receiving_mx_helo: str | None = None
    receiving_ip: str | None = None
    additional_information: str | None = None
    failure_reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """One policy the sender applied, and how many sessions went well and badly under it."""

    policy_type: str
    policy_domain: str
    total_successful_session_count: int
    total_failure_session_count: int
    policy_string: tuple[str, ...] = ()
    mx_host: tuple[str, ...] = ()
    failure_details: tuple[FailureDetails, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsReport:
    """One sender's report; times in UTC. `oddities` are the words of what was tolerated, and are not compared."""

    organization_name: str
    start_datetime: datetime
    end_datetime: datetime
    contact_info: str
    report_id: str
    policies: tuple[TlsPolicy, ...]
    oddities: tuple[str, ...] = field(default=(), compare=False)


def read_tls(document: bytes, oddities: dict[str, None]) -> TlsReport:
    """The report in a JSON document of at most MAX_JSON bytes. Raises ReportError."""
    top = _Object(_json(document), "report", oddities)
    period = top.member("date-range")
    start, end = period.time("start-datetime"), period.time("end-datetime")
    if end < start:
        raise ReportError("date-order", f"{start} to {end}")
    period.finish()
    policies = tuple(_policy(item) for item in top.members("policies", required=True))
    if not policies:
        oddities["no-policies"] = None
    name, contact, report_id = (top.tolerated(key) for key in ("organization-name", "contact-info", "report-id"))
    top.finish()
    return TlsReport(name, start, end, contact, report_id, policies, tuple(oddities))


def _policy(item: _Object) -> TlsPolicy:
    policy, summary = item.member("policy"), item.member("summary")
    domain = policy.text("policy-domain")
    if not domain:
        raise ReportError("missing", "policy-domain")
    result = TlsPolicy(
        policy_type=policy.word("policy-type", POLICY_TYPES),
        policy_domain=domain,
        total_successful_session_count=summary.count("total-successful-session-count"),
        total_failure_session_count=summary.count("total-failure-session-count"),
        policy_string=policy.texts("policy-string"),
        mx_host=policy.texts("mx-host"),
        failure_details=tuple(_failure(detail) for detail in item.members("failure-details")),
    )
    for part in (policy, summary, item):
        part.finish()
    return result


def _failure(item: _Object) -> FailureDetails:
    result = FailureDetails(
        item.word("result-type", RESULT_TYPES),
        item.count("failed-session-count"),
        item.address("sending-mta-ip"),
        item.text("receiving-mx-hostname"),
        item.text("receiving-mx-helo"),
        item.address("receiving-ip"),
        item.text("additional-information"),
        item.text("failure-reason-code"),
    )
    item.finish()
    return result


def _json(document: bytes) -> object:
    """The JSON value of a document in UTF-8 (RFC 8259, section 8.1). Raises ReportError: size, encoding, depth, json, repeated."""
    if len(document) > MAX_JSON:
        raise ReportError("size", f"more than {MAX_JSON} bytes of JSON")
    try:
        value: object = json.loads(document.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise ReportError("encoding", str(error)) from error
    except RecursionError as error:
        raise ReportError("depth", "JSON too deep to be read") from error
    except ReportError:
        raise
    except ValueError as error:  # JSONDecodeError, and numbers of more digits than Python reads
        raise ReportError("json", str(error)) from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReportError("repeated", "a name in a JSON object")
    return found


def _refuse(constant: str) -> object:
    raise ReportError("json", constant)


class _Object:
    """A JSON object whose members are taken one by one; `finish` notes those that nobody asked for."""

    def __init__(self, value: object, where: str, oddities: dict[str, None]) -> None:
        if not isinstance(value, dict):
            raise ReportError("structure", f"{where} is not an object")
        self._left: dict[str, Any] = value
        self._oddities = oddities

    def finish(self) -> None:
        """All is taken but what the standard does not know."""
        if self._left:
            self._oddities["unknown-key"] = None

    def member(self, name: str) -> _Object:
        return _Object(self._take(name), name, self._oddities)

    def members(self, name: str, required: bool = False) -> list[_Object]:
        value = self._take(name) if required else self._left.pop(name, None)
        if not isinstance(value, list | None):
            raise ReportError("structure", f"{name} is not a list")
        return [_Object(item, name, self._oddities) for item in value or ()]

    def text(self, name: str) -> str | None:
        value = self._left.pop(name, None)
        return None if value is None else _text(value, name)

    def tolerated(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            self._oddities[f"missing-{name}"] = None
        return value or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text alone, as some senders write it, is an oddity."""
        value = self._left.pop(name, None)
        if isinstance(value, str):
            self._oddities["not-a-list"] = None
            value = [value]
        if not isinstance(value, list | None):
            raise ReportError("structure", f"{name} is not a list")
        return tuple(_text(item, name) for item in value or ())

    def word(self, name: str, known: set[str]) -> str:
        value = _text(self._take(name), name)
        if value not in known:
            self._oddities[f"unknown-{name}"] = None
        return value

    def count(self, name: str) -> int:
        value = self._take(name)
        if type(value) is not int or not 0 <= value <= MAX_COUNT:
            raise ReportError("count", f"{name} is not a number of sessions")
        return value

    def address(self, name: str) -> str | None:
        value = self.text(name)
        if value == "":
            self._oddities["empty-address"] = None
        return address(value) if value else None

    def time(self, name: str) -> datetime:
        value = _text(self._take(name), name)
        try:
            if not RFC3339.fullmatch(value):
                raise ValueError("not of RFC 3339")
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ReportError("date", repr(value[:64])) from error

    def _take(self, name: str) -> object:
        if name not in self._left:
            raise ReportError("missing", name)
        value: object = self._left.pop(name)
        return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ReportError("structure", f"{name} is not text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can spell and nothing can carry
        raise ReportError("character", name) from error
    return value


def write_tls(report: TlsReport) -> bytes:
    """The report as JSON (RFC 8460, section 4.4), the same bytes for the same report.

    Raises ReportError if it would not read back the same and without an oddity.
    """
    document = {
        "organization-name": report.organization_name,
        "date-range": {"start-datetime": _rfc3339(report.start_datetime), "end-datetime": _rfc3339(report.end_datetime)},
        "contact-info": report.contact_info,
        "report-id": report.report_id,
        "policies": [_policy_json(policy) for policy in report.policies],
    }
    try:
        written = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise ReportError("character", str(error)) from error
    back = read_tls(written, {})
    if back != replace(report, oddities=()) or back.oddities:
        raise ReportError("unwritable", ", ".join(back.oddities) or "it reads back as another report")
    return written


def _rfc3339(when: datetime) -> str:
    if when.tzinfo is None:
        raise ReportError("date", "a time without its time zone")
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _policy_json(policy: TlsPolicy) -> dict[str, Any]:
    stated: dict[str, Any] = {"policy-type": policy.policy_type, "policy-string": list(policy.policy_string)}
    stated |= {"policy-domain": policy.policy_domain, "mx-host": list(policy.mx_host)}
    document: dict[str, Any] = {"policy": {name: value for name, value in stated.items() if value != []}}
    document["summary"] = {
        "total-successful-session-count": policy.total_successful_session_count,
        "total-failure-session-count": policy.total_failure_session_count,
    }
    if policy.failure_details:
        document["failure-details"] = [_failure_json(detail) for detail in policy.failure_details]
    return document


def _failure_json(detail: FailureDetails) -> dict[str, Any]:
    members = ((part.name.replace("_", "-"), getattr(detail, part.name)) for part in fields(detail))
    return {name: value for name, value in members if value is not None}
