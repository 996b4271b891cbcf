"""Findings as data for other programs: JSON and CSV. Names are those of Finding, values as they stood on the wire."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from postlib import words
from postlib.display.harmless import visible
from postlib.finding import Finding
from postlib.report import Report

COLUMNS = ("subject", "check", "status", "level", "answer", "evidence", "rule", "reference", "remedy", "lever", "lesson", "as_of", "advice")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet calculates what begins so


def finding(found: Finding) -> dict[str, Any]:
    """One finding as JSON data; `evidence` is a list, in order, for a name may come more than once."""
    verdict, remedy = found.verdict, found.remedy
    return {
        "subject": found.subject,
        "check": found.check,
        "status": found.status.value,
        "level": found.level.value,
        "answer": verdict.answer,
        "evidence": [{"name": name, "value": value} for name, value in verdict.evidence],
        "rule": verdict.rule,
        "reference": found.reference,
        "remedy": None if remedy is None else {
            "template": remedy.template,
            "sentence": words.sentence(remedy),
            "lever": remedy.lever.value,
            "values": dict(remedy.values),
            "acts": [dict(act) for act in remedy.acts],
            "first_step": remedy.first_step,
        },
        "lesson": found.lesson,
        "as_of": verdict.as_of.isoformat() if verdict.as_of else None,
        "advice": {"id": verdict.advice, "sentence": words.advice(verdict.advice)} if verdict.advice else None,
    }  # fmt: skip


def as_json(reports: Iterable[Report]) -> str:
    """All findings of the reports, one list, in ASCII: whatever the values hold cannot harm a terminal."""
    return json.dumps([finding(found) for report in reports for found in report], indent=1)


def as_csv(reports: Iterable[Report]) -> str:
    """All findings of the reports as CSV (RFC 4180), with a line of names on top."""
    return written(COLUMNS, (_row(found) for report in reports for found in report))


def written(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """CSV whose cells are visible text, and never a formula."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows([_cell(str(value)) for value in row] for row in rows)
    return made.getvalue()


def _cell(value: str) -> str:
    return f"'{visible(value)}" if value.startswith(FORMULA) else visible(value)


def _row(found: Finding) -> list[str]:
    verdict, remedy = found.verdict, found.remedy
    evidence = "; ".join(f"{name}: {value}" for name, value in verdict.evidence)
    todo, lever = (words.sentence(remedy), remedy.lever.value) if remedy else ("", "")
    advice = words.advice(verdict.advice) if verdict.advice else ""
    when = verdict.as_of.isoformat() if verdict.as_of else ""
    head = [found.subject, found.check, found.status.value, found.level.value, verdict.answer, evidence]
    return [*head, verdict.rule, found.reference, todo, lever, found.lesson, when, advice]
