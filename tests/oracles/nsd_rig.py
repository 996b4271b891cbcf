"""Runs inside a network namespace of its own: NSD serves what the lab exports, and both are asked the same.

    unshare -Urn python tests/oracles/nsd_rig.py DIRECTORY world,trial,generated COUNT SEED

Prints JSON: for each of these sets of zones how many questions were asked, and those that were answered differently. The generated
zones are asked by TCP and by UDP, the others by TCP.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from drawn_questions import ODD, SIZES, STREAM, TYPES, Question, drawn  # noqa: E402
from generated_zones import zones as generated_zones  # noqa: E402
from nsd_slips import slip  # noqa: E402
from trial import zones as trial_zones  # noqa: E402

from postlib.lab.build import build  # noqa: E402
from postlib.lab.dns.server import NameServer, Shelf  # noqa: E402
from postlib.lab.dns.zone import Zone  # noqa: E402
from postlib.lab.export import zone_file  # noqa: E402
from postlib.lab.internet import DEFAULT_SEED  # noqa: E402

NSD = """server:
  ip-address: 127.0.0.1
  port: {port}
  do-ip6: no
  username: ""
  chroot: ""
  pidfile: ""
  database: ""
  zonesdir: "{directory}"
  zonelistfile: "{directory}/zone.list"
  xfrdfile: ""
  logfile: "{directory}/nsd.log"
  server-count: 1
  tcp-query-count: 0
  minimal-responses: no
remote-control:
  control-enable: no
"""


def main(directory: Path, wanted: list[str], count: int, seed: str) -> None:
    """Each set of zones, one after the other, with so many questions."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # the only interface here: nothing can leave
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    told = {}
    for kind in wanted:
        zones = ZONES[kind](today, count, seed)
        ways = (SIZES, (*TYPES, *ODD)) if kind == "generated" else ()
        told[kind] = compared(directory / kind, zones, drawn(list(zones.values()), count, seed, *ways))
    print(json.dumps(told))


