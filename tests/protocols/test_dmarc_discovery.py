"""The DNS Tree Walk, the Organizational Domain and policy discovery: RFC 9989, section 4.10."""

import pytest
from zones import Zones, run, served

from postlib.network import CouldNotTell, Unknown, Unreachable
from postlib.protocols.dmarc import Policy, Role, discover, organizational_domain

LONG = "a.b.c.d.e.f.g.h.i.j.mail.auroria.post"


def published(records, **others):
    """Zones with a DMARC record at each of some domains, and other names as they are."""
    return {f"_dmarc.{domain}": {"TXT": [f'"{text}"']} for domain, text in records.items()} | others


def organization(name, records):
    return run(organizational_domain(served(published(records)), name))


def discovered(name, records, **others):
    return run(discover(served(published(records) | others), name))


def test_the_record_with_the_fewest_labels_marks_the_organization():
    """Section 4.10.2, the first worked example."""
    found = organization("a.mail.auroria.post", {"mail.auroria.post": "v=DMARC1", "auroria.post": "v=DMARC1"})
    assert (str(found), found.rule) == ("auroria.post", "fewest-labels")
    assert [(step.domain, step.outcome) for step in found.walk.steps] == [
        ("a.mail.auroria.post", "no-name"), ("mail.auroria.post", "record"), ("auroria.post", "record"), ("post", "no-name")]  # fmt: skip
    assert found.walk.stopped == "no-more-labels"


def test_psd_n_marks_the_organization_and_ends_the_walk():
    """Section 4.10.2, the second worked example."""
    zones = Zones(published({"mail.auroria.post": "v=DMARC1; psd=n", "auroria.post": "v=DMARC1"}))
    found = run(organizational_domain(zones.resolver(), "a.mail.auroria.post"))
    assert (str(found), found.rule, found.walk.stopped) == ("mail.auroria.post", "psd=n", "psd=n")
    assert zones.asked == [("_dmarc.a.mail.auroria.post", "TXT"), ("_dmarc.mail.auroria.post", "TXT")]


def test_psd_y_marks_the_organization_one_label_below():
    """Section 4.10.2, the last worked example."""
    found = organization("a.mail.auroria.post", {"post": "v=DMARC1; psd=y"})
    assert (str(found), found.rule, found.walk.stopped) == ("auroria.post", "psd=y", "psd=y")


def test_thirteen_labels_cost_exactly_eight_questions():
    """Section 4.10, the worked example of a long name: six labels are skipped."""
    zones = Zones({"elsewhere.example": {"TXT": ["x"]}})
    found = run(organizational_domain(zones.resolver(), LONG))
    expected = [LONG, "g.h.i.j.mail.auroria.post", "h.i.j.mail.auroria.post", "i.j.mail.auroria.post", "j.mail.auroria.post",
                "mail.auroria.post", "auroria.post", "post"]  # fmt: skip
    assert zones.asked == [(f"_dmarc.{name}", "TXT") for name in expected]
    assert (str(found), found.rule) == (LONG, "no-record")


@pytest.mark.parametrize(("labels", "questions"), [(1, 1), (2, 2), (7, 7), (8, 8), (9, 8), (120, 8)])
def test_a_walk_never_asks_more_than_eight_questions(labels, questions):
    """Section 4.10."""
    zones = Zones({})
    run(organizational_domain(zones.resolver(), ".".join(["a"] * labels)))
    assert len(zones.asked) == questions


def test_below_psd_y_after_a_skip_the_name_is_rebuilt_from_the_start():
    """Sections 4.10 and 4.10.2: the walk asked about seven labels, the Organizational Domain has eight."""
    found = organization(LONG, {"g.h.i.j.mail.auroria.post": "v=DMARC1; psd=y"})
    assert str(found) == "f.g.h.i.j.mail.auroria.post"


def test_psd_y_at_the_start_itself_is_its_own_organization():
    """Section 4.10.2, step 2, leaves out the name where the walk started."""
    found = organization("post", {"post": "v=DMARC1; psd=y"})
    assert (str(found), found.rule) == ("post", "fewest-labels")


