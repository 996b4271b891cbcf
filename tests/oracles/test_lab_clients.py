"""dig, curl, openssl and swaks use the lab as they use the Internet; and the lines that `postlib lab` prints do what they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from oracles.needed import needs, said

from postlib.lab.internet import Internet

RESOLVER = "192.0.2.10"
HERE = Path(__file__).parents[2]


def dig(internet: Internet, *words: str) -> str:
    host, port = internet.servers.outside(RESOLVER, 53, "udp")
    return said("dig", f"@{host}", "-p", str(port), "+tries=1", "+time=5", *words)[1]


def address(internet: Internet, name: str) -> str:
    """The IPv4 address of a name, as dig finds it."""
    return dig(internet, "+short", name, "A").split()[-1]


def connect(internet: Internet, host: str, port: int) -> str:
    """The option with which curl reaches that host of the lab, and no other."""
    return f"{host}:{port}:" + ":".join(map(str, internet.servers.outside(address(internet, host), port)))


def curl(internet: Internet, url: str, *words: str) -> tuple[int, str]:
    """Headers and body; curl reaches the host by the address that dig finds."""
    host, port = url.split("/")[2], 443 if url.startswith("https") else 80
    return said("curl", "-sS", "-i", "--max-time", "20", "--noproxy", "*", "--connect-to", connect(internet, host, port), *words, url)


# dig, through the recursive resolver


def test_dig_finds_the_mail_servers_with_their_signature(internet: Internet) -> None:
    """RFC 4035, section 3.2.3: AD says that all of it is secure."""
    needs("dig")
    told = dig(internet, "+dnssec", "valdoria.post", "MX")
    assert re.search(r"flags: [a-z ]*\bad\b", told)
    assert "10 mx1.valdoria.post." in told and "RRSIG" in told


@pytest.mark.parametrize(
    ("name", "status", "authenticated"),
    [
        ("nobody.valdoria.post", "NXDOMAIN", True),
        ("www.auroria.post", "NOERROR", False),
        ("www.solmaria.post", "NOERROR", False),
        ("www.lumenia.post", "SERVFAIL", False),
        ("nothing.example", "NXDOMAIN", True),
    ],
)
def test_dig_sees_the_story_of_the_union(internet: Internet, name: str, status: str, authenticated: bool) -> None:
    """Unsigned and an island: insecure; expired: withheld (RFC 4035, section 5.5)."""
    needs("dig")
    told = dig(internet, name, "A", "+adflag")
    assert f"status: {status}" in told
    assert bool(re.search(r"flags: [a-z ]*\bad\b", told)) == authenticated


def test_dig_gets_what_is_withheld_when_it_checks_itself(internet: Internet) -> None:
    """RFC 4035, section 3.2.2: with CD the answer comes, and the bit comes back."""
    needs("dig")
    told = dig(internet, "www.lumenia.post", "A", "+cdflag")
    assert "status: NOERROR" in told
    assert re.search(r"flags: [a-z ]*\bcd\b", told)


def test_dig_reverses_an_address_over_tcp(internet: Internet) -> None:
    """RFC 7766: the same over TCP."""
    needs("dig")
    mx = address(internet, "mx1.valdoria.post")
    assert dig(internet, "+short", "+tcp", "-x", mx).strip() == "mx1.valdoria.post."


# curl


def test_curl_reads_the_page_over_https(internet: Internet, roots: str) -> None:
    """RFC 9110; the certificate is trusted through the lab's own authority, and HSTS is there (RFC 6797)."""
    needs("curl", "dig")
    code, told = curl(internet, "https://www.valdoria.post/", "--cacert", roots)
    assert code == 0, told
    assert re.match(r"HTTP/1\.1 200", told) and "strict-transport-security: max-age=" in told.lower()


def test_curl_is_sent_from_http_to_https(internet: Internet, roots: str) -> None:
    """RFC 9110, section 15.4.2: 301 and a Location, which curl follows."""
    needs("curl", "dig")
    onwards = ("-L", "--connect-to", connect(internet, "www.valdoria.post", 443))
    code, told = curl(internet, "http://www.valdoria.post/", "--cacert", roots, *onwards)
    assert code == 0, told
    assert re.match(r"HTTP/1\.1 301", told) and "location: https://www.valdoria.post/" in told.lower()
    assert "HTTP/1.1 200" in told


