"""Records of a hostile domain owner: no false pass, no crash, no work without end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from zones import Zones, run, served

from postlib import acts
from postlib.finding import Status
from postlib.lab.internet import visit
from postlib.look import check
from postlib.network import Unknown
from postlib.probe import Observation
from postlib.probes import dane
from postlib.protocols import bimi
from postlib.protocols.dkim import is_key, parse_key
from postlib.protocols.dkim.key import RECORD_LIMIT
from postlib.protocols.malformed import Malformed
from postlib.protocols.mx import EXCHANGERS_LIMIT, NOT_ASKED, mail_exchangers

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"


@pytest.mark.parametrize("value", [b" " * 60_000 + b"\x01", b"\t " * 30_000 + b"\x02x", b"a" * 60_000 + b"\x03"])
def test_a_bimi_value_of_white_space_is_read_in_one_pass(value: bytes) -> None:
    """A pattern that could share the same spaces out in three ways took days for this."""
    with pytest.raises(Malformed, match="bad-tag"):
        bimi.parse_record(b"v=BIMI1; l=" + value)


def test_twenty_thousand_bimi_tags_are_counted_once() -> None:
    tags = b"".join(b"a%d=;" % number for number in range(9_000))
    with pytest.raises(Malformed, match="duplicate-tag"):
        bimi.parse_record(b"v=BIMI1;" + tags + b"a8999=")


def test_a_key_record_that_is_too_long_is_a_broken_key_and_not_no_key() -> None:
    text = b"v=DKIM1; p=" + b"A" * RECORD_LIMIT
    assert is_key(text)
    assert parse_key(text).faults == ("too-long",)
    assert not is_key(b"v=spf1 " + b"a " * RECORD_LIMIT)


def many_exchangers(count: int) -> Zones:
    hosts = {f"mx{number}.many.example": {"A": ["192.0.2.25"]} for number in range(count)}
    return Zones({"many.example": {"MX": [f"{number} mx{number}.many.example." for number in range(count)]}, **hosts})


def test_exchangers_past_the_bound_are_named_and_unknown() -> None:
    """Left out, they would pass every rule that holds for each exchanger."""
    zones = many_exchangers(EXCHANGERS_LIMIT + 3)
    found = run(mail_exchangers(zones.resolver(), "many.example"))
    assert [host.preference for host in found.hosts] == list(range(EXCHANGERS_LIMIT + 3))
    past = found.hosts[EXCHANGERS_LIMIT:]
    assert [host.addresses.unknown.reason for host in past if host.addresses.unknown is not None] == [NOT_ASKED] * 3
    assert not any(name == past[0].host for name, _ in zones.asked)


def test_no_tlsa_records_are_asked_for_past_the_bound() -> None:
    zones = many_exchangers(EXCHANGERS_LIMIT + 3)
    resolver = zones.resolver()
    facts = run(Observation(resolver.network, validate=False).facts(dane.probe, "many.example"))
    assert len(facts.hosts) == EXCHANGERS_LIMIT + 3
    assert isinstance(facts.hosts[-1].tlsa, Unknown)
    assert sum(rrtype == "TLSA" for _, rrtype in zones.asked) == EXCHANGERS_LIMIT


def test_an_eleventh_address_for_reports_is_not_taken_for_authorised() -> None:
    """RFC 9990, section 4: ours is a bound on questions, not a consent."""
    ours = ",".join(f"mailto:r{number}@{CLEAN}" for number in range(10))
    with visit("clean", at=AT) as internet:
        internet.do(acts.publish(f"_dmarc.{CLEAN}", "TXT", f"v=DMARC1; p=reject; rua={ours},mailto:thief@elsewhere.example"))
        assert check(CLEAN, internet)["dmarc.reports-authorised"].status is Status.UNKNOWN


def test_the_longest_names_can_be_looked_at() -> None:
    """With `www.` before it such a name is none any more (RFC 1035, section 2.3.4)."""
    label = "a" * 60
    longest = f"{label}.{label}.{label}.{'b' * (252 - 183 - len(CLEAN))}.{CLEAN}"
    assert len(longest) == 253
    with visit("clean", at=AT) as internet:
        assert check(longest, internet)["delegation.exists"].status is Status.FAIL


def test_served_text_of_sixty_thousand_octets_is_read() -> None:
    strings = " ".join(f'"{"x" * 250}"' for _ in range(240))
    zones = {"default._bimi.big.example": {"TXT": [f'"v=BIMI1; l=" {strings}']}}
    assert run(bimi.discover(served(zones), "big.example")).failure == "bad-uri"
