"""The probes, one a standard, in the order of a report."""

from __future__ import annotations

from typing import Any

from postlib.probe import Check, Probe
from postlib.probes import spf

PROBES: tuple[Probe[Any], ...] = (spf.probe,)


def checks() -> dict[str, Check[Any]]:
    """Every check by its id."""
    return {check.id: check for probe in PROBES for check in probe.checks}
