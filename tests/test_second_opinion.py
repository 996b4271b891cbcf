"""A second opinion: checkdmarc beside our findings, and every difference explained."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from postlib import acts, words
from postlib.finding import Finding, failed, passed, unknown
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.look import check
from postlib.probes import checks
from postlib.second_opinion import Opinion, Outcome, State, second_opinion
from postlib.second_opinion.comparison import about, compare, known, our_state, their_state

installed = pytest.mark.skipif(importlib.util.find_spec("checkdmarc") is None, reason="checkdmarc is not installed (group second-opinion)")
DOMAIN = "valdoria.post"
DMARC, RPT, STS, BIMI = (f"{label}.{DOMAIN}" for label in ("_dmarc", "_smtp._tls", "_mta-sts", "default._bimi"))


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """Today's: checkdmarc judges certificates by this machine's day."""
    with visit("union") as visited:
        yield visited


def opinion(internet: Internet, *what: acts.Act, subject: str = DOMAIN) -> Opinion:
    internet.reset()
    for act in what:
        internet.do(act)
    return second_opinion(check(subject, internet), internet)


def txt(name: str, *values: str) -> acts.Act:
    return acts.publish(name, "TXT", *values)


def unexplained(opinion: Opinion) -> list[str]:
    return [f"{row.area}: {row.ours}, {row.theirs}, {row.said}" for row in opinion.areas if row.why == "unexplained"]


# Beside each other


@installed
@pytest.mark.parametrize("subject", [DOMAIN, "auroria.post"])
def test_the_two_agree_on_a_domain_of_the_union_wherever_both_look(internet: Internet, subject: str) -> None:
    theirs = opinion(internet, subject=subject)
    assert theirs.trouble == "" and theirs.refused == ()
    assert [row.area for row in theirs.areas] == ["spf", "dmarc", "mx", "dnssec", "tls-rpt", "mta-sts", "bimi", "ns", "soa"]
    assert [row for row in theirs.areas if row.outcome is Outcome.DIFFER] == []
    assert theirs["spf"].outcome is Outcome.AGREE and theirs["spf"].theirs is State.KEPT
    assert theirs["soa"].why == "not-checked-here" and theirs["soa"].theirs is State.KEPT


@installed
@pytest.mark.parametrize(
    ("fault", "area"),
    [
        ("spf-absent", "spf"), ("dmarc-two-records", "dmarc"), ("mx-host-without-address", "mx"),
        ("mta-sts-policy-redirected", "mta-sts"), 
        ("not-signed", "dnssec"),
    ],
)  # fmt: skip
def test_the_two_agree_on_a_fault(internet: Internet, fault: str, area: str) -> None:
    theirs = opinion(internet, *worlds.faults()[fault].on(DOMAIN))
    row = theirs[area]
    assert row.ours is State.NOT_CHECKED or (row.outcome, row.ours) == (Outcome.AGREE, State.BROKEN), row
    assert row.theirs in (State.BROKEN, State.ABSENT) and unexplained(theirs) == []


@installed
@pytest.mark.full
def test_the_whole_union_is_agreed_on_or_explained(internet: Internet) -> None:
    """Every domain, every area; what cannot be compared says why, and is the smaller part."""
    internet.reset()

    def asked(subject: str) -> Opinion:
        return second_opinion(check(subject, internet), internet)

    with ThreadPoolExecutor(2) as pool:
        opinions = list(pool.map(asked, internet.domains()))
    assert [(one.subject, one.trouble, one.refused) for one in opinions if one.trouble or one.refused] == []
    assert [line for one in opinions for line in unexplained(one)] == []
    outcomes = Counter(row.outcome for one in opinions for row in one.areas)
    print(outcomes, Counter(row.why for one in opinions for row in one.areas if row.why))
    assert outcomes[Outcome.AGREE] > 7 * len(opinions) and outcomes[Outcome.DIFFER] <= 5


@installed
@pytest.mark.full
@pytest.mark.parametrize("fault", worlds.faults())
def test_every_fault_is_agreed_on_or_explained(internet: Internet, fault: str) -> None:
    assert unexplained(opinion(internet, *worlds.faults()[fault].on(DOMAIN))) == []


@installed
def test_what_only_we_judge_is_said_and_is_no_difference(internet: Internet) -> None:
    row = opinion(internet, *worlds.faults()["spf-open-to-all"].on(DOMAIN))["spf"]
    assert row.outcome is Outcome.AGREE and set(row.beyond) == {"spf.says-who-may-not", "spf.not-everyone"}
    cells = row.cells()
    assert cells[1] == f"passed, but {', '.join(row.beyond)} failed, which checkdmarc does not judge" and cells[4] == ""


SEEN: list[tuple[dict[str, str], list[acts.Act], str]] = [  # area to deviation, what causes them, and the subject
    (
        {"spf": "spf-capitals", "dmarc": "dmarc-other-text", "tls-rpt": "tls-rpt-space", "mta-sts": "mta-sts-space", "bimi": "bimi-avatar"},
        [
            txt(DOMAIN, "V=SPF1 mx -all"), txt(DMARC, "v=DMARC1; p=reject; rua=mailto:dmarc@valdoria.post", "hello"),
            txt(RPT, "v=TLSRPTv1 ; rua=mailto:a@valdoria.post"), txt(STS, "v=STSv1 ; id=1;"),
            txt(BIMI, "v=BIMI1; l=https://valdoria.post/logo.svg; avp=x"),
        ],
        DOMAIN,
    ),
    (
        {"spf": "spf-slash-in-name", "dmarc": "dmarc-bad-value"},
        [
            txt(DOMAIN, "v=spf1 mx a:foo:bar/baz.valdoria.post -all"), txt(DMARC, "v=DMARC1; p=reject; adkim=q"),
        ],
        DOMAIN,
    ),
    (
        {"spf": "spf-after-all", "dmarc": "dmarc-registry", "mta-sts": "mta-sts-media-type"},
        [
            txt(DOMAIN, "v=spf1 mx -all ip4:1.2.3"), acts.withdraw(DMARC, "TXT"),
            *worlds.faults()["mta-sts-policy-as-web-page"].on(DOMAIN),
        ],
        DOMAIN,
    ),
    (
        {"spf": "spf-domain-spec", "dnssec": "dnssec-retired"},
        [txt(DOMAIN, "v=spf1 a:111.222.33.44 -all"), *worlds.faults()["algorithm-retired"].on(DOMAIN)],
        DOMAIN,
    ),
    ({"spf": "spf-void-exists"}, worlds.faults()["spf-three-voids"].on(DOMAIN), DOMAIN),
    ({"dnssec": "dnssec-keys-only"}, worlds.faults()["signatures-missing"].on(DOMAIN), DOMAIN),
    ({"dnssec": "dnssec-inside-zone"}, [txt(f"mail.{DOMAIN}", "hello")], f"mail.{DOMAIN}"),
]  # fmt: skip


@installed
@pytest.mark.parametrize(("deviations", "what", "subject"), SEEN)
def test_every_known_deviation_is_seen(internet: Internet, deviations: dict[str, str], what: list[acts.Act], subject: str) -> None:
    theirs = opinion(internet, *what, subject=subject)
    assert {area: theirs[area].why for area in deviations} == deviations
    assert unexplained(theirs) == []


def test_no_deviation_is_listed_that_is_not_tested() -> None:
    assert {name for deviations, _, _ in SEEN for name in deviations.values()} == {d.name for d in known().deviations}


# Pure comparison


def finding(check: str, verdict: object) -> Finding:
    return Finding(DOMAIN, check, verdict, "RFC 7208")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("area", "findings", "answer", "outcome", "why"),
    [
        ("spf", [passed()], {"valid": True}, Outcome.AGREE, ""),
        ("spf", [failed()], {"error": "An SPF record does not exist."}, Outcome.AGREE, ""),
        ("spf", [passed()], {"error": "An SPF record does not exist."}, Outcome.DIFFER, "unexplained"),
        ("spf", [failed()], {"valid": True}, Outcome.DIFFER, "unexplained"),
        ("spf", [], {"valid": True}, Outcome.NOT_COMPARABLE, "not-checked-here"),
        ("spf", [passed()], None, Outcome.NOT_COMPARABLE, "not-checked-there"),
        ("spf", [unknown()], {"valid": True}, Outcome.NOT_COMPARABLE, "unknown-here"),
        ("spf", [passed()], {"error": "The resolution lifetime expired after 2.2 seconds"}, Outcome.NOT_COMPARABLE, "unknown-there"),
        ("dnssec", [passed()], True, Outcome.AGREE, ""),
        ("dnssec", [passed()], False, Outcome.DIFFER, "unexplained"),
        (
            "mta-sts",
            [failed(problem="wrong-media-type")],
            {"warnings": ["The Content-Type …"]},
            Outcome.DIFFER,
            "mta-sts-media-type",
        ),
    ],
)
def test_outcomes(area: str, findings: list[object], answer: object, outcome: Outcome, why: str) -> None:
    what = next(known_area for known_area in known().areas if known_area.name == area)
    check_id = "mta-sts.policy-served" if area == "mta-sts" else what.judges[-1]
    row = next(r for r in compare([finding(check_id, v) for v in findings], {what.key: answer}) if r.area == area)
    assert (row.outcome, row.why) == (outcome, why)


def test_silence_is_never_absence() -> None:
    """checkdmarc says valid: false for both."""
    spf = known().areas[0]
    for text in known().silence:
        assert their_state(spf, {"error": f"An SPF record does not exist. {text}"}, ())[0] is State.UNKNOWN
    assert our_state([finding("spf.syntax", unknown())]) is State.UNKNOWN


def test_a_certificate_is_not_compared_on_another_day() -> None:
    answer = {"mta_sts": {"error": "certificate verify failed: certificate has expired"}}
    found = [finding("mta-sts.policy-served", passed())]
    assert next(row for row in compare(found, answer, same_day=False) if row.area == "mta-sts").why == "another-day"
    assert next(row for row in compare(found, answer) if row.area == "mta-sts").outcome is Outcome.DIFFER


def test_notes_about_mail_servers_are_not_about_the_domain() -> None:
    notes = ("Could not check DNSSEC for mx1.valdoria.post: x", "DNSSEC for valdoria.post is broken: y", "a test")
    assert about(notes, DOMAIN) == notes[1:2] == about(notes, f"mail.{DOMAIN}")


def test_the_checks_that_both_judge_exist() -> None:
    probes = {check_id.partition(".")[0] for check_id in checks()}
    judged = [check_id for area in known().areas for check_id in area.judges]
    assert [check_id for check_id in judged if check_id.partition(".")[0] in probes and check_id not in checks()] == []


def test_every_word_has_its_sentence() -> None:
    whys = [d.name for d in known().deviations]
    whys += ["unexplained", "another-day", *(f"{how}-{side}" for how in ("not-checked", "unknown") for side in ("here", "there"))]
    texts = words.catalogue("en").shared["phrases"]
    ids = [f"why.{why}" for why in whys] + [f"state.{state}" for state in State] + [f"outcome.{outcome}" for outcome in Outcome]
    ids += [f"area.{area.name}" for area in known().areas]
    assert [key for key in ids if f"second-opinion.{key}" not in texts] == []


def test_what_a_stranger_published_is_shown_harmless() -> None:
    rows = compare([finding("spf.syntax", failed())], {"spf": {"error": "bad \x1b[2J\u202e term\n\nhere"}})
    shown = str(Opinion(DOMAIN, "6", rows))
    assert "bad \\x1b[2J\\u202e term here" in shown and "\x1b" not in shown
