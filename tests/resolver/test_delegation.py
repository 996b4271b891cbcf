"""A zone's servers from both sides (RFC 1034, section 4.2.2)."""

from __future__ import annotations

import dns.name
import pytest
from rooted import Rooted, put, run
from zones import Zones

from postlib.network import Unreachable
from postlib.resolver import Delegation, Resolver


def two_servers() -> Rooted:
    """auroria.post on two servers, of which the parent knows both."""
    rooted = Rooted()
    rooted.zone("post.", "192.0.2.2")
    zone = rooted.zone("auroria.post.", "192.0.2.3")
    rooted.machines["192.0.2.4"] = type(rooted.machines["192.0.2.3"])({zone.origin: zone})
    put(zone, "@", "NS", "ns.auroria.post.", "ns2.auroria.post.")
    put(zone, "ns2", "A", "192.0.2.4")
    parent = rooted.zones[dns.name.from_text("post.")]
    rooted.delegate(parent, zone.origin, {"ns.auroria.post.": "192.0.2.3", "ns2.auroria.post.": "192.0.2.4"})
    return rooted


async def servers(rooted: Rooted, zone: str = "auroria.post") -> Delegation:
    """The delegation as one observation sees it."""
    async with rooted.served() as network:
        return await Resolver(network).servers(zone)


def texts(names: tuple[dns.name.Name, ...]) -> list[str]:
    """Names as text."""
    return [name.to_text() for name in names]


def test_both_sides_and_every_server_are_seen() -> None:
    found = run(servers(two_servers()))
    assert found.parent == dns.name.from_text("post.")
    assert texts(found.parent_ns) == texts(found.child_ns) == ["ns.auroria.post.", "ns2.auroria.post."]
    assert found.glue == tuple(zip(found.parent_ns, ("192.0.2.3", "192.0.2.4"), strict=True))
    seen = [(state.address, state.authoritative, state.serial) for state in found.servers]
    assert seen == [("192.0.2.3", True, 1), ("192.0.2.4", True, 1)]


def test_a_silent_and_a_refusing_server_are_told_apart() -> None:
    rooted = two_servers()
    rooted.machines["192.0.2.3"].habit = "silent"
    rooted.machines["192.0.2.4"].habit = "refuses"
    silent, refusing = run(servers(rooted)).servers
    assert (silent.rcode, silent.reason) == (None, "timeout")
    assert refusing.rcode is not None and refusing.rcode.name == "REFUSED" and not refusing.authoritative


def test_the_two_sides_may_differ() -> None:
    """The parent still names a server that the zone has left."""
    rooted = two_servers()
    put(rooted.zones[dns.name.from_text("auroria.post.")], "@", "NS", "ns.auroria.post.")
    found = run(servers(rooted))
    assert texts(found.parent_ns) == ["ns.auroria.post.", "ns2.auroria.post."]
    assert texts(found.child_ns) == ["ns.auroria.post."]


def test_a_server_without_an_address_has_no_state_but_a_reason() -> None:
    rooted = two_servers()
    put(rooted.zones[dns.name.from_text("post.")], "auroria.post.", "NS", "ns.auroria.post.", "ns.nowhere.post.")
    reasons = {state.name.to_text(): state.reason for state in run(servers(rooted)).servers}
    assert reasons == {"ns.auroria.post.": "", "ns.nowhere.post.": "no-address", "ns2.auroria.post.": ""}


def test_a_zone_that_is_not_delegated_has_no_servers() -> None:
    found = run(servers(two_servers(), "nothing.post"))
    assert found.parent == dns.name.from_text("post.")
    assert found.parent_ns == found.child_ns == found.servers == ()


def test_the_root_has_no_parent() -> None:
    found = run(servers(two_servers(), "."))
    assert found.parent is None and texts(found.child_ns) == ["ns."]


def test_a_silent_parent_is_unreachable() -> None:
    rooted = two_servers()
    rooted.machines["192.0.2.1"].habit = "silent"
    with pytest.raises(Unreachable, match="timeout"):
        run(servers(rooted))


def test_through_a_forwarder_the_parent_is_not_seen() -> None:
    """The NS set is the forwarder's word; its servers' addresses are special ones here, which a live Network refuses to ask."""
    zones = Zones({"auroria.post": {"NS": ["ns.auroria.post."]}, "ns.auroria.post": {"A": ["192.0.2.3"]}})
    found = run(zones.resolver().servers("auroria.post"))
    assert (found.parent, found.parent_ns, found.glue) == (None, (), ())
    assert texts(found.child_ns) == ["ns.auroria.post."]
    assert [(state.address, state.reason) for state in found.servers] == [("192.0.2.3", "special-address")]


def test_a_server_that_only_the_zone_names_is_asked_too() -> None:
    """The parent has not heard of it, yet resolvers that know the zone's own NS set will ask it."""
    rooted = two_servers()
    zone = rooted.zones[dns.name.from_text("auroria.post.")]
    put(zone, "@", "NS", "ns.auroria.post.", "ns2.auroria.post.", "ns3.auroria.post.")
    put(zone, "ns3", "A", "192.0.2.4")
    states = {state.name.to_text(): state.address for state in run(servers(rooted)).servers}
    assert states["ns3.auroria.post."] == "192.0.2.4"


def test_a_server_whose_address_nobody_could_tell_is_no_server_without_one() -> None:
    """Its zone does not answer: that is not the fact that it has no address."""
    rooted = two_servers()
    rooted.zone("example.", "192.0.2.5")
    rooted.machines["192.0.2.5"].habit = "silent"
    put(rooted.zones[dns.name.from_text("post.")], "auroria.post.", "NS", "ns.auroria.post.", "ns.far.example.")
    reasons = {state.name.to_text(): (state.address, state.reason) for state in run(servers(rooted)).servers}
    assert reasons["ns.far.example."] == ("", "address-unknown")
