"""What the owner of a zone may publish against those who look at it, on servers that keep every rule: as a user meets it."""

from __future__ import annotations

from siege import NEIGHBOUR, UNSIGNED, VICTIM, Seen, besieged, calm, endured, looked, statuses

from postlib import acts
from postlib.finding import Status
from postlib.protocols.spf.walk import QUESTIONS as WALKED
from postlib.resolver.allowance import QUESTIONS

SIDEWAYS = "inbox.example"  # an accomplice
FIT = 1100  # SPF records of this test in one message of 65,535 octets; ten thousand TXT records fit no DNS message at all


def attacked(*done: acts.Act, victims: tuple[str, ...] = (VICTIM,)) -> Seen:
    with besieged(*done) as internet:
        seen = looked(internet, *victims, NEIGHBOUR)
    for victim in victims:
        endured(seen, victim)
    return seen


def changed(seen: Seen) -> dict[str, Status]:
    """The checks that came to something else than in calm."""
    return {check: status for check, status in statuses(seen.reports[VICTIM]).items() if status is not calm()[VICTIM][check]}


def test_ten_thousand_strings_are_one_record() -> None:
    """RFC 7208, section 3.3: they are put together, and here make a word that SPF does not know."""
    seen = attacked(acts.publish(VICTIM, "TXT", '"v=spf1 " ' + '"x" ' * 9_999))
    assert changed(seen)["spf.syntax"] is Status.FAIL
    assert {check.partition(".")[0] for check in changed(seen)} == {"spf"}
    assert not {check for check, status in changed(seen).items() if status is Status.PASS}


def test_as_many_records_as_a_message_holds_are_more_than_one() -> None:
    """RFC 7208, section 4.5; each of them leads somewhere else."""
    records = [f"v=spf1 include:s{number}.{VICTIM} -all" for number in range(FIT)]
    parts = [acts.publish(VICTIM, "TXT", *records[at : at + 275], add=at > 0) for at in range(0, FIT, 275)]
    seen = attacked(*parts)
    assert changed(seen)["spf.one-record"] is Status.FAIL
    assert {check.partition(".")[0] for check in changed(seen)} <= {"spf", "dmarc"}
    assert not {check for check, status in changed(seen).items() if status is Status.PASS}


def forest() -> list[acts.Act]:
    """Two SPF records of twenty includes, each of which leads to ten more and to twenty names of mail servers."""
    apex = [f"v=spf1 {' '.join(f'include:i{part}{number}.{VICTIM}' for number in range(20))} -all" for part in "ab"]
    inner = [f"include:j{number}.%s" for number in range(10)] + [f"a:h{number}.%s" for number in range(20)]
    planted = [acts.publish(VICTIM, "TXT", *apex)]
    for name in [f"i{part}{number}.{VICTIM}" for part in "ab" for number in range(20)]:
        text = f"v=spf1 {' '.join(term % name for term in inner)} -all"
        planted.append(acts.publish(name, "TXT", text))
    return planted


def test_two_records_of_twenty_includes_cost_one_walk() -> None:
    """Each include had a walk of its own, of up to 400 questions: 4,700 in all, for a domain that anybody may set up."""
    seen = attacked(*forest())
    assert seen.questions < WALKED + 2 * 150  # the two domains themselves
    assert changed(seen)["spf.one-record"] is Status.FAIL
    assert {check.partition(".")[0] for check in changed(seen)} <= {"spf", "dmarc"}
    assert not {check for check, status in changed(seen).items() if status is Status.PASS}


def sprawl() -> list[acts.Act]:
    """Everything that leads to questions at once: includes, chains of aliases behind ten mail servers and every DKIM selector, reports."""
    mail = [f"10 m{number}.{VICTIM}." for number in range(10)]
    planted = [*forest(), acts.publish(VICTIM, "MX", *mail)]
    for number in range(10):
        planted.append(acts.publish(f"m{number}.{VICTIM}", "CNAME", f"c{number}-0.{VICTIM}."))
        planted += [acts.publish(f"c{number}-{at}.{VICTIM}", "CNAME", f"c{number}-{at + 1}.{VICTIM}.") for at in range(14)]
    addresses = ",".join(f"mailto:r@d{number}.example" for number in range(10))
    selectors = acts.publish(f"*._domainkey.{VICTIM}", "CNAME", f"c0-0.{VICTIM}.")
    return [*planted, selectors, acts.publish(f"_dmarc.{VICTIM}", "TXT", f"v=DMARC1; p=reject; rua={addresses}")]


