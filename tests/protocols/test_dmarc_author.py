"""The Author Domain: RFC 9989, section 5.3.1, under attack."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.protocols.dmarc import author_domains
from postlib.protocols.dmarc.author import MOST_DOMAINS


def domains(*values):
    return author_domains("".join(f"From: {value}\r\n" for value in values).encode() + b"Subject: x\r\n\r\nFrom: body@body.example\r\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("clerk@la-poste.post", "la-poste.post"),
        ("Clerk <clerk@Auroria.POST>", "auroria.post"),
        ('"ceo@bank.example" <x@attacker.example>', "attacker.example"),
        (r'"quoted \" ceo@bank.example" <x@attacker.example>', "attacker.example"),
        ('"a@b"@auroria.post', "auroria.post"),
        ("clerk@auroria.post (ceo@bank.example (nested@x.example) \\) still@y.example)", "auroria.post"),
        ("clerk@ (why) auroria . post", "auroria.post"),
        ("Counter: clerk@auroria.post, other@auroria.post;", "auroria.post"),
        ("a@auroria.post, B <b@AURORIA.post>", "auroria.post"),
        ("=?utf-8?q?ceo@bank.example?= <x@attacker.example>", "attacker.example"),
        ("=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?= <x@attacker.example>", "attacker.example"),
        ("<clerk@b\u00fccher.example>", "xn--bcher-kva.example"),
        ("clerk@stra\u00dfe.example", "xn--strae-oqa.example"),
        ("clerk@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("clerk@auroria\u3002post", "auroria.post"),
        ("clerk@auroria.post.", "auroria.post"),
        ("clerk\r\n <clerk@auroria.post>", "auroria.post"),
        ("clerk@_mail.auroria.post", "_mail.auroria.post"),
        ("clerk@post", "post"),
        ("auroria.post <clerk@auroria.post>", "auroria.post"),
    ],
)
def test_one_author_domain_is_read(value, expected):
    """RFC 5322, section 3.4, with its comments, folds, groups and quoted strings; IDNA 2008 for U-labels."""
    assert domains(value) == (expected,)


@pytest.mark.parametrize(
    "value",
    [
        "ceo@bank.example <x@attacker.example>",
        "ceo@bank.example, x@attacker.example",
        "ceo@bank.example; x@attacker.example",
        "<ceo@bank.example> <x@attacker.example>",
        "Group: ceo@bank.example;, x@attacker.example",
        '"open ceo@bank.example <x@attacker.example>',
        "(open ceo@bank.example <x@attacker.example>",
        "<@bank.example:x@attacker.example>",
        "ceo@bank.example@attacker.example",
        "ceo@bank.example x@attacker.example",
        'ceo@bank.example "x@nothing.example" <x@attacker.example>',
    ],
)
def test_what_can_be_read_in_two_ways_has_two_author_domains(value):
    """Section 5.3.1: with more than one, DMARC cannot be done; so no reading is left out."""
    assert domains(value) == ("bank.example", "attacker.example")


def test_every_from_field_counts():
    """RFC 5322, section 3.6.2, allows one; attackers send two."""
    assert domains("a@bank.example", "b@attacker.example") == ("bank.example", "attacker.example")
    assert author_domains(b"FROM : a@bank.example\nfrom\t:b@attacker.example\n\n") == ("bank.example", "attacker.example")
    assert author_domains(b"X: y\rFrom: a@bank.example\r\nFrom: b@attacker.example\r\n\r\n") == ("bank.example", "attacker.example")


def test_the_body_and_other_fields_have_no_author():
    assert author_domains(b"Sender: a@b.example\r\nResent-From: c@d.example\r\nX-From: e@f.example\r\n\r\nFrom: g@h.example\r\n") == ()
    assert author_domains(b"\r\nFrom: g@h.example\r\n") == ()
    assert author_domains(b"") == ()


@pytest.mark.parametrize("value", ["", "undisclosed:;", "clerk", '"ceo@bank.example"', "=?utf-8?q?ceo=40bank.example?="])
def test_without_an_address_there_is_no_author_domain(value):
    assert domains(value) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a@[192.0.2.1]", "[192.0.2.1]"), ("a@bank..example", "bank..example"), ("a@bank.example\0", "bank.example\0"), ("a@", "")],
)
def test_what_is_no_domain_name_is_given_as_it_stands(value, expected):
    """So that it counts beside another, and `evaluate` can answer permerror."""
    assert domains(value) == (expected,)
    assert len(domains(value + ", b@auroria.post")) == 2


@pytest.mark.parametrize(
    "flood", ['"\\' * 150_000, "(" * 300_000, "a@x" * 100_000, "a@x\u00fc," * 60_000, "=?" * 150_000, "@ " * 150_000, "x\r\n " * 90_000]
)
def test_a_flood_is_read_in_linear_time(flood):
    """Section 11.5: no header may keep a receiver busy."""
    began = time.process_time()
    found = domains(flood)
    assert time.process_time() - began < 2
    assert len(found) <= MOST_DOMAINS


def test_reading_stops_after_many_domains():
    assert len(domains(", ".join(f"a@x{n}.example" for n in range(100)))) == MOST_DOMAINS


@given(st.binary(max_size=200).map(b"From: ".__add__))
def test_reading_never_crashes(message):
    assert all(isinstance(domain, str) for domain in author_domains(message))


@given(st.lists(st.text(alphabet='ab@.,;:<>()"\\ =?[]\t\u00fc', max_size=12), max_size=6))
def test_an_address_in_angle_brackets_at_the_end_is_never_hidden(parts):
    """Whatever precedes it, short of closing a quote or a comment that a decoy opened."""
    decoy = "".join(parts).replace('"', "").replace("(", "").replace("\\", "").replace("[", "").replace("=?", "")
    assert "attacker.example" in domains(f"{decoy}, <x@attacker.example>") or len(domains(decoy)) > 1
