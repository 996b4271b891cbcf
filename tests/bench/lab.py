"""The lab that both sides of a row look at: a world in a process of its own, its recursive resolver at a chosen distance.

    python -m tests.bench.lab WORLD MILLISECONDS

prints one line of JSON: the port at that distance, the port near by, and the domains under .post. Then it prints a number for each
line it reads: how many questions came since the last one. It ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from postlib import background
from postlib.lab.dns.recursor import Recursor
from postlib.lab.dns.serving import Service
from postlib.lab.domain import Domain
from postlib.lab.internet import visit
from postlib.lab.listener import bind_pair

ROOT = Path(__file__).parents[2]


class Far(Service):
    """The same service, half of `round_trip` seconds away each way. Counts the questions."""

    def __init__(self, near: Service, round_trip: float) -> None:
        self.near, self.round_trip, self.asked = near, round_trip, 0

    def ready(self, wire: bytes, *, udp: bool) -> bytes | None:
        self.asked += 1
        return None if self.round_trip else self.near.ready(wire, udp=udp)

    async def reply(self, wire: bytes, *, udp: bool) -> bytes | None:
        if self.round_trip:
            await asyncio.sleep(self.round_trip)
        return self.near.ready(wire, udp=udp) or await self.near.reply(wire, udp=udp)


@dataclass(frozen=True)
class Lab:
    """A lab in another process, as a row sees it."""

    port: int
    near: int
    domains: tuple[str, ...]
    process: subprocess.Popen[str]

    def asked(self) -> int:
        """How many questions came since this was asked last."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextlib.contextmanager
def lab(world: str, round_trip: int = 0) -> Iterator[Lab]:
    """A lab with its resolver `round_trip` milliseconds away."""
    command = [sys.executable, "-m", __name__, world, str(round_trip)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Lab(told["port"], told["near"], tuple(told["domains"]), process)
        process.stdin.close()


def served(service: Service) -> int:
    """Serve by UDP and TCP; the port."""
    tcp, udp = bind_pair()
    background.run(service.serve_udp(udp))
    background.run(service.serve_tcp(tcp))
    return int(udp.getsockname()[1])


def with_a_mail_server(domain: Domain, number: int) -> None:
    """Give the operator a mail server of its own name, as most have, instead of its provider's: in the DNS alone."""
    domain.publish("", "MX", f"10 mx1.{domain.name}.")
    domain.publish("mx1", "A", f"203.0.113.{number % 250 + 1}")
    domain.publish("_25._tcp.mx1", "TLSA", f"3 1 1 {number:064x}")


def main(world: str, milliseconds: str) -> None:
    """Keep the lab up until standard input ends."""
    with visit(world) as internet:
        recursor = Recursor(internet.servers.recursive)
        far, near = Far(recursor, int(milliseconds) / 1000), Far(recursor, 0)
        ports = [served(far), served(near)]
        domains = [name for name in internet.domains() if name.endswith(".post")]
        for number, name in enumerate(domains):
            with_a_mail_server(internet.domain(name), number)
        print(json.dumps({"port": ports[0], "near": ports[1], "domains": domains}), flush=True)
        for _ in sys.stdin:
            asked, far.asked = far.asked, 0
            print(asked, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