def test_curl_fetches_the_mta_sts_policy(internet: Internet, roots: str) -> None:
    """RFC 8461, section 3.3."""
    needs("curl", "dig")
    code, told = curl(internet, "https://mta-sts.valdoria.post/.well-known/mta-sts.txt", "--cacert", roots)
    assert code == 0, told
    head, _, body = told.partition("\n\n")
    assert "content-type: text/plain" in head.lower()
    assert {"version: STSv1", "mode: enforce", "mx: mx1.valdoria.post"} <= set(body.splitlines())


def test_curl_refuses_an_expired_certificate_and_an_unknown_authority(internet: Internet, roots: str) -> None:
    """curl's exit code 60: the peer's certificate cannot be authenticated. zephyria.post let its web certificate expire."""
    needs("curl", "dig")
    assert curl(internet, "https://www.zephyria.post/", "--cacert", roots)[0] == 60
    assert curl(internet, "https://www.valdoria.post/")[0] == 60


# openssl


def s_client(internet: Internet, roots: str, name: str, port: int, *words: str) -> str:
    host, opened = internet.servers.outside(address(internet, name), port)
    command = ["openssl", "s_client", "-connect", f"{host}:{opened}", "-servername", name, "-CAfile", roots]
    return said(*command, "-verify_hostname", name, *words, stdin="QUIT\r\n")[1]


def test_openssl_verifies_the_web_server(internet: Internet, roots: str) -> None:
    """RFC 5280, section 6, and RFC 9525 for the name."""
    needs("openssl", "dig")
    told = s_client(internet, roots, "www.valdoria.post", 443)
    assert "Verify return code: 0 (ok)" in told and "TLSv1.3" in told


def test_openssl_verifies_the_mail_server(internet: Internet, roots: str) -> None:
    """RFC 3207: STARTTLS, and then the certificate of the MX host."""
    needs("openssl", "dig")
    told = s_client(internet, roots, "mx1.valdoria.post", 25, "-starttls", "smtp", "-name", "outsider.test")
    assert "Verify return code: 0 (ok)" in told and "Verified peername: mx1.valdoria.post" in told


def test_openssl_sees_the_expired_certificate_of_borvia(internet: Internet, roots: str) -> None:
    """X509_V_ERR_CERT_HAS_EXPIRED is 10."""
    needs("openssl", "dig")
    assert "Verify return code: 10" in s_client(internet, roots, "mx1.borvia.post", 25, "-starttls", "smtp", "-name", "outsider.test")


def test_openssl_matches_the_tlsa_record(internet: Internet, roots: str) -> None:
    """RFC 7671, section 5.1: DANE-EE, with what dig finds at _25._tcp (RFC 7672)."""
    needs("openssl", "dig")
    usage, selector, matching, *data = dig(internet, "+short", "_25._tcp.mx1.valdoria.post", "TLSA").splitlines()[0].split()
    record = f"{usage} {selector} {matching} {''.join(data)}"
    host, opened = internet.servers.outside(address(internet, "mx1.valdoria.post"), 25)
    command = ["openssl", "s_client", "-connect", f"{host}:{opened}", "-starttls", "smtp", "-name", "outsider.test"]
    dane = ["-dane_tlsa_domain", "mx1.valdoria.post", "-dane_tlsa_rrdata", record, "-dane_ee_no_namechecks"]
    told = said(*command, *dane, stdin="QUIT\r\n")[1]
    assert "Verify return code: 0 (ok)" in told and "DANE TLSA 3 1 1" in told


# swaks


def swaks(internet: Internet, mx: str, *words: str) -> tuple[int, str]:
    host, port = internet.servers.outside(address(internet, mx), 25)
    return said("swaks", "--server", host, "--port", str(port), "--helo", "outsider.test", "--timeout", "20", *words)


