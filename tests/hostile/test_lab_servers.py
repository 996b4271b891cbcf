"""Name servers that mean harm, as a user meets them: the check ends, says what it could not see, and takes nothing for granted.

A false pass is a check that passes though it does not hold of the domain, or though nothing that was said could be believed.
So with both servers hostile only what the zone above says may pass; with one of two, only what also holds in calm.
"""

from __future__ import annotations

import pytest
from siege import NEIGHBOUR, UNSIGNED, VICTIM, Seen, besieged, calm, endured, looked, servers, statuses

from postlib import acts
from postlib.finding import Status
from postlib.lab.dns import habits
from postlib.lab.dns.habits import HABITS

FROM_ABOVE = {"delegation.exists", "delegation.two-servers", "delegation.reached-by-ipv6"}
"""What the referral says: that there is the domain, and the names and addresses of its servers."""

NO_REPLY = ("silent", "garbage", "pointers", "cut", "slow", "late", "wrong-id", "wrong-question")
REASONS = {
    **dict.fromkeys(NO_REPLY, "timeout"),  # RFC 5452, section 9.1: what does not fit the question is no reply to it
    "refuses": "refused",
    "servfail": "servfail",
    "formerr": "formerr",
    "half": "closed",
    "endless": "malformed",
    "flood": "malformed",
    "upward": "upward-referral",
    "itself": "upward-referral",
    "sideways": "not-authoritative",
    "spreads": "no-address",
}
"""Why nothing is known of a domain whose servers all do that."""

ALIASES = {"alias-loop": "alias-loop", "aliases": "too-many-aliases"}
OTHERS = {"no-tcp", "dnames", "forged", "poison"}  # who also say something true; no-tcp is a fault like others (faults/delegation.yaml)
SELDOM = ("pointers", "late", "wrong-question", "refuses", "servfail", "formerr", "itself")  # near others that are always tried
TRIED = [pytest.param(habit, marks=pytest.mark.full if habit in SELDOM else ()) for habit in REASONS]


def attacked(habit: str, *before: acts.Act) -> Seen:
    """The victim and its neighbour in one scan, when both of the victim's servers have that habit."""
    with besieged(*before, *(acts.serve(f"{ns}.{VICTIM}", habit=habit) for ns in ("ns1", "ns2"))) as internet:
        seen = looked(internet, VICTIM, NEIGHBOUR, silent=servers(internet) if habit in NO_REPLY else frozenset())
    endured(seen)
    return seen


def test_every_habit_is_tried_and_told_of() -> None:
    assert {*REASONS, *ALIASES, *OTHERS} == set(HABITS)
    assert habits.__doc__ is not None
    assert {*habits.__doc__.replace(",", " ").split()} >= set(HABITS)


@pytest.mark.parametrize("habit", TRIED)
def test_where_all_servers_are_hostile_only_the_zone_above_is_believed(habit: str) -> None:
    seen = attacked(habit)
    report = seen.reports[VICTIM]
    assert seen.passes() <= FROM_ABOVE
    assert [finding.check for finding in report.failed] == ["delegation.every-server-answers"]
    assert REASONS[habit] in {dict(finding.verdict.evidence)["reason"] for finding in report.unknown}
    assert report.exit_code == 1


@pytest.mark.parametrize("habit", ALIASES)
def test_aliases_without_end_are_said_so(habit: str) -> None:
    """RFC 1034, section 3.6.2: a resolver must find loops and long chains, and report them. Of a signed zone they would be bogus."""
    seen = attacked(habit, *UNSIGNED)
    assert seen.passes() <= FROM_ABOVE
    assert {dict(finding.verdict.evidence)["reason"] for finding in seen.reports[VICTIM].unknown} == {ALIASES[habit]}


def test_an_alias_of_all_names_that_makes_them_too_long_hides_what_is_below() -> None:
    """RFC 6672, section 2.2. What is at the zone's own name is still seen; nothing that stands below it is."""
    seen = attacked("dnames", *UNSIGNED)
    unknown = {dict(finding.verdict.evidence)["reason"] for finding in seen.reports[VICTIM].unknown}
    assert unknown == {"dname-too-long"}
    at_the_apex = {"spf.one-record", "spf.syntax", "spf.says-who-may-not", "spf.not-everyone", "spf.no-ptr"}
    at_the_apex |= {"mx.published", "mx.names-not-addresses", "mx.null-alone"}
    assert {check for check in seen.passes() if not check.startswith("delegation.")} <= at_the_apex


def test_wrong_signatures_before_the_good_one_are_not_all_tried() -> None:
    """CVE-2023-50387: past the bound the answer is bogus, and what is bogus is not used (RFC 4035, section 5.5)."""
    seen = attacked("forged")
    assert {check.partition(".")[0] for check in seen.passes()} == {"delegation", "dnssec"}
    assert seen.reports[VICTIM]["dnssec.validates"].status is Status.FAIL
    assert seen.passes() <= {check for check, status in calm()[VICTIM].items() if status is Status.PASS}
    assert {dict(finding.verdict.evidence)["reason"] for finding in seen.reports[VICTIM].unknown} == {"bogus"}


def test_records_of_other_peoples_zones_are_not_taken() -> None:
    """RFC 5452, section 6: with the reply about its own names the server sends addresses, records and servers of everybody else's."""
    assert statuses(attacked("poison").reports[VICTIM]) == calm()[VICTIM]


HONEST = {"delegation.every-server-answers", "delegation.answers-by-tcp"}  # what one hostile server of two may spoil


@pytest.mark.parametrize("habit", ["garbage", "half", "endless", "flood", "upward"])
def test_one_honest_server_is_enough(habit: str) -> None:
    """RFC 1034, section 5.3.3, step 4d: a server that answers badly is left for the next one."""
    with besieged(acts.serve(f"ns1.{VICTIM}", habit=habit)) as internet:
        hasty = servers(internet, f"ns1.{VICTIM}") if habit in NO_REPLY else frozenset()
        seen = looked(internet, VICTIM, NEIGHBOUR, silent=hasty)
    endured(seen)
    found = statuses(seen.reports[VICTIM])
    assert {check for check in found if found[check] is not calm()[VICTIM][check]} <= HONEST
    assert found["delegation.every-server-answers"] is Status.FAIL
