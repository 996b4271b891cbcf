"""Our evaluator against a second, differently made reading of RFC 9989, section 4.10, over generated zones. FULL=1 takes more."""

import os

import dns.name
from hypothesis import given, settings
from hypothesis import strategies as st
from zones import Zones, run

from postlib.protocols.dmarc import discover, evaluate, organizational_domain

ZONES = Zones({})
CASES = 2000 if os.environ.get("FULL") else 60
POLICIES = ["none", "quarantine", "reject"]

# --- the reference: names are tuples of labels from the root; sets and extremes instead of a walk -----------------------


def visible(name, records):
    """The records a walk from `name` can see: its own, those of ancestors up to seven labels, none above the longest psd mark."""
    seen = {name[:n] for n in range(1, len(name) + 1) if n <= 7 or n == len(name)} & set(records)
    floor = max((len(a) for a in seen if records[a].get("psd") in ("y", "n")), default=0)
    return {a for a in seen if len(a) >= floor}


def org(name, records):
    seen = visible(name, records)
    top = min(seen, key=len, default=name)
    psd = records.get(top, {}).get("psd")
    return name[: len(top) + 1] if psd == "y" and top != name else top


def policy(name, records, names):
    seen = visible(name, records)
    source = next((a for a in (name, org(name, records), min(seen, key=len, default=())) if a in seen), None)
    if source is None:
        return None
    tags = records[source]
    order = ["p"] if source == name else ["sp", "p"] if any(n[: len(name)] == name for n in names) else ["np", "sp", "p"]
    asked = next((tags[t] for t in order if t in tags), "none")
    if any(tags.get(t) == "bad" for t in ("p", "sp", "np")):
        asked = "none" if "rua" in tags else "unusable"
    return source, asked, POLICIES[max(0, POLICIES.index(asked) - 1)] if tags.get("t") == "y" and asked in POLICIES else asked


def result(author, identifier, strict, records, names):
    decided = policy(author, records, names)
    if decided is None or decided[1] == "unusable":
        return "none"
    same = author == identifier if strict(records[decided[0]]) else org(author, records) == org(identifier, records)
    return "pass" if same else "fail"


# --- the generated zones ------------------------------------------------------------------------------------------------

TAGS = st.fixed_dictionaries(
    {},
    optional={
        "p": st.sampled_from([*POLICIES, *POLICIES, "bad"]),
        "sp": st.sampled_from([*POLICIES, *POLICIES, "bad"]),
        "np": st.sampled_from([*POLICIES, *POLICIES, "bad"]),
        "psd": st.sampled_from("uuuyn"),
        "t": st.sampled_from("yn"),
        "aspf": st.sampled_from("rs"),
        "rua": st.just("mailto:d@reports.example"),
    },
)
NAMES = st.lists(st.sampled_from("ab"), min_size=1, max_size=11).map(lambda labels: ("post", *labels[:-1]))


def written(name):
    return ".".join(reversed(name))


@st.composite
def cases(draw):
    author = draw(NAMES)
    shared = draw(st.integers(0, len(author)))
    identifier = (author[:shared] + draw(NAMES)[1:])[:11] or author
    ancestors = [name[:n] for name in (author, identifier) for n in range(1, len(name) + 1)]
    records = draw(st.dictionaries(st.sampled_from(ancestors), TAGS, max_size=6))
    existing = draw(st.sets(st.sampled_from(ancestors)))
    return author, identifier, records, existing


@settings(max_examples=CASES, deadline=None)
@given(cases())
def test_walk_policy_and_alignment_agree_with_the_reference(case):
    author, identifier, records, existing = case
    zone = {
        f"_dmarc.{written(n)}": {"TXT": ['"' + "; ".join(["v=DMARC1", *(f"{t}={v}" for t, v in tags.items())]) + '"']}
        for n, tags in records.items()
    }
    zone |= {written(n): {"A": ["192.0.2.1"]} for n in existing}
    ZONES.records = {dns.name.from_text(name): value for name, value in zone.items()}
    names = existing | {(*n, "_dmarc") for n in records}
    resolver = ZONES.resolver()
    for name in (author, identifier):
        assert run(organizational_domain(ZONES.resolver(), written(name))).name == written(org(name, records))
    discovery = run(discover(ZONES.resolver(), written(author)))
    expected = policy(author, records, names)
    if expected is None:
        assert discovery.outcome == "no-record"
    elif expected[1] == "unusable":
        assert (discovery.outcome, discovery.domain) == ("unusable", written(expected[0]))
    else:
        assert (discovery.domain, discovery.requested, discovery.policy) == (written(expected[0]), *expected[1:])
    evaluation = run(evaluate(resolver, written(author), spf=("pass", written(identifier))))
    assert evaluation.result == result(author, identifier, lambda tags: tags.get("aspf") == "s", records, names)
