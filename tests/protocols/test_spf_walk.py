"""The worst case of a record, without a client (RFC 7208, section 4.6.4)."""

import pytest
from zones import Zones, run

from postlib.network import Unreachable
from postlib.protocols.spf import lookups, lookups_of
from postlib.protocols.spf.walk import QUESTIONS, RECORDS


def spf(text):
    """One TXT record, in a zone file's strings."""
    return {"TXT": [pieces(text)]}


def pieces(text):
    return " ".join(f'"{text[i : i + 250]}"' for i in range(0, len(text), 250))


def walked(records, domain="auroria.post"):
    zones = Zones(records)
    return run(lookups(zones.resolver(), domain)), zones


HOSTS = {"h.post": {"A": ["192.0.2.1"]}, "h6.post": {"AAAA": ["2001:db8::1"]}}


def test_each_term_that_asks_counts_once_with_all_below_it():
    tree, _ = walked(
        HOSTS
        | {
            "auroria.post": spf("v=spf1 ip4:192.0.2.1 a:h.post include:_a.post ptr exists:%{i}.l.post redirect=_b.post"),
            "_a.post": spf("v=spf1 a:h6.post mx:m.post -all mx:never.post"),
            "_b.post": spf("v=spf1 include:_a.post ~all"),
            "m.post": {"MX": ["10 h.post."]},
        }
    )
    assert tree.total == 5 + 2 + 1 + 2
    assert [term.term for term in tree.walk()] == [
        "a:h.post", "include:_a.post", "a:h6.post", "mx:m.post", "ptr", "exists:%{i}.l.post",
        "redirect=_b.post", "include:_a.post", "a:h6.post", "mx:m.post",
    ]  # fmt: skip
    assert tree.voids == () and tree.broken == () and tree.complete


def test_what_all_makes_void_is_not_counted():
    assert walked(HOSTS | {"auroria.post": spf("v=spf1 a:h.post -all mx redirect=gone.test")})[0].total == 1


def test_each_void_lookup_is_named_with_its_term():
    tree, _ = walked(
        HOSTS
        | {
            "auroria.post": spf("v=spf1 a:gone.test a:h6.post mx:h.post mx:m.post exists:h6.post a:%{d}.x.test include:t.post -all"),
            "m.post": {"MX": ["10 h.post.", "20 away.test.", "30 off.test."]},
            "t.post": {"A": ["192.0.2.9"]},
        }
    )
    assert [(term.term, name) for term, name in tree.voids] == [
        ("a:gone.test", "gone.test"),
        ("mx:h.post", "h.post"),
        ("mx:m.post", "away.test"),
        ("mx:m.post", "off.test"),
        ("exists:h6.post", "h6.post"),
        ("a:%{d}.x.test", "auroria.post.x.test"),
        ("include:t.post", "t.post"),
    ]
    assert [(record.domain, record.problem) for record in tree.broken] == [("t.post", "no-record")]


def test_broken_records_below_are_told_with_their_problem():
    names = ("none.test", "two.post", "bad.post", "bytes.post", "down.post", "two..dots.post")
    tree, _ = walked(
        {
            "auroria.post": spf("v=spf1 " + " ".join(f"include:{name}" for name in names) + " include:%{o}.o.post a:bad..name.post"),
            "two.post": {"TXT": ['"v=spf1 -all"', '"v=spf1 +all"']},
            "bad.post": spf("v=spf1 -all moo"),
            "bytes.post": spf("v=spf1 \\200"),
            "down.post": "servfail",
        }
    )
    assert [(record.domain, record.problem) for record in tree.broken] == [
        ("none.test", "no-such-domain"), ("two.post", "several-records"), ("bad.post", "syntax"), ("bytes.post", "syntax"),
        ("down.post", "unreachable"), ("two..dots.post", "malformed"),
    ]  # fmt: skip
    assert [term.problem for term in tree.terms][-3:] == ["not-a-name", "depends-on-message", "not-a-name"]
    assert not tree.complete and tree.total == 8 and "moo" in tree.broken[2].detail and "servfail" in tree.broken[4].detail


def test_a_host_that_cannot_be_told_is_neither_void_nor_well():
    tree, _ = walked({"auroria.post": spf("v=spf1 a:down.post mx:down.post -all"), "down.post": "refused"})
    assert [term.problem for term in tree.terms] == ["unreachable"] * 2 and tree.voids == () and not tree.complete


def test_more_than_ten_mail_servers_are_told():
    tree, zones = walked({"auroria.post": spf("v=spf1 mx -all") | {"MX": [f"{n} m{n}.test." for n in range(11)]}})
    assert (tree.terms[0].problem, tree.terms[0].detail, tree.total) == ("too-many-mail-servers", "11", 1)
    assert ("m1.test", "A") not in zones.asked


def test_a_null_mail_server_is_not_void():
    """RFC 7505."""
    assert walked({"auroria.post": spf("v=spf1 mx -all") | {"MX": ["0 ."]}})[0].voids == ()


@pytest.mark.parametrize("term", ["include:auroria.post", "redirect=AURORIA.post", "include:ring.post"])
def test_a_loop_is_told_and_ends(term):
    tree, _ = walked({"auroria.post": spf(f"v=spf1 {term}"), "ring.post": spf("v=spf1 redirect=auroria.post")})
    assert [record.problem for record in tree.broken] == ["loop"] and tree.total <= 2


def test_a_forest_of_includes_ends_at_forty_records():
    """Each of 30 domains includes all the later ones: some billion paths."""
    forest = {f"d{n}.post": spf("v=spf1 " + " ".join(f"include:d{m}.post" for m in range(n + 1, 30)) + " -all") for n in range(30)}
    tree, zones = walked(forest, "d0.post")
    assert any(record.problem == "not-walked" for record in tree.broken) and not tree.complete
    assert tree.total <= RECORDS * 30 and len(zones.asked) <= 30


def test_several_records_share_one_bound():
    """Those of twenty includes had 400 questions each."""
    domains = [f"d{n}.post" for n in range(20)]
    zones = Zones({domain: spf("v=spf1 " + " ".join(f"a:h{n}.{domain}" for n in range(50)) + " -all") for domain in domains})
    trees = run(lookups_of(zones.resolver(), domains))
    assert [tree.domain for tree in trees] == domains and len(zones.asked) <= QUESTIONS
    assert trees[0].complete and trees[-1].problem == "not-walked"


def test_a_record_of_a_thousand_names_ends_at_the_bound_of_questions():
    tree, zones = walked({"auroria.post": spf("v=spf1 " + " ".join(f"a:h{n}.post" for n in range(1000)) + " -all")})
    assert tree.total == 1000 and len(zones.asked) <= QUESTIONS + 1
    assert [term.problem for term in tree.terms].count("not-asked") >= 800 and not tree.complete


@pytest.mark.parametrize(
    ("records", "problem"),
    [({}, "no-such-domain"), ({"auroria.post": {"A": ["192.0.2.1"]}}, "no-record"), ({"auroria.post": spf("v=spf1 moo")}, "syntax")],
)
def test_a_domain_without_a_sound_record_has_no_terms(records, problem):
    tree, _ = walked(records)
    assert (tree.problem, tree.terms, tree.total) == (problem, (), 0)


def test_what_is_no_domain_is_malformed():
    assert walked({}, "localhost")[0].problem == walked({}, "a..post")[0].problem == "malformed"


def test_silence_about_the_domain_itself_is_not_a_fact_about_it():
    with pytest.raises(Unreachable, match="timeout"):
        walked({"auroria.post": "timeout"})
