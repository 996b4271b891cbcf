"""Every host of the union before foreign clients: dig asks each name server, openssl and curl judge each TLS server, swaks knocks at each
mail server; and each must come to what we say ourselves. FULL=1 takes all of them, else a few that the commit's hash draws.
"""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import dns.name
import dns.rdatatype
import pytest
from conftest import FULL
from oracles.needed import chance, needs, said

from postlib import background
from postlib.lab import worlds
from postlib.lab.internet import Internet
from postlib.lab.personalities import servable
from postlib.lab.personality import NO_TLS, PERSONALITIES
from postlib.network import Unreachable
from postlib.protocols import pkix, starttls, tls

T = TypeVar("T")
RESOLVER = "192.0.2.10"
AT_ONCE = 4  # programs that run side by side
A_FEW = 6
WEAK = ("short-key", "sha1")  # certificates that OpenSSL refuses at its security level 2, and old versions of TLS with them
FLAGS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
REASONS = {  # X509_V_ERR_… of OpenSSL's x509_vfy.h, and our words for the same
    9: {"not-yet-valid"},
    10: {"expired"},
    18: {"self-signed"},
    19: {"unknown-issuer"},
    20: {"unknown-issuer", "incomplete"},
    21: {"unknown-issuer", "incomplete"},
    62: {"wrong-name"},
    66: {"weak"},
    67: {"weak"},
    68: {"weak"},
}


def drawn(there: list[T]) -> list[T]:
    """All of them; in the quick tier a few."""
    return there if FULL else random.Random(chance()).sample(there, min(A_FEW, len(there)))


def door(internet: Internet, address: str, port: int, transport: str = "tcp") -> tuple[str, str]:
    """Host and port on which a foreign program finds that server; opened before threads are started, for programs run side by side."""
    host, opened = internet.servers.outside(address, port, transport)  # type: ignore[arg-type]
    return host, str(opened)


def addresses(internet: Internet, name: str) -> list[str]:
    """The IPv4 addresses of a name, as dig finds them, validated or not."""
    host, port = door(internet, RESOLVER, 53, "udp")
    told = said("dig", f"@{host}", "-p", port, "+cdflag", "+short", name, "A")[1]
    return [line for line in told.splitlines() if re.fullmatch(r"[0-9.]+", line)]


# Name servers


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dig_finds_every_name_server_at_its_zone(internet: Internet, transport: str) -> None:
    """RFC 1034, section 4.2.2: each server of each zone answers with authority, by both transports, with the serial that the zone has."""
    needs("dig")
    held = [
        (address, zone)
        for address, machine in internet.state.by_address.items()
        if ":" not in address
        for zone in machine.shelf.zones.values()
    ]
    asked = [(door(internet, address, 53, transport), zone) for address, zone in drawn(held)]

    def ask(place: tuple[str, str], origin: dns.name.Name) -> str:
        way = "+tcp" if transport == "tcp" else "+notcp"
        return said("dig", f"@{place[0]}", "-p", place[1], way, "+norecurse", "+tries=2", "+time=10", origin.to_text(), "SOA")[1]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda pair: ask(pair[0], pair[1].origin), asked))
    wrong = {}
    for (_, zone), text in zip(asked, told, strict=True):
        soa = zone.get(zone.origin, dns.rdatatype.SOA)
        if soa is None or not re.search(r"flags: qr aa[; ]", text) or f" {soa[0].serial} " not in text:
            wrong[zone.origin.to_text()] = text
    assert len(asked) >= (60 if FULL else A_FEW)
    assert not wrong


# Certificates and TLS versions


def verdict_of_openssl(place: tuple[str, str], name: str, roots: str, *words: str) -> int | None:
    """OpenSSL's verify code for the chain and the name; None where no handshake came of it."""
    command = ["openssl", "s_client", "-connect", ":".join(place), "-servername", name, "-verify_hostname", name, "-CAfile", roots]
    told = said(*command, "-cipher", "ALL:@SECLEVEL=1", *words, stdin="QUIT\r\n")[1]
    found = re.findall(r"Verify return code: (\d+)", told)
    return None if not found or "Cipher is (NONE)" in told else int(found[0])


def speaks(place: tuple[str, str], name: str, version: str, *words: str) -> bool:
    """Whether OpenSSL comes to a handshake of that version."""
    command = ["openssl", "s_client", "-connect", ":".join(place), "-servername", name, FLAGS[version], "-cipher", "ALL:@SECLEVEL=0"]
    return bool(re.search(r"New, TLSv[0-9.]+, Cipher is (?!\(NONE\))", said(*command, *words, stdin="QUIT\r\n")[1]))


def ours(internet: Internet, address: str, name: str) -> set[str] | None:
    """Our words for what is wrong with the chain; None where no handshake came of it."""
    try:
        shake = background.run(tls.handshake(internet.network, address, 443, name))
    except (Unreachable, tls.TlsRefused):
        return None
    return reasons(pkix.verify(shake.chain, name, internet.state.authority.root_pem, internet.clock.now()))


def reasons(trust: pkix.Trust) -> set[str]:
    """Why a chain is not believed."""
    return {problem.reason for problem in trust.problems}


