"""How many questions a second the lab's authoritative server answers, beside another server in pure Python."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import dns.message
import dns.rdatatype

from tests.bench.rows import Measured, paired, row

DOMAIN = "valdoria.post"
HOST = f"ns1.{DOMAIN}"
ASKED = (
    *((DOMAIN, rrtype) for rrtype in ("A", "AAAA", "MX", "NS", "TXT", "SOA")), (f"www.{DOMAIN}", "A"), (f"www.{DOMAIN}", "AAAA"),
    (f"mx1.{DOMAIN}", "A"), (f"_dmarc.{DOMAIN}", "TXT"), (f"_mta-sts.{DOMAIN}", "TXT"), (f"_smtp._tls.{DOMAIN}", "TXT"),
)  # fmt: skip
WINDOW = 32  # questions on their way
SECONDS = 1.5  # of each measurement
LOST = 0.5  # seconds after which a datagram counts as lost
TYPES = ("A", "AAAA", "MX", "NS", "TXT", "SOA")  # of the zone's records, those that dnslib's zone files have too


@row("serve", unit="answers/s", target=4, more_is_better=True)
def serve() -> Measured:
    """Repeated questions a second over UDP that the lab's authoritative server answers on one core, with its record of them, against
    dnslib's DNSServer with the same records and no log; right answers only, the client on another core."""
    with served("ours", 0) as ours, served("peer", 0) as peer, pinned(-1):
        for name, rrtype in ASKED:
            assert _answer(ours, name, rrtype) == _answer(peer, name, rrtype) != set(), (name, rrtype)
        return paired(lambda: flood(ours), lambda: flood(peer))


def flood(port: int) -> float:
    """Right answers a second to the questions, asked over and over."""
    questions = [dns.message.make_query(name, rrtype, id=0).to_wire()[2:] for name, rrtype in ASKED]
    with contextlib.closing(_socket(port)) as udp:
        right = [_once(udp, question)[2:] for question in questions]
        sent = count = 0
        waiting: dict[int, int] = {}  # which question has which id
        start = heard = time.perf_counter()
        while (now := time.perf_counter()) - start < SECONDS:
            while len(waiting) < WINDOW:
                waiting[sent % 65536] = sent % len(questions)
                udp.send((sent % 65536).to_bytes(2, "big") + questions[sent % len(questions)])
                sent += 1
            if not select.select([udp], [], [], LOST)[0] or now - heard > LOST:
                waiting.clear()  # what was lost is not counted
            with contextlib.suppress(BlockingIOError):
                while True:
                    reply = udp.recv(4096)
                    asked = waiting.pop(int.from_bytes(reply[:2], "big"), None)
                    count += asked is not None and reply[2:] == right[asked]
                    heard = now
        return count / (time.perf_counter() - start)


def _socket(port: int) -> socket.socket:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect(("127.0.0.1", port))
    udp.setblocking(False)
    return udp


def _once(udp: socket.socket, question: bytes) -> bytes:
    udp.send(b"\0\0" + question)
    if not select.select([udp], [], [], 10 * LOST)[0]:
        raise TimeoutError("the server does not answer")
    return udp.recv(4096)


def _answer(port: int, name: str, rrtype: str) -> set[str]:
    """The records in an answer."""
    with contextlib.closing(_socket(port)) as udp:
        reply = dns.message.from_wire(_once(udp, dns.message.make_query(name, rrtype, id=0).to_wire()[2:]))
    return {f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {record}" for rrset in reply.answer for record in rrset}


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """This thread on one of the cores it may use."""
    before = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {before[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def served(who: str, core: int) -> Iterator[int]:
    """A server in a process of its own, on one core; gives its port."""
    code = f"from tests.bench import serve; serve.pinned({core}).__enter__(); serve.{who}()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # which ends it


def ours() -> None:
    """The lab's server, as `visit` raises it."""
    from postlib import visit

    with visit("clean") as internet:
        print(internet.servers.outside(internet.state.machines[HOST].addresses[0], 53, "udp")[1], flush=True)
        sys.stdin.read()


def peer() -> None:
    """dnslib's server with the records of the same zone."""
    from dnslib.server import DNSLogger, DNSServer
    from dnslib.zoneresolver import ZoneResolver

    from postlib import visit

    class Silent(DNSLogger):  # type: ignore[misc]
        """Logs nothing, not even the preparation for it."""

        def __getattribute__(self, name: str) -> object:
            return (lambda *_: None) if name.startswith("log_") else super().__getattribute__(name)

    with visit("clean") as internet:
        zone = internet.domain(DOMAIN).zone.text()
    lines = [line for line in zone.splitlines() if line.startswith("$") or line.split()[3] in TYPES]
    server = DNSServer(ZoneResolver("\n".join(lines)), address="127.0.0.1", port=0, logger=Silent())
    print(server.server.server_address[1], flush=True)
    server.start_thread()
    sys.stdin.read()
