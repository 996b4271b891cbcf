"""Identifier alignment and DMARC's answer: RFC 9989, sections 4.4, 4.10.2 and 5.3."""

import pytest
from zones import Zones, run, served

from postlib.network import Unknown
from postlib.protocols.dmarc import Policy, Result, author_domains, evaluate


def published(records, **others):
    return {f"_dmarc.{domain}": {"TXT": [f'"{text}"']} for domain, text in records.items()} | others


def evaluated(author, records, *, spf=None, dkim=(), **others):
    return run(evaluate(served(published(records) | others), author, spf=spf, dkim=dkim))


REJECT = {"auroria.post": "v=DMARC1; p=reject"}


@pytest.mark.parametrize(
    ("tags", "spf", "dkim", "result"),
    [
        ("", ("pass", "auroria.post"), (), "pass"),
        ("", ("pass", "bounce.auroria.post"), (), "pass"),
        ("", ("PASS", "Bounce.Auroria.POST."), (), "pass"),
        ("aspf=s", ("pass", "bounce.auroria.post"), (), "fail"),
        ("aspf=s", ("pass", "auroria.post"), (), "pass"),
        ("adkim=s", ("pass", "bounce.auroria.post"), (), "pass"),
        ("", ("softfail", "auroria.post"), (), "fail"),
        ("", ("pass", "phisher.test"), (), "fail"),
        ("", ("pass", "notauroria.post"), (), "fail"),
        ("", ("pass", "post"), (), "fail"),
        ("", ("pass", ""), (), "fail"),
        ("", ("pass", "[192.0.2.1]"), (), "fail"),
        ("", None, (), "fail"),
        ("", None, [("pass", "auroria.post", "s1")], "pass"),
        ("", None, [("fail", "auroria.post", "s1"), ("pass", "mail.auroria.post", "s2")], "pass"),
        ("adkim=s", None, [("fail", "auroria.post", "s1"), ("pass", "mail.auroria.post", "s2")], "fail"),
        ("", None, [("pass", "phisher.test", "x")], "fail"),
        ("", ("pass", "phisher.test"), [("fail", "auroria.post", "s1")], "fail"),
    ],
)
def test_one_aligned_identifier_that_passes_is_enough(tags, spf, dkim, result):
    """Sections 4.4.1, 4.4.2 and 5.3.5: every signature counts, not only the first."""
    evaluation = evaluated("auroria.post", {"auroria.post": f"v=DMARC1; p=reject; {tags}"}, spf=spf, dkim=dkim)
    assert evaluation.result == result
    assert evaluation.disposition is (Policy.NONE if result == "pass" else Policy.REJECT)


def test_two_registrants_under_one_public_suffix_do_not_align():
    """Section 4.10.2: psd=y at co.post parts a.co.post from b.co.post."""
    records = {"co.post": "v=DMARC1; psd=y; p=reject"}
    for identifier in ("b.co.post", "x.b.co.post", "co.post"):
        evaluation = evaluated("a.co.post", records, spf=("pass", identifier), dkim=[("pass", identifier, "s")])
        assert evaluation.result is Result.FAIL
        assert {i.reason for i in evaluation.identifiers} == {"other-organization"}
    assert evaluated("a.co.post", records, dkim=[("pass", "mail.a.co.post", "s")]).result is Result.PASS


def test_the_worked_example_of_a_deep_walk():
    """Appendix B.4.2: the author has no record, example.com's speaks, and both identifiers belong to it."""
    author = "a.b.c.d.e.f.g.h.i.j.k.auroria.post"
    records = {"auroria.post": "v=DMARC1; p=none", "signing.auroria.post": "v=DMARC1; p=none"}
    evaluation = evaluated(author, records, spf=("pass", "auroria.post"), dkim=[("pass", "signing.auroria.post", "s")])
    assert (evaluation.result, len(evaluation.aligned)) == (Result.PASS, 2)
    assert evaluation.discovery.domain == "auroria.post"


