"""Who may issue certificates (RFC 8659, RFC 8657)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import run, served

from postlib.network import Unreachable
from postlib.protocols.caa import Decision, Issue, Property, Relevant, decide, parse_issue, relevant
from postlib.protocols.malformed import Malformed
from postlib.resolver import Security

CA = "ca.example"


def rules(*properties: tuple[int, str, str]) -> Relevant:
    found = tuple(Property(flags, tag, value.encode()) for flags, tag, value in properties)
    return Relevant("www.auroria.post", "auroria.post", found, Security.INSECURE)


def climbed(zones: dict[str, object], name: str = "www.shop.auroria.post") -> Relevant:
    return run(relevant(served(zones), name))  # type: ignore[arg-type]


def test_the_nearest_set_is_relevant_and_higher_ones_are_not() -> None:
    """RFC 8659, section 3."""
    zones = {
        "www.shop.auroria.post": {"A": ["192.0.2.1"]},
        "shop.auroria.post": {"CAA": ['0 issue "ca.example"', '128 iodef "mailto:a@auroria.post"']},
        "auroria.post": {"CAA": ['0 issue ";"']},
    }
    found = climbed(zones)
    assert found.found == "shop.auroria.post"
    assert found.properties == (Property(0, "issue", b"ca.example"), Property(128, "iodef", b"mailto:a@auroria.post"))
    assert climbed(zones, "*.shop.auroria.post").found == "shop.auroria.post"


def test_the_top_level_is_asked_and_the_root_is_not() -> None:
    assert climbed({"post": {"CAA": ['0 issue ";"']}}).found == "post"
    nothing = climbed({"post": {"TXT": ["x"]}})
    assert (nothing.name, nothing.found, nothing.properties) == ("www.shop.auroria.post", "", ())


def test_an_alias_lends_its_targets_records_but_not_its_targets_parents() -> None:
    zones = {
        "www.shop.auroria.post": {"CNAME": ["cdn.valdoria.post."]},
        "cdn.valdoria.post": {"CAA": ['0 issue "cdn-ca.example"']},
        "other.auroria.post": {"CNAME": ["bare.valdoria.post."]},
        "bare.valdoria.post": {"A": ["192.0.2.1"]},
        "valdoria.post": {"CAA": ['0 issue ";"']},
        "auroria.post": {"CAA": ['0 issue "ca.example"']},
    }
    assert climbed(zones).properties == (Property(0, "issue", b"cdn-ca.example"),)
    assert climbed(zones, "other.auroria.post").found == "auroria.post"


def test_an_unanswered_question_ends_the_climb() -> None:
    with pytest.raises(Unreachable):
        climbed({"shop.auroria.post": "servfail", "www.shop.auroria.post": {"A": ["192.0.2.1"]}})


def test_no_caa_permits_all() -> None:
    assert decide(rules(), CA) == Decision(True, "no-caa")


def test_only_the_named_authority_may_issue() -> None:
    """RFC 8659, section 4.2."""
    found = rules((0, "issue", " CA.example ; policy=ev "))
    assert decide(found, "ca.example.") == Decision(True, "authorized")
    assert decide(found, "other.example") == Decision(False, "not-authorized")
    assert decide(rules((0, "issue", ";")), CA) == Decision(False, "not-authorized")
    assert decide(rules((0, "issue", ";")), "") == Decision(False, "not-authorized")


def test_issuewild_takes_precedence_for_wildcards_alone() -> None:
    """RFC 8659, section 4.3."""
    found = rules((0, "issue", CA), (0, "issuewild", ";"))
    assert not decide(found, CA, wildcard=True).may_issue and decide(found, CA).may_issue
    assert decide(rules((0, "issue", CA)), CA, wildcard=True).may_issue
    assert decide(rules((0, "issuewild", ";")), CA) == Decision(True, "no-such-property")


def test_an_unknown_critical_property_stops_every_authority() -> None:
    """RFC 8659, section 4.1."""
    assert decide(rules((0, "issue", CA), (128, "tbs", "x")), CA) == Decision(False, "critical-unknown")
    assert decide(rules((0, "issue", CA), (0, "tbs", "x")), CA).may_issue


def test_a_value_that_cannot_be_read_grants_nothing() -> None:
    assert decide(rules((0, "issue", "ca.example policy=ev")), CA) == Decision(False, "not-authorized")


def test_account_and_method_are_bound() -> None:
    """RFC 8657, sections 3 and 4."""
    found = rules((0, "issue", f"{CA}; accounturi=https://ca.example/acct/1; validationmethods=dns-01,http-01"))
    assert decide(found, CA, account_uri="https://ca.example/acct/1", method="dns-01").may_issue
    assert not decide(found, CA, account_uri="https://ca.example/acct/2", method="dns-01").may_issue
    assert not decide(found, CA, account_uri="https://ca.example/acct/1", method="tls-alpn-01").may_issue
    assert not decide(found, CA).may_issue


def test_the_grammar_of_a_value() -> None:
    assert parse_issue(b"") == parse_issue(b" ; ") == Issue("")
    assert parse_issue(b"ca.example;a=1;b-c=2") == Issue("ca.example", (("a", "1"), ("b-c", "2")))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (b"ca..example", "bad-value"),
        (b"-ca.example", "bad-value"),
        (b"ca.example; a", "bad-parameter"),
        (b"ca.example; a=1;", "bad-parameter"),
        (b"ca.example; a=1; A=2", "duplicate"),
        (b"c\xe9.example", "bad-value"),
        (b"a" * 70000, "too-long"),
    ],
)
def test_a_bad_value_is_malformed(value: bytes, word: str) -> None:
    with pytest.raises(Malformed) as error:
        parse_issue(value)
    assert error.value.reason == word


@given(st.binary(max_size=80) | st.lists(st.sampled_from([b"a", b"-", b".", b";", b"=", b" ", b"x=1"]), max_size=30).map(b"".join))
def test_any_octets_are_a_value_or_malformed(value: bytes) -> None:
    try:
        issue = parse_issue(value)
    except Malformed:
        return
    assert issue.issuer.isascii() and ".." not in issue.issuer