def test_what_a_domain_may_cost_has_an_end() -> None:
    """Whatever leads to questions; what was then not asked is unknown and says so, and the next domain has its own allowance."""
    seen = attacked(*UNSIGNED, *sprawl())
    assert QUESTIONS < seen.questions <= QUESTIONS + 200  # the neighbour's own
    reasons = {(dict(f.verdict.evidence)["reason"], dict(f.verdict.evidence)["where"]) for f in seen.reports[VICTIM].unknown}
    assert ("too-many-questions", VICTIM) in reasons
    assert not {check for check, status in changed(seen).items() if status is Status.PASS}


def test_three_hundred_servers_are_not_all_asked() -> None:
    """NXNSAttack, CVE-2020-12667, with names that do exist."""
    names = [f"ns1.{VICTIM}", f"ns2.{VICTIM}", *(f"n{number}.{VICTIM}" for number in range(300))]
    seen = attacked(
        acts.registry(VICTIM, ns=names),
        acts.publish(VICTIM, "NS", *(f"{name}." for name in names)),
        acts.publish(f"*.{VICTIM}", "A", "192.0.2.17"),
    )
    assert changed(seen).get("delegation.servers-have-addresses") is not Status.PASS
    passed = {check for check, status in changed(seen).items() if status is Status.PASS}
    assert not passed


def test_zones_that_refer_to_each_other_are_nowhere() -> None:
    """RFC 1034, section 4.2.1: without glue nobody finds either; each is said to have no server that can be reached."""
    seen = attacked(
        acts.registry(VICTIM, ns=[f"ns1.{SIDEWAYS}"], glue={}),
        acts.registry(SIDEWAYS, ns=[f"ns1.{VICTIM}"], glue={}),
        victims=(VICTIM, SIDEWAYS),
    )
    for victim in (VICTIM, SIDEWAYS):
        assert {check.partition(".")[0] for check in seen.passes(victim)} <= {"delegation"}
        assert "no-address" in {dict(finding.verdict.evidence)["reason"] for finding in seen.reports[victim].unknown}


def test_a_server_whose_name_is_an_alias_is_none() -> None:
    """RFC 2181, section 10.3. The zone is then nowhere, and the alias is named."""
    alias = f"ns.{SIDEWAYS}"
    seen = attacked(acts.publish(alias, "CNAME", f"ns1.{VICTIM}."), acts.registry(VICTIM, ns=[alias]))
    hosts = seen.reports[VICTIM]["delegation.servers-have-addresses"]
    assert (hosts.status, dict(hosts.verdict.evidence)) == (Status.FAIL, {"alias": f"{alias} (ns1.{VICTIM})"})
    assert {check.partition(".")[0] for check in seen.passes()} <= {"delegation"}
    assert (dict(seen.reports[VICTIM]["mx.published"].verdict.evidence)) == {"reason": "no-address", "where": f"{alias}."}


def test_a_chain_of_forty_aliases_leads_to_nothing_that_can_be_told() -> None:
    """RFC 1034, section 3.6.2: chains should be short; ours end at sixteen, whatever is at the end of theirs."""
    links = [acts.publish(f"c{at}.{VICTIM}", "CNAME", f"c{at + 1}.{VICTIM}.") for at in range(40)]
    honest = acts.publish(f"c40.{VICTIM}", "TXT", f"v=DMARC1; p=reject; rua=mailto:dmarc@{VICTIM}")
    seen = attacked(acts.withdraw(f"_dmarc.{VICTIM}", "TXT"), acts.publish(f"_dmarc.{VICTIM}", "CNAME", f"c0.{VICTIM}."), *links, honest)
    report = seen.reports[VICTIM]
    assert report["dmarc.enforced"].status is Status.UNKNOWN
    assert dict(report["dmarc.enforced"].verdict.evidence)["reason"] == "too-many-aliases"
    assert {check.partition(".")[0] for check in changed(seen)} <= {"dmarc", "bimi"}


def test_aliases_that_go_round_are_said_so() -> None:
    """RFC 1034, section 3.6.2, for mail: neither a record nor none."""
    seen = attacked(
        acts.withdraw(f"_dmarc.{VICTIM}", "TXT"),
        acts.publish(f"_dmarc.{VICTIM}", "CNAME", f"round.{VICTIM}."),
        acts.publish(f"round.{VICTIM}", "CNAME", f"_dmarc.{VICTIM}."),
    )
    evidence = dict(seen.reports[VICTIM]["dmarc.published"].verdict.evidence)
    assert (evidence["reason"], evidence["where"]) == ("alias-loop", f"round.{VICTIM}. to _dmarc.{VICTIM}.")


def test_the_most_iterations_cost_the_server_and_not_us() -> None:
    """CVE-2023-50868; RFC 9276, section 3.2: beyond 150 the denial proves nothing."""
    seen = attacked(acts.sign(VICTIM, denial="nsec3", iterations=2500))
    assert changed(seen)["dnssec.nsec3-iterations"] is Status.FAIL
    assert not {check for check, status in changed(seen).items() if status is Status.PASS}
