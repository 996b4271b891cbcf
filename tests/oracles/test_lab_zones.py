"""NSD, BIND, ldns and Unbound read the lab's zones and walk its Internet: they find what we say. tests/oracles.md tells the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from oracles.needed import needs, rigged, said

SEED = "2026-11"
FAULTS = tuple(yaml.safe_load((Path(__file__).parents[2] / "postlib/lab/faults/dnssec.yaml").read_text(encoding="utf-8")))
Said = dict[str, Any]

# The zones as files


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The zones of the union, as `postlib lab union --export` writes them: origin and file."""
    folder = tmp_path_factory.mktemp("zones")
    done = subprocess.run(
        [sys.executable, "-m", "postlib", "lab", "union", "--once", "--export", str(folder)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {"." if path.stem == "root" else f"{path.stem}.": path for path in sorted(folder.glob("*.zone"))}


def test_every_zone_of_the_union_is_exported(exported: dict[str, Path]) -> None:
    """The root, the zones above the operators, the operators, and everyone else in the story."""
    assert len(exported) > 55
    assert {".", "post.", "auroria.post.", "lumenia.post.", "2.0.192.in-addr.arpa.", "inbox.example."} <= set(exported)


@pytest.mark.parametrize("command", ["named-checkzone -i local -k fail -r fail", "nsd-checkzone"])
def test_bind_and_nsd_load_every_zone(exported: dict[str, Path], command: str) -> None:
    """RFC 1035, section 5: the files need no change."""
    checker, *options = command.split()
    needs(checker)
    refused = {origin: told for origin, path in exported.items() for code, told in [said(checker, *options, origin, str(path))] if code}
    assert not refused


@pytest.mark.parametrize("verifier", ["dnssec-verify", "ldns-verify-zone"])
def test_every_signed_zone_is_whole(exported: dict[str, Path], verifier: str) -> None:
    """Every signature, and the whole chain of NSEC or NSEC3 (RFC 4035, section 2; RFC 5155, section 7.1); lumenia.post has expired."""
    needs(verifier)
    signed = {origin: path for origin, path in exported.items() if "DNSKEY" in path.read_text(encoding="ascii")}
    assert len(signed) > 40
    more = {"dnssec-verify": ["-z", "-o"]}.get(verifier)
    told = {origin: said(verifier, *([*more, origin] if more else []), str(path)) for origin, path in signed.items()}
    wrong = {origin: text for origin, (code, text) in told.items() if code}
    assert set(wrong) == {"lumenia.post."}
    assert "expired" in wrong["lumenia.post."]


# The same questions for NSD and for us


def literal_wildcard(asked: list[Any], differ: dict[str, Counter[str]]) -> bool:
    """NSD proves more than is asked where the question is for the wildcard itself (RFC 5155, section 7.2.3)."""
    return asked[0].startswith("*.") and set(differ) == {"authority"} and only(differ["authority"], "NSEC3", theirs=True)


def dname_with_nsec(asked: list[Any], differ: dict[str, Counter[str]]) -> bool:
    """After a DNAME, NSD looks for the NSECs of the name that was asked, not of the new one (RFC 4035, section 3.1.3)."""
    return "nsec." in asked[0].lower() and "move" in asked[0].lower() and set(differ) == {"authority"} and only(differ["authority"], "NSEC")


def growing_dname(asked: list[Any], differ: dict[str, Counter[str]]) -> bool:
    """A DNAME that leads below itself: NSD follows it once, we follow it up to a bound (RFC 6672, section 3.2: "go back to step 1")."""
    return "moved-self" in asked[0].lower() and set(differ) == {"answer"} and only(differ["answer"], "CNAME", ours=True)


def hidden_by_opt_out(asked: list[Any], differ: dict[str, Counter[str]]) -> bool:
    """An empty name that opt-out leaves without NSEC3: the proof begins at the closest *provable* encloser (RFC 5155,
    sections 1.3 and 7.2.1). NSD begins at the name itself, and Unbound then calls its answer bogus."""
    return bool(re.search(r"two\.optout", asked[0].lower())) and set(differ) == {"authority"} and only(differ["authority"], "NSEC3")


KNOWN = (literal_wildcard, dname_with_nsec, growing_dname, hidden_by_opt_out)


def only(lines: Counter[str], rrtype: str, *, ours: bool = False, theirs: bool = False) -> bool:
    """Whether all lines that differ are of that type, with their signatures; on one side alone where that is said."""
    fitting = all(f" {rrtype} " in line for line in lines)
    return fitting and not (ours and any(n < 0 for n in lines.values())) and not (theirs and any(n > 0 for n in lines.values()))


def differing(case: Said) -> dict[str, Counter[str]]:
    """What differs: for each part, the lines that only we have (positive) and those that only NSD has (negative)."""
    found: dict[str, Counter[str]] = {}
    for part, ours in case["ours"].items():
        theirs = case["nsd"][part]
        if ours != theirs:
            found[part] = Counter(ours if isinstance(ours, list) else [str(ours)])
            found[part].subtract(theirs if isinstance(theirs, list) else [str(theirs)])
            found[part] = Counter({line: count for line, count in found[part].items() if count})
    return found


@pytest.fixture(scope="module")
def against_nsd(tmp_path_factory: pytest.TempPathFactory, full: bool) -> dict[str, Said]:
    """What NSD and we answered to the same questions, in the world `union` and in the zones of trial.py."""
    needs("nsd")
    found: dict[str, Said] = rigged("nsd_rig.py", str(tmp_path_factory.mktemp("nsd")), "world,trial", "4000" if full else "500", SEED)
    return found


@pytest.mark.parametrize("zones", ["world", "trial"])
def test_nsd_gives_the_same_answers(against_nsd: dict[str, Said], zones: str, full: bool) -> None:
    """rcode, AA, answer and authority, record by record with its TTL; the differences that remain are known, each with its reason."""
    told = against_nsd[zones]
    assert told["asked"] >= (4000 if full else 500)
    assert min(told["rcodes"]["NOERROR"], told["rcodes"]["NXDOMAIN"]) > told["asked"] / 10
    unknown = [case for case in told["differ"] if not any(known(case["question"], differing(case)) for known in KNOWN)]
    assert not unknown, json.dumps(unknown[:3], indent=1)


def test_the_world_itself_differs_nowhere(against_nsd: dict[str, Said]) -> None:
    """The known differences are of zones made to be odd."""
    assert not against_nsd["world"]["differ"]


def test_each_known_difference_is_still_there(against_nsd: dict[str, Said], full: bool) -> None:
    """What is no difference any more is taken out of the list."""
    cases = against_nsd["trial"]["differ"]
    seen = {known.__name__ for known in KNOWN for case in cases if known(case["question"], differing(case))}
    if not full:
        pytest.skip("too few questions to meet each: runs with FULL=1")
    assert seen == {known.__name__ for known in KNOWN}


# Unbound walks the lab

# RSASHA1: operators of validators treat it as unsupported (RFC 9905, section 2); Debian 12's Unbound does not yet.
RETIRED = "algorithm-retired"
ALIASES_OF_UNBOUND = 11  # Unbound, iterator.h, MAX_RESTART_COUNT; ours are 16, as BIND's
IN_SHORT = ("not-signed", "ds-digest-wrong", "signatures-expired", "signatures-missing", "denial-missing", "nsec3-salted", RETIRED)


@pytest.fixture(scope="module")
def against_unbound(tmp_path_factory: pytest.TempPathFactory, full: bool) -> dict[str, list[Said]]:
    """What Unbound and we make of the union, of valdoria.post under each DNSSEC fault, and of questions drawn for trial.py."""
    needs("unbound")
    faults = ",".join(FAULTS if full else IN_SHORT)
    found: dict[str, list[Said]] = rigged(
        "unbound_rig.py", str(tmp_path_factory.mktemp("unbound")), faults, "1500" if full else "150", SEED
    )
    return found


def disagreed(cases: list[Said]) -> list[Said]:
    """Where rcode, security or records are not the same."""
    return [case for case in cases if any(case["ours"][part] != case["unbound"][part] for part in ("rcode", "security", "answer"))]


def test_unbound_judges_the_union_as_we_do(against_unbound: dict[str, list[Said]]) -> None:
    """Every domain of the story: what is there, and the proofs of what is not."""
    assert len(against_unbound["union"]) > 400
    assert not disagreed(against_unbound["union"])


def test_the_story_of_the_union_is_told_by_unbound(against_unbound: dict[str, list[Said]]) -> None:
    """lumenia.post has let its signatures expire, solmaria.post is an island of trust, auroria.post is unsigned; all others are secure."""
    told = {case["name"]: case["unbound"] for case in against_unbound["union"] if case["type"] == "MX"}
    assert told["lumenia.post"]["codes"] == [7]
    exceptions = {"lumenia.post": "withheld", "solmaria.post": "insecure", "auroria.post": "insecure"}
    assert {name: answer["security"] for name, answer in told.items() if answer["security"] != "secure"} == exceptions


def test_unbound_judges_every_dnssec_fault_as_we_do(against_unbound: dict[str, list[Said]]) -> None:
    """Each fault alone on a well-kept domain."""
    faults = [fault for fault in FAULTS if fault in against_unbound]
    assert len(faults) >= len(IN_SHORT)
    assert not {fault: cases for fault in faults if fault != RETIRED and (cases := disagreed(against_unbound[fault]))}


def test_unbound_still_trusts_the_retired_algorithm(against_unbound: dict[str, list[Said]]) -> None:
    """The one known disagreement: we say insecure (RFC 9905), Debian 12's Unbound says secure."""
    told = {(case["ours"]["security"], case["unbound"]["security"]) for case in disagreed(against_unbound[RETIRED])}
    assert told == {("insecure", "secure")}


def test_unbound_gives_the_same_code_for_each_fault(against_unbound: dict[str, list[Said]]) -> None:
    """RFC 8914, for the first question; Unbound's later codes speak of its cache."""
    first = {fault: against_unbound[fault][0] for fault in FAULTS if fault in against_unbound}
    withheld = {fault: case for fault, case in first.items() if case["ours"]["security"] == "withheld"}
    assert len(withheld) >= 3
    assert {fault: case["ours"]["codes"] for fault, case in withheld.items()} == {
        fault: case["unbound"]["codes"] for fault, case in withheld.items()
    }


def test_unbound_judges_the_trial_zones_as_we_do(against_unbound: dict[str, list[Said]]) -> None:
    """Wildcards, empty names, opt-out, DNAME: nothing that our server sends is bogus to it, and the verdicts are ours."""
    cases = against_unbound["trial"]
    assert len({(case["ours"]["rcode"], case["ours"]["security"]) for case in cases}) >= 5
    explained = (alias_asked_below_dname, asterisk_from_wildcard, long_chain)
    unknown = [case for case in disagreed(cases) if not any(explains(case) for explains in explained)]
    assert not unknown, json.dumps(unknown[:3], indent=1)


def alias_asked_below_dname(case: Said) -> bool:
    """Who asks for the CNAME, or the DNAME, below a DNAME gets one without signature: Unbound withholds it (RFC 6672, section 5.3.1)."""
    return case["type"] in ("CNAME", "DNAME") and "move" in case["name"].lower()


def asterisk_from_wildcard(case: Said) -> bool:
    """A name that begins with an asterisk, made from a wildcard (RFC 4592, section 2.3): Unbound takes its signature for wrong."""
    return case["name"].startswith("*.") and case["unbound"]["security"] == "withheld"


def long_chain(case: Said) -> bool:
    """More aliases than Unbound follows."""
    return len([record for record in case["ours"]["answer"] if " cname " in record]) > ALIASES_OF_UNBOUND
