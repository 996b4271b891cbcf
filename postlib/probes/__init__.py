"""The probes, one a standard, in the order of a report."""

from __future__ import annotations

from typing import Any

from postlib.probe import Check, Probe
from postlib.probes import bimi, caa, dane, delegation, dkim, dmarc, dnssec, http, mta_sts, mx, spf, starttls, tls, tls_rpt

PROBES: tuple[Probe[Any], ...] = (
    delegation.probe, dnssec.probe,
    spf.probe, dkim.probe, dmarc.probe, bimi.probe, mx.probe, starttls.probe, dane.probe, mta_sts.probe, tls_rpt.probe,
    http.probe, tls.probe, caa.probe,
)  # fmt: skip


def checks() -> dict[str, Check[Any]]:
    """Every check by its id."""
    return {check.id: check for probe in PROBES for check in probe.checks}
