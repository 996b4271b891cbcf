"""Our check_host() against pyspf's, on records, zones and clients that hypothesis makes up.

Where they differ on purpose, `excused` says why. FULL=1 tries many more.
"""

import os
import warnings

import dns.name
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



def rarely(odd, usual):
    """`odd` once in about 25 draws: one error makes a whole record a permerror, and hides everything else."""
    return st.integers(0, 24).flatmap(lambda n: odd if n == 13 else usual)


domains = st.sampled_from(
    [*HOSTS, "%{d}", "%{l}.%{d}", "%{o}", "%{l1r-}.%{d2}", "%{h}", "x.%{d1r}.post", "%{ir}.%{v}.arpa", "B.post.", "%{dr}", "%{D2}"]
)
wrong_domains = st.sampled_from(
    ["post", "a..post", "%{x}.post", "a.1", "%{c}.post", "", "a.post:25", "a.-post", "%a.post", "a." + "b" * 64 + ".post"]
)
any_domain = rarely(wrong_domains, domains)
prefixes = rarely(st.sampled_from(["/33", "//129", "/024", "/"]), st.sampled_from(["", "", "", "/24", "/0", "/24//64", "//0", "/32"]))
ip4 = rarely(st.sampled_from(["192.0.2", "192.0.2.01"]), st.sampled_from(ADDRESSES))
ip6 = st.sampled_from([*ADDRESSES6, "::", "2001:db8::192.0.2.1"])
mechanisms = st.one_of(
    st.sampled_from(["all", "a", "mx", "ptr"]),
    st.builds("{}:{}{}".format, st.sampled_from(["a", "mx", "A", "Mx"]), any_domain, prefixes),
    st.builds("{}{}".format, st.sampled_from(["a", "mx"]), prefixes),
    st.builds("{}:{}".format, st.sampled_from(["include", "include", "exists", "ptr"]), any_domain),
    st.builds("ip4:{}{}".format, ip4, rarely(st.just("/33"), st.sampled_from(["", "", "/24", "/0", "/31"]))),
    st.builds("ip6:{}{}".format, ip6, rarely(st.just("/129"), st.sampled_from(["", "", "/64", "/0"]))),
)
odd_terms = st.sampled_from(["moo", "all:x", "include", "x=%{t}", "y=%q", "1x=", "redirect=%{l}.b.post", "ip4", "exists"])
unknown = st.sampled_from(["x=%{i}", "x=/:%%%_%-", "default=pass"])
directives = st.builds("{}{}".format, st.sampled_from(["", "+", "-", "~", "?"]), mechanisms)
terms = rarely(odd_terms, rarely(unknown, directives))
endings = st.sampled_from(
    ["", "", " -all", " ~all", " ?all", " redirect=b.post", " redirect=c.post", " -all exp=why.post", " exp=why.post redirect=b.post"]
)
records = st.builds("v=spf1 {}{}".format, st.lists(terms, min_size=1, max_size=5).map(" ".join), endings)
short = st.builds("v=spf1 {}{}".format, st.lists(directives, max_size=2).map(" ".join), endings)
texts = rarely(
    st.sampled_from([["nothing of ours"], ["v=spf1", "v=spf1 -all"], []]),
    st.one_of(short.map(lambda record: [record]), short.map(lambda record: ["nothing of ours", record])),
)
names = st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3, unique=True)
host = st.fixed_dictionaries(
    {"TXT": texts, "A": rarely(st.just([]), st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True))},
    optional={"AAAA": st.lists(st.sampled_from(ADDRESSES6), min_size=1, max_size=2, unique=True), "MX": names},
)
explanations = st.sampled_from([["why %{s} %{i} %{c} %{h}"], ["one", "two"], ["%{x}"], ["\xe9"], ["%{p} of %{v}, %{L}"], []])
clients = st.sampled_from([*ADDRESSES, *ADDRESSES6, "::ffff:192.0.2.1"])
senders = st.sampled_from(["ana@a.post", "ana-lee@a.post", "jo+b@a.post"])


@st.composite
def worlds(draw):
    zone = {name: draw(host) for name in HOSTS[:-1]}
    zone["a.post"] = {**zone["a.post"], "TXT": [draw(records)]}
    if draw(st.booleans()):
        zone[REVERSE] = {"PTR": draw(names)}
    zone["why.post"] = {"TXT": draw(explanations)}
    if draw(st.integers(0, 9)) == 7:
        zone[draw(st.sampled_from(HOSTS[1:]))] = "servfail"
    return zone


def served(zone):
    """The zone as zones.py serves it."""
    return {dns.name.from_text(name): v if isinstance(v, str) else _rrsets(v) for name, v in zone.items()}


def _rrsets(host):
    return {rrtype: [_data(rrtype, value, order) for order, value in enumerate(values)] for rrtype, values in host.items()}


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


def excused(ours: Outcome, result, why):
    """Why we differ, where the standard is on our side or silent; "" where there is no excuse."""
    used = " ".join([ours.record, *(step.inner.record for _, step in ours.walk() if step.inner)]).lower()
    if "Void lookup" in why and ("ptr" in used or "exp=" in used):
        return "a client's own names count no voids (section 4.6.4), and pyspf looks up the %{p} of an exp before it evaluates"
    if "Void lookup" in why and "mx" in used:
        return "pyspf asks for every mail server of an mx, also after one that matches"
    if result == "temperror" and ("ptr" in used or "mx" in used):
        return "a DNS error is no match for ptr (section 5.5); mail servers after one that matches are not asked"
    if "Too many DNS lookups" in why and "redirect=" in used:
        return "pyspf counts a redirect that is not followed"
    if "has trivial recursion" in why:
        return "pyspf calls an include of the domain itself a syntax error; here it is one if it is reached"
    if "MUST appear at most once" in why and "exp=" not in why and "redirect=" not in why:
        return "an unknown modifier may be repeated (section 6)"
    return ""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), clients, senders)
@example({"a.post": {"TXT": ["v=spf1 a:b.post -all"]}, "b.post": {"A": ["192.0.2.1"]}}, "192.0.2.1", "ana@a.post")
def test_pyspf_agrees(zone, ip, sender):
    ZONES.records = served(zone)
    ours = run(check_host(ZONES.resolver(), ip, "a.post", sender, "x.a.post"))
    result, explanation, why = theirs(zone, ip, sender, "x.a.post")
    event(ours.result)
    if (ours.result, ours.explanation) == (result, explanation):
        return
    excuse = excused(ours, result, why)
    event(excuse)
    assert excuse, (ours.result, ours.reason, ours.value, ours.explanation, "pyspf:", result, explanation, why)
