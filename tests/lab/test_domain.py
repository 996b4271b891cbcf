"""A domain as its owner handles it: names as in a DNS panel, texts as they were given, zone text out and in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import dns.name
import pytest

from postlib import acts, background
from postlib.lab.export import zone_file
from postlib.lab.internet import Internet, visit
from postlib.look import check
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


def test_a_name_that_has_the_domain_already_is_told_what_to_write_and_a_panel_or_an_act_doubles_it(internet: Internet) -> None:
    """The classic mistake: the panel adds the domain to a name that has it already."""
    auroria = internet.domain("auroria.post")
    before = auroria.zone.text()
    for name, short in (("_dmarc.auroria.post", "_dmarc"), ("A._domainkey.AURORIA.post", "A._domainkey"), ("auroria.post", "@")):
        with pytest.raises(ValueError, match=re.escape(f'{name}.auroria.post; names here are relative: "{short}", or with a last dot')):
            auroria.publish(name, "TXT", "v=DMARC1; p=reject")
    assert auroria.zone.text() == before and internet.journal() == ()
    internet.domain("valdoria.post").panel("panelo").add("_dmarc.valdoria.post", "TXT", "v=DMARC1; p=none")
    assert internet.domain("valdoria.post").zone.get("_dmarc.valdoria.post", "TXT") == ('"v=DMARC1; p=none"',)
    internet.do(acts.publish("_dmarc.auroria.post.auroria.post", "TXT", "v=DMARC1; p=reject"))
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
    ],
)
def test_a_text_is_served_as_it_was_given(given: str, served: bytes, internet: Internet) -> None:
    """RFC 1035, section 3.3.14: strings of at most 255 octets; quotes around the whole are the master file's."""
    internet.domain("auroria.post").publish("text", "TXT", given)
    assert background.run(Resolver(internet.network).resolve("text.auroria.post", "TXT")).texts == (served,)


def test_quotes_that_no_program_could_read_are_refused_but_an_act_may_have_them(internet: Internet) -> None:
    auroria = internet.domain("auroria.post")
    refused = {
        "“v=DMARC1; p=none”": "curly quote “",
        '"unclosed': "without its partner",
        '"a" b"': "without its partner",
        "v=spf1 mx –all": "long dash –",
        "v=spf1 mx \u2212all": "long dash \u2212",
        "v=spf1 … -all": "sign …",
    }
    for odd, said in refused.items():
        with pytest.raises(ValueError, match=said):
            auroria.publish("text", "txt", odd)
        assert auroria.zone.get("text", "TXT") == ()
        internet.do(acts.publish("text.auroria.post", "TXT", odd))
        assert background.run(Resolver(internet.network).resolve("text.auroria.post", "TXT")).texts == (odd.encode(),)
        internet.undo()
    auroria.publish("text", "TXT", "it’s ours")


@pytest.mark.parametrize(
    ("rrtype", "value", "said"),
    [
        ("A", "192.0.2.300", "IPv4 address, four numbers from 0 to 255"),
        ("AAAA", "192.0.2.1", "IPv6 address"),
        ("MX", "mx1.auroria.post.", 'such as "10 mx1.auroria.post."'),
        ("CAA", "ca.example", 'such as 0 issue "ca.example"'),
        ("TXT", '"' + "x" * 256 + '"', "texts of at most 255 octets"),
        ("CNAME", "", "one other name"),
        ("TLSA", "3 1", "three numbers and hexadecimal digits"),
        ("SSHFP", "x", "expecting an integer"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_what_its_type_looks_like(rrtype: str, value: str, said: str, internet: Internet) -> None:
    with pytest.raises(ValueError, match=rf"is no value of the type {rrtype}: .*{re.escape(said)}"):
        internet.domain("auroria.post").publish("x", rrtype, value)


def test_errors_name_what_there_is(internet: Internet) -> None:
    auroria = internet.domain("auroria.post")
    report = check("auroria.post", internet)
    told: dict[str, Callable[[], object]] = {
        "a CNAME stands alone .*withdraw the others first: A, AAAA": lambda: auroria.publish("www", "CNAME", "auroria.post."),
        "a CNAME stands alone .*publish one of the 2": lambda: auroria.publish("new", "CNAME", "a.post.", "b.post."),
        "auroria.post has no selector 'x'; it has: s2026e, s2026a": lambda: auroria.mail.revoke_key("x"),
        "auroria.post has no selector 'y'; it has: s2026e, s2026a": lambda: auroria.mail.remove_key("y"),
        "no key for the selector z; its selectors are: s2026e, s2026a": lambda: auroria.mail.sign_with("z"),
        "there are: auroria.post, www.auroria.post, mta-sts": lambda: auroria.web.site("nope"),
        "ww.auroria.post has no web site in this lab; did you mean www.auroria.post": lambda: auroria.web.set("ww", hsts=""),
        "did you mean mx1.auroria.post": lambda: auroria.mail.set(host="mx9.auroria.post"),
        "values is a list of at most 1000 texts": lambda: auroria.publish("x", "TXT", 5),  # type: ignore[arg-type]
        "starttls is True or False": lambda: auroria.mail.set(starttls="yes"),
        "iterations is a whole number from 0 to 2500": lambda: auroria.zone.sign(iterations=9999),
        "the check spf.one-record passed, so there is nothing to mend": lambda: auroria.apply(report["spf.one-record"]),
        "dnssec.validates does not apply to this domain": lambda: auroria.apply(report["dnssec.validates"]),
    }
    for said, wrong in told.items():
        with pytest.raises(ValueError, match=said):
            wrong()
    assert internet.journal() == ()


def test_a_key_that_was_revoked_can_be_removed_and_a_removed_one_not_again(internet: Internet) -> None:
    mail = internet.domain("auroria.post").mail
    mail.revoke_key("s2026a")
    mail.remove_key("s2026a")
    with pytest.raises(ValueError, match="has no selector 's2026a'; it has: s2026e"):
        mail.remove_key("s2026a")
    mail.remove_key("s2026e")
    with pytest.raises(ValueError, match="it has: none"):
        mail.revoke_key("s2026e")


def test_the_zone_goes_out_as_text_and_comes_in_again(internet: Internet) -> None:
    auroria, pelagia = internet.domain("auroria.post"), internet.domain("pelagia.post")
    before = auroria.zone.text()
    auroria.zone.load(before)
    assert auroria.zone.text() == before
    pelagia.zone.load(zone_file(internet.state.zones[dns.name.from_text("pelagia.post")]))  # signed: the records of signing are made anew
    assert background.run(Resolver(internet.network).resolve("www.pelagia.post", "A")).security is Security.SECURE