def test_the_worked_example_of_a_public_suffix():
    """Appendix B.4.3: SPF is aligned through giant.bank.example, DKIM belongs to mega.bank.example."""
    records = {"bank.example": "v=DMARC1; p=reject; psd=y", "giant.bank.example": "v=DMARC1; p=quarantine"}
    spf, dkim = ("pass", "mail.giant.bank.example"), [("pass", "mail.mega.bank.example", "s")]
    evaluation = evaluated("giant.bank.example", records, spf=spf, dkim=dkim)
    assert [identifier.aligned for identifier in evaluation.identifiers] == [True, False]
    assert evaluated("giant.bank.example", records, dkim=dkim).disposition is Policy.QUARANTINE


def test_without_a_mark_the_suffix_would_be_one_organization():
    """Section 4.10.2, step 3: this is what psd=y prevents."""
    assert evaluated("a.co.post", {"co.post": "v=DMARC1; p=reject"}, spf=("pass", "b.co.post")).result is Result.PASS


def test_psd_n_parts_a_department_from_its_parent():
    """Section 5.1.8."""
    records = {"lab.auroria.post": "v=DMARC1; p=reject; psd=n", "auroria.post": "v=DMARC1; p=reject"}
    assert evaluated("lab.auroria.post", records, spf=("pass", "auroria.post")).result is Result.FAIL
    assert evaluated("auroria.post", records, spf=("pass", "lab.auroria.post")).result is Result.FAIL
    assert evaluated("a.lab.auroria.post", records, spf=("pass", "lab.auroria.post")).result is Result.PASS


def test_an_identical_domain_needs_no_walk():
    """Section 4.10.2, its note: the record at the domain is all there is to ask."""
    zones = Zones(published(REJECT))
    run(evaluate(zones.resolver(), "auroria.post", spf=("pass", "auroria.post"), dkim=[("pass", "phisher.test", "s")]))
    assert zones.asked == [("_dmarc.auroria.post", "TXT")]


def test_strict_alignment_compares_and_asks_nothing():
    """Section 4.10.2, its note."""
    zones = Zones(published({"auroria.post": "v=DMARC1; p=reject; aspf=s; adkim=s"}))
    run(evaluate(zones.resolver(), "auroria.post", spf=("pass", "a.auroria.post"), dkim=[("pass", "b.auroria.post", "s")]))
    assert zones.asked == [("_dmarc.auroria.post", "TXT")]


def test_a_relaxed_walk_is_done_once_for_each_name():
    zones = Zones(published(REJECT))
    signatures = [("pass", "a.auroria.post", f"s{n}") for n in range(20)]
    evaluation = run(evaluate(zones.resolver(), "auroria.post", dkim=signatures))
    assert zones.asked == [(f"_dmarc.{name}", "TXT") for name in ("auroria.post", "post", "a.auroria.post")]
    assert len(evaluation.aligned) == 20
    assert str(evaluation.aligned[0].organizational_domain) == "auroria.post"


def test_mail_that_fails_gets_what_the_policy_asks_after_test_mode():
    """Section 4.7, tag t."""
    evaluation = evaluated("auroria.post", {"auroria.post": "v=DMARC1; p=reject; t=y"})
    assert (evaluation.result, evaluation.reason, evaluation.disposition) == (Result.FAIL, "not-aligned", Policy.QUARANTINE)


def test_without_a_record_dmarc_says_nothing():
    """Section 4.10.1."""
    evaluation = evaluated("auroria.post", {}, spf=("pass", "auroria.post"))
    assert (evaluation.result, evaluation.reason, evaluation.disposition) == (Result.NONE, "no-record", Policy.NONE)


def test_an_unusable_record_is_no_dmarc_but_with_rua_it_monitors():
    """Section 4.10.1."""
    evaluation = evaluated("auroria.post", {"auroria.post": "v=DMARC1; p=rejct"})
    assert (evaluation.result, evaluation.reason) == (Result.NONE, "unusable-record")
    evaluation = evaluated("auroria.post", {"auroria.post": "v=DMARC1; p=rejct; rua=mailto:d@auroria.post"})
    assert (evaluation.result, evaluation.policy, evaluation.disposition) == (Result.FAIL, Policy.NONE, Policy.NONE)