def test_swaks_delivers_a_letter_with_starttls(internet: Internet) -> None:
    """RFC 5321 and RFC 3207, from the outsider's address: SMTP says 250, and the letter lies in the mailbox."""
    needs("swaks", "dig")
    if "=== TLS supported" not in said("swaks", "--support")[1]:
        pytest.skip("swaks has no TLS here (Debian: libnet-ssleay-perl)")
    letter = ("--from", "visitor@garden.test", "--to", "ana@inbox.example", "--header", "Subject: By swaks", "--body", "Good day.")
    code, told = swaks(internet, "mx1.inbox.example", "--tls", *letter)
    assert code == 0, told
    assert "~> QUIT" in told  # the tilde: what was sent over TLS
    (kept,) = [kept for kept in internet.mailbox("ana@inbox.example") if kept.parsed["Subject"] == "By swaks"]
    assert kept.source == "203.0.113.250" and kept.tls.startswith("TLS")
    assert "Good day." in kept.parsed.get_content()
    assert "inbox.example" in str(kept.parsed["Authentication-Results"])


def test_swaks_is_refused_what_nobody_there_receives(internet: Internet) -> None:
    """RFC 5321, section 3.6.2: no relay for the outsider. swaks says so with its exit code 24, for RCPT TO."""
    needs("swaks", "dig")
    code, told = swaks(internet, "mx1.inbox.example", "--from", "visitor@garden.test", "--to", "ana@valdoria.post")
    assert code == 24, told
    assert re.search(r"<\*\* 5\d\d", told)


def test_a_forged_letter_of_a_protected_operator_reaches_no_inbox(internet: Internet) -> None:
    """RFC 9989: the outsider writes in the name of valdoria.post, which says p=reject."""
    needs("swaks", "dig")
    forged = ("--from", "office@valdoria.post", "--to", "clara@inbox.example", "--header", "Subject: Your parcel")
    code, told = swaks(internet, "mx1.inbox.example", *forged)
    assert code in (0, 26), told  # accepted for the spam folder, or refused after DATA
    found = [kept.folder for kept in internet.mailbox("clara@inbox.example") if kept.parsed["Subject"] == "Your parcel"]
    assert found == (["spam"] if code == 0 else [])


# `postlib lab` itself


@contextmanager
def terminal(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`postlib lab union` as in a terminal of its own: the process, and what it has printed when it is up."""
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "postlib", "lab", "union"],
        cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    late = threading.Timer(60, process.kill)
    late.start()
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("The address book is"):
                break
        yield process, "".join(lines)
    finally:
        late.cancel()
        if process.poll() is None:
            process.kill()
        process.communicate()


def group(leader: int) -> list[str]:
    """The processes of a group that are alive."""
    return said("ps", "-o", "pid=,args=", "-g", str(leader))[1].splitlines()


def pasted(line: str) -> tuple[int, str]:
    """A printed line, run as a shell runs what is pasted into it; `postlib` is the one under test."""
    line = f'"{sys.executable}" -m {line}' if line.startswith("postlib ") else line
    return said("sh", "-c", line, folder=HERE)


EXPECTED = {  # what each program says, and its exit code: auroria.post has something to mend
    "dig": (r"status: NOERROR", 0),
    "curl": (r"(?i)<html|Auroria", 0),
    "openssl": (r"Verification: OK", 0),
    "swaks": (r"250 .*\n.*QUIT", 0),  # two lines: a letter, and a forgery that nobody has forbidden yet
    "postlib": (r"auroria\.post, \d+ checks", 1),
}


def program(line: str) -> str:
    """The program that a printed line starts; ours stands there with the path of the one that printed it."""
    return "postlib" if " check " in line and "postlib" in line else line.split(" ")[0]


def test_the_printed_lines_work_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """Every line to copy does what its heading says; SIGINT ends the lab at once, without a trace of it."""
    needs("dig", "curl", "openssl", "swaks", "ps")
    with terminal(tmp_path) as (process, printed):
        lines = [line for line in printed.splitlines() if program(line) in EXPECTED]
        assert {program(line) for line in lines} == set(EXPECTED)
        assert [line.split()[-1] for line in lines if program(line) == "swaks"] == ["ana@auroria.post", "clara@inbox.example"]
        for line in lines:
            said, exit_code = EXPECTED[program(line)]
            code, told = pasted(line)
            assert code == exit_code, f"{line}\n{told}"
            assert re.search(said, told), f"{line}\n{told}"
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=15)
        assert process.returncode in (0, 130)
        assert "Traceback" not in out + error and not error
    assert group(process.pid) == []
    assert list(tmp_path.iterdir()) == []  # the address book and the roots are gone
