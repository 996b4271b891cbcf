"""Worlds for check_host() that hypothesis makes up, by shape: what pyspf and we are asked about (RFC 7208).

A world is (zone, client's address, MAIL FROM, HELO); a zone is as zones.py takes it, with TXT as plain text.
"""

from __future__ import annotations

from hypothesis import strategies as st

HOSTS = ["a.post", "b.post", "c.post", "x.a.post", "ana.a.post"]
GONE = ["gone1.test", "gone2.test", "gone3.test", "gone4.test"]
ADDRESSES = ["192.0.2.1", "192.0.2.2", "192.0.2.130", "198.51.100.1"]
ADDRESSES6 = ["2001:db8::1", "2001:db8::2", "2001:db8:1::1"]
STRANGER = "203.0.113.9"  # no host of these worlds
REVERSE = "1.2.0.192.in-addr.arpa"
REVERSE6 = "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"


def rarely(odd, usual):
    """`odd` once in about 25 draws: one error makes a whole record a permerror, and hides everything else."""
    return st.integers(0, 24).flatmap(lambda n: odd if n == 13 else usual)


# --- terms (section 5 and 12) -------------------------------------------------------------------------------------------

qualifiers = st.sampled_from(["", "", "+", "-", "~", "?"])
macros = st.builds(
    "%{{{}{}{}{}}}".format,
    st.sampled_from("slodihvSLODIHV"),
    st.sampled_from(["", "", "1", "2", "3", "9", "128"]),
    st.sampled_from(["", "", "r", "R"]),
    st.lists(st.sampled_from(".-+,/_="), max_size=3).map("".join),
)
targets = st.lists(macros | st.sampled_from(["list", "%{d}", "%{p}", "%%", "x-1", "100/24"]), min_size=1, max_size=3).map(".".join)
domains = st.sampled_from([*HOSTS, "gone1.test", "%{d}", "%{l}.%{d}", "%{o}", "%{l1r-}.%{d2}", "%{h}", "x.%{d1r}.post", "B.post.", "%{D2}"])
wrong_domains = st.sampled_from(
    ["post", "a..post", "%{x}.post", "a.1", "%{c}.post", "", "a.post:25", "a.-post", "%a.post", "a." + "b" * 64 + ".post", "%{d0}", "%{dz}"]
)
any_domain = rarely(wrong_domains, domains)
prefixes = rarely(
    st.sampled_from(["/33", "//129", "/024", "/", "/24/64", "///", "/-1"]),
    st.sampled_from(["", "", "", "/24", "/0", "/24//64", "//0", "/32", "//128", "/31//127"]),
)
ip4 = rarely(st.sampled_from(["192.0.2", "192.0.2.01", "192.0.2.256", "2001:db8::1", ""]), st.sampled_from(ADDRESSES))
ip6 = rarely(
    st.sampled_from(["2001:db8:::1", "fe80::1%eth0", "192.0.2.1", "g::"]), st.sampled_from([*ADDRESSES6, "::", "2001:db8::192.0.2.1"])
)
mechanisms = st.one_of(
    st.sampled_from(["all", "a", "mx", "ptr", "ALL", "Ptr"]),
    st.builds("{}:{}{}".format, st.sampled_from(["a", "mx", "A", "Mx"]), any_domain, prefixes),
    st.builds("{}{}".format, st.sampled_from(["a", "mx"]), prefixes),
    st.builds("{}:{}".format, st.sampled_from(["include", "include", "exists", "ptr", "INCLUDE"]), any_domain),
    st.builds("ip4:{}{}".format, ip4, rarely(st.just("/33"), st.sampled_from(["", "", "/24", "/0", "/31"]))),
    st.builds(
        "{}:{}{}".format, st.sampled_from(["ip6", "IP6"]), ip6, rarely(st.just("/129"), st.sampled_from(["", "", "/64", "/0", "/127"]))
    ),
)
odd_terms = st.sampled_from(
    ["moo", "all:x", "include", "x=%{t}", "y=%q", "1x=", "redirect=%{l}.b.post", "ip4", "exists", "ip4:", "=", "a=", ":b"]
)
unknown = st.sampled_from(["x=%{i}", "x=/:%%%_%-", "default=pass", "X.y-z_1="])
directives = st.builds("{}{}".format, qualifiers, mechanisms)
terms = rarely(odd_terms, rarely(unknown, directives))
endings = st.sampled_from(
    ["", "", " -all", " ~all", " ?all", " redirect=b.post", " Redirect=c.post", " -all exp=why.post", " exp=why.post redirect=b.post"]
)
records = st.builds("v=spf1 {}{}".format, st.lists(terms, min_size=1, max_size=5).map(" ".join), endings)
short = st.builds("v=spf1 {}{}".format, st.lists(directives, max_size=2).map(" ".join), endings)

