"""Many domains' mail records, near and far, against checkdmarc and against bare dnspython."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench.lab import ROOT, Lab, lab
from tests.bench.rows import Measured, paired, row

WORLD = "generated:200"


def look(kind: str, place: Lab, port: int = 0) -> float:
    """Milliseconds a domain, by the lab's chosen port or another."""
    command = [sys.executable, "-m", "tests.bench.looks", kind, str(port or place.port), *place.domains]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)) * 1000 / len(place.domains)


def compared(place: Lab, peer: str, rounds: int) -> Measured:
    """Ours and the peer in turn, after a look of each that only fills the resolver's cache; with each one's questions a domain."""
    asked = {}
    for kind in ("ours", peer):
        look(kind, place)
        place.asked()
        look(kind, place)
        asked[kind] = place.asked() / len(place.domains)
    questions = f"questions a domain: ours {asked['ours']:.1f}, {peer} {asked[peer] - (asked['ours'] if peer == 'bare' else 0):.1f}"
    return paired(lambda: look("ours", place), lambda: look(peer, place), rounds, (questions,))


@row("mail-scan-0ms", unit="ms/domain", target=4)
def mail_scan_near() -> Measured:
    """200 domains against checkdmarc, which goes one by one: presence and validity of NS, SOA, MX, SPF, DMARC, MTA-STS record, TLS-RPT,
    BIMI, and presence of TLSA; DNSSEC validation and DKIM off in both."""
    with lab(WORLD) as place:
        return compared(place, "checkdmarc", 3)


@row("mail-scan-20ms", unit="ms/domain", target=80)
def mail_scan_far() -> Measured:
    """The same with the resolver 20 ms away."""
    with lab(WORLD, 20) as place:
        for kind in ("ours", "checkdmarc"):  # the resolver near by learns the answers; it is not what is measured
            look(kind, place, place.near)
        return paired(lambda: look("ours", place), lambda: look("checkdmarc", place), 1)


@row("mail-scan-ceiling", unit="ms/domain", target=0.6)
def mail_scan_ceiling() -> Measured:
    """The same look against the same questions by bare dnspython (asyncresolver), each asked once, none validated, nothing judged."""
    with lab(WORLD) as place:
        return compared(place, "bare", 5)
