"""Which selectors a domain has, as far as can be told."""

from __future__ import annotations

import pytest
from protocols.dkim_fixtures import key_of, keys, quoted
from zones import Zones, run, served

from postlib.network import Unreachable
from postlib.protocols.dkim import WELL_KNOWN, key_record, selectors

KEY = quoted(key_record(key_of("rsa")))


def test_nothing_under_domainkey_is_a_true_absence_and_takes_one_question():
    """RFC 8020: NXDOMAIN for _domainkey rules out every name below."""
    zones = Zones({"auroria.post": {"TXT": ['"v=spf1 -all"']}})
    found = run(selectors(zones.resolver(), "auroria.post"))
    assert (found.state, found.keys) == ("absent", ())
    assert zones.asked == [("_domainkey.auroria.post", "TXT")]


def test_well_known_selectors_are_found_and_read():
    found = run(selectors(keys({"selector1": key_record(key_of("rsa")), "s2026b": key_record(None)}), "auroria.post"))
    assert found.state == "found"
    assert [(key.selector, key.record.bits, key.record.revoked) for key in found.keys] == [("selector1", 2048, False), ("s2026b", 0, True)]


def test_an_uncommon_selector_is_not_found_and_yet_not_absent():
    resolver = keys({"parcels-of-2026": key_record(key_of("rsa"))})
    assert run(selectors(resolver, "auroria.post")).state == "not-found"
    assert run(selectors(resolver, "auroria.post", ["parcels-of-2026"])).state == "found"


def test_a_key_behind_an_alias_shows_where_it_leads():
    alias = {"CNAME": ["k1.keys.mailer.example."]}
    found = run(selectors(served({"k1._domainkey.auroria.post": alias, "k1.keys.mailer.example": {"TXT": [KEY]}}), "auroria.post"))
    assert [(key.selector, key.target) for key in found.keys] == [("k1", "k1.keys.mailer.example")]


def test_an_alias_at_domainkey_that_leads_nowhere_is_no_absence():
    found = run(selectors(served({"_domainkey.auroria.post": {"CNAME": ["gone.mailer.example."]}, "mailer.example": {}}), "auroria.post"))
    assert found.state == "not-found"


def test_texts_that_are_no_keys_are_none():
    found = run(selectors(served({f"{name}._domainkey.auroria.post": {"TXT": ['"v=spf1 -all"']} for name in WELL_KNOWN}), "auroria.post"))
    assert (found.state, found.wildcard) == ("not-found", None)


@pytest.mark.parametrize(("text", "revoked"), [('"v=spf1 -all"', None), ('"v=DKIM1; p="', True), (KEY, False)])
def test_what_a_wildcard_gives_is_no_selectors_key(text, revoked):
    """RFC 4592: it answers for every selector, so one that nobody has shows it."""
    wild = {f"{name}._domainkey.auroria.post": {"TXT": [text]} for name in (*WELL_KNOWN, "no-such-selector-4f1c9a")}
    own = {"google._domainkey.auroria.post": {"TXT": [quoted(key_record(key_of("other")))]}}
    found = run(selectors(served(wild), "auroria.post"))
    assert (found.state, found.keys) == ("not-found", ())
    assert (found.wildcard.revoked if found.wildcard else None) is revoked
    found = run(selectors(served(wild | own), "auroria.post"))
    assert (found.state, [key.selector for key in found.keys]) == ("found", ["google"])


def test_silence_is_said_and_not_taken_for_absence():
    resolver = served({"k1._domainkey.auroria.post": "servfail", "k2._domainkey.auroria.post": {"TXT": [KEY]}})
    found = run(selectors(resolver, "auroria.post"))
    assert found.state == "found" and [(name, reason) for name, reason, _ in found.unreachable] == [("k1", "servfail")]


@pytest.mark.parametrize("name", ["_domainkey.auroria.post", "no-such-selector-4f1c9a._domainkey.auroria.post"])
def test_where_all_hangs_on_one_answer_silence_is_raised(name):
    with pytest.raises(Unreachable) as error:
        run(selectors(served({name: "servfail"}), "auroria.post"))
    assert error.value.reason == "servfail"


def test_what_is_no_domain_is_refused():
    with pytest.raises(ValueError, match="bad-name"):
        run(selectors(served({}), "a..post"))


def test_about_twenty_five_are_tried_each_once():
    assert 20 <= len(WELL_KNOWN) <= 30 and len(set(WELL_KNOWN)) == len(WELL_KNOWN)