def test_psd_u_says_nothing():
    """Section 4.7, tag psd: u is the default; a wrong value reads as u."""
    for psd in ("u", "x"):
        assert str(organization("a.auroria.post", {"a.auroria.post": f"v=DMARC1; psd={psd}", "auroria.post": "v=DMARC1"})) == "auroria.post"


def test_several_records_at_one_name_are_all_discarded():
    """Section 4.10, steps 2 and 6; the walk goes on, even where one of them says psd=n."""
    records = {"_dmarc.auroria.post": {"TXT": ['"v=DMARC1; p=reject; psd=n"', '"v=DMARC1; p=none"']}} | published(
        {"post": "v=DMARC1; psd=y; p=reject"}
    )
    discovery = run(discover(served(records), "shop.auroria.post"))
    assert (discovery.domain, discovery.role) == ("post", Role.PSD)
    assert discovery.walk.steps[1].outcome == "several" and len(discovery.walk.steps[1].texts) == 2


def test_unrelated_txt_beside_a_record_is_no_second_record():
    """Section 4.10, step 2."""
    records = {"_dmarc.auroria.post": {"TXT": ['"v=spf1 -all"', '"v=DMARC1; p=" "reject"', '"v=DMARC2; p=none"']}}
    assert run(discover(served(records), "auroria.post")).policy is Policy.REJECT
    other = run(discover(served({"_dmarc.auroria.post": {"TXT": ['"v=spf1 -all"']}}), "auroria.post"))
    assert (other.outcome, other.walk.steps[0].outcome) == ("no-record", "other")


def test_the_authors_own_record_ends_discovery_at_once():
    """Section 4.10.1: p speaks, even beside sp and np, which are for subdomains of an Organizational Domain."""
    zones = Zones(published({"shop.auroria.post": "v=DMARC1; p=none; sp=reject; np=reject", "auroria.post": "v=DMARC1; p=reject"}))
    discovery = run(discover(zones.resolver(), "Shop.Auroria.post."))
    assert (discovery.domain, discovery.role, discovery.tag, discovery.policy) == ("shop.auroria.post", Role.AUTHOR, "p", Policy.NONE)
    assert zones.asked == [("_dmarc.shop.auroria.post", "TXT")]
    assert discovery.walk.stopped == "author-record"


def test_a_record_in_the_middle_is_nobodys_policy():
    """Section 4.10.1: neither the author's, nor the organization's, nor the PSD's."""
    middle = {"b.auroria.post": "v=DMARC1; p=reject; sp=reject; np=reject"}
    assert discovered("a.b.auroria.post", middle | {"auroria.post": "v=DMARC1; p=none"}).domain == "auroria.post"
    assert discovered("a.b.auroria.post", middle | {"post": "v=DMARC1; psd=y; p=quarantine"}).domain == "post"


def test_the_psds_policy_is_not_for_organizations_that_publish_one():
    """Section 4.10.1, its closing note."""
    discovery = discovered("a.auroria.post", {"auroria.post": "v=DMARC1; p=none", "post": "v=DMARC1; psd=y; p=reject; sp=reject"})
    assert (discovery.domain, discovery.role, discovery.policy) == ("auroria.post", Role.ORGANIZATIONAL, Policy.NONE)


def test_no_record_anywhere_means_no_dmarc():
    discovery = discovered("auroria.post", {})
    assert (discovery.outcome, discovery.record, discovery.policy, discovery.role) == ("no-record", None, None, None)


ORG = {"auroria.post": "v=DMARC1; p=none; sp=quarantine; np=reject"}


@pytest.mark.parametrize(
    ("author", "others", "exists", "tag", "policy"),
    [
        ("shop.auroria.post", {"shop.auroria.post": {"A": ["192.0.2.1"]}}, True, "sp", Policy.QUARANTINE),
        ("shop.auroria.post", {"shop.auroria.post": {"TXT": ["x"]}}, True, "sp", Policy.QUARANTINE),
        ("shop.auroria.post", {"www.shop.auroria.post": {"A": ["192.0.2.1"]}}, True, "sp", Policy.QUARANTINE),
        ("shop.auroria.post", {"shop.auroria.post": {"CNAME": ["gone.example."]}}, True, "sp", Policy.QUARANTINE),
        ("shop.auroria.post", {}, False, "np", Policy.REJECT),
        ("auroria.post", {}, None, "p", Policy.NONE),
    ],
)
def test_np_speaks_where_the_name_is_denied_and_only_there(author, others, exists, tag, policy):
    """Sections 3.2.13 and 4.10.1, RFC 8020: no data, an empty non-terminal and an alias exist."""
    discovery = discovered(author, ORG, **others)
    assert (discovery.exists, discovery.tag, discovery.policy) == (exists, tag, policy)


