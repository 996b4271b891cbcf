"""Zones and questions made by chance: BIND, ldns, NSD, Unbound and delv judge what the lab signs, exports and answers, and our resolver.

The seed is the commit's hash; a failure prints it, and `CHANCE=... FULL=1 pytest tests/oracles/test_generated_zones.py` shows it again.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.name
import pytest
from oracles.generated_zones import zones
from oracles.needed import chance, needs, rigged, said

from postlib.lab.dns.zone import Zone
from postlib.lab.export import zone_file

Said = dict[str, Any]
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LOOSE = [word for letter in "iknrmMS" for word in (f"-{letter}", "none" if letter == "i" else "ignore")]  # what is legal, and seldom wise

# The zones as files


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory, full: bool) -> list[tuple[Zone, Path]]:
    """Each zone with its file, as the lab exports it."""
    folder = tmp_path_factory.mktemp("generated")
    made = [(zone, folder / f"{number}.zone") for number, zone in enumerate(zones(chance(), 120 if full else 18, TODAY).values())]
    for zone, path in made:
        path.write_text(zone_file(zone), encoding="ascii")
    return made


@pytest.mark.parametrize("checker", [("named-checkzone", *LOOSE), ("nsd-checkzone",)], ids=lambda command: command[0])
def test_every_generated_zone_is_loaded(generated: list[tuple[Zone, Path]], checker: tuple[str, ...]) -> None:
    """RFC 1035, section 5.1: every name and every record can be read back, whatever its octets."""
    needs(checker[0])
    told = {zone.origin: said(*checker, "--", zone.origin.to_text(), str(path)) for zone, path in generated}
    refused = {origin.to_text(): text for origin, (code, text) in told.items() if code}
    assert not refused, chance()


@pytest.mark.parametrize("verifier", ["dnssec-verify", "ldns-verify-zone"])
def test_every_generated_zone_is_signed_well(generated: list[tuple[Zone, Path]], verifier: str) -> None:
    """Every signature and the whole chain (RFC 4035, section 2; RFC 5155, section 7.1); ldns 1.8 cannot read all names."""
    needs(verifier)
    signed = [(zone, path) for zone, path in generated if zone.signing is not None]
    readable = [pair for pair in signed if verifier == "dnssec-verify" or not unreadable_to_ldns(pair[0], pair[1].read_text())]
    assert len(readable) > len(signed) / 5
    options = {"dnssec-verify": ("-z", "-o")}.get(verifier)
    wrong = {}
    for zone, path in readable:
        code, told = said(verifier, *((*options, zone.origin.to_text()) if options else ()), str(path))
        if code:
            wrong[zone.origin.to_text()] = told
    assert not wrong, f"{chance()}: {json.dumps(wrong)}"


def unreadable_to_ldns(zone: Zone, text: str) -> bool:
    """Whether a label of the zone is `@`: where it begins a value, ldns takes it for the origin, escaped or not; or a name is longer than
    255 characters, which with escapes is no longer than 255 octets (RFC 1035, sections 2.3.4 and 5.1)."""
    names = [word for line in text.splitlines() if '"' not in line for word in line.split()]
    return any(b"@" in name.labels for name in zone.tree) or "\\@" in zone.text() or any(len(word) > 255 for word in names)


# The same questions for NSD

SLIPS = {
    "alias-into-another-zone", "growing-dname", "glue-does-not-fit", "empty-name-before-wildcard", "dname-with-nsec", "hidden-by-opt-out",
    "names-below-wildcard", "literal-wildcard", "letters-of-svcb",
}  # fmt: skip
"""Of nsd_slips.py, each with its paragraph in tests/oracles.md."""


def test_nsd_answers_generated_zones_as_we_do(tmp_path: Path, full: bool) -> None:
    """rcode, AA, TC, DO, answer and authority, by TCP and by UDP of several sizes; what differs has a word, and is seldom."""
    needs("nsd")
    count = 2000 if full else 300
    told: Said = rigged("nsd_rig.py", str(tmp_path), "generated", str(count), chance())["generated"]
    assert told["asked"] == count
    assert min(told["rcodes"].get(word, 0) for word in ("NOERROR", "NXDOMAIN")) > count / 8
    unknown = [case for case in told["differ"] if case["slip"] not in SLIPS]
    assert not unknown, f"{chance()}\n{json.dumps(unknown[:2], indent=1)}"
    assert len(told["differ"]) < count / 15


# Verdicts

KNOWN = {
    # RFC 9905, section 2: operators treat RSASHA1 as unsupported. Debian 12's Unbound does not yet.
    "algorithm-retired": [("secure", "insecure")],
    # RFC 4509, section 3: SHA-1 is ignored beside SHA-256. Unbound takes the weakest (harden-algo-downgrade: no).
    "ds-sha1-beside-wrong-sha256": [("secure", "withheld"), ("insecure", "withheld")],
    # RFC 5011, section 2.1: a revoked key is good for nothing but its own revocation. Unbound looks at trust anchors alone.
    "key-revoked": [("secure", "withheld"), ("insecure", "withheld")],
    # RFC 4035, section 5.4: the proof is of another thing than the reply says. Unbound then sets the rcode right.
    "nodata-becomes-nxdomain": [("secure", "withheld"), ("insecure", "withheld")],
    # RFC 4035, section 5.3.3: an empty signature is none. Unbound 1.17 takes an alias with one.
    "signature-empty": [("secure", "withheld"), ("insecure", "withheld")],
}
"""By mutation, what Unbound and we say; insecure in its place is a name in an opt-out span (RFC 5155, section 9.2), or an alias that leads
to what is unsigned."""

OPT_OUT = ("secure", "insecure")  # RFC 5155, section 9.2: no AD in an opt-out span; BIND sets it
DELV = {
    # RFC 4035, section 5.3.3: whether the other signatures are tried is local policy. BIND tries one more.
    "wrong-before-right": [("bogus", "secure"), ("bogus", "insecure")],
    "algorithm-retired": [("secure", "insecure")],
    # RFC 2308, section 5: a denial without SOA is not kept. BIND does not take it at all.
    "soa-left-out": [("bogus", "secure"), ("bogus", "insecure")],
    # RFC 2181, section 5.4.1: what was not asked for is left alone. BIND takes no such reply at all.
    "extra-in-answer": [("bogus", "secure"), ("bogus", "insecure")],
}
"""The same for delv."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory, full: bool) -> list[Said]:
    """What Unbound, delv (on some) and we say of each question."""
    needs("unbound", "delv")
    size = ("340", "3", "60") if full else ("34", "3", "8")
    found: list[Said] = rigged("verdict_rig.py", str(tmp_path_factory.mktemp("verdicts")), *size, chance())
    return found


