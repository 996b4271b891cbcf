"""The Authentication-Results field made and read (RFC 8601)."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from postlib.protocols.authentication_results import VALUE_LIMIT, AuthenticationResults, MethodResult, of_message, read, without
from postlib.protocols.malformed import Malformed

DKIM = MethodResult("dkim", "pass", properties=(("header", "d", "auroria.post"), ("header", "i", "@auroria.post")))
SPF = MethodResult("spf", "fail", "not a sender of auroria.post", (("smtp", "mailfrom", "parcels@auroria.post"),))
DMARC = MethodResult("dmarc", "pass", properties=(("header", "from", "auroria.post"), ("policy", "dmarc", "reject")))
BORDER = AuthenticationResults("mx.mailbox.example", (SPF, DKIM, DMARC))


def test_the_field_has_a_line_for_each_result():
    assert BORDER.field() == (
        b"Authentication-Results: mx.mailbox.example;\r\n"
        b' spf=fail reason="not a sender of auroria.post" smtp.mailfrom=parcels@auroria.post;\r\n'
        b" dkim=pass header.d=auroria.post header.i=@auroria.post;\r\n"
        b" dmarc=pass header.from=auroria.post policy.dmarc=reject\r\n"
    )


def test_what_was_made_is_read_back():
    assert read(BORDER.field().partition(b":")[2]) == BORDER
    assert BORDER.results[0].property("smtp", "mailfrom") == "parcels@auroria.post" and SPF.property("header", "d") == ""


def test_nothing_checked_is_none():
    """Section 2.2: `none` stands for no results."""
    assert AuthenticationResults("mx.mailbox.example").value() == "mx.mailbox.example; none"
    assert read("mx.mailbox.example 1; none").results == ()


def test_comments_and_folds_are_read_over():
    found = read(b" MX.mailbox.example (border (west))\r\n 1; SPF=Pass (ok)\r\n smtp.mailfrom=auroria.post (x)")
    assert found == AuthenticationResults("mx.mailbox.example", (MethodResult("spf", "pass", "", (("smtp", "mailfrom", "auroria.post"),)),))


@pytest.mark.parametrize(
    ("sender", "written"),
    [
        ('a"; dkim=pass header.d=valdoria.post x@auroria.post', '"a\\"; dkim=pass header.d=valdoria.post x"@auroria.post'),
        ("a\r\nX-Evil: 1@auroria.post", '"a??X-Evil: 1"@auroria.post'),
        ("a@b c;dkim=pass", '"a@b c;dkim=pass"'),
        ("\u00e9@auroria.post", '"?"@auroria.post'.replace('"', "")),
        ('"a b"@auroria.post', '"a b"@auroria.post'),
        ("a b", '"a b"'),
        ("\\", '"\\\\"'),
    ],
)
def test_a_hostile_sender_cannot_write_a_result_of_its_own(sender, written):
    """Section 7.1: the values come from the message."""
    own = AuthenticationResults("mx.mailbox.example", (MethodResult("spf", "fail", properties=(("smtp", "mailfrom", sender),)),))
    assert own.value() == f"mx.mailbox.example; spf=fail smtp.mailfrom={written}"
    assert [one.method for one in read(own.value()).results] == ["spf"]
    assert own.field().count(b"\r\n") == 2


@pytest.mark.parametrize(
    "results",
    [
        AuthenticationResults("mx; spf=pass"),
        AuthenticationResults("mx", (MethodResult("spf; dkim", "pass"),)),
        AuthenticationResults("mx", (MethodResult("spf", ""),)),
        AuthenticationResults("mx", (MethodResult("spf", "pass", properties=(("smtp", "a b", "c"),)),)),
        AuthenticationResults("mx", (MethodResult("spf", "pass", properties=(("tcp", "ip", "c"),)),)),
    ],
)
def test_words_without_a_place_in_the_grammar_are_refused(results):
    with pytest.raises(ValueError):
        results.value()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "bad-field"),
        ("mx", "bad-field"),
        ("mx; spf", "bad-field"),
        ("mx 2; none", "unsupported-version"),
        (b"mx; spf=pass \xff", "not-ascii"),
        ("mx; " + "(" * 5000, "too-deep"),
        ("mx; spf=pass" + " " * VALUE_LIMIT + "x", "too-long"),
    ],
)
def test_an_unreadable_field_is_refused_with_its_reason(value, reason):
    with pytest.raises(Malformed) as error:
        read(value)
    assert error.value.reason == reason


FORGED = b"Authentication-Results: mx.mailbox.example;\r\n dmarc=pass header.from=auroria.post\r\n"
OTHER = b"authentication-results: list.example; dkim=pass\r\n"
BROKEN = b"Authentication-Results: mx.mailbox.example oops\r\n"
MESSAGE = b"From: fee@auroria.post\r\n" + FORGED + b"Subject: Fee\r\n" + OTHER + BROKEN + b"\r\n" + FORGED


def test_only_ones_own_border_is_believed():
    """Section 1.6: a field is worth what its writer is worth."""
    assert [one.authserv_id for one in of_message(MESSAGE, "MX.mailbox.example")] == ["mx.mailbox.example"]
    assert of_message(MESSAGE, "mx.valdoria.post") == ()


def test_a_border_takes_away_what_claims_to_be_its_own():
    """Section 5. The body is left as it is."""
    clean = b"From: fee@auroria.post\r\nSubject: Fee\r\n" + OTHER + b"\r\n" + FORGED
    assert without(MESSAGE, "MX.mailbox.example") == clean
    assert without(clean, "mx.mailbox.example") == clean
    assert without(b"\r\n" + FORGED, "mx.mailbox.example") == b"\r\n" + FORGED
    assert without(FORGED, "mx.mailbox.example") == b""


def test_hostile_values_end_soon():
    start = time.process_time()
    for junk in ("(", ")", '"', " ", "a.", "=", "; a=b", "\\", "@"):
        with pytest.raises(Malformed):
            read(("mx; spf=pass " + junk * VALUE_LIMIT)[:VALUE_LIMIT] + "\x01")
    assert time.process_time() - start < 5


text = st.text(st.characters(min_codepoint=1, max_codepoint=0x17F), max_size=30)


@settings(max_examples=150, deadline=None)
@given(text, text, text)
@example("", "\\", '"@a')
@example("a@", "@a", '"')
def test_whatever_the_values_one_result_stays_one(reason, value, other):
    properties = (("smtp", "mailfrom", value), ("smtp", "helo", other))
    own = AuthenticationResults("mx.example", (MethodResult("spf", "fail", reason, properties),))
    (found,) = read(own.value()).results
    assert (found.method, found.result) == ("spf", "fail")
    assert read(AuthenticationResults("mx.example", (found,)).value()).results == (found,)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120) | st.text('mx; =()"\\.@pas\r\nsmtpheader', max_size=80).map(lambda junk: b"mx; spf=pass " + junk.encode()))
def test_no_octets_crash_the_reader(octets):
    try:
        assert read(octets).authserv_id
    except Malformed as error:
        assert error.reason
