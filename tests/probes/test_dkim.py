"""DKIM: pure judgement over facts that the lab's operator does not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from postlib.finding import Lever, Status, Verdict
from postlib.lab.keys import Keys
from postlib.network import CouldNotTell, Unknown
from postlib.policies import Profile, profile
from postlib.probes import dkim
from postlib.probes.dkim import Dkim
from postlib.protocols.dkim import SelectorKey, Selectors, key_record, parse_key
from postlib.protocols.dkim.key import KeyRecord

NAME = "auroria.post"
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
