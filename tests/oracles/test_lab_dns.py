"""dig and delv, which someone else wrote, ask the lab's Internet: what it serves is real DNS, and its signatures are real."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import dns.name
import pytest

from postlib.lab.internet import Internet

needs_dig = pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed (Debian: bind9-dnsutils)")
needs_delv = pytest.mark.skipif(shutil.which("delv") is None, reason="delv is not installed (Debian: bind9-dnsutils)")


@pytest.fixture(scope="module")
def anchor(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    signing = internet.state.zones[dns.name.root].signing
    assert signing is not None
    flags, protocol, algorithm, key = signing.keys[0].dnskey.to_text().split(None, 3)
    path = tmp_path_factory.mktemp("anchor") / "anchor"
    text = f'{flags} {protocol} {algorithm} "{key.replace(" ", "")}"'
    path.write_text(f"trust-anchors {{ . static-key {text}; }};\n")
    return path


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def dig(internet: Internet, address: str, *words: str) -> str:
    host, port = internet.servers.outside(address, 53, "udp")
    return run("dig", f"@{host}", "-p", str(port), "+tries=1", *words)


@needs_dig
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dig_asks_an_authoritative_server(internet: Internet, transport: str) -> None:
    told = dig(internet, "192.0.2.65", transport, "+norecurse", "+dnssec", "www.pelagia.post", "A")
    assert "status: NOERROR" in told and "flags: qr aa;" in told and "192.0.2.68" in told and "RRSIG" in told


@needs_dig
def test_dig_walks_from_the_root_by_referrals(internet: Internet) -> None:
    root, post = (dig(internet, address, "+norecurse", "pelagia.post", "MX") for address in ("192.0.2.1", "192.0.2.2"))
    assert "ns.nic.post.\t\t3600\tIN\tA\t192.0.2.2" in root
    assert "ns1.pelagia.post." in post and "flags: qr;" in post


@needs_dig
def test_dig_sees_authenticated_data_from_the_recursive_resolver(internet: Internet) -> None:
    """RFC 4035, section 3.2.3: AD says that all is secure."""
    told = dig(internet, "192.0.2.10", "+dnssec", "pelagia.post", "MX")
    assert " ad;" in told and "10 mx1.pelagia.post." in told
    assert "status: NXDOMAIN" in dig(internet, "192.0.2.10", "nobody.pelagia.post", "A")


@needs_dig
def test_dig_gets_no_answer_from_a_bogus_zone_unless_it_checks_itself(internet: Internet) -> None:
    internet.domain("printpost.example").zone.sign(slip="bad-signature")
    internet.flush()
    assert "status: SERVFAIL" in dig(internet, "192.0.2.10", "www.printpost.example", "A")
    assert "status: NOERROR" in dig(internet, "192.0.2.10", "+cdflag", "www.printpost.example", "A")


POSITIVE = [
    ("pelagia.post", "MX"),
    ("www.valdoria.post", "AAAA"),
    ("_dmarc.post", "TXT"),
    ("s2026a._domainkey.pelagia.post", "TXT"),
    ("_25._tcp.mx1.pelagia.post", "TLSA"),
    ("67.2.0.192.in-addr.arpa", "PTR"),
    ("inbox.example", "NS"),
    ("post", "DNSKEY"),
    (".", "SOA"),
]
NEGATIVE = [
    ("nobody.pelagia.post", "A"),
    ("nobody.valdoria.post", "A"),
    ("nobody.post", "A"),
    ("www.pelagia.post", "SRV"),
    ("_tcp.mx1.pelagia.post", "A"),
]


@needs_delv
@pytest.mark.parametrize(("name", "rrtype"), POSITIVE)
def test_delv_validates_what_is_there(internet: Internet, anchor: Path, name: str, rrtype: str) -> None:
    assert "; fully validated" in _delv(internet, anchor, name, rrtype)


@needs_delv
@pytest.mark.parametrize(("name", "rrtype"), NEGATIVE)
def test_delv_validates_what_is_not_there(internet: Internet, anchor: Path, name: str, rrtype: str) -> None:
    assert "negative response, fully validated" in _delv(internet, anchor, name, rrtype)


def _delv(internet: Internet, anchor: Path, name: str, rrtype: str) -> str:
    host, port = internet.servers.outside("192.0.2.10", 53, "udp")
    return run("delv", f"@{host}", "-p", str(port), "-a", str(anchor), "+root=.", name, rrtype)


def test_the_lab_never_serves_a_private_key(internet: Internet) -> None:
    """Belt and braces: nothing that a zone, a journal or a certificate shows contains one."""
    shown = (
        "".join(zone.text() for zone in internet.state.zones.values()) + json.dumps(internet.journal()) + internet.state.authority.root_pem
    )
    assert "PRIVATE KEY" not in shown
