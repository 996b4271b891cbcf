"""Our check_host() against pyspf's, on records, zones and clients that hypothesis makes up.

Where they differ on purpose, `excused` says why. FULL=1 tries many more.
"""

import os
import warnings

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from zones import Zones, run

from postlib.protocols.spf import Outcome, check_host

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # pyspf's own, on newer Pythons
    import spf

ZONES = Zones({})
EXAMPLES = 1500 if os.environ.get("FULL") else 60

HOSTS = ["a.post", "b.post", "c.post", "x.a.post", "ana.a.post", "gone.test"]
ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.130", "198.51.100.1"]
ADDRESSES6 = ["2001:db8::1", "2001:db8::2", "2001:db8:1::1"]
REVERSE = "1.2.0.192.in-addr.arpa"

domains = st.sampled_from(
    [*HOSTS, "%{d}", "%{l}.%{d}", "%{o}", "%{l1r-}.%{d2}", "%{h}", "x.%{d1r}.post", "%{ir}.%{v}.arpa", "B.post.", "%{dr}", "%{D2}"]
)
wrong_domains = st.sampled_from(["post", "a..post", "%{x}.post", "a.1", "%{c}.post", "", "a.post:25", "a.-post", "%a.post", "a." + "b" * 64 + ".post"])
any_domain = st.one_of(*[domains] * 15, wrong_domains)
prefixes = st.sampled_from([""] * 6 + ["/24", "/0", "/24//64", "//0", "/32", "/33", "//129", "/024", "/"])
mechanisms = st.one_of(
    st.sampled_from(["all", "a", "mx", "ptr"]),
    st.builds("{}:{}{}".format, st.sampled_from(["a", "mx", "A", "Mx"]), any_domain, prefixes),
    st.builds("{}{}".format, st.sampled_from(["a", "mx"]), prefixes),
    st.builds("{}:{}".format, st.sampled_from(["include", "include", "exists", "ptr"]), any_domain),
    st.builds("ip4:{}{}".format, st.sampled_from([*ADDRESSES, "192.0.2", "192.0.2.01"]), st.sampled_from(["", "", "/24", "/0", "/31", "/33"])),
    st.builds("ip6:{}{}".format, st.sampled_from([*ADDRESSES6, "::", "2001:db8::192.0.2.1"]), st.sampled_from(["", "", "/64", "/0", "/129"])),
)
odd_terms = st.sampled_from(["moo", "all:x", "include", "x=%{i}", "x=%{t}", "y=%q", "1x=", "redirect=%{l}.b.post", "ip4", "exists"])
directives = st.builds("{}{}".format, st.sampled_from(["", "+", "-", "~", "?"]), mechanisms)
terms = st.one_of(*[directives] * 12, odd_terms)
endings = st.sampled_from(["", "", " -all", " ~all", " ?all", " redirect=b.post", " redirect=c.post", " -all exp=why.post", " exp=why.post redirect=b.post"])
records = st.builds("v=spf1 {}{}".format, st.lists(terms, max_size=4).map(" ".join), endings)
short = st.builds("v=spf1 {}{}".format, st.lists(directives, max_size=2).map(" ".join), endings)
texts = st.one_of(short.map(lambda r: [r]), st.just(["nothing of ours"]), short.map(lambda r: ["nothing of ours", r]), st.just(["v=spf1", "v=spf1 -all"]))
names = st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3, unique=True)
host = st.fixed_dictionaries(
    {},
    optional={
        "TXT": texts,
        "A": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True),
        "AAAA": st.lists(st.sampled_from(ADDRESSES6), min_size=1, max_size=2, unique=True),
        "MX": names,
    },
)
explanations = st.sampled_from([["why %{s} %{i} %{c} %{h}"], ["one", "two"], ["%{x}"], ["\xe9"], ["%{p} of %{v}, %{L}"], []])


@st.composite
def worlds(draw):
    zone = {name: draw(host) for name in HOSTS[:-1]}
    zone["a.post"] = {**zone["a.post"], "TXT": [draw(records)]}
    if draw(st.booleans()):
        zone[REVERSE] = {"PTR": draw(names)}
    zone["why.post"] = {"TXT": draw(explanations)}
    if draw(st.integers(0, 9)) == 0:
        zone[draw(st.sampled_from(HOSTS[1:]))] = "servfail"
    return zone


def served(zone):
    """The zone as zones.py serves it."""
    return {name: v if isinstance(v, str) else {t: [_data(t, x, n) for n, x in enumerate(vs)] for t, vs in v.items()} for name, v in zone.items()}


def _data(rrtype, value, order):
    if rrtype == "TXT":
        return '"' + "".join(c if c.isascii() else f"\\{ord(c):03d}" for c in value) + '"'
    return {"MX": f"{order} {value}.", "PTR": f"{value}."}.get(rrtype, value)


def theirs(zone, ip, sender, helo):
    """pyspf's (result, explanation, why) from the same zone."""

    def lookup(name, rrtype, *_):
        values = zone.get(name.lower(), {})
        if isinstance(values, str):
            raise spf.TempError("DNS servfail")
        return [((name, rrtype), _their_data(rrtype, v, n)) for n, v in enumerate(values.get(rrtype, ()))]

    before, spf.DNSLookup = spf.DNSLookup, lookup
    try:
        query = spf.query(ip, sender, helo)
        query.set_default_explanation("")
        result, _, text = query.check()
    finally:
        spf.DNSLookup = before
    return result, text if result == "fail" else "", getattr(query, "prob", "")


def _their_data(rrtype, value, order):
    if rrtype == "TXT":
        return (value.encode("latin-1"),)
    return (order, value) if rrtype == "MX" else value


def excused(ours: Outcome, result, why, zone):
    """Why we differ, where the standard is on our side or silent; "" where there is no excuse."""
    steps = [step for _, step in ours.walk()]
    used = " ".join([ours.record, *(step.inner.record for step in steps if step.inner)])
    if "Void lookup" in why:
        # pyspf counts what %{p} and ptr find, asks all mail servers of an mx though the first matches, and expands
        # %{p} in terms that are never evaluated. Section 4.6.4: a client's names shall not fail a domain.
        return "voids" if "ptr" in used or "mx" in used.lower() or "%{p" in used else ""
    if "Too many DNS lookups" in why:
        return "redirect counted though not followed" if "redirect=" in used else ""
    if result == "temperror" and "ptr" in used:
        return "ptr takes a DNS error for no match (section 5.5)"
    if "has trivial recursion" in why or ours.reason == "loop":
        return "loops are seen at once" if ours.result == result == "permerror" else ""
    return ""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), st.sampled_from([*ADDRESSES, *ADDRESSES6, "::ffff:192.0.2.1"]), st.sampled_from(["ana@a.post", "ana-lee@a.post", "@a.post"]))
@example({"a.post": {"TXT": ["v=spf1 a:b.post -all"]}, "b.post": {"A": ["192.0.2.1"]}}, "192.0.2.1", "ana@a.post")
def test_pyspf_agrees(zone, ip, sender):
    ZONES.records = Zones.__dict__["parsed"](served(zone)) if "parsed" in Zones.__dict__ else parsed(served(zone))
    ours = run(check_host(ZONES.resolver(), ip, "a.post", sender, "x.a.post"))
    result, explanation, why = theirs(zone, ip, sender, "x.a.post")
    event(ours.result)
    if (ours.result, ours.explanation) == (result, explanation):
        return
    excuse = excused(ours, result, why, zone)
    event(excuse)
    assert excuse, (ours.result, ours.reason, ours.value, ours.explanation, "pyspf:", result, explanation, why)
