"""Asking for much at once is a head start: what it brings is kept, what it does not is asked for as ever, and nothing is asked twice."""

from __future__ import annotations

from typing import Any

import dns.message
import dns.name
import dns.rrset
import pytest
from zones import Zones, run

from postlib.network import Network, Unreachable
from postlib.resolver import Resolver, read_name, read_type

LONG = " ".join(f'"{"x" * 250}"' for _ in range(8))
RECORDS = {
    "a.post": {"TXT": ['"v=spf1 -all"'], "MX": ["10 mx.a.post."]},
    "alias.post": {"CNAME": ["a.post."]},
    "long.post": {"TXT": [LONG]},
    "broken.post": "servfail",
    "loop.post": {"CNAME": ["loop.post."]},
}


def both(records: Any, *questions: tuple[str, str]) -> tuple[Zones, Resolver]:
    """Those questions asked at once, and the resolver that asked."""
    zones = Zones(records)
    resolver = zones.resolver()
    run(resolver.prefetch((read_name(name), read_type(rrtype)) for name, rrtype in questions))
    return zones, resolver


def kept(resolver: Resolver, name: str, rrtype: str) -> Any:
    found = resolver.kept(dns.name.from_text(name), read_type(rrtype))
    return found and found.answer


def test_what_comes_is_kept_and_not_asked_again() -> None:
    zones, resolver = both(RECORDS, ("a.post", "TXT"), ("a.post", "MX"), ("none.post", "TXT"))
    assert kept(resolver, "a.post", "TXT").texts == (b"v=spf1 -all",) and not kept(resolver, "none.post", "TXT").exists
    before = len(zones.heard)
    assert run(resolver.resolve("a.post", "MX")).records and len(zones.heard) == before == 3 == resolver.work.questions


def test_an_alias_is_followed_to_its_end() -> None:
    _, resolver = both(RECORDS, ("alias.post", "TXT"))
    answer = kept(resolver, "alias.post", "TXT")
    assert answer.texts == (b"v=spf1 -all",) and answer.canonical == dns.name.from_text("a.post")


@pytest.mark.parametrize("name", ["long.post", "broken.post", "loop.post"])
def test_what_takes_more_than_a_datagram_is_left_to_those_who_resolve_it(name: str) -> None:
    """Truncated, failed, senseless: the usual way asks on by TCP, asks the next forwarder, says what is wrong."""
    _, resolver = both(RECORDS, (name, "TXT"), ("a.post", "TXT"))
    assert kept(resolver, name, "TXT") is None and kept(resolver, "a.post", "TXT") is not None
    if name == "long.post":
        assert len(run(resolver.resolve(name, "TXT")).texts[0]) == 2000
    else:
        with pytest.raises(Unreachable, match="servfail|alias-loop"):
            run(resolver.resolve(name, "TXT"))


def test_silence_keeps_nothing() -> None:
    _, resolver = both({"silent.post": "timeout"}, ("silent.post", "TXT"))
    assert kept(resolver, "silent.post", "TXT") is None


def referring(reply: dns.message.Message) -> dns.message.Message:
    """What a server says that will not recurse: the servers of the root, and nothing of the name."""
    reply.authority.append(dns.rrset.from_text(".", 300, "IN", "NS", "ns.root.test."))
    return reply


def test_a_referral_is_no_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2308, section 2.2: without an answer and without a SOA, servers named are a referral. Nothing was said of the name."""
    zones = Zones({"a.post": {"A": ["192.0.2.1"]}})
    answer = zones._reply
    monkeypatch.setattr(zones, "_reply", lambda wire: referring(answer(wire)))  # type: ignore[arg-type]
    resolver = zones.resolver()
    run(resolver.prefetch([(read_name("a.post"), read_type("TXT"))]))
    assert kept(resolver, "a.post", "TXT") is None
    with pytest.raises(Unreachable, match="not-recursive"):
        run(resolver.resolve("a.post", "TXT"))


def test_without_a_resolver_there_is_nothing_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: Network) -> None:
        raise Unreachable("no-resolver", "this machine")

    monkeypatch.setattr(Network, "forwarders", property(none))
    resolver = Resolver(Network(), validate=False)
    run(resolver.prefetch([(read_name("a.post"), read_type("TXT"))]))
    with pytest.raises(Unreachable, match="no-resolver"):
        run(resolver.resolve("a.post", "TXT"))


def test_nothing_is_asked_where_answers_are_validated_or_walked_to() -> None:
    zones = Zones(RECORDS)
    for resolver in (Resolver(Network(forwarder=zones.forwarder)), Resolver(Network(iterate=True), validate=False)):
        run(resolver.prefetch([(read_name("a.post"), read_type("TXT"))]))
    assert not zones.heard