# --- hosts, clients and senders -----------------------------------------------------------------------------------------


def unended(text):
    """Without a last percent sign, which pyspf takes for an error even where it is `%%` (section 7.1); a case in macros.yaml has it."""
    return text.removesuffix("%%").rstrip("%")


texts = rarely(
    st.sampled_from([["nothing of ours"], ["v=spf1", "v=spf1 -all"], ["v=spf10 -all", "v=spf1"], ["\xe9 not ours"], []]),
    st.one_of(short.map(lambda record: [record]), short.map(lambda record: ["nothing of ours", record])),
)
names = st.lists(st.sampled_from([*HOSTS, "gone1.test"]), min_size=1, max_size=3, unique=True)
host = st.fixed_dictionaries(
    {"TXT": texts, "A": rarely(st.just([]), st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True))},
    optional={"AAAA": st.lists(st.sampled_from(ADDRESSES6), min_size=1, max_size=2, unique=True), "MX": names},
)
explained = (
    st.lists(macros | st.sampled_from(["why", " ", "%{c}", "%{r}", "%{p}", "%_", "%-", "%%"]), min_size=1, max_size=6)
    .map("".join)
    .map(unended)
)
explanations = explained.map(lambda text: [text]) | st.sampled_from([["one", "two"], ["%{x}"], ["\xe9"], ["%"], []])
clients = st.sampled_from([*ADDRESSES, *ADDRESSES6, "::ffff:192.0.2.1", STRANGER])
local_parts = st.sampled_from(["ana", "ana-lee", "jo+b", "a.b_c/d=e,f-g", "Ana", "x" * 64])
usual = (st.builds("{}@a.post".format, local_parts), st.just("x.a.post"))


@st.composite
def general(draw):
    """Every mechanism and modifier, alone and together, in small zones; one name may be out of reach."""
    zone = {name: draw(host) for name in HOSTS}
    zone["a.post"] = {**zone["a.post"], "TXT": [draw(records)]}
    for reverse in (REVERSE, REVERSE6):
        if draw(st.booleans()):
            zone[reverse] = {"PTR": draw(names)}
    zone["why.post"] = {"TXT": draw(explanations)}
    if draw(st.integers(0, 9)) == 7:
        zone[draw(st.sampled_from(HOSTS[1:]))] = "servfail"
    return zone, draw(clients), draw(usual[0]), draw(usual[1])


@st.composite
def lookups(draw):
    """Eight to twelve terms that ask: in one record, in an included one, and behind a redirect (section 4.6.4)."""
    asking = st.sampled_from(["a", "mx", "ptr", "a:b.post", "exists:b.post.test", "mx:b.post", "include:quiet.post", "ptr:b.post"])
    count, end = draw(st.integers(8, 12)), draw(st.sampled_from(["-all", f"ip4:{STRANGER}", "?all", "redirect=quiet.post", "~all"]))
    found = [draw(asking) for _ in range(count)]
    inside = draw(st.integers(0, count))
    first = draw(st.sampled_from(["include:inner.post ", ""]))
    zone = {name: {"A": ["192.0.2.1"], "MX": ["b.post"]} for name in ("a.post", "b.post", "inner.post", "quiet.post")}
    zone["b.post.test"] = {"AAAA": ["2001:db8::1"], "TXT": ["here"], "A": ["192.0.2.1"] if draw(st.booleans()) else []}
    zone["quiet.post"] |= {"TXT": ["v=spf1 ?ip4:192.0.2.77"]}
    zone["inner.post"] |= {"TXT": [f"v=spf1 {' '.join(found[:inside])} ?all"]}
    zone["a.post"] |= {"TXT": [f"v=spf1 {first}{' '.join(found[inside:] if first else found)} {end}"]}
    return zone, STRANGER, draw(usual[0]), "x.a.post"


