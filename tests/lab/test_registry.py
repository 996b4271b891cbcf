"""What the registry and the name servers of a lab can be made to do: the acts behind the faults of delegation and DNSSEC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib import acts, background
from postlib.lab.internet import Internet, visit
from postlib.lab.worlds import Fault
from postlib.resolver import Answer, Resolver, Security

DOMAIN = "valdoria.post"


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as up:
        yield up


def ask(internet: Internet, name: str, rrtype: str) -> Answer:
    return background.run(Resolver(internet.network).resolve(name, rrtype))


def ds(internet: Internet) -> list[str]:
    return internet.domain(DOMAIN).registry.get("DS")[0].split()


@pytest.mark.parametrize(("slip", "field"), [("tag", 0), ("algorithm", 1), ("digest", 3)])
def test_a_slip_changes_one_field_of_the_ds(internet: Internet, slip: str, field: int) -> None:
    before = ds(internet)
    internet.do(acts.registry(DOMAIN, ds="match", slip=slip))
    assert [place for place, (a, b) in enumerate(zip(before, ds(internet), strict=True)) if a != b] == [field]


def test_a_ds_may_stand_beside_the_matching_one_and_have_another_digest(internet: Internet) -> None:
    internet.do(acts.registry(DOMAIN, ds=["match", "4711 8 2 " + "aa" * 32]))
    assert len(internet.domain(DOMAIN).registry.get("DS")) == 2 and ask(internet, DOMAIN, "A").security is Security.SECURE
    internet.do(acts.registry(DOMAIN, ds="match", digest=1))
    assert ds(internet)[2] == "1"


def test_an_unknown_slip_is_refused(internet: Internet) -> None:
    with pytest.raises(ValueError, match="digest, tag, algorithm"):
        internet.do(acts.registry(DOMAIN, ds="match", slip="coffee"))


def test_a_withdrawn_delegation_leaves_no_name_behind(internet: Internet) -> None:
    """Its glue goes too, or the name would stay as an empty non-terminal (RFC 8020, section 2)."""
    internet.do(acts.registry(DOMAIN, ns=[]))
    assert not ask(internet, DOMAIN, "A").exists and not ask(internet, f"ns1.{DOMAIN}", "A").exists


def test_glue_that_is_given_replaces_all_there_was(internet: Internet) -> None:
    internet.do(acts.registry(DOMAIN, glue={f"ns2.{DOMAIN}": ["192.0.2.18"]}))
    found = background.run(Resolver(internet.network).servers(DOMAIN)).glue
    assert [address for name, address in found if name.to_text().startswith("ns2")] == ["192.0.2.18"]


def test_a_server_that_keeps_a_zone_is_deaf_until_it_holds_it_again(internet: Internet) -> None:
    internet.do(acts.serve(f"ns2.{DOMAIN}", keeps=[DOMAIN]))
    internet.domain(DOMAIN).publish("counter", "A", "192.0.2.20")
    serials = {state.serial for state in background.run(Resolver(internet.network).servers(DOMAIN)).servers}
    assert len(serials) == 2
    internet.do(acts.serve(f"ns2.{DOMAIN}", holds=[DOMAIN]))
    assert len({state.serial for state in background.run(Resolver(internet.network).servers(DOMAIN)).servers}) == 1


@pytest.mark.parametrize("algorithm", [5, 7, 8, 10, 13, 15])
def test_the_lab_signs_with_the_algorithms_that_lessons_speak_of(internet: Internet, algorithm: int) -> None:
    """What is retired signs too, so that it can be seen to fail (RFC 9905)."""
    internet.domain(DOMAIN).sign(algorithm=algorithm)
    answer = ask(internet, DOMAIN, "SOA")
    assert answer.security is (Security.INSECURE if algorithm in (5, 7) else Security.SECURE)


def test_signing_again_keeps_the_key(internet: Internet) -> None:
    """Only a new generation or algorithm asks for a new DS."""
    internet.domain(DOMAIN).sign(generation=2)
    before = ds(internet)
    internet.domain(DOMAIN).zone.sign(denial="nsec3", salt="c0ffee")
    internet.do(acts.registry(DOMAIN, ds="match"))
    assert ds(internet) == before


@pytest.mark.parametrize("settings", [{"algorithm": 14}, {"algorithm": 8, "bits": 999}, {"salt": "coffee"}, {"iteration": 1}])
def test_settings_that_make_no_sense_are_refused(internet: Internet, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        internet.domain(DOMAIN).zone.sign(**settings)
    assert ask(internet, DOMAIN, "SOA").security is Security.SECURE


def test_a_pattern_of_side_effects_speaks_of_what_passed_and_later_ones_win() -> None:
    fault = Fault("f", (), {"a.one": "fail"}, {"*": ["unknown", "why"], "a.*": ["pass", "why"], "b.two": ["not-applicable", "why"]})
    before = {"a.one": "pass", "a.two": "pass", "b.one": "pass", "b.two": "pass", "b.three": "not-applicable"}
    assert fault.changes(before) == {"a.one": "fail", "b.one": "unknown", "b.two": "not-applicable"}


def test_a_side_effect_on_a_check_that_is_not_there_is_not_overlooked() -> None:
    assert Fault("f", (), {}, {"c.gone": ["unknown", "why"]}).changes({"a.one": "pass"}) == {"c.gone": "unknown"}


def test_a_registry_takes_no_addresses_for_the_name_servers_of_others() -> None:
    with visit("clean") as internet, pytest.raises(ValueError, match=r"ns1\.inbox\.example is not below"):
        internet.do(acts.registry(DOMAIN, glue={"ns1.inbox.example": ["192.0.2.18"]}))