def test_openssl_and_curl_judge_every_web_server_as_we_do(internet: Internet, roots: str) -> None:
    """RFC 5280, section 6, and RFC 9525, for every web host, MTA-STS hosts too: OpenSSL's code, curl's exit code, and our own word."""
    needs("openssl", "curl", "dig")
    names = drawn(sorted({host for site in internet.state.sites.values() if site.personality != NO_TLS for host in site.hosts}))
    places = {name: (found[0], door(internet, found[0], 443)) for name in names if (found := addresses(internet, name))}

    def asked(name: str) -> tuple[int | None, int]:
        place = places[name][1]
        way = ["--max-time", "20", "--noproxy", "*", "--connect-to", f"{name}:443:{':'.join(place)}", "--cacert", roots]
        return verdict_of_openssl(place, name, roots), said("curl", "-sS", "-o", "/dev/null", *way, f"https://{name}/")[0]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = dict(zip(places, pool.map(asked, places), strict=True))
    mine = {name: ours(internet, address, name) for name, (address, _) in places.items()}
    assert len(places) >= (100 if FULL else 1)
    assert not {name: (code, mine[name]) for name, (code, _) in told.items() if not same(code, mine[name])}
    assert not {name: (code, mine[name]) for name, (_, code) in told.items() if (code == 0) != (mine[name] == set())}


def same(code: int | None, words: set[str] | None) -> bool:
    """Whether OpenSSL's code, which is for one thing, is among ours: none for none."""
    if code is None or words is None:
        return code is None and words is None
    return bool(words & REASONS[code]) if code in REASONS else not (code or words)


def test_openssl_judges_every_mail_server_as_we_do(internet: Internet, roots: str) -> None:
    """RFC 3207 and RFC 7817: STARTTLS, the versions that are spoken, and the certificate for the MX host's name."""
    needs("openssl")
    machines = [(machine.name, address) for address, machine in internet.state.by_address.items() if machine.smtp and ":" not in address]
    wrong = {}
    for name, address in drawn(machines):
        place, words = door(internet, address, 25), ("-starttls", "smtp", "-name", "outsider.test")
        seen = background.run(starttls.inspect(internet.network, name, address))
        mine = None if seen.trust is None else reasons(seen.trust)
        code = verdict_of_openssl(place, name, roots, *words)
        versions = background.run(starttls.versions(internet.network, name, address)) if seen.offered else {}
        spoken = {version: speaks(place, name, version, *words) for version in versions}
        if not same(code, mine) or spoken != versions:
            wrong[name] = code, mine, spoken, versions
    assert not wrong


@pytest.mark.parametrize("word", sorted(PERSONALITIES) if FULL else ["good", "expired", "wrong-host", "incomplete", "tls1.0-1.2", "sha1"])
def test_openssl_sees_each_personality_as_we_do(internet: Internet, roots: str, word: str) -> None:
    """Each fault that a lab's TLS server can have is one to OpenSSL too, of the same kind; and the versions are those that we find."""
    needs("openssl", "dig")
    if word not in servable():
        pytest.skip(f"the local OpenSSL cannot serve {word}")
    name = "www.valdoria.post"
    internet.domain("valdoria.post").web.set("www", personality=word)
    try:
        (address,) = addresses(internet, name)
        place = door(internet, address, 443)
        code = verdict_of_openssl(place, name, roots, "-cipher", f"ALL:@SECLEVEL={2 if word in WEAK else 0}")
        versions = background.run(tls.versions(internet.network, address, 443, name))
        assert {version: speaks(place, name, version) for version in versions} == versions
        assert same(code, ours(internet, address, name))
        assert (code == 0) == (not PERSONALITIES[word].fault and word not in WEAK)
    finally:
        internet.domain("valdoria.post").web.set("www", personality="good")


# Mail


def test_swaks_is_let_in_and_refused_a_relay_by_every_mail_server(internet: Internet) -> None:
    """RFC 5321, section 4.5.1: each domain takes mail for its postmaster; section 3.6.2: nobody relays for a stranger (exit code 24)."""
    needs("swaks", "dig")
    domains = drawn([entry.domain for entry in worlds.load("union").entries])
    wrong = {}
    for domain in domains:
        host, port = door(internet, RESOLVER, 53, "udp")
        told = said("dig", f"@{host}", "-p", port, "+cdflag", "+short", domain, "MX")[1]
        for mx in [line.split()[1] for line in told.splitlines() if re.fullmatch(r"\d+ \S+\w\.", line)]:
            for address in addresses(internet, mx):
                place = door(internet, address, 25)
                codes = {who: knocked(place, who) for who in (f"postmaster@{domain}", "somebody@elsewhere.example")}
                if list(codes.values()) != [0, 24]:
                    wrong[domain, mx] = codes
    assert not wrong


def knocked(place: tuple[str, str], recipient: str) -> int:
    """swaks's exit code after RCPT TO: 0 where it is taken, 24 where it is refused."""
    words = ("--server", place[0], "--port", place[1], "--helo", "outsider.test", "--from", "visitor@garden.test", "--timeout", "30")
    return said("swaks", *words, "--to", recipient, "--quit-after", "RCPT")[0]
