"""DKIM: pure judgement over facts that the lab's operator does not show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from zones import Records, run, served

from postlib.finding import Finding, Lever, Status, Verdict
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.lab.keys import Keys
from postlib.look import check as look
from postlib.network import CouldNotTell, Unknown
from postlib.policies import Profile, profile
from postlib.probe import Observation
from postlib.probe import run as probe_run
from postlib.probes import dkim
from postlib.probes.dkim import Dkim
from postlib.protocols.dkim import SelectorKey, Selectors, Signature, key_record, parse_key
from postlib.protocols.dkim.key import KeyRecord

NAME, CLEAN = "auroria.post", "valdoria.post"
KEYS = Keys("tests")


def key(selector: str = "s1", bits: int = 2048, target: str = "", record: KeyRecord | None = None, **tags: tuple[str, ...]) -> SelectorKey:
    return SelectorKey(selector, record or parse_key(key_record(KEYS.rsa("key", bits), **tags)), target)  # type: ignore[arg-type]


def seen(*keys: SelectorKey, wildcard: KeyRecord | None = None) -> Dkim:
    return Dkim(NAME, Selectors(NAME, "found" if keys else "not-found", keys, wildcard))


def judged(check: str, facts: Dkim, edition: Profile | None = None) -> Verdict:
    return next(c for c in dkim.probe.checks if c.id == f"dkim.{check}").judge(facts, edition or profile())


def test_a_key_that_was_not_guessed_is_unknown_and_not_absent() -> None:
    """RFC 6376, section 3.1: selectors are free, and there is no list of them."""
    assert judged("published", seen()).status is Status.UNKNOWN


def test_nothing_below_domainkey_means_no_key() -> None:
    """RFC 8020: under a name that does not exist there is nothing."""
    assert judged("published", Dkim(NAME, Selectors(NAME, "absent"))).status is Status.FAIL


def test_a_domain_without_mail_needs_no_key() -> None:
    quiet = replace(profile(), purposes={NAME: "none"})
    assert judged("published", Dkim(NAME, Selectors(NAME, "absent")), quiet).status is Status.NOT_APPLICABLE


NULL_MX, NOBODY = ["0 ."], ['"v=spf1 -all"']


def looked(spf: list[str], mx: list[str]) -> Finding:
    """The finding about a name with these TXT and MX records, of a zone without any key."""
    records: Records = {f"www.{NAME}": {"TXT": spf, "MX": mx, "A": ["192.0.2.9"]}, "mx1.auroria.post": {"A": ["192.0.2.9"]}}
    observation = Observation(served(records).network, validate=False)
    return next(f for f in run(probe_run(dkim.probe, observation, f"www.{NAME}", profile())) if f.check == "dkim.published")


@pytest.mark.parametrize("spf", [NOBODY, ['"v=spf1 -a -all"'], ['"v=spf1 -all exp=why.auroria.post"'], ['"v=spf1 -all mx"']])
def test_a_name_that_says_it_sends_no_mail_needs_no_key(spf: list[str]) -> None:
    """RFC 7208, section 5.1, and RFC 7505: nobody may send, and there is no mail. It has no remedy either."""
    finding = looked(spf, NULL_MX)
    assert (finding.status, finding.remedy) == (Status.NOT_APPLICABLE, None)
    assert finding.verdict.evidence == (("found", "says-no-mail"),)


@pytest.mark.parametrize(
    ("spf", "mx"),
    [
        (NOBODY, []), (NOBODY, ["10 mx1.auroria.post."]), (NOBODY, ["0 .", "10 mx1.auroria.post."]), ([], NULL_MX),
        (['"v=spf1 ~all"'], NULL_MX), (['"v=spf1 mx -all"'], NULL_MX), (['"v=spf1 +all"'], NULL_MX), (['"v=spf1"'], NULL_MX),
        (['"v=spf1 redirect=auroria.post"'], NULL_MX), (['"v=spf1 -all"', '"v=spf1 mx -all"'], NULL_MX),
    ],
)  # fmt: skip
def test_half_a_word_does_not_excuse_a_name_from_signing(spf: list[str], mx: list[str]) -> None:
    """An SPF record alone may be wrong, and a name that takes no mail may send some, though it should not (RFC 7505, section 4.2)."""
    assert looked(spf, mx).status is Status.FAIL


def test_a_key_at_a_closed_name_is_still_a_key() -> None:
    assert judged("published", replace(seen(key()), closed=True)).status is Status.PASS


def test_whether_a_silent_name_sends_mail_is_unknown() -> None:
    """Silence about SPF or MX is no word of the domain, neither for a key nor against it."""
    facts = Dkim(NAME, Selectors(NAME, "absent"), Unknown("timeout", "192.0.2.1"))
    with pytest.raises(CouldNotTell):
        judged("published", facts)


def test_a_selector_that_could_not_be_asked_makes_it_unknown() -> None:
    silent = Selectors(NAME, "not-found", unreachable=(("google", "timeout", "192.0.2.1"),))
    verdict = judged("published", Dkim(NAME, silent))
    assert verdict.status is Status.UNKNOWN
    assert verdict.evidence[1:] == (("reason", "timeout"), ("where", "192.0.2.1"))


def test_a_key_beside_a_silent_selector_is_still_a_key() -> None:
    some = Selectors(NAME, "found", (key(),), unreachable=(("google", "timeout", "192.0.2.1"),))
    assert judged("published", Dkim(NAME, some)).status is Status.PASS


@pytest.mark.parametrize("bits", [512, 768, 1024, 2048])
def test_a_key_under_1024_bits_fails_whatever_the_profile_says(bits: int) -> None:
    """RFC 8301, section 3.2: such signatures never count."""
    lax = replace(profile(), numbers={**profile().numbers, "dkim.rsa-bits": 0})
    assert judged("key-size", seen(key(bits=bits)), lax).status is (Status.FAIL if bits < 1024 else Status.PASS)


@pytest.mark.parametrize(("bits", "said"), [((1024,), True), ((1024, 2048), True), ((768,), False), ((768, 1024), False)])
def test_a_key_that_the_standard_allows_is_said_to_be_allowed(bits: tuple[int, ...], said: bool) -> None:
    """RFC 8301, section 3.2: 1024 bits at least, 2048 recommended."""
    verdict = judged("key-size", seen(*(key(f"s{size}", size) for size in bits)))
    assert verdict.status is Status.FAIL and (("found", "allowed-not-recommended") in verdict.evidence) is said


def test_an_ed25519_key_is_not_measured_in_rsa_bits() -> None:
    """RFC 8463: 256 bits are its one size."""
    record = parse_key(key_record(KEYS.ed25519("key")))
    assert judged("key-size", seen(key(record=record))).status is Status.PASS


def test_the_key_of_a_wildcard_is_judged_too() -> None:
    weak = parse_key(key_record(KEYS.rsa("key", 512)))
    verdict = judged("key-size", seen(wildcard=weak))
    assert verdict.status is Status.FAIL
    assert ("key", "* (rsa 512)") in verdict.evidence


def test_a_flag_is_taken_out_and_the_others_stay() -> None:
    """RFC 6376, section 3.6.1: t=y:s is testing and strict."""
    remedy = dkim.end_test(seen(key(flags=("y", "s"), hashes=("sha256",))))
    mended = parse_key(str(remedy.acts[0]["values"][0]))
    assert (mended.flags, mended.hashes, mended.faults) == (("s",), ("sha256",), ())
    assert remedy.lever is Lever.DNS_HOST


@pytest.mark.parametrize(
    ("fault", "check", "reason"),
    [
        ("dkim-test-flag", "dkim.not-testing", ""),
        ("dkim-sha1-only", "dkim.sha256-allowed", "key-hash"),
        ("dkim-not-for-mail", "dkim.for-mail", "key-service"),
    ],
)
def test_a_key_in_a_record_with_a_wrong_tag_is_good_once_the_tag_is_gone(fault: str, check: str, reason: str) -> None:
    """RFC 6376, section 3.6.1: the tag is at fault, and not the key; so the remedy needs no new one."""
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        for act in worlds.faults()[fault].on(CLEAN):
            internet.do(act)
        assert {s.selector: s.reason for s in signed(internet)} == {"s2026a": reason, "s2026e": ""}
        remedy = look(CLEAN, internet)[check].remedy
        assert remedy is not None
        internet.domain(CLEAN).apply(remedy)
        assert [(s.result, s.testing) for s in signed(internet)] == [("pass", False)] * 2


def signed(internet: Internet) -> tuple[Signature, ...]:
    """The signatures of a letter, as the receiver finds them."""
    kept = internet.send(f"ana@{CLEAN}", "clara@inbox.example").kept
    assert kept is not None
    return kept.judgement.dkim


def test_a_record_behind_an_alias_is_the_providers_to_mend() -> None:
    remedy = dkim.end_test(seen(key(target="s1.hosted.example", flags=("y",))))
    assert (remedy.lever, remedy.acts, remedy.template) == (Lever.MAIL_PROVIDER, (), "dkim.ask-provider")


def test_a_new_key_takes_a_selector_that_is_free() -> None:
    remedy = dkim.replace_short(seen(key("s2026a", 1024), key("s2026b")))
    assert [(act["selector"], act.get("removed", False)) for act in remedy.acts] == [("default", False), ("s2026a", True)]


def test_silence_makes_every_check_unknown() -> None:
    facts = Dkim(NAME, Unknown("timeout", "192.0.2.1"))
    for check in dkim.probe.checks:
        with pytest.raises(CouldNotTell):
            check.judge(facts, profile())