def differs(case: Said) -> bool:
    """Whether rcode, security or records are not the same."""
    return any(case["ours"][part] != case["unbound"][part] for part in ("rcode", "security", "answer"))


def test_the_generated_cases_are_of_every_kind(verdicts: list[Said], full: bool) -> None:
    """Secure, insecure and withheld; names that are there and names that are not; many mutations."""
    seen = Counter((case["ours"]["rcode"], case["ours"]["security"]) for case in verdicts)
    assert len(verdicts) >= (1000 if full else 100)
    assert min(seen[rcode, security] for rcode in ("NOERROR", "NXDOMAIN") for security in ("secure", "insecure")) > len(verdicts) / 60, seen
    assert seen["SERVFAIL", "withheld"] > len(verdicts) / 8
    assert len({case["mutation"] for case in verdicts}) >= (50 if full else 8)


def test_unbound_judges_generated_zones_as_we_do(verdicts: list[Said]) -> None:
    """Each zone with one thing wrong or none: the verdict, the rcode and the records."""
    unknown = [case for case in verdicts if differs(case) and not explained(case)]
    assert not unknown, f"{chance()}\n{json.dumps(unknown[:3], indent=1)}"


def explained(case: Said) -> bool:
    """Whether it is one of the known disagreements: by what was done to the zone, or by the name."""
    return any(known(case) for known in (below_alias, alias_asked_below_dname, asterisk, empty_wildcard, long_chain, replayed, by_mutation))


def by_mutation(case: Said) -> bool:
    """One of KNOWN."""
    return (case["unbound"]["security"], case["ours"]["security"]) in KNOWN.get(case["mutation"], [])


def alias_asked_below_dname(case: Said) -> bool:
    """The CNAME that a server makes of a DNAME has no signature: Unbound withholds it (RFC 6672, section 5.3.1)."""
    return case["unbound"]["security"] == "withheld" and case["type"] in ("CNAME", "DNAME") and "below-dname" in case["facts"]


def empty_wildcard(case: Said) -> bool:
    """A wildcard that has no records, but names below it, answers with no data (RFC 4592, sections 2.2.2 and 3.3.3). Where another NSEC
    proves the wildcard than the name, Unbound finds no proof; BIND does, as we do."""
    return case["unbound"]["security"] == "withheld" and case["ours"]["rcode"] == "NOERROR" and "empty-wildcard" in case["facts"]


