"""What this machine could not look at is never held against a delegation: facts seen in the lab, bent by hand, and judged."""

from __future__ import annotations

import dataclasses
import functools
from datetime import UTC, datetime
from typing import Any

import pytest

from postlib import background
from postlib.finding import Finding, Status
from postlib.lab.internet import visit
from postlib.policies import profile
from postlib.probe import Observation, judged
from postlib.probes import delegation
from postlib.probes.delegation import Delegated
from postlib.resolver import Delegation

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
SILENT: dict[str, Any] = {"rcode": None, "authoritative": False, "serial": None, "ns": (), "reason": "timeout"}


@functools.cache
def seen() -> Delegated:
    """What the probe sees of a well-kept domain."""
    with visit("clean", at=AT) as internet:
        return background.run(Observation(internet.network).facts(delegation.probe, CLEAN))


def states(**by_address: dict[str, Any]) -> Delegated:
    """Those facts with some servers (v4 of ns1: a, v6: b, of ns2: c and d) in another state."""
    found = seen().seen
    assert isinstance(found, Delegation)
    bent = [dataclasses.replace(state, **by_address.get(letter, {})) for letter, state in zip("abcd", found.servers, strict=True)]
    return dataclasses.replace(seen(), seen=dataclasses.replace(found, servers=tuple(bent)))


def outcome(name: str, facts: Delegated) -> Finding:
    rule = next(rule for rule in delegation.probe.checks if rule.id == f"delegation.{name}")
    return judged(rule, facts, profile(), CLEAN, AT.date())


def evidence(finding: Finding) -> dict[str, str]:
    return dict(finding.verdict.evidence)


UNPLACED = SILENT | {"address": "", "reason": "address-unknown"}


@pytest.mark.parametrize("name", ["two-servers", "every-server-answers"])
def test_a_server_whose_address_could_not_be_looked_up_leaves_the_check_unknown(name: str) -> None:
    finding = outcome(name, states(c=UNPLACED, d=UNPLACED))
    assert finding.status is Status.UNKNOWN
    assert (evidence(finding)["reason"], evidence(finding)["where"]) == ("address-unknown", "ns2.valdoria.post")


def test_a_server_that_answers_may_have_another_address_that_was_not_looked_up() -> None:
    """Its IPv4 address answers, and nobody could tell whether it has an IPv6 address that does not."""
    assert outcome("every-server-answers", states(d=UNPLACED)).status is Status.UNKNOWN


def test_no_ipv6_is_a_fact_only_where_all_addresses_are_known() -> None:
    four = {"address": "192.0.2.19"}
    assert outcome("reached-by-ipv6", states(b=four, d=UNPLACED)).status is Status.UNKNOWN
    assert outcome("reached-by-ipv6", states(b=four, d=four)).status is Status.FAIL


def test_a_limit_of_this_machine_is_held_against_no_server() -> None:
    limit = SILENT | {"reason": "local-limit"}
    finding = outcome("every-server-answers", states(c=limit, d=limit))
    assert finding.status is Status.UNKNOWN and evidence(finding)["reason"] == "local-limit"


@pytest.mark.parametrize(("reason", "status"), [("local-limit", "unknown"), ("unreachable", "unknown"), ("refused", "fail"), ("", "pass")])
def test_tcp_that_this_machine_cannot_open_is_unknown(reason: str, status: str) -> None:
    (address, _), *others = seen().tcp
    assert outcome("answers-by-tcp", dataclasses.replace(seen(), tcp=((address, reason), *others))).status.value == status
