"""The DMARC record's grammar: RFC 9989, sections 4.6 to 4.8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.protocols.dmarc import DmarcSyntaxError, Policy, parse, parse_uri

RANK = {Policy.NONE: 0, Policy.QUARANTINE: 1, Policy.REJECT: 2}


def words(text):
    return [fault.word for fault in parse(text).faults]


def test_a_full_record_is_read_whole():
    """Section 4.7."""
    record = parse(
        "v=DMARC1; p=reject; sp=quarantine; np=none; psd=n; t=y; adkim=s; aspf=s; fo=1:d:s;"
        " rua=mailto:a@auroria.post, https://reports.example/x ; ruf=mailto:f@auroria.post"
    )
    assert (record.p, record.sp, record.np) == (Policy.REJECT, Policy.QUARANTINE, Policy.NONE)
    assert (record.psd, record.t, record.adkim, record.aspf, record.fo) == ("n", "y", "s", "s", ("1", "d", "s"))
    assert [(uri.scheme, uri.host, uri.address) for uri in record.rua] == [
        ("mailto", "auroria.post", "a@auroria.post"),
        ("https", "reports.example", ""),
    ]
    assert record.ruf[0].address == "f@auroria.post"
    assert not record.faults and not record.unknown and not record.obsolete


def test_defaults_stand_where_tags_are_absent():
    """Section 4.7."""
    record = parse("v=DMARC1")
    assert (record.p, record.psd, record.t, record.adkim, record.aspf, record.fo) == (None, "u", "n", "r", "r", ("0",))
    assert not record.faults


@pytest.mark.parametrize(
    "text",
    ["", "v=DMARC1x", "v=dmarc1; p=reject", " v=DMARC1", "p=reject; v=DMARC1", "v=DMARC1 p=none", "v=spf1 -all", "v=DMARC1\u00a0; p=none",
     "v=DMARC1,p=none", "DMARC1", "v=DMARC1\n", "\ufeffv=DMARC1; p=none", b"v=DMARC1\xa0;p=none", "v=\uff24MARC1"],
)  # fmt: skip
def test_what_does_not_begin_with_the_version_is_no_dmarc_record(text):
    """Section 4.7, tag v: the whole text is then ignored."""
    with pytest.raises(DmarcSyntaxError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["v=DMARC1;p=reject", "v = DMARC1 ; p = reject ;", "v=DMARC1;\tp\t=\treject\t", "V=DMARC1; P=Reject", b"v=DMARC1;p=reject;"]
)
def test_spaces_and_case_as_the_grammar_allows(text):
    """Section 4.8: WSP around = and ;, names and values in any case, only DMARC1 in this one."""
    assert parse(text).p is Policy.REJECT
    assert not parse(text).faults


def test_tags_come_in_any_order_after_the_version():
    """Section 4.7."""
    assert parse("v=DMARC1; rua=mailto:a@b.example; sp=none; p=reject").p is Policy.REJECT


def test_unknown_tags_are_ignored_and_kept():
    """Section 4.8."""
    record = parse("v=DMARC1; p=reject; future=yes")
    assert record.unknown == (("future", "yes"),)
    assert record.policy() == ("p", Policy.REJECT) and not record.faults


def test_tags_of_rfc_7489_are_told_apart_from_unknown_ones():
    """RFC 9989, appendix C.5.2: pct, rf and ri are gone."""
    record = parse("v=DMARC1; p=reject; pct=20; rf=afrf; ri=3600")
    assert record.obsolete == (("pct", "20"), ("rf", "afrf"), ("ri", "3600"))
    assert not record.unknown and record.policy() == ("p", Policy.REJECT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=rejct", ["bad-value"]),
        ("v=DMARC1; p=", ["empty-value"]),
        ("v=DMARC1; p", ["not-a-tag"]),
        ("v=DMARC1;; p=none", ["empty-tag"]),
        ("v=DMARC1; p=none; p=reject", ["duplicate-tag", "duplicate-tag"]),
        ("v=DMARC1; v=DMARC1", ["duplicate-tag"]),
        ("v=DMARC1; p=re\u200bject", ["bad-character"]),
        ("v=DMARC1; p=none; t=x; psd=maybe; adkim=strict; aspf=1", ["bad-value"] * 4),
        ("v=DMARC1; fo=0:1; ruf=mailto:a@b.example", ["bad-value"]),
        ("v=DMARC1; fo=d:d; ruf=mailto:a@b.example", ["bad-value"]),
        ("v=DMARC1; fo=1", ["fo-without-ruf"]),
        ("v=DMARC1; rua=a@b.example", ["uri-without-scheme"]),
        ("v=DMARC1; rua=mailto:a@b.example,,mailto:@b.example", ["empty-uri", "bad-uri"]),
        ("v=DMARC1; rua=mailto:a@b.example!10m", ["obsolete-size"]),
    ],
)
def test_each_fault_has_its_word(text, expected):
    """Section 4.8: syntax errors give way to the default."""
    assert words(text) == expected


def test_a_fault_says_which_tag_and_what_stood_there():
    fault = parse("v=DMARC1; sp=rejct").faults[0]
    assert (fault.word, fault.tag, fault.value) == ("bad-value", "sp", "rejct")


def test_the_obsolete_size_is_ignored_and_the_address_kept():
    """Section 4.8, obs-dmarc-report-size."""
    uri = parse("v=DMARC1; rua=mailto:a@b.example!10M").rua[0]
    assert (uri.text, uri.address, uri.size) == ("mailto:a@b.example", "a@b.example", "10M")


NO_URI = [
    "mailto:",
    "mailto:a@b@c.example",
    "mailto:a@[192.0.2.1]",
    "mailto:a@b..example",
    "mailto:a%2Cb@c.example",
    "mailto:a b@c.example",
    "mailto:a!b@c.example",
    "mailto:a@b.example%0d%0aBcc:x@y.example",
    "http://[",
    ":",
]


@pytest.mark.parametrize("text", NO_URI)
def test_what_is_no_reporting_uri(text):
    """Section 4.8, dmarc-uri; RFC 6068: one mailbox, nothing smuggled in beside it."""
    with pytest.raises(ValueError, match="bad-uri"):
        parse_uri(text)


def test_the_host_of_a_uri_is_the_one_that_would_be_reached():
    """RFC 3986, section 3.2: user information is not the host; header fields of a mailto are not recipients."""
    assert parse_uri("https://auroria.post@evil.example/x").host == "evil.example"
    assert parse_uri("mailto:a@B%C3%BCcher.example?cc=x@y.example").address == "a@xn--bcher-kva.example"
    assert parse_uri("foo:bar").host == ""


def test_a_wrong_policy_with_a_valid_rua_acts_as_none_and_without_one_not_at_all():
    """Section 4.10.1."""
    assert parse("v=DMARC1; p=rejct; rua=mailto:a@b.example").applies
    assert parse("v=DMARC1; p=rejct; rua=mailto:a@b.example").policy() == ("", Policy.NONE)
    assert not parse("v=DMARC1; p=rejct").applies
    assert not parse("v=DMARC1; p=reject; sp=oops; rua=nobody").applies


def test_an_absent_policy_is_none_and_subdomain_policies_keep_their_force():
    """Section 4.7, tag p: absence reads as p=none, with or without rua (our reading where 4.7 and 4.10.1 pull apart)."""
    record = parse("v=DMARC1; psd=y; np=reject")
    assert record.applies
    assert record.policy() == ("p", Policy.NONE)
    assert record.policy(subdomain=True, exists=False) == ("np", Policy.REJECT)


@pytest.mark.parametrize(
    ("tags", "existing", "missing"),
    [
        ("p=reject", ("p", "reject"), ("p", "reject")),
        ("p=reject; sp=none", ("sp", "none"), ("sp", "none")),
        ("p=none; np=reject", ("p", "none"), ("np", "reject")),
        ("p=none; sp=quarantine; np=reject", ("sp", "quarantine"), ("np", "reject")),
    ],
)
def test_which_tag_speaks_for_a_subdomain(tags, existing, missing):
    """Sections 4.7 and 4.10.1: sp where it exists, np where it does not, each falling back."""
    record = parse(f"v=DMARC1; {tags}")
    assert record.policy(subdomain=True) == existing
    assert record.policy(subdomain=True, exists=False) == missing


@given(st.one_of(st.text(), st.binary(), st.text(alphabet="vpsndtrua=;:,!@. DMARC1\t\u00e9"), st.text().map("v=DMARC1;".__add__)))
def test_parsing_never_crashes(text):
    try:
        record = parse(text)
    except DmarcSyntaxError:
        return
    assert record.v == "DMARC1" and record.policy()[1] in Policy


WRONG = st.text(min_size=0, max_size=12).filter(lambda t: ";" not in t and t.strip(" \t").lower() not in {"none", "quarantine", "reject"})


@given(st.sampled_from(list(Policy)), st.sampled_from(["p", "sp", "np"]), WRONG, st.booleans(), st.booleans(), st.booleans())
def test_a_wrong_policy_tag_never_asks_for_more(policy, tag, wrong, rua, subdomain, exists):
    """Section 4.10.1: whichever of p, sp, np is wrong, nothing is asked for."""
    others = "; ".join(f"{other}={policy}" for other in ("p", "sp", "np") if other != tag)
    record = parse(f"v=DMARC1; {others}; {tag}={wrong}" + ("; rua=mailto:a@b.example" if rua else ""))
    assert record.policy(subdomain=subdomain, exists=exists)[1] is Policy.NONE
    assert record.applies is rua


@given(st.sampled_from(list(Policy)), st.text(max_size=40), st.booleans(), st.booleans())
def test_rubbish_added_to_a_record_never_makes_it_stronger(policy, rubbish, subdomain, exists):
    """Section 4.8. (A valid sp or np in the rubbish is no rubbish.)"""
    before = parse(f"v=DMARC1; p={policy}; sp={policy}; np={policy}").policy(subdomain=subdomain, exists=exists)[1]
    after = parse(f"v=DMARC1; p={policy}; sp={policy}; np={policy}; {rubbish}").policy(subdomain=subdomain, exists=exists)[1]
    assert RANK[after] <= RANK[before]
