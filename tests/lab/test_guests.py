"""Guests of an Internet: a lab's operator and the firms that send for it, beside a world that stays as all know it."""

from __future__ import annotations

from datetime import UTC, datetime

import dns.reversename
import pytest

from postlib.course.seeds import LABS, case
from postlib.lab.build import build
from postlib.lab.guests import Guests
from postlib.lab.internet import visit
from postlib.lab.senders import MACHINES, POOLS, machines
from postlib.lab.worlds import Entry

AT = datetime(2026, 11, 23, tzinfo=UTC)
PARENTS = {"post.", "example.", "2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa.", "113.0.203.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."}


def zones(guests: Guests | None) -> dict[str, str]:
    return {name.to_text(): zone.text() for name, zone in build("union", "union", AT, guests=guests).zones.items()}


@pytest.mark.parametrize("lab", LABS)
def test_guests_touch_no_other_domain(lab: str) -> None:
    """Only what stands above a guest names it: its delegation, and the names of its addresses."""
    of = case(lab, "ana-12")
    before, after = zones(None), zones(of)
    assert {name for name, text in before.items() if after[name] != text} <= PARENTS
    assert after.keys() - before.keys() == {f"{entry.domain}." for entry in of.entries}


def test_the_same_guests_give_the_same_bytes() -> None:
    assert zones(case("spf-repair", "ana-12")) == zones(case("spf-repair", "ana-12"))


def test_a_guest_that_is_of_the_world_already_is_refused() -> None:
    with pytest.raises(ValueError, match=r"valdoria\.post is of this world already"):
        visit("union", learner=Guests((Entry("valdoria.post", "learner", (), {"block": 14}),)))


def test_a_guest_is_started_again_as_the_case_has_it() -> None:
    of = case("spf-repair", "ana-12")
    with visit("union", at=AT, learner=of) as internet:
        me = internet.domain(of.domain)
        first = me.zone.get("@", "TXT")
        me.publish("@", "TXT", "v=spf1 -all")
        me.reset()
        assert me.zone.get("@", "TXT") == first and of.domain in internet.domains()


def test_firms_send_from_machines_that_their_dns_names() -> None:
    of = case("spf-repair", "ana-12")
    with visit("union", at=AT, learner=of) as internet:
        platform, renter = of.names["platform"], of.names["renter"]
        assert len(machines(renter, "rented")) == MACHINES
        included = internet.domain(platform).zone.get("_spf", "TXT")[0]
        assert included.count("include:") == POOLS
        for host in (*machines(platform, "pool"), *machines(renter, "rented"), *machines(of.names["listed"], "out")):
            address = internet.state.machines[host].addresses[0]
            name = dns.reversename.from_address(address)
            assert [record.to_text() for record in internet.state.zone_of(name).get(name, 12) or ()] == [f"{host}."]