@st.composite
def voids(draw):
    """One to four lookups that find nothing, of every kind, some inside an include (section 4.6.4)."""
    empty = [f"{term}:{name}" for term in ("a", "exists") for name in (*GONE, "hollow.post")]
    empty += ["mx:hollow.post", *(f"mx:{name}" for name in GONE), "a:%{l}.gone5.test"]
    found = draw(st.lists(st.sampled_from(empty), min_size=1, max_size=4, unique=True))
    inside = draw(st.integers(0, len(found)))
    zone = {
        "hollow.post": {"TXT": ["no address"]},
        "inner.post": {"TXT": [f"v=spf1 {' '.join(found[:inside])}"]},
        "a.post": {
            "TXT": [f"v=spf1 {'include:inner.post' if inside else ''} {' '.join(found[inside:])} {draw(st.sampled_from(['+all', '~all']))}"]
        },
    }
    return zone, draw(clients), draw(usual[0]), "x.a.post"


@st.composite
def many_names(draw):
    """Eight to twelve mail servers, or names for the client's address: ten are looked at (section 4.6.4)."""
    count = draw(st.integers(8, 12))
    hosts = [f"h{n:02}.a.post" for n in range(count)]
    zone = {name: {"A": ["192.0.2.2"]} for name in hosts}
    zone[hosts[draw(st.integers(0, count - 1))]] = {"A": ["192.0.2.1"]}
    zone[REVERSE] = {"PTR": hosts}
    zone["a.post"] = {"MX": hosts, "TXT": [f"v=spf1 {draw(st.sampled_from(['mx', 'ptr', 'ptr mx', 'exists:%{p}', 'mx:a.post/32']))} ~all"]}
    return zone, draw(st.sampled_from(["192.0.2.1", STRANGER])), draw(usual[0]), "x.a.post"


@st.composite
def expanded(draw):
    """Macros with every letter, transformer and delimiter, in a name that is asked for and in an explanation (section 7)."""
    zone = {
        "a.post": {"TXT": [f"v=spf1 {draw(st.sampled_from(['exists', 'a', 'include', 'mx']))}:{draw(targets)}.post -all exp=why.post"]},
        "why.post": {"TXT": [draw(explained)]},
        "x.a.post": {"A": ADDRESSES, "AAAA": ADDRESSES6},
        REVERSE: {"PTR": ["x.a.post"]},
    }
    sender = draw(local_parts) + "@" + draw(st.sampled_from(["a.post", "A.post"]))
    return zone, draw(clients), sender, draw(st.sampled_from(["x.a.post", "X-1.a.post", "[192.0.2.1]", "mta"]))


JUNK = ["\t", "\n", "\0", "\x7f", "\xe9", " ", "  ", "%", "/", ":", "=", ",", ";", ".", "-all", "all", "+", "--", "exp=", "redirect="]


@st.composite
def broken(draw):
    """A sound record with something put in, left out or written twice anywhere (section 4.6)."""
    record = "v=spf1 " + draw(st.lists(directives, min_size=1, max_size=4).map(" ".join)) + draw(endings)
    if draw(st.integers(0, 4)) == 3:
        record = draw(st.sampled_from(["V=SPF1", "v=SpF1", "v=spf1\t", "v=spf2.0/pra", " v=spf1", "v = spf1", "v=spf1,"])) + record[6:]
    for _ in range(draw(st.integers(0, 2))):
        place, cut = draw(st.integers(6, len(record))), draw(st.integers(0, 2))
        record = record[:place] + draw(st.sampled_from([*JUNK, ""])) + record[place + cut :]
    zone = {name: {"A": [draw(st.sampled_from(ADDRESSES))], "TXT": ["v=spf1 ?all"], "MX": ["b.post"]} for name in HOSTS}
    zone["a.post"] = {**zone["a.post"], "TXT": [record]}
    return zone, draw(clients), draw(usual[0]), draw(usual[1])


