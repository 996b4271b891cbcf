"""Where mail goes (RFC 5321, section 5.1; RFC 7505)."""

import pytest
from zones import run, served

from postlib.network import Unknown, Unreachable
from postlib.protocols.mx import Exchangers, mail_exchangers

DOMAIN = "auroria.post"


def found(*mx: str, **hosts: object) -> Exchangers:
    """The exchangers of a domain with those MX records, and hosts by their first label."""
    zones = {DOMAIN: {"MX": list(mx)}} | {f"{label}.{DOMAIN}": records for label, records in hosts.items()}
    return run(mail_exchangers(served(zones), DOMAIN))  # type: ignore[arg-type]


def test_hosts_come_by_preference_with_their_addresses() -> None:
    seen = found("20 b.auroria.post.", "5 a.auroria.post.", a={"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}, b={"A": ["192.0.2.2"]})
    assert [(h.preference, h.host, h.addresses.seen, h.flaw) for h in seen.hosts] == [
        (5, "a.auroria.post", ("192.0.2.1", "2001:db8::1"), ""),
        (20, "b.auroria.post", ("192.0.2.2",), ""),
    ]
    assert not seen.implicit and not seen.null and seen.accepts_mail


def test_a_lone_null_mx_means_no_mail() -> None:
    """RFC 7505, section 3."""
    seen = found("0 .")
    assert seen.null and seen.hosts == () and not seen.accepts_mail and not seen.mixed_null


def test_a_null_mx_beside_another_is_no_null_mx() -> None:
    seen = found("0 .", "10 a.auroria.post.", a={"A": ["192.0.2.1"]})
    assert seen.mixed_null and not seen.null and [h.host for h in seen.hosts] == ["a.auroria.post"]


def test_without_mx_the_domain_is_its_own_exchanger() -> None:
    seen = run(mail_exchangers(served({DOMAIN: {"AAAA": ["2001:db8::1"]}}), DOMAIN))
    assert seen.implicit and [(h.preference, h.host, h.addresses.seen) for h in seen.hosts] == [(0, DOMAIN, ("2001:db8::1",))]


def test_without_mx_and_address_there_is_nowhere_to_go() -> None:
    seen = run(mail_exchangers(served({DOMAIN: {"TXT": ["x"]}}), DOMAIN))
    assert seen.exists and not seen.implicit and not seen.accepts_mail


def test_a_domain_that_does_not_exist_says_so() -> None:
    assert not run(mail_exchangers(served({"valdoria.post": {"TXT": ["x"]}}), DOMAIN)).exists


def test_an_alias_as_exchanger_is_flagged_and_followed() -> None:
    """RFC 2181, section 10.3."""
    seen = found("10 a.auroria.post.", a={"CNAME": ["b.auroria.post."]}, b={"A": ["192.0.2.2"]})
    assert [(h.flaw, h.addresses.alias, h.addresses.seen) for h in seen.hosts] == [("cname", "b.auroria.post", ("192.0.2.2",))]


def test_an_address_as_exchanger_is_flagged() -> None:
    assert [h.flaw for h in found("10 192.0.2.1.").hosts] == ["ip-literal"]


def test_an_exchanger_without_address_is_told_from_one_that_could_not_be_asked() -> None:
    seen = found("10 a.auroria.post.", "20 b.auroria.post.", a={"TXT": ["x"]}, b="servfail")
    first, second = seen.hosts
    assert (first.flaw, first.addresses.unknown) == ("no-address", None)
    assert second.flaw == "" and isinstance(second.addresses.v4, Unknown) and second.addresses.v4.reason == "servfail"
    assert seen.accepts_mail


def test_half_an_answer_is_kept() -> None:
    seen = found("10 a.auroria.post.", a={"A": ["192.0.2.1"], "AAAA": "servfail"})
    assert seen.hosts[0].addresses.seen == ("192.0.2.1",)
    assert seen.hosts[0].addresses.unknown is not None


def test_an_unanswered_question_is_no_statement() -> None:
    with pytest.raises(Unreachable, match="servfail"):
        run(mail_exchangers(served({DOMAIN: "servfail"}), DOMAIN))
