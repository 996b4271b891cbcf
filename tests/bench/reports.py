"""Aggregate reports read, against parsedmarc: python -m tests.bench.reports READER DAY prints records a second."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from gzip import decompress as gunzip
from typing import Any

from tests.bench.lab import ROOT
from tests.bench.rows import ROUNDS, Measured, paired, row

REPORTS = 60
RECORDS = (20, 200)  # a report has from so many to so many
DAY = datetime(2026, 11, 22, tzinfo=UTC)


@row("reports", unit="records/s", target=8, more_is_better=True)
def reports() -> Measured:
    """Aggregate reports (RFC 9990, gzip) read into typed records, against parsedmarc offline; parsedmarc does more: it also names
    the country, the network and the service of each address."""
    days = iter(range(1, 2 * ROUNDS + 1))
    return paired(lambda: alone("ours", next(days)), lambda: alone("parsedmarc", next(days)))


def alone(reader: str, day: int) -> float:
    """Records a second, in a process that has nothing else in it."""
    command = [sys.executable, "-m", __name__, reader, str(day)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def ours() -> Callable[[bytes], Any]:
    """Our reader."""
    from postlib.protocols.reports import read

    return read


def parsedmarc() -> Callable[[bytes], Any]:
    """Theirs, kept from the network."""
    from parsedmarc import parse_report_file

    return partial(parse_report_file, offline=True, always_use_local_files=True)


def a_second(read: Callable[[bytes], Any], files: list[bytes]) -> float:
    """Records a second of this process's own time: neither waits for anything."""
    began = time.process_time()
    for octets in files:
        read(octets)
    took = time.process_time() - began
    return sum(gunzip(octets).count(b"<record>") for octets in files) / took


def written(seed: int) -> list[bytes]:
    """The reports of one day, as our own writer writes them."""
    from postlib.protocols import reports as r

    draw = random.Random(seed)
    made = []
    for number in range(REPORTS):
        metadata = r.ReportMetadata("Inbox", "dmarc@inbox.example", f"r{number}@inbox.example", DAY, DAY + timedelta(days=1))
        policy = r.PolicyPublished("auroria.post", "quarantine", np="reject", testing="n", discovery_method="treewalk")
        found = tuple(record(draw) for _ in range(draw.randint(*RECORDS)))
        made.append(r.gzip(r.write(r.AggregateReport(metadata, policy, found))))
    return made


def record(draw: random.Random) -> Any:
    """One source's day."""
    from postlib.protocols import reports as r

    good = draw.random() < 0.7
    said = "pass" if good else "fail"
    signed = (r.DkimResult("auroria.post", "s2026a", said),) if draw.random() < 0.8 else ()
    judged = r.PolicyEvaluated("pass" if good else "quarantine", said if signed else "fail", said)
    source = f"198.{draw.randint(18, 19)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"  # for benchmarks: RFC 2544, appendix C.2.2
    names = r.Identifiers("auroria.post", "bounce.auroria.post", "inbox.example")
    results = r.AuthResults(signed, (r.SpfResult("bounce.auroria.post", "mfrom", said),))
    return r.Record(source, draw.randint(1, 5000), judged, names, results)


if __name__ == "__main__":
    read = {"ours": ours, "parsedmarc": parsedmarc}[sys.argv[1]]()
    read(written(0)[0])  # what is loaded once is loaded now
    print(a_second(read, written(int(sys.argv[2]))))
