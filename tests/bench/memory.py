"""How much memory a kernel with the whole Internet in it takes."""

from __future__ import annotations

from pathlib import Path

from tests.bench.rows import Measured, row

MOST = 300.0  # MiB


@row("memory", unit="MiB resident", target=1)
def memory() -> Measured:
    """A Python process with the world `union` up and every one of its domains checked once, against 300 MiB."""
    from postlib import scan, visit

    with visit("union") as internet:
        domains = sum(1 for _ in scan(internet.domains(), internet))
        return Measured(resident(), MOST, (f"{domains} domains checked",))


def resident() -> float:
    """This process's resident memory, in MiB (Linux: proc(5), /proc/PID/status)."""
    fields = dict(text.split(":", 1) for text in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024