def asterisk(case: Said) -> bool:
    """A name that begins with an asterisk and does not exist is answered by the wildcard above it, as any other (RFC 4592, section 2.3; its
    signature: RFC 4035, section 5.3.2). Unbound finds the signature wrong; BIND does not."""
    return case["unbound"]["security"] == "withheld" and "asterisk-from-wildcard" in case["facts"]


def replayed(case: Said) -> bool:
    """Another name's denial. It may hold the very NSEC of this name: no data is proven, whatever else is there (RFC 4035, section 5.4),
    but not to Unbound if that is a wildcard's. Or the reply says NXDOMAIN, and no data is proven: Unbound corrects the rcode."""
    if case["mutation"] != "denial-replayed" or case["ours"]["answer"] or case["unbound"]["answer"]:
        return False
    theirs, ours = case["unbound"], case["ours"]
    return (theirs["rcode"], ours["security"]) == ("NOERROR", "withheld") or (theirs["security"], ours["rcode"]) == ("withheld", "NOERROR")


def below_alias(case: Said) -> bool:
    """A signed zone, or a name, below one that is an alias (RFC 1034, section 3.6.2, allows it): we take the alias for the proof that no
    zone begins there; Unbound follows it for the DS, and fails where it goes round."""
    return case["unbound"]["security"] == "withheld" and 23 in case["unbound"]["codes"] and "below-alias" in case["facts"]


def long_chain(case: Said) -> bool:
    """Aliases on and on: Unbound follows 11, and for a DS the first; we give up after 16 (RFC 1034, section 5.2.2, leaves it open)."""
    follows = len([line for line in case["ours"]["answer"] if " cname " in line])
    return follows > 11 or case["ours"].get("reason") == "too-many-aliases"


def test_what_is_secure_is_true(verdicts: list[Said]) -> None:
    """Whatever was done to a zone, what we call secure is what the zone says: the rcode and the records (aliases may lead out of it)."""
    secure = [
        case
        for case in verdicts
        if case["ours"]["security"] == "secure" and not any(" cname " in line for line in case["honest"]["answer"])
    ]
    assert len(secure) > len(verdicts) / 6
    false = [case for case in secure if any(case["ours"][part] != case["honest"][part] for part in ("rcode", "answer"))]
    assert not [case for case in false if case["mutation"] != "nxdomain-becomes-nodata"], f"{chance()}\n{json.dumps(false[:3], indent=1)}"


def test_what_is_honest_is_never_withheld(verdicts: list[Said]) -> None:
    """Our own zones, as they are: no answer of our server is bogus to anyone. (An alias or a cut may lead where nobody answers.)"""
    honest = [case for case in verdicts if case["mutation"] == "honest"]
    assert len(honest) >= len(verdicts) / 6
    withheld = [case for case in honest if case["ours"].get("reason") == "bogus" or (case["unbound"]["codes"] and not explained(case))]
    assert not withheld, f"{chance()}\n{json.dumps(withheld[:3], indent=1)}"


def test_delv_judges_generated_zones_as_we_do(verdicts: list[Said]) -> None:
    """BIND's validator, on a sample."""
    asked = [case for case in verdicts if "delv" in case]
    assert len(asked) >= 8
    unknown = [case for case in asked if case["delv"] != verdict(case) and not explained_to_delv(case)]
    assert not unknown, f"{chance()}\n{json.dumps(unknown[:3], indent=1)}"


def verdict(case: Said) -> str:
    """Ours, in delv's words: what is withheld is bogus to it, for whatever reason."""
    return "bogus" if case["ours"]["security"] == "withheld" else str(case["ours"]["security"])


def explained_to_delv(case: Said) -> bool:
    """Whether it is one of the known disagreements: an opt-out span where Unbound says insecure as we do; or a child zone, between which
    and its parent there is an empty name that the parent lies about: we and Unbound ask for its DS, delv for those of zones alone."""
    said = case["delv"], verdict(case)
    if said == ("secure", "bogus"):
        return "in-child" in case["facts"] and (case["unbound"]["security"] == "withheld" or by_mutation(case))
    return said in DELV.get(case["mutation"], []) or (said == OPT_OUT and case["unbound"]["security"] == "insecure")


def test_the_same_chance_makes_the_same_zones() -> None:
    """A failure can be seen again."""
    first, second = (zones("again", 12, TODAY) for _ in range(2))
    assert [zone.text() for zone in first.values()] == [zone.text() for zone in second.values()]
    assert dns.name.from_text("z11.gen.") in first