@pytest.mark.parametrize("outcome", ["servfail", "refused", "timeout"])
def test_where_the_record_cannot_be_had_mail_neither_passes_nor_fails(outcome):
    """Section 5.3.6."""
    evaluation = evaluated("auroria.post", {}, spf=("pass", "auroria.post"), **{"_dmarc.auroria.post": outcome})
    assert (evaluation.result, evaluation.reason, evaluation.disposition) == (Result.TEMPERROR, "discovery", Policy.NONE)
    assert evaluation.unreachable is not None and evaluation.unreachable.reason == outcome


def test_an_alignment_that_cannot_be_told_neither_passes_nor_fails():
    """Section 5.3.6."""
    evaluation = evaluated("auroria.post", REJECT, spf=("pass", "b.auroria.post"), **{"_dmarc.b.auroria.post": "servfail"})
    assert (evaluation.result, evaluation.reason, evaluation.disposition) == (Result.TEMPERROR, "alignment", Policy.NONE)
    assert isinstance(evaluation.identifiers[0].aligned, Unknown)
    above = evaluated("auroria.post", REJECT, spf=("pass", "b.auroria.post"), **{"_dmarc.post": "servfail"})
    assert (above.result, above.reason) == (Result.TEMPERROR, "alignment")


def test_another_aligned_identifier_that_passes_settles_it():
    """Section 5.3.5: one is enough, whatever stays open."""
    evaluation = evaluated(
        "auroria.post",
        REJECT,
        spf=("pass", "b.auroria.post"),
        dkim=[("pass", "auroria.post", "s")],
        **{"_dmarc.b.auroria.post": "servfail"},
    )
    assert evaluation.result is Result.PASS


def test_a_mechanism_that_could_not_tell_matters_only_where_it_is_aligned():
    """Section 5.3.6."""
    assert evaluated("auroria.post", REJECT, spf=("temperror", "auroria.post")).reason == "authentication"
    assert evaluated("auroria.post", REJECT, spf=("temperror", "auroria.post")).result is Result.TEMPERROR
    assert evaluated("auroria.post", REJECT, dkim=[("temperror", "phisher.test", "s")]).result is Result.FAIL
    assert evaluated("auroria.post", REJECT, spf=("temperror", "auroria.post"), dkim=[("pass", "auroria.post", "s")]).result is Result.PASS
    assert evaluated("auroria.post", REJECT, spf=("permerror", "auroria.post")).result is Result.FAIL


def test_existence_that_cannot_be_told_leaves_a_failure_open_and_a_pass_alone():
    records = {"auroria.post": "v=DMARC1; p=none; np=reject"}
    silent = {"shop.auroria.post": "servfail"}
    evaluation = evaluated("shop.auroria.post", records, **silent)
    assert (evaluation.result, evaluation.reason, evaluation.policy) == (Result.TEMPERROR, "existence", None)
    assert evaluated("shop.auroria.post", records, spf=("pass", "auroria.post"), **silent).result is Result.PASS


@pytest.mark.parametrize("author", ["[192.0.2.1]", "", "bank.example\0", "a..b"])
def test_an_author_that_is_no_domain_name_is_a_permanent_error(author):
    evaluation = evaluated(author, REJECT, spf=("pass", "auroria.post"))
    assert (evaluation.result, evaluation.reason) == (Result.PERMERROR, "not-a-domain")


def test_a_u_label_author_aligns_with_its_a_label():
    """Section 5.3.1."""
    (author,) = author_domains("From: B\u00fccher <a@b\u00fccher.example>\r\n\r\n".encode())
    records = {"xn--bcher-kva.example": "v=DMARC1; p=reject"}
    assert evaluated(author, records, dkim=[("pass", "xn--bcher-kva.example", "s")]).result is Result.PASS
    assert evaluated("b\u00fccher.example", records, dkim=[("pass", "b\u00fccher.example", "s")]).result is Result.PASS
