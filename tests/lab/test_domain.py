"""A domain as its owner handles it: names as in a DNS panel, texts as they were given, zone text out and in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dns.name
import pytest

from postlib import background
from postlib.lab.export import zone_file
from postlib.lab.internet import Internet, visit
from postlib.resolver import Resolver, Security


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as up:
        yield up


def test_a_domain_taken_before_a_reset_is_that_of_the_new_internet(internet: Internet) -> None:
    auroria = internet.domain("auroria.post")
    internet.reset()
    auroria.publish("x", "TXT", "y")
    assert auroria.zone.get("x", "TXT") == ('"y"',) == internet.domain("auroria.post").zone.get("x", "TXT")
    assert background.run(Resolver(internet.network).resolve("x.auroria.post", "TXT")).exists


def test_names_are_relative_as_in_a_panel_so_they_can_be_doubled(internet: Internet) -> None:
    """The classic mistake: the panel adds the domain to a name that has it already."""
    auroria = internet.domain("auroria.post")
    auroria.publish("_dmarc.auroria.post", "TXT", "v=DMARC1; p=reject")
    resolver = Resolver(internet.network)
    doubled = background.run(resolver.resolve("_dmarc.auroria.post.auroria.post", "TXT"))
    right = background.run(resolver.resolve("_dmarc.auroria.post", "TXT"))
    assert doubled.texts == (b"v=DMARC1; p=reject",) and b"p=none" in right.texts[0]
    auroria.publish("_dmarc.auroria.post.", "TXT", "v=DMARC1; p=quarantine")
    assert auroria.zone.get("_dmarc", "TXT") == ('"v=DMARC1; p=quarantine"',)
    for outside in (".", "www.valdoria.post.", "post."):
        with pytest.raises(ValueError, match="not in the zone"):
            auroria.publish(outside, "TXT", "x")


@pytest.mark.parametrize(
    ("given", "served"),
    [
        ("v=spf1 mx -all; x", b"v=spf1 mx -all; x"),
        ('v=x; a="b"; c', b'v=x; a="b"; c'),
        ('"two" "strings"', b"twostrings"),
        ("back\\slash", b"back\\slash"),
        ("caf\u00e9", "caf\u00e9".encode()),
        ('"caf\u00e9"', "caf\u00e9".encode()),
        ("x" * 600, b"x" * 600),
        ("", b""),
        ("line\nbreak", b"line\nbreak"),
        ('"unclosed', b'"unclosed'),
    ],
)
def test_a_text_is_served_as_it_was_given(given: str, served: bytes, internet: Internet) -> None:
    """RFC 1035, section 3.3.14: strings of at most 255 octets; quotes around the whole are the master file's."""
    internet.domain("auroria.post").publish("text", "TXT", given)
    assert background.run(Resolver(internet.network).resolve("text.auroria.post", "TXT")).texts == (served,)


def test_the_zone_goes_out_as_text_and_comes_in_again(internet: Internet) -> None:
    auroria, pelagia = internet.domain("auroria.post"), internet.domain("pelagia.post")
    before = auroria.zone.text()
    auroria.zone.load(before)
    assert auroria.zone.text() == before
    pelagia.zone.load(zone_file(internet.state.zones[dns.name.from_text("pelagia.post")]))  # signed: the records of signing are made anew
    assert background.run(Resolver(internet.network).resolve("www.pelagia.post", "A")).security is Security.SECURE
