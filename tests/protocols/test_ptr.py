"""From an address to a name and back (RFC 8601, section 2.7.3)."""

import pytest
from zones import run, served

from postlib.network import Unreachable
from postlib.protocols.ptr import Reverse, reverse

NAME = "25.2.0.192.in-addr.arpa"


def reversed_(zones: dict[str, object], ip: str = "192.0.2.25") -> Reverse:
    return run(reverse(served(zones), ip))  # type: ignore[arg-type]


def test_a_name_that_leads_back_is_confirmed() -> None:
    found = reversed_({NAME: {"PTR": ["MX.auroria.post."]}, "mx.auroria.post": {"A": ["192.0.2.1", "192.0.2.25"]}})
    assert (found.names, found.confirmed, found.result) == (("mx.auroria.post",), ("mx.auroria.post",), "pass")


def test_an_ipv6_address_is_compared_as_an_address() -> None:
    nibbles = ".".join(reversed("20010db8" + "0" * 23 + "1")) + ".ip6.arpa"
    found = reversed_({nibbles: {"PTR": ["mx.auroria.post."]}, "mx.auroria.post": {"AAAA": ["2001:db8::1"]}}, "2001:DB8:0::1")
    assert found.result == "pass" and found.reverse_name == nibbles


def test_a_name_that_leads_elsewhere_fails() -> None:
    assert reversed_({NAME: {"PTR": ["mx.auroria.post."]}, "mx.auroria.post": {"A": ["192.0.2.1"]}}).result == "fail"


def test_no_name_is_a_permanent_error() -> None:
    assert reversed_({"192.in-addr.arpa": {"TXT": ["x"]}}).result == "permerror"


def test_a_name_that_could_not_be_asked_is_a_temporary_error() -> None:
    found = reversed_({NAME: {"PTR": ["mx.auroria.post."]}, "mx.auroria.post": "servfail"})
    assert found.result == "temperror" and found.unknown is not None and found.unknown.reason == "servfail"


def test_only_so_many_names_are_looked_at() -> None:
    names = [f"h{number}.auroria.post." for number in range(40)]
    assert len(reversed_({NAME: {"PTR": names}}).names) == 10


def test_no_answer_and_no_address_are_errors() -> None:
    with pytest.raises(Unreachable):
        reversed_({NAME: "servfail"})
    with pytest.raises(ValueError, match="address"):
        reversed_({}, "auroria.post")
