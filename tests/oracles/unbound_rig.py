"""Runs inside a network namespace of its own: Unbound walks the lab's Internet, at its real addresses and port 53, and so do we.

    unshare -Urn python tests/oracles/unbound_rig.py DIRECTORY FAULT,FAULT,... COUNT SEED

Prints JSON: what each says of every probe of the world `union`, of valdoria.post in the world `clean` under each fault, and of
COUNT questions drawn for the zones of trial.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from dnssec_rig import UNBOUND, free_port, listening  # noqa: E402
from drawn_questions import drawn  # noqa: E402
from rooted import Rooted, put  # noqa: E402
from trial import SERVER, zones  # noqa: E402

from postlib.lab import worlds  # noqa: E402
from postlib.lab.dns.server import NameServer, Shelf  # noqa: E402
from postlib.lab.internet import Internet, visit  # noqa: E402
from postlib.lab.listener import bind_pair  # noqa: E402
from postlib.network import Network, Unreachable  # noqa: E402
from postlib.resolver import Resolver  # noqa: E402

Probe = tuple[str, str]
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def main(directory: Path, faults: Iterable[str], count: int, seed: str) -> None:
    """Everything, once."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # the only interface here: nothing can leave
    with visit("union", at=TODAY) as union, visit("clean", at=TODAY) as clean:
        addresses = {address for state in (union.state, clean.state) for address in state.by_address} | {SERVER}
        added = "".join(f"address add {address}/32 dev lo\n" for address in addresses if ":" not in address)
        subprocess.run(["ip", "-batch", "-"], input=added, text=True, check=True)
        said = {"union": await in_world(union, probes(union), directory)}
        for fault in faults:
            clean.reset()
            for act in worlds.faults()[fault].on("valdoria.post"):
                clean.do(act)
            said[fault] = await in_world(clean, named("valdoria.post"), directory)
        said["trial"] = await in_trial(count, seed, directory)
    print(json.dumps(said))


def probes(internet: Internet) -> list[Probe]:
    """The same questions for every postal operator and every zone of the Internet above them."""
    told = worlds.load(internet.world)
    return [probe for entry in told.entries for probe in named(entry.domain)] + [("nothing.post", "A"), ("post", "A"), (".", "NS")]


def named(domain: str) -> list[Probe]:
    """Of one domain: its mail, its web, an alias, a key; and what does not exist: a type, a name, names below empty ones."""
    there = [(domain, "MX"), (domain, "DNSKEY"), (domain, "DS"), (f"www.{domain}", "A"), (f"_dmarc.{domain}", "TXT")]
    return [*there, (f"www.{domain}", "SRV"), (f"nobody.{domain}", "A"), (f"_tcp.mx1.{domain}", "A"), (f"x.www.{domain}", "TXT")]


async def in_world(internet: Internet, asked: Iterable[Probe], directory: Path) -> list[dict[str, Any]]:
    """What Unbound and we say of each probe in a world."""
    machines = {address: machine for address, machine in internet.state.by_address.items() if ":" not in address}
    shelves = {address: machine.shelf for address, machine in machines.items() if machine.shelf.changes}
    return await judged(internet.network, shelves, asked, directory)


async def in_trial(count: int, seed: str, directory: Path) -> list[dict[str, Any]]:
    """The same for questions drawn for the zones of the trial, in a small Internet with a root above them."""
    rooted = Rooted(TODAY)
    above = rooted.zone("trial.", "192.0.2.2")
    held = zones(TODAY)
    for origin, zone in held.items():
        rooted.delegate(above, origin, {f"ns1.{origin}": SERVER})
        if zone.signing is not None:
            put(above, str(origin), "DS", *zone.signing.ds())
    rooted.machines[SERVER] = Shelf(dict(held), changes=1)
    asked = [(question.name.to_text(), question.rrtype) for question in drawn(list(held.values()), count, seed)]
    async with rooted.served() as network:
        return await judged(network, rooted.machines, asked, directory)