@st.composite
def identities(draw):
    """Every form that MAIL FROM and HELO take (sections 2.3, 2.4 and 4.3)."""
    record = draw(st.sampled_from(["v=spf1 exists:%{l}.%{o}.b.post a -all exp=why.post", "v=spf1 a:%{h} -all exp=why.post"]))
    zone = {name: {"TXT": [record], "A": ["192.0.2.1"]} for name in ("a.post", "x.a.post")}
    zone["why.post"] = {"TXT": ["%{s} %{l} %{o} %{d} %{h}"]}
    sender = draw(
        st.sampled_from(["", "a.post", "@a.post", "ana@", "ana@post", "ana@[192.0.2.1]", "ana@a..post", "ana@.a.post"])
        | st.sampled_from([f"ana@{'x' * 64}.a.post", "ana@gone1.test", "ANA@A.POST", '"ana b"@a.post', "postmaster@x.a.post"])
        | usual[0]
    )
    helo = draw(
        st.sampled_from(["x.a.post", "X.A.post", "mta", "[192.0.2.1]", "gone1.test", "192.0.2.1", "a..post", "x_y.a.post", "-", "*"])
    )
    return zone, draw(clients), sender, helo


@st.composite
def failing(draw):
    """A name, or one type at a name, whose server fails; the rest of the record may decide before or after it (sections 4.4 and 5)."""
    zone, client, sender, helo = draw(general())
    name = draw(st.sampled_from(["b.post", "c.post", "why.post", "a.post", REVERSE]))
    kinds = st.sampled_from(["A", "TXT", "MX", "PTR"])
    host = zone.get(name, {})
    zone[name] = draw(st.sampled_from(["servfail", "refused"])) if isinstance(host, str) else {**host, draw(kinds): "servfail"}
    if isinstance(zone["a.post"], dict) and isinstance(zone["a.post"].get("TXT"), list) and draw(st.booleans()):
        term = draw(st.sampled_from(["?a:b.post", "mx:c.post", "include:b.post", "~exists:c.post", "ptr", "redirect=b.post"]))
        zone["a.post"]["TXT"] = [f"v=spf1 {term}{zone['a.post']['TXT'][0][6:]}"]
    return zone, client, sender, helo


@st.composite
def unreachable(draw):
    """A term whose own question is not answered, after one that may match."""
    term = draw(
        st.sampled_from(["a:b.post", "mx:b.post", "include:b.post", "exists:b.post", "redirect=b.post", "mx:c.post", "include:c.post"])
    )
    qualifier = "" if "=" in term else draw(qualifiers)
    record = f"v=spf1 {draw(st.sampled_from(['', 'ip4:192.0.2.1 ', '?ip6:2001:db8::/32 ']))}{qualifier}{term} -all"
    zone = {
        "a.post": {"TXT": [record if "=" not in term else record.removesuffix(" -all")]},
        "b.post": draw(st.sampled_from(["servfail", "refused"])),
    }
    zone["c.post"] = {"MX": ["b.post"], "TXT": ["v=spf1 a:b.post"]}
    return zone, draw(clients), draw(usual[0]), draw(usual[1])


SHAPES = {
    "general": (general, 5),
    "lookups": (lookups, 2),
    "voids": (voids, 1),
    "many-names": (many_names, 1),
    "expanded": (expanded, 3),
    "broken": (broken, 4),
    "identities": (identities, 1),
    "failing": (failing, 2),
    "unreachable": (unreachable, 1),
}
"""Each shape, and its share of the examples."""
