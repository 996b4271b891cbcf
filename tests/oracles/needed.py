"""What a test with other people's programs needs; where it is missing the test is skipped, and says what to install."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGES = {
    "curl": "curl",
    "delv": "bind9-dnsutils",
    "dig": "bind9-dnsutils",
    "dnssec-verify": "bind9-utils",
    "ip": "iproute2",
    "ldns-verify-zone": "ldnsutils",
    "named-checkzone": "bind9-utils",
    "nsd": "nsd",
    "nsd-checkzone": "nsd",
    "openssl": "openssl",
    "ps": "procps",
    "swaks": "swaks",
    "unbound": "unbound",
    "unshare": "util-linux",
}


def needs(*programs: str) -> None:
    """Skip the test where one of the programs is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(f'{program} (Debian: {PACKAGES[program]})' for program in missing)}")


def chance() -> str:
    """The seed of what is generated: the commit's own hash, so that every commit tries other cases and the same ones again; or CHANCE,
    to see a failure again."""
    chosen = os.environ.get("CHANCE", "")
    return chosen or said("git", "rev-parse", "--short=12", "HEAD", folder=Path(__file__).parent)[1].strip()


def rigged(rig: str, *words: str, timeout: float = 300) -> Any:
    """Run a rig of this folder in a network namespace of its own; what it prints, read as JSON."""
    needs("unshare", "ip")
    if subprocess.run(["unshare", "-Urn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow a network namespace of one's own (unshare -Urn)")
    command = ["unshare", "-Urn", sys.executable, str(Path(__file__).with_name(rig)), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(*command: str, stdin: str = "", timeout: float = 60, folder: Path | None = None) -> tuple[int, str]:
    """Run a program: its exit code, and all that it said."""
    done = subprocess.run(
        command, input=stdin, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False
    )
    return done.returncode, done.stdout
