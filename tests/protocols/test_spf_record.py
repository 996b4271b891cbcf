"""The grammar of RFC 7208, sections 4.6.1, 5, 6, 7.1 and 12."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.protocols.spf import Mechanism, Result, SpfSyntaxError, is_spf, parse
from postlib.protocols.spf.macro import Macro, MacroSyntaxError, domain_spec, explain_string, target_name

LETTERS = "abcdefghijklmnopqrstuvwxyz%{}/:.=-+~? 0123456789_\x80\0"


def test_a_record_is_its_directives_and_modifiers_in_order():
    record = parse("v=spf1 ip4:192.0.2.0/24 ~a:%{d2}/26//64 x=1  -all exp=why.%{d} redirect=valdoria.post")
    ip4, a, every = record.directives
    assert (ip4.mechanism, ip4.result, ip4.network) == (Mechanism.IP4, Result.PASS, ip_network("192.0.2.0/24"))
    assert (a.mechanism, a.result, a.ip4_prefix, a.ip6_prefix, str(a.domain)) == (Mechanism.A, Result.SOFTFAIL, 26, 64, "%{d2}")
    assert (every.text, every.position) == ("-all", 45) and record.text[45:49] == "-all"
    assert [(m.name, str(m.value)) for m in record.modifiers] == [("x", "1"), ("exp", "why.%{d}"), ("redirect", "valdoria.post")]


def test_all_makes_the_redirect_void_and_hides_what_follows():
    """RFC 7208, sections 5.1 and 6.1."""
    record = parse("v=spf1 a -all mx redirect=valdoria.post")
    assert record.redirect is None and [d.text for d in record.evaluated] == ["a", "-all"]


SOUND = [
    "v=spf1",
    "V=SPF1 ",
    "v=spf1 +ALL",
    "v=spf1 A MX/0 mX//128 a/32//0",
    "v=spf1 a:foo:bar/baz.auroria.post",
    "v=spf1 a:lane/24.auroria.post/24",
    "v=spf1 a:auroria.post. a:.post a:two..dots.post",
    "v=spf1 a:auroria.4post a:auroria.p-1 a:auroria.1-1 a:%{d} a:x%{d}//64 a:auroria.%% a:%_ a:%-",
    "v=spf1 exists:%{ir}.%{l1r+-._=,/}._spf.%{D127} ptr ptr:auroria.post",
    "v=spf1 ip4:0.0.0.0/0 ip4:192.0.2.1 ip6::: ip6:2001:db8::192.0.2.1/128 ip6:1:2:3:4:5:6:7:8/0",
    "v=spf1 a=b all=x a.b-c_d=%{l}:/= z= REDIRECT=a.post Exp=b.post",
    "v=spf1 x=1 x=1",
]


@pytest.mark.parametrize("text", SOUND)
def test_these_are_records(text):
    assert parse(text).text == text


WRONG = [
    ("spf1 -all", "version", 0),
    ("v=spf10 -all", "version", 0),
    ("v=spf1 moo", "unknown-mechanism", 7),
    ("v=spf1 -all moo", "unknown-mechanism", 12),
    ("v=spf1 +", "unknown-mechanism", 8),
    ("v=spf1 --all", "unknown-mechanism", 8),
    ("v=spf1 !all", "unknown-mechanism", 7),
    ("v=spf1 all.", "unknown-mechanism", 7),
    ("v=spf1 =all", "unknown-mechanism", 7),
    ("v=spf1 1up=x", "unknown-mechanism", 7),
    ("v=spf1 -redirect=a.post", "unknown-mechanism", 8),
    ("v=spf1 redirect:a.post", "unknown-mechanism", 7),
    ("v=spf1 moo/x=1", "unknown-mechanism", 7),
    ("v=spf1 all:a.post", "argument", 10),
    ("v=spf1 all/8", "argument", 10),
    ("v=spf1 include", "argument", 14),
    ("v=spf1 exists", "argument", 13),
    ("v=spf1 ip4", "argument", 10),
    ("v=spf1 -all ip6", "argument", 15),
    ("v=spf1 include/24", "prefix-length", 14),
    ("v=spf1 ptr/24", "prefix-length", 10),
    ("v=spf1 exists:a.post/24", "domain", 14),
    ("v=spf1 include:", "domain", 15),
    ("v=spf1 a:", "domain", 9),
    ("v=spf1 mx:/24", "domain", 10),
    ("v=spf1 ptr:", "domain", 11),
    ("v=spf1 redirect=", "domain", 16),
    ("v=spf1 exp= -all", "domain", 11),
    ("v=spf1 exp=-all", "domain", 11),
    ("v=spf1 a:post", "domain", 9),
    ("v=spf1 a:post.", "domain", 9),
    ("v=spf1 a:auroria.-post", "domain", 9),
    ("v=spf1 a:auroria.post-", "domain", 9),
    ("v=spf1 a:192.0.2.1", "domain", 9),
    ("v=spf1 a:auroria.post:8025", "domain", 9),
    ("v=spf1 a:auroria.post,", "domain", 9),
    ("v=spf1 a:auroria..", "domain", 9),
    ("v=spf1 a:%{d}post", "domain", 13),
    ("v=spf1 a:auroria.post/24/64", "prefix-length", 24),
    ("v=spf1 a:auroria.post/024", "domain", 9),
    ("v=spf1 a:auroria.post/33", "prefix-length", 21),
    ("v=spf1 a//129", "prefix-length", 8),
    ("v=spf1 a/", "prefix-length", 8),
    ("v=spf1 mx/24/64", "prefix-length", 9),
    ("v=spf1 mx///64", "prefix-length", 9),
    ("v=spf1 ip4:192.0.2.1/33", "prefix-length", 20),
    ("v=spf1 ip4:192.0.2.1/08", "prefix-length", 20),
    ("v=spf1 ip4:192.0.2.1//32", "prefix-length", 20),
    ("v=spf1 ip4:192.0.2.1/", "prefix-length", 20),
    ("v=spf1 ip6:::1/129", "prefix-length", 14),
    ("v=spf1 ip4:192.0.2", "network", 11),
    ("v=spf1 ip4:192.0.02.1", "network", 11),
    ("v=spf1 ip4:192.0.2.256", "network", 11),
    ("v=spf1 ip4:192.0.2.1:25", "network", 11),
    ("v=spf1 ip4:2001:db8::1", "network", 11),
    ("v=spf1 ip4:%{i}", "network", 11),
    ("v=spf1 ip6:192.0.2.1", "network", 11),
    ("v=spf1 ip6:2001::db8::1", "network", 11),
    ("v=spf1 ip6:fe80::1%eth0", "network", 11),
    ("v=spf1 ip6:[::1]", "network", 11),
    ("v=spf1 a:%{x}.post", "macro", 9),
    ("v=spf1 a:%(d).post", "macro", 9),
    ("v=spf1 a:ab%.post", "macro", 11),
    ("v=spf1 a:%{d0}", "macro", 9),
    ("v=spf1 a:%{d", "macro", 9),
    ("v=spf1 a:%{dx}", "macro", 9),
    ("v=spf1 a:%{r}.post", "macro", 9),
    ("v=spf1 exp=%{c}.post", "macro", 11),
    ("v=spf1 x=%{t}", "macro", 9),
    ("v=spf1 -all x=%abc", "macro", 14),
    ("v=spf1 redirect=a.post redirect=a.post", "repeated", 23),
    ("v=spf1 exp=a.post EXP=b.post", "repeated", 18),
    ("v=spf1 a\tmx", "not-ascii", 8),
    ("v=spf1 a:x.post\r\n", "not-ascii", 15),
    ("v=spf1 a:caf\xe9.post", "not-ascii", 12),
    (b"v=spf1 \x80all", "not-ascii", 7),
    ("v=spf1 ip4:192.0.2.\u0661", "not-ascii", 19),
]


@pytest.mark.parametrize(("text", "reason", "position"), WRONG)
def test_these_are_not(text, reason, position):
    """RFC 7208, section 4.6: an error anywhere, also behind `all`; it says which term and where."""
    with pytest.raises(SpfSyntaxError) as error:
        parse(text)
    assert (error.value.reason, error.value.position) == (reason, position)
    assert error.value.term in (text if isinstance(text, str) else text.decode("latin-1"))


@pytest.mark.parametrize("text", [b"v=spf1", b"v=spf1 -all", b"V=sPF1 \xff"])
def test_a_version_and_a_space_make_an_spf_record(text):
    assert is_spf(text)


@pytest.mark.parametrize("text", [b"", b"v=spf", b"v=spf1-all", b"v=spf10", b" v=spf1", b"v=spf1\t-all"])
def test_anything_else_is_another_text(text):
    """RFC 7208, section 4.5."""
    assert not is_spf(text)


def test_a_macro_has_a_letter_and_transformers():
    assert domain_spec("%{L2r+-}.post").parts == (Macro("l", True, 2, True, "+-"), ".post")


@pytest.mark.parametrize(
    ("macro", "value", "expanded"),
    [
        ("%{d}", "a..b", "a..b"),
        ("%{d1}", "a.b.", ""),
        ("%{dr}", ".a.b", "b.a."),
        ("%{l2+-}", "a-b+c", "b.c"),
        ("%{d999999999}", "a.b", "a.b"),
        ("%{d007}", "a.b", "a.b"),
        ("%{L}", "a b/c~", "a%20b%2Fc~"),
        ("%{L1}", "h\xe9.a", "h\xe9.a"),
    ],
)
def test_transformers_keep_empty_parts(macro, value, expanded):
    """RFC 7208, section 7.3: delimiters at the edges and side by side make empty parts. RFC 8616, section 4, for the last."""
    assert domain_spec(macro).expand({"l": value, "d": value}) == expanded


@given(st.lists(st.text("ab", min_size=1, max_size=63), min_size=1, max_size=40))
def test_a_target_name_is_the_longest_tail_that_fits(labels):
    """RFC 7208, section 7.3."""
    name = target_name(".".join(labels) + ".")
    assert len(name) <= 253 and ".".join(labels).endswith(name)
    kept = len(name.split("."))
    assert kept == len(labels) or len(".".join(labels[-kept - 1 :])) > 253


def test_a_macro_string_as_long_as_dns_allows_is_read_in_a_moment():
    """A TXT record holds 65535 bytes at most (RFC 1035, section 3.2.1)."""
    for piece in ("a", "-", ".", "%%", "%{d}", "a:", "/24", "1", "x "):
        text = "v=spf1 a:" + piece * (65000 // len(piece))
        try:
            parse(text)
        except SpfSyntaxError as error:
            assert len(error.term) <= len(text)


@given(st.text() | st.text(LETTERS).map("v=spf1 {}".format) | st.binary().map(b"v=spf1 ".__add__))
def test_any_text_is_a_record_or_a_syntax_error(text):
    try:
        record = parse(text)
    except SpfSyntaxError as error:
        assert 0 <= error.position <= len(text)
    else:
        terms = sorted((*record.directives, *record.modifiers), key=lambda term: term.position)
        assert " ".join(term.text for term in terms) == " ".join(record.text.split(" ")[1:]).strip() or "  " in record.text
        assert all(record.text[term.position :].startswith(term.text) for term in terms)


@given(st.text() | st.text(LETTERS))
def test_any_text_is_an_explanation_or_a_syntax_error(text):
    try:
        assert explain_string(text).text == text
    except MacroSyntaxError as error:
        assert 0 <= error.position < len(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("v=spf1 –all".encode(), "'–all'"), (b"v=spf1 \xe2all", r"'\xe2all'"), ("v=spf1 –all", "'–all'"), ("v=spf1 éa", r"'\xe9a'")],
)
def test_a_term_that_is_not_ascii_can_be_read(text: str | bytes, shown: str) -> None:
    with pytest.raises(SpfSyntaxError) as told:
        parse(text)
    assert f": {shown}, at character 7 of the record" in str(told.value)