ZONES: dict[str, Callable[[datetime, int, str], dict[dns.name.Name, Zone]]] = {
    "world": lambda today, _count, _seed: build("union", DEFAULT_SEED, today).zones,
    "trial": lambda today, _count, _seed: trial_zones(today),
    "generated": lambda today, count, seed: generated_zones(seed, max(18, count // 60), today),
}


def compared(directory: Path, zones: dict[dns.name.Name, Zone], questions: Iterable[Question]) -> dict[str, Any]:
    """How many questions were asked, how many with an answer of each rcode, and each that the two did not answer alike."""
    ours = NameServer(Shelf(dict(zones)))
    differ, rcodes = [], Counter[str]()
    with nsd(directory, zones) as theirs:
        for question in questions:
            wire, udp = message(question).to_wire(), question.size != STREAM
            reply = ours.handle(wire, udp=udp)
            assert isinstance(reply, bytes)
            mine, other = compare(reply, theirs.ask(wire, udp=udp), zones)
            rcodes["TC" if mine["tc"] else mine["rcode"]] += 1
            if udp and mine["tc"] != other["tc"]:  # which of the two is longer? Each may be right
                mine, other = whole(ours, theirs, wire, (mine, other), zones)
            if mine != other:
                asked = [question.name.to_text(), question.rrtype, question.dnssec, question.size]
                known = slip(zones, question.name, question.rrtype, mine, other)
                differ.append({"question": asked, "ours": mine, "nsd": other, "slip": known})
    return {"asked": sum(rcodes.values()), "rcodes": rcodes, "differ": differ}


def compare(ours: bytes, theirs: bytes, zones: dict[dns.name.Name, Zone]) -> list[dict[str, Any]]:
    """What of each reply is compared; where both are truncated, not their sections (RFC 2181, section 9: they are to be ignored)."""
    both = [content(dns.message.from_wire(said, one_rr_per_rrset=True), zones) for said in (ours, theirs)]
    if all(reply["tc"] for reply in both):
        return [reply | {"answer": [], "authority": []} for reply in both]
    return both


def whole(
    ours: NameServer, theirs: Daemon, wire: bytes, both: tuple[dict[str, Any], ...], zones: dict[dns.name.Name, Zone]
) -> list[dict[str, Any]]:
    """Both answers by TCP. TC is alike where each fits its sender's own length: one may compress better (RFC 1035, section 4.1.4)."""
    limit = min(max(dns.message.from_wire(wire).payload, 512), 1232)
    replies = ours.handle(wire, udp=False), theirs.ask(wire, udp=False)
    assert isinstance(replies[0], bytes)
    honest = [reply["tc"] == (len(said) > limit) for reply, said in zip(both, replies, strict=True) if isinstance(said, bytes)]
    mine, other = compare(replies[0], replies[1], zones)
    return [mine, other] if all(honest) else [mine | {"tc": both[0]["tc"]}, other | {"tc": both[1]["tc"]}]


def message(question: Question) -> dns.message.Message:
    """The question as it is sent to an authoritative server."""
    edns = -1 if question.size == 0 else 0
    payload = 1232 if question.size == STREAM else question.size
    return dns.message.make_query(question.name, question.rrtype, use_edns=edns, payload=payload, want_dnssec=question.dnssec, flags=0)


def content(reply: dns.message.Message, apexes: Container[dns.name.Name]) -> dict[str, Any]:
    """What of a reply is compared: rcode, AA, DO, and both sections as sorted lines; not the apex NS that NSD adds to answers."""
    authoritative = bool(reply.flags & dns.flags.AA)
    return {
        "rcode": dns.rcode.to_text(reply.rcode()),
        "aa": authoritative,
        "tc": bool(reply.flags & dns.flags.TC),
        "do": bool(reply.ednsflags & dns.flags.DO),
        "answer": sorted(line for rrset in reply.answer for line in lines(rrset)),
        "authority": sorted(line for rrset in reply.authority if not courtesy(rrset, apexes) for line in lines(rrset)),
    }


def courtesy(rrset: dns.rrset.RRset, apexes: Container[dns.name.Name]) -> bool:
    """Whether these are the servers of a zone that is served here: nothing hangs on them (RFC 1034, section 4.3.2, asks for none)."""
    return rrset.name in apexes and dns.rdatatype.NS in (rrset.rdtype, rrset.covers)


def lines(rrset: dns.rrset.RRset) -> list[str]:
    """The records as text, in their canonical form (RFC 4034, section 6.2): an answer may repeat the letters of the question."""
    owner, kind = rrset.name.canonicalize(), dns.rdatatype.to_text(rrset.rdtype)
    return [f"{owner} {rrset.ttl} {kind} {canonical(record)}" for record in rrset]


def canonical(record: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """The same record, its names in lower case."""
    octets = record.to_digestable(dns.name.root)
    return dns.rdata.from_wire(record.rdclass, record.rdtype, octets, 0, len(octets))


@dataclass(frozen=True)
class Daemon:
    """NSD, as one who asks it sees it."""

    port: int
    connection: socket.socket
    datagrams: socket.socket

    def ask(self, wire: bytes, *, udp: bool) -> bytes:
        """One question and its answer."""
        if not udp:
            return exchanged(self.connection, wire)
        self.datagrams.sendto(wire, ("127.0.0.1", self.port))
        return self.datagrams.recv(65535)


@contextmanager
def nsd(directory: Path, zones: dict[dns.name.Name, Zone]) -> Iterator[Daemon]:
    """NSD on these zones as the lab exports them."""
    directory.mkdir(parents=True)
    listed = []
    for number, (origin, zone) in enumerate(zones.items()):
        (directory / f"{number}.zone").write_text(zone_file(zone), encoding="ascii")
        listed.append(f'zone:\n  name: "{origin}"\n  zonefile: "{number}.zone"\n')
    port = free_port()
    (directory / "nsd.conf").write_text(NSD.format(port=port, directory=directory) + "".join(listed))
    with (directory / "nsd.out").open("w") as out:
        process = subprocess.Popen(["nsd", "-d", "-c", str(directory / "nsd.conf")], stdout=out, stderr=out, start_new_session=True)
    try:
        with connected(port, process) as connection, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(10)
            yield Daemon(port, connection, datagrams)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # NSD is several processes, all of this group
        process.wait(10)


def connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    """A connection to NSD, as soon as it listens."""
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except ConnectionRefusedError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError("NSD did not start: see nsd.out and nsd.log")


def exchanged(connection: socket.socket, wire: bytes) -> bytes:
    """One question and its answer over TCP (RFC 7766)."""
    connection.sendall(struct.pack("!H", len(wire)) + wire)
    (length,) = struct.unpack("!H", exactly(connection, 2))
    return exactly(connection, length)


def exactly(connection: socket.socket, count: int) -> bytes:
    """So many octets."""
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            raise EOFError("NSD closed the connection")
        octets += more
    return octets


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]), sys.argv[4])
