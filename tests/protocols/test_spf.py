"""RFC 7208, told as worlds and tests in spf/*.yaml; here, what a table cannot say: the tree of steps, and bad input."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from zones import Zones, run

from postlib.clock import LabClock
from postlib.network import Network
from postlib.protocols.spf import Outcome, Result, check_helo, check_host, check_mail_from
from postlib.resolver import Resolver

FILES = sorted((Path(__file__).parent / "spf").glob("*.yaml"))


def presented(text):
    """TXT data as it stands in a zone file: quoted, in strings of at most 255 bytes; quoted text is taken as it is."""
    if text.startswith('"'):
        return text
    pieces = [text.encode("latin-1")[i : i + 255] for i in range(0, len(text), 255)] or [b""]
    return " ".join('"' + "".join(chr(c) if 31 < c < 127 and c not in b'"\\' else f"\\{c:03d}" for c in piece) + '"' for piece in pieces)


def world(records):
    return {name: v if isinstance(v, str) else {t: _values(t, vs) for t, vs in v.items()} for name, v in records.items()}


def _values(rrtype, values):
    return [presented(text) for text in values] if rrtype == "TXT" and not isinstance(values, str) else values


@cache
def told(path):
    data = yaml.safe_load(path.read_text())
    return Zones(world(data["world"])), data["tests"]


CASES = [pytest.param(path, name, id=f"{path.stem}: {name}") for path in FILES for name in told(path)[1]]


@pytest.mark.parametrize(("path", "name"), CASES)
def test_the_standard(path, name):
    zones, cases = told(path)
    case = dict(cases[name])
    sender = case["mail_from"].replace("{{400 times a}}", "a" * 400)
    outcome = run(
        check_mail_from(zones.resolver(), case["ip"], sender, case.get("helo", "mta.client.test"), receiver=case.get("receiver", ""))
    )
    assert outcome.result == case["result"], outcome
    for fact in {"reason", "value", "explanation", "lookups", "voids"} & case.keys():
        assert getattr(outcome, fact) == case[fact], fact
    if "asks" in case:
        assert case["asks"] in [query.name for _, step in outcome.walk() for query in step.queries]
    assert_whole(outcome)


def assert_whole(outcome: Outcome):
    """What holds for every tree: costs add up, at most one step of a record matches, only a fail is explained."""
    assert outcome.lookups == sum(step.lookups for step in outcome.steps) <= 11
    assert sum(step.voids for step in outcome.steps) <= outcome.voids <= 3
    assert sum(step.matched for step in outcome.steps) <= 1
    assert outcome.result is Result.FAIL or not outcome.explanation
    for step in outcome.steps:
        if step.inner:
            assert step.inner.lookups < step.lookups
            assert_whole(step.inner)


WORLD = {
    "auroria.post": {"TXT": ["v=spf1 ip4:192.0.2.1 include:_spf.valdoria.post a:gone.test -all exp=why.auroria.post"]},
    "_spf.valdoria.post": {"TXT": ["v=spf1 mx:valdoria.post ~all"]},
    "valdoria.post": {"MX": ["10 mx.valdoria.post."]},
    "mx.valdoria.post": {"A": ["192.0.2.25"]},
    "why.auroria.post": {"TXT": ["at %{t}"]},
}


def test_the_tree_shows_every_term_with_its_cost_and_reason():
    outcome = run(check_host(Zones(world(WORLD)).resolver(), "192.0.2.99", "auroria.post", "clerk@auroria.post", "mta.test"))
    seen = [(depth, s.term, s.matched, s.reason, s.value, s.lookups, s.voids) for depth, s in outcome.walk()]
    assert seen == [
        (0, "ip4:192.0.2.1", False, "not-in-network", "192.0.2.1/32", 0, 0),
        (0, "include:_spf.valdoria.post", False, "not-included", "softfail", 2, 0),
        (1, "mx:valdoria.post", False, "not-in-network", "A", 1, 0),
        (1, "~all", True, "always", "", 0, 0),
        (0, "a:gone.test", False, "no-address", "A", 1, 1),
        (0, "-all", True, "always", "", 0, 0),
        (0, "exp=why.auroria.post", False, "explained", "", 0, 0),
    ]
    assert outcome.record.startswith("v=spf1 ip4:") and outcome.query and outcome.query.rrtype == "TXT"


def test_the_tree_shows_every_question():
    outcome = run(check_host(Zones(world(WORLD)).resolver(), "192.0.2.25", "auroria.post", "clerk@auroria.post", "mta.test"))
    include = outcome.steps[1]
    assert include.matched and include.reason == "included" and include.domain == "_spf.valdoria.post"
    assert include.inner is not None and include.inner.query is not None
    assert include.inner.query.answers == ("v=spf1 mx:valdoria.post ~all",)
    asked = [(q.name, q.rrtype, q.answers) for q in include.children[0].queries]
    assert asked == [("valdoria.post", "MX", ("10 mx.valdoria.post",)), ("mx.valdoria.post", "A", ("192.0.2.25",))]


def test_a_step_that_ends_in_an_error_stays_in_the_tree():
    records = {"a.post": {"TXT": ["v=spf1 mx include:b.post +all"]}, "b.post": {"TXT": ["v=spf1 a:c.post"]}, "c.post": "servfail"}
    outcome = run(check_host(Zones(world(records)).resolver(), "192.0.2.1", "a.post", "x@a.post", "mta.test"))
    assert [(d, s.term, s.reason) for d, s in outcome.walk()] == [
        (0, "mx", "no-mail-server"),
        (0, "include:b.post", "servfail"),
        (1, "a:c.post", "servfail"),
    ]
    assert outcome.steps[1].children[0].queries[0].error == "servfail"


def test_the_time_is_that_of_the_networks_clock():
    """RFC 7208, section 7.2, letter t."""
    clock = LabClock(datetime(2026, 11, 23, tzinfo=UTC))
    resolver = Resolver(Network(forwarder=Zones(world(WORLD)).forwarder, clock=clock), validate=False)
    outcome = run(check_host(resolver, "192.0.2.99", "auroria.post", "clerk@auroria.post", "mta.test"))
    assert outcome.explanation == "at 1795392000"


def test_helo_is_an_identity_of_its_own():
    """RFC 7208, section 2.3."""
    records = {"mta.valdoria.post": {"TXT": ["v=spf1 exists:%{l}.%{o} -all"]}, "postmaster.mta.valdoria.post": {"A": ["127.0.0.2"]}}
    assert run(check_helo(Zones(world(records)).resolver(), "192.0.2.1", "mta.valdoria.post")).result is Result.PASS


def test_an_evaluation_without_end_is_a_temperror(monkeypatch):
    """RFC 7208, section 4.6.4: a limit on elapsed time."""
    monkeypatch.setattr("postlib.protocols.spf.evaluate.SECONDS", 0.05)
    outcome = run(check_host(Zones({"a.post": "timeout"}).resolver(5), "192.0.2.1", "a.post", "x@a.post", "mta.test"))
    assert (outcome.result, outcome.reason) == (Result.TEMPERROR, "timeout")


def test_an_identity_longer_than_a_command_line_is_none():
    outcome = run(check_host(Zones({}).resolver(), "192.0.2.1", "a.post", "x" * 600 + "@a.post", "mta.test"))
    assert (outcome.result, outcome.reason) == (Result.NONE, "too-long")


def test_what_is_no_address_is_an_error():
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        run(check_host(Zones({}).resolver(), "192.0.2.300", "a.post", "x@a.post", "mta.test"))


RECORD = "v=spf1 a:%{l}.%{h}.x.test exists:%{sr-}.x.test -all exp=why.a.post"
ANYTHING = Zones(world({"a.post": {"TXT": [RECORD]}, "why.a.post": {"TXT": ["%{s}%{H}"]}}))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_a_client_says_there_is_an_outcome(local_part, helo):
    outcome = run(check_host(ANYTHING.resolver(), "192.0.2.1", "a.post", f"{local_part}@a.post", helo))
    assert outcome.result is Result.FAIL
    assert outcome.explanation.isascii() and outcome.explanation.isprintable()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_whatever_the_domain_there_is_an_outcome(domain):
    outcome = run(check_host(ANYTHING.resolver(), "192.0.2.1", domain, "", "mta.test"))
    assert outcome.result is Result.NONE or domain.removesuffix(".").lower() == "a.post"
