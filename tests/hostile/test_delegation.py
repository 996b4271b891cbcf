"""Delegations that would make us ask thousands of strangers (NXNSAttack, CVE-2020-12667), and zones with very long names."""

from __future__ import annotations

from dataclasses import replace

from rooted import Rooted, put, run

from postlib.finding import Finding, Status
from postlib.policies import profile
from postlib.probe import Observation, Probe
from postlib.probe import run as findings
from postlib.probes import delegation, dnssec
from postlib.resolver.delegation import MAX_ADDRESSES
from postlib.resolver.iteration import MAX_NAMESERVERS

EVIL = "evil.post"


def evil() -> Rooted:
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2", denial="nsec3")
    rooted.zone(f"{EVIL}.", "192.0.2.3")
    return rooted


def looked(rooted: Rooted, probe: Probe, domain: str = EVIL) -> tuple[dict[str, Finding], set[str]]:  # type: ignore[type-arg]
    """A probe's findings, and the addresses that were asked."""

    async def work() -> tuple[dict[str, Finding], set[str]]:
        addresses: set[str] = set()
        async with rooted.served(timeout=1.0) as network:

            def route(address: str, port: int, transport: str) -> tuple[str, int]:
                addresses.add(address)
                return known(address, port, transport)  # type: ignore[arg-type]

            known = network.route
            assert known is not None
            found = await findings(probe, Observation(replace(network, route=route)), domain, profile())
        return {finding.check: finding for finding in found}, addresses

    return run(work())


def test_a_server_name_with_hundreds_of_addresses_is_asked_at_a_few() -> None:
    rooted = evil()
    zone = next(zone for zone in rooted.zones.values() if zone.origin.to_text() == f"{EVIL}.")
    put(zone, "@", "NS", "ns", "crowd")
    put(zone, "crowd", "A", *(f"198.51.100.{number}" for number in range(1, 251)))
    found, asked = looked(rooted, delegation.probe)
    assert sum(address.startswith("198.51.100.") for address in asked) == MAX_ADDRESSES
    assert found["delegation.every-server-answers"].status is Status.FAIL


def test_hundreds_of_server_names_are_not_all_looked_up() -> None:
    rooted = evil()
    zone = next(zone for zone in rooted.zones.values() if zone.origin.to_text() == f"{EVIL}.")
    put(zone, "@", "NS", "ns", *(f"n{number}" for number in range(300)))
    put(zone, "*", "A", "192.0.2.3")
    found, _ = looked(rooted, delegation.probe)
    names = {name for name, rrtype in rooted.asked if rrtype == "A" and name.startswith("n")}
    assert len(names) <= 2 * MAX_NAMESERVERS
    assert found["delegation.servers-have-addresses"].status is Status.UNKNOWN


def test_a_zone_whose_name_leaves_no_room_for_another_is_looked_at() -> None:
    """RFC 1035, section 2.3.4: the denial cannot be asked for, the rest can."""
    label = "a" * 60
    long = f"{label}.{label}.{label}.{'b' * 48}.{EVIL}"
    rooted = evil()
    rooted.zone(f"{long}.", "192.0.2.4")
    found, _ = looked(rooted, dnssec.probe, long)
    assert found["dnssec.validates"].status is Status.PASS
    assert found["dnssec.denial-validates"].status is Status.UNKNOWN
