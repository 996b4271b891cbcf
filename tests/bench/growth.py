"""Whether a domain among ten thousand costs more than one among a hundred."""

from __future__ import annotations

import statistics
import time

from tests.bench.memory import resident
from tests.bench.rows import ROUNDS, Measured, row

FEW, MANY = 100, 10_000
PROFILE = "quick"  # the whole of the profile course takes a fifth of a second for each domain


@row("growth", unit="ms CPU/domain", target=0.9)
def growth() -> Measured:
    """A scan of all operators of the world `generated` by the profile quick: CPU time for each domain among 10 000 against among 100.
    The lab is up in the same process, so its share is in the figures; raising it is not, and is in the notes."""
    scanned(FEW)  # imports, and what a process makes once
    few = [scanned(FEW)[0] for _ in range(ROUNDS)]
    before = resident()
    many, raised = scanned(MANY)
    after = resident()
    few += [scanned(FEW)[0] for _ in range(ROUNDS)]  # half of them later, for the machine may have become slower or faster
    notes = (
        f"raising the world: {raised / MANY * 1e6:.0f} µs of CPU for each of {MANY} domains",
        f"memory: {before:.0f} MiB after {ROUNDS + 1} times {FEW} domains, {after:.0f} MiB after {MANY} more",
    )
    return Measured(many / MANY * 1000, statistics.fmean(few) / FEW * 1000, notes)


def scanned(count: int) -> tuple[float, float]:
    """The seconds of CPU that a scan of so many domains takes, and those that raising their world takes."""
    from postlib import scan, visit

    start = time.process_time()
    with visit(f"generated:{count}") as internet:
        raised = time.process_time()
        operators = [name for name in internet.domains() if name.endswith(".post")]
        reports = sum(1 for report in scan(operators, internet, profile=PROFILE) if report.findings)
        end = time.process_time()
    assert reports == count
    return end - raised, raised - start
