"""Runs inside a network namespace of its own: the world of tests/chains.py, Unbound and delv against it, and our resolver too.

    unshare -Urn python tests/oracles/dnssec_rig.py DIRECTORY

Prints JSON: for each probe the verdicts of unbound, delv, ours (iterating) and forwarded (ours, through Unbound).
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dns.asyncquery
import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from chains import POLICY, PROBES, world  # noqa: E402
from rooted import ROOT_SERVER, Rooted  # noqa: E402

from postlib.lab.listener import bind_pair  # noqa: E402
from postlib.resolver import Answer, Resolver  # noqa: E402

UNBOUND = """server:
  interface: 127.0.0.1@{port}
  port: {port}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{directory}"
  use-syslog: no
  do-not-query-localhost: no
  trust-anchor-file: "{directory}/anchor.key"
  module-config: "validator iterator"
  ede: yes
  val-log-level: 2
  do-ip6: no
  root-hints: "{directory}/hints"
  target-fetch-policy: "0 0 0 0 0"
  qname-minimisation: no
remote-control:
  control-enable: no
"""
DELV = (  # the worst that it says counts; "ncache" is how it says that there is no such name or data
    (r"resolution failed: (?!ncache)|pending validation", "bogus"),
    (r"unsigned answer", "insecure"),
    (r"fully validated", "secure"),
)


async def main(directory: Path) -> None:
    """Everything, once."""
    rooted = world(datetime.now(UTC))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # the only interface here: nothing can leave
    for address in rooted.machines:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    async with rooted.on_their_addresses(), rooted.on_one_port() as server, rooted.served() as network:
        port = free_port()
        prepare(rooted, directory, port)
        unbound = await asyncio.create_subprocess_exec("unbound", "-d", "-c", str(directory / "unbound.conf"), stderr=subprocess.DEVNULL)
        try:
            await listening(port)
            through = Resolver(type(network)(forwarder=f"127.0.0.1:{port}", clock=network.clock, trust_anchor=network.trust_anchor))
            ours = Resolver(network)
            verdicts = [await verdict(name, rrtype, directory, port, server, ours, through) for name, rrtype, _, _ in (*PROBES, *POLICY)]
        finally:
            unbound.terminate()
            await unbound.wait()
    print(json.dumps(verdicts))


def prepare(rooted: Rooted, directory: Path, port: int) -> None:
    """Unbound's configuration, the root's server, and the root's key as both programs want it."""
    signing = rooted.zones[dns.name.root].signing
    assert signing is not None
    key = signing.keys[0].dnskey
    (directory / "anchor.key").write_text(f". 3600 IN DNSKEY {key}\n")
    data = key.to_text().split(None, 3)[3].replace(" ", "")
    (directory / "anchor.bind").write_text(f'trust-anchors {{ . static-key {int(key.flags)} 3 {int(key.algorithm)} "{data}"; }};\n')
    (directory / "unbound.conf").write_text(UNBOUND.format(port=port, directory=directory))
    (directory / "hints").write_text(f". 3600 IN NS ns.\nns. 3600 IN A {ROOT_SERVER}\n")


async def verdict(name: str, rrtype: str, directory: Path, port: int, server: int, ours: Resolver, through: Resolver) -> dict[str, object]:
    """What each says of one name."""
    security, codes = await asked_of_unbound(name, rrtype, port)
    mine, forwarded = await ours.resolve(name, rrtype), await through.resolve(name, rrtype)
    said = {"unbound": security, "unbound-ede": codes, "delv": await asked_of_delv(name, rrtype, directory, server)}
    return {"name": name, "type": rrtype, **said, "ours": mine.security, "ours-ede": broken(mine), "forwarded": forwarded.security}


def broken(answer: Answer) -> int | None:
    """The code of the first link that has one."""
    return next((int(link.ede) for link in answer.chain if link.ede is not None), None)


async def asked_of_unbound(name: str, rrtype: str, port: int) -> tuple[str, list[int]]:
    """Unbound's verdict: AD is secure, SERVFAIL is bogus."""
    question = dns.message.make_query(name, rrtype, want_dnssec=True, flags=dns.flags.RD | dns.flags.AD)
    reply, _ = await dns.asyncquery.udp_with_fallback(question, "127.0.0.1", port=port, timeout=10)
    codes = [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]
    if reply.rcode() == dns.rcode.SERVFAIL:
        return "bogus", codes
    return ("secure" if reply.flags & dns.flags.AD else "insecure"), codes


async def asked_of_delv(name: str, rrtype: str, directory: Path, server: int) -> str:
    """delv's verdict, from the comment above its answer."""
    command = ["delv", "@127.0.0.1", "-p", str(server), "-a", str(directory / "anchor.bind"), "+root=.", "-q", name, "-t", rrtype]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = (await process.communicate())[0].decode()
    return next((word for pattern, word in DELV if re.search(pattern, output)), "bogus")


def free_port() -> int:
    """A port that was free a moment ago."""
    tcp, udp = bind_pair()
    with udp, tcp:
        return int(udp.getsockname()[1])


async def listening(port: int) -> None:
    """Wait until Unbound answers."""
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError("unbound did not start")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