def test_existence_is_not_asked_where_np_says_nothing():
    zones = Zones(published({"auroria.post": "v=DMARC1; p=reject"}))
    assert run(discover(zones.resolver(), "shop.auroria.post")).exists is None
    assert all(rrtype == "TXT" for _, rrtype in zones.asked)


def test_np_of_a_psd_protects_names_nobody_registered():
    """Section 4.7, tag np, at a public suffix."""
    psd = {"post": "v=DMARC1; p=none; psd=y; np=reject"}
    assert discovered("parcel-fee.post", psd).policy is Policy.REJECT
    assert discovered("valdoria.post", psd, **{"valdoria.post": {"MX": ["10 mx.valdoria.post."]}}).policy is Policy.NONE


@pytest.mark.parametrize(("p", "applied"), [("reject", "quarantine"), ("quarantine", "none"), ("none", "none")])
def test_test_mode_asks_for_one_level_less(p, applied):
    """Section 4.7, tag t."""
    discovery = discovered("auroria.post", {"auroria.post": f"v=DMARC1; p={p}; t=y"})
    assert (discovery.requested, discovery.policy) == (p, applied)


@pytest.mark.parametrize("fault", ["p=rejct", "p=reject; sp=rejct", "p=reject; np=", "p=reject; p=reject"])
def test_a_wrong_policy_acts_as_none_with_rua_and_stops_dmarc_without(fault):
    """Section 4.10.1; it does not send discovery on to the parent either."""
    parent = {"post": "v=DMARC1; psd=y; p=reject"}
    with_rua = discovered("auroria.post", parent | {"auroria.post": f"v=DMARC1; {fault}; rua=mailto:d@auroria.post"})
    assert (with_rua.outcome, with_rua.tag, with_rua.policy, with_rua.domain) == ("record", "", Policy.NONE, "auroria.post")
    without = discovered("auroria.post", parent | {"auroria.post": f"v=DMARC1; {fault}"})
    assert (without.outcome, without.policy, without.domain) == ("unusable", None, "auroria.post")


@pytest.mark.parametrize("outcome", ["servfail", "refused", "timeout"])
def test_a_walk_that_is_cut_short_tells_nothing(outcome):
    """Section 4.10.1: a transient error is not the absence of a record."""
    resolver = served(published({"post": "v=DMARC1; psd=y; p=none"}) | {"_dmarc.auroria.post": outcome})
    with pytest.raises(Unreachable):
        run(discover(resolver, "shop.auroria.post"))


def test_where_existence_cannot_be_told_the_policy_cannot_either():
    discovery = discovered("shop.auroria.post", ORG, **{"shop.auroria.post": "servfail"})
    assert isinstance(discovery.policy, Unknown) and discovery.domain == "auroria.post"
    with pytest.raises(CouldNotTell):
        assert discovery.exists


def test_a_name_too_long_to_ask_about_has_no_record():
    """RFC 1035, section 2.3.4: there is no room for _dmarc before it."""
    name = ".".join(["a" * 60] * 4) + ".post"
    found = organization(name, {"post": "v=DMARC1; psd=y"})
    assert found.walk.steps[0].outcome == "name-too-long"
    assert str(found) == "a" * 60 + ".post"


@pytest.mark.parametrize("name", ["", ".", "a..b", "[192.0.2.1]", "a b.post", "a" * 64 + ".post", "a." * 200, "\ud800.post"])
def test_what_is_no_name_is_refused_before_any_question(name):
    zones = Zones({})
    with pytest.raises(ValueError):
        run(discover(zones.resolver(), name))
    assert not zones.asked
