"""When nobody can be asked, nothing is known: no check fails, and none passes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from postlib.finding import Finding, Status
from postlib.network import Network, Unreachable
from postlib.policies import profile
from postlib.probe import Observation, Probe, run
from postlib.probes import PROBES

DOMAIN = "valdoria.post"
MODES: list[dict[str, Any]] = [{"forwarder": "192.0.2.53:53"}, {"iterate": True}]


def silence(address: str, port: int, transport: str) -> tuple[str, int]:
    raise Unreachable("timeout", f"{address}:{port}")


def found(probe: Probe[Any], mode: dict[str, Any]) -> list[Finding]:
    return asyncio.run(run(probe, Observation(Network(route=silence, **mode)), DOMAIN, profile()))


@pytest.mark.parametrize("mode", MODES, ids=["forwarding", "iterating"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_unreachable_resolver_makes_every_check_unknown(probe: Probe[Any], mode: dict[str, Any]) -> None:
    findings = found(probe, mode)
    assert findings, "the course's profile asks for something of every probe"
    assert {finding.check: finding.status.value for finding in findings if finding.status is not Status.UNKNOWN} == {}


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_unknown_finding_says_why_and_who_was_asked(probe: Probe[Any]) -> None:
    for finding in found(probe, MODES[0]):
        evidence = dict(finding.verdict.evidence)
        assert evidence["reason"] == "timeout", finding.check
        assert evidence["where"], finding.check


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_an_unknown_finding_has_no_remedy(probe: Probe[Any]) -> None:
    assert [finding.remedy for finding in found(probe, MODES[0]) if finding.remedy] == []