async def judged(network: Network, shelves: Mapping[str, Shelf], asked: Iterable[Probe], directory: Path) -> list[dict[str, Any]]:
    """Both walk from the root: Unbound to the real addresses and port 53, we by the Network, at the same time by their clocks."""
    async with contextlib.AsyncExitStack() as stack:
        for address, shelf in shelves.items():
            await stack.enter_async_context(serving(address, shelf))
        port = await stack.enter_async_context(unbound(network, directory))
        ours = Resolver(network)
        return [{"name": n, "type": kind, "unbound": await theirs(n, kind, port), "ours": await mine(ours, n, kind)} for n, kind in asked]


@contextlib.asynccontextmanager
async def serving(address: str, shelf: Shelf) -> AsyncIterator[None]:
    """One machine's name service on its own address."""
    server = NameServer(shelf)
    tcp, udp = bind_pair((address, 53))
    datagrams, streams = await server.serve_udp(udp), await server.serve_tcp(tcp)
    try:
        yield
    finally:
        datagrams.close()
        streams.close()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next round


@contextlib.asynccontextmanager
async def unbound(network: Network, directory: Path, settings: str = "") -> AsyncIterator[int]:
    """Unbound with an empty cache, the Network's root and anchor, its date, and more settings; on the port that this gives."""
    (root,) = network.root_hints
    (directory / "hints").write_text(f". 3600 IN NS {root[0]}\n{root[0]} 3600 IN A {root[1][0]}\n")
    (directory / "anchor.key").write_text("".join(f". 3600 IN DS {anchor}\n" for anchor in network.trust_anchor))
    port = free_port()
    date = f'  val-override-date: "{network.clock.now():%Y%m%d%H%M%S}"\n  val-sig-skew-min: 0\n  val-sig-skew-max: 0\n'
    configuration = UNBOUND.format(port=port, directory=directory).replace("remote-control:", f"{date}{settings}remote-control:")
    (directory / "unbound.conf").write_text(configuration)
    with (directory / "unbound.log").open("a") as log:
        process = await asyncio.create_subprocess_exec("unbound", "-d", "-c", str(directory / "unbound.conf"), stderr=log)
    try:
        await listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def theirs(name: str, rrtype: str, port: int) -> dict[str, Any]:
    """Unbound's answer: AD is secure; SERVFAIL is withheld, with its codes (RFC 8914)."""
    question = dns.message.make_query(name, rrtype, want_dnssec=True, flags=dns.flags.RD | dns.flags.AD)
    reply, _ = await dns.asyncquery.udp_with_fallback(question, "127.0.0.1", port=port, timeout=15)
    codes = [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]
    rcode = dns.rcode.to_text(reply.rcode())
    security = "withheld" if rcode == "SERVFAIL" else "secure" if reply.flags & dns.flags.AD else "insecure"
    return {"rcode": rcode, "security": security, "codes": codes, "answer": records(reply.answer)}


async def mine(ours: Resolver, name: str, rrtype: str) -> dict[str, Any]:
    """Our own answer, in the same words."""
    try:
        answer = await ours.resolve(name, rrtype)
    except Unreachable as error:
        return withheld(error.reason)
    if answer.security == "bogus":
        return withheld("bogus", [int(answer.broken.ede)] if answer.broken and answer.broken.ede is not None else [])
    return {"rcode": dns.rcode.to_text(answer.rcode), "security": str(answer.security), "codes": [], "answer": records(answer.answer)}


def withheld(reason: str, codes: Iterable[int] = ()) -> dict[str, Any]:
    """No answer at all, as a validating resolver gives it."""
    return {"rcode": "SERVFAIL", "security": "withheld", "codes": list(codes), "answer": [], "reason": reason}


def records(rrsets: Iterable[Any]) -> list[str]:
    """The records without signatures and lives, as sorted lines."""
    kept = [rrset for rrset in rrsets if rrset.rdtype != dns.rdatatype.RRSIG]
    return sorted(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {record}".lower() for rrset in kept for record in rrset)


if __name__ == "__main__":
    _, folder, wanted, number, chosen = sys.argv
    asyncio.run(main(Path(folder), [fault for fault in wanted.split(",") if fault], int(number), chosen))
