"""Unbound and BIND's delv judge the chains of tests/chains.py as we do. Both run in a network namespace that has only a loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RIG = Path(__file__).with_name("dnssec_rig.py")
NEEDED = ("unbound", "delv", "unshare", "ip")

# A name that does not exist in an opt-out span: AD must not be set (RFC 5155, section 9.2), and BIND sets it.
# RSASHA1: operators of validators treat it as unsupported (RFC 9905, section 2); Debian 12's Unbound and BIND do not yet.
# delv calls what an opt-out span denies secure; Unbound withholds the CNAME of a DNAME, which nobody signs. See oracles.md.
DIFFERENT = {("delv", "nothing.optout.post."), ("delv", "empty.optout.post."), ("unbound", "x.old.good.post.")}
DIFFERENT |= {("delv", "www.rsasha1.post."), ("unbound", "www.rsasha1.post.")}
# Unbound asks for the DS of an unsigned name, and blames the proof that is not signed either; and has no code of its own for a wildcard's.
OTHER_CODES = {"www.nosig.post.": (12, 10), "www.stripped.post.": (12, 10), "x.wild.nodenial.post.": (6, 12)}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of them says of every probe."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian packages unbound, bind9-dnsutils, iproute2)")
    if subprocess.run(["unshare", "-Urn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow a network namespace of one's own (unshare -Urn)")
    command = ["unshare", "-Urn", sys.executable, str(RIG), str(tmp_path_factory.mktemp("dnssec"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("oracle", ["unbound", "delv"])
def test_the_security_is_the_same(verdicts: list[dict[str, Any]], oracle: str) -> None:
    """Secure, insecure or bogus, name by name, but for the differences that are known and explained above."""
    assert len(verdicts) > 60
    differ = [v for v in verdicts if v["ours"] != v[oracle] and (oracle, v["name"]) not in DIFFERENT]
    assert not differ


def test_the_known_differences_are_still_there(verdicts: list[dict[str, Any]]) -> None:
    """An exception that is no longer one is taken out of the table."""
    differ = {(oracle, v["name"]) for v in verdicts for oracle in ("unbound", "delv") if v["ours"] != v[oracle]}
    assert differ == DIFFERENT


def test_the_codes_are_the_same(verdicts: list[dict[str, Any]]) -> None:
    """RFC 8914 codes of what is bogus."""
    bogus = [v for v in verdicts if v["ours"] == "bogus"]
    assert len(bogus) > 10
    differ = {v["name"]: (*v["unbound-ede"], v["ours-ede"]) for v in bogus if [v["ours-ede"]] != v["unbound-ede"]}
    assert differ == OTHER_CODES


def test_a_forwarder_changes_nothing(verdicts: list[dict[str, Any]]) -> None:
    """Through Unbound as our forwarder, with CD, we come to the same verdicts ourselves."""
    assert not [v for v in verdicts if v["ours"] != v["forwarded"]]
