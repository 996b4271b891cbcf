"""MTA-STS: the record, the policy and the way to it (RFC 8461)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Issued, answering, issue, leaf, listening, over_tls, reached, root
from zones import Zones, run

from postlib.network import Unknown, Unreachable
from postlib.protocols.malformed import Malformed
from postlib.protocols.mta_sts import MtaSts, Policy, Record, allows, discover, matches, parse_policy, parse_record
from postlib.resolver import Resolver

DOMAIN = "auroria.post"
ADDRESS = "192.0.2.80"
RECORD = {"_mta-sts.auroria.post": {"TXT": ['"v=STSv1; id=20261123;"']}, "mta-sts.auroria.post": {"A": [ADDRESS]}}
POLICY = b"version: STSv1\nmode: enforce\nmx: mx.auroria.post\nmx: *.relay.auroria.post\nmax_age: 604800\n"


def response(body: bytes = POLICY, status: bytes = b"200 OK", media: bytes = b"text/plain; charset=utf-8") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: " + media + b"\r\nLocation: /other\r\n\r\n" + body


def discovered(reply: bytes = b"", *, zones: object = RECORD, server: Issued | None = None) -> MtaSts:
    serve = over_tls((server or leaf("mta-sts.auroria.post")).context(), answering(reply or response()))
    with listening(serve) as port:
        network = reached({(ADDRESS, 443): port}, Zones(zones), roots=root().pem, timeout=0.3)  # type: ignore[arg-type]
        return run(discover(Resolver(network, validate=False), DOMAIN))


def failure(text: bytes, parse: object = parse_policy) -> str:
    with pytest.raises(Malformed) as error:
        parse(text)  # type: ignore[operator]
    return error.value.reason


def test_record_and_policy_are_found() -> None:
    found = discovered()
    assert found.record == Record("20261123")
    assert found.policy == Policy("enforce", ("mx.auroria.post", "*.relay.auroria.post"), 604800)
    assert found.record_failure == found.policy_failure == ""


def test_several_records_are_none() -> None:
    """Section 3.1; records of other versions do not count."""
    two = {"_mta-sts.auroria.post": {"TXT": ['"v=STSv1; id=1"', '"v=STSv1; id=2"']}}
    assert discovered(zones=two).record_failure == "several-records"
    other = RECORD | {"_mta-sts.auroria.post": {"TXT": ['"v=STSv1; id=1"', "hello"]}}
    assert discovered(zones=other).record == Record("1")


def test_no_record_asks_for_no_policy() -> None:
    found = discovered(zones={"mta-sts.auroria.post": {"A": [ADDRESS]}})
    assert (found.record, found.record_failure, found.policy, found.response) == (None, "no-record", None, None)


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (response(status=b"404 Not Found"), "not-200"),
        (response(status=b"301 Moved"), "redirect"),
        (response(media=b"text/html"), "wrong-media-type"),
        (response(POLICY * 2000), "too-long"),
        (response(b"<html>"), "bad-field"),
        (b"220 mx\r\n", "malformed-http"),
    ],
)
def test_a_policy_that_senders_must_not_use_has_a_word(reply: bytes, word: str) -> None:
    """Section 3.3."""
    found = discovered(reply)
    assert (found.policy, found.policy_failure) == (None, word) and found.record is not None


def test_a_certificate_for_another_name_is_untrusted() -> None:
    found = discovered(server=leaf("www.auroria.post"))
    assert found.policy_failure == "untrusted"
    assert found.response is not None and found.response.trust is not None and found.response.trust.result == "wrong-name"
    assert discovered(server=issue("mta-sts.auroria.post")).policy_failure == "untrusted"


def test_a_policy_host_without_address_is_told_from_one_that_does_not_answer() -> None:
    record = {"_mta-sts.auroria.post": RECORD["_mta-sts.auroria.post"]}
    assert discovered(zones=record).policy_failure == "no-address"
    silent = discovered(zones=record | {"mta-sts.auroria.post": {"A": ["192.0.2.81"]}})
    assert isinstance(silent.policy, Unknown) and silent.policy.reason == "no-route" and silent.policy_failure == ""


def test_an_unanswered_question_is_no_statement() -> None:
    with pytest.raises(Unreachable):
        discovered(zones={"_mta-sts.auroria.post": "servfail"})


def test_a_record_may_carry_extensions() -> None:
    assert parse_record(b"v=STSv1 ;id=a1 ; x-note=hi;") == Record("a1", (("x-note", "hi"),))


def test_of_several_ids_the_first_counts() -> None:
    """RFC 8461, section 3.2, of records and policies alike."""
    assert parse_record(b"v=STSv1; id=1; id=-").id == "1"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"v=STSv1", "no-fields"),
        (b"v=STSv2; id=1", "bad-version"),
        (b"V=STSv1; id=1", "bad-version"),
        (b"v=STSv1; a=b", "no-id"),
        (b"v=STSv1; id=2026-11-23", "bad-id"),
        (b"v=STSv1; id=" + b"1" * 33, "bad-id"),
        (b"v=STSv1; id=1;;", "bad-field"),
        (b"v=STSv1; id=1; a=b c", "bad-field"),
        (b"v=STSv1; id=\xc3\xa9", "not-ascii"),
        (b"v=STSv1; id=" + b"1" * 70000, "too-long"),
    ],
)
def test_a_bad_record_is_malformed(text: bytes, word: str) -> None:
    assert failure(text, parse_record) == word


def test_lines_end_in_lf_or_crlf_and_the_last_need_not_end() -> None:
    """Section 3.2."""
    assert parse_policy(POLICY.replace(b"\n", b"\r\n")) == parse_policy(POLICY) == parse_policy(POLICY[:-1])


def test_mode_none_needs_no_mx() -> None:
    assert parse_policy(b"version: STSv1\nmode: none\nmax_age: 86400\n") == Policy("none", (), 86400)


def test_a_field_given_twice_counts_the_first_time() -> None:
    policy = parse_policy(POLICY + b"mode: none\nx-note: a b\n")
    assert (policy.mode, policy.repeated, policy.extensions) == ("enforce", ("mode",), (("x-note", "a b"),))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b"version: STSv1", b"x: y", "no-version"),
        (b"STSv1", b"STSv2", "bad-version"),
        (b"mode: enforce\n", b"", "no-mode"),
        (b"enforce", b"Enforce", "bad-mode"),
        (b"max_age: 604800\n", b"", "no-max_age"),
        (b"604800", b"-1", "bad-max_age"),
        (b"604800", b"31557601", "bad-max_age"),
        (b"mx: mx.auroria.post\nmx: *.relay.auroria.post\n", b"", "no-mx"),
        (b"mx.auroria.post", b"mx.*.post", "bad-mx"),
        (b"mx.auroria.post", b"*", "bad-mx"),
        (b"mx.auroria.post", b"mx@auroria.post", "bad-mx"),
        (b"mode:", b"mode", "bad-field"),
        (b"mode", b"\xff", "not-utf-8"),
        (b"\nmode", b"\n\nmode", "bad-field"),
    ],
)
def test_a_bad_policy_is_malformed(old: bytes, new: bytes, word: str) -> None:
    assert failure(POLICY.replace(old, new)) == word


def test_a_policy_is_bounded() -> None:
    assert failure(b"x" * 65537) == "too-long"


def test_a_wildcard_is_one_whole_left_most_label() -> None:
    """Section 4.1."""
    assert matches("MX1.relay.auroria.post.", "*.relay.auroria.post")
    assert not matches("a.b.relay.auroria.post", "*.relay.auroria.post")
    assert allows(parse_policy(POLICY), "mx.auroria.post") and not allows(parse_policy(POLICY), "mx.valdoria.post")


PIECES = st.sampled_from(
    [b"version: STSv1", b"mode: none", b"mode: x", b"max_age: 1", b"mx: *.a", b"\n", b"\r\n", b"\r", b" ", b":", b"\xe9"]
)


@given(st.binary(max_size=100) | st.lists(PIECES, max_size=12).map(b"".join))
def test_any_octets_are_a_policy_or_malformed(body: bytes) -> None:
    try:
        policy = parse_policy(body)
    except Malformed:
        return
    assert policy.mode == "none" or policy.mx


@given(st.binary(max_size=100) | st.lists(st.sampled_from([b"v=STSv1", b";", b"id=", b"a1", b" ", b"="]), max_size=12).map(b"".join))
def test_any_octets_are_a_record_or_malformed(text: bytes) -> None:
    try:
        assert 1 <= len(parse_record(text).id) <= 32
    except Malformed as error:
        assert error.reason
