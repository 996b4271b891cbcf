"""parsedmarc, another program, reads what we read and write, field by field: aggregate reports of both schemas, and TLS reports."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

from conftest import FULL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocols.parsedmarc_reports import agree, judged, parsedmarc_needed
from protocols.report_documents import documents, odd, packed, titles
from protocols.test_reports import aggregates, tls_reports

from postlib.protocols import reports

FOREIGN, OWN, TLS = (700, 350, 300) if FULL else (60, 30, 25)
HOW = ["plain", "gzip", "zip"]
pytestmark = parsedmarc_needed


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """That many examples, to be judged together: parsedmarc starts slowly."""
    found: list[Any] = []

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), phases=settings().phases[:3])
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def assert_agreed(folder: Path, sources: list[bytes]) -> None:
    """Every source is read alike."""
    wrong = [(why, source) for source, answer in zip(sources, judged(folder, sources), strict=True) if (why := agree(source, answer))]
    assert wrong == [], (len(wrong), min(wrong, key=lambda pair: len(pair[1])))


def test_reports_that_others_write_are_read_alike(tmp_path: Path) -> None:
    """Elements present or absent, in any order, text written in every way; plain, gzip and zip."""
    sources = [packed(document, how) for document, how in drawn(st.tuples(documents(), st.sampled_from(HOW)), FOREIGN)]
    schemas = Counter(reports.read(source).schema for source in sources)  # type: ignore[union-attr]
    assert len(sources) >= FOREIGN * 0.9 and min(schemas["rfc9990"], schemas["rfc7489"]) >= FOREIGN // 8, schemas
    assert_agreed(tmp_path, sources)


def named(report: reports.AggregateReport, title: str) -> reports.AggregateReport:
    """With an organization and an id: parsedmarc asks for them, and makes a base domain of a name without a space."""
    about = report.report_metadata
    name, report_id = title.strip(" \t\r\n"), f"r{about.report_id}"
    metadata = dataclasses.replace(about, org_name=name, email="dmarc@mail.example", report_id=report_id)
    return dataclasses.replace(report, report_metadata=metadata)


def test_reports_that_we_write_are_read_there_as_they_were_meant(tmp_path: Path) -> None:
    schemas: st.SearchStrategy[reports.aggregate.Schema] = st.sampled_from(["rfc9990", "rfc7489"])
    sources = [
        packed(reports.write(named(report, title), schema), how)
        for report, title, schema, how in drawn(st.tuples(aggregates, titles, schemas, st.sampled_from(HOW)), OWN)
    ]
    assert len(sources) >= OWN * 0.9
    assert_agreed(tmp_path, sources)


def test_tls_reports_are_read_alike(tmp_path: Path) -> None:
    """RFC 8460, section 4.4: as we write them, and as others might, with other white space and keys nobody knows."""
    sources = []
    for report, spaces, extra in drawn(st.tuples(tls_reports, st.sampled_from([None, 0, 4]), st.none() | odd), TLS):
        document = json.loads(reports.write_tls(report))
        if extra is not None:
            document["x-note"] = extra
        sources.append(packed(json.dumps(document, indent=spaces, ensure_ascii=extra is None).encode(), "gzip" if spaces else "plain"))
    assert len(sources) >= TLS * 0.9
    assert_agreed(tmp_path, sources)
