"""How long until the first question is answered: a fresh process with a whole Internet in it, against one that imports checkdmarc."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rows import Measured, paired, row

ROOT = Path(__file__).parents[2]
DOMAIN = "auroria.post"
ROUNDS = 9
LONGEST = 60  # seconds for one process

LAB = """
import sys
from postlib import visit
internet = visit("union")
print(*internet.servers.outside("192.0.2.10", 53, "udp"), flush=True)
sys.stdin.read()
"""
OURS = f"""
from postlib import background, visit
from postlib.resolver import Resolver
internet = visit("union")
assert background.run(Resolver(internet.network).resolve("{DOMAIN}", "MX")).records
"""
FENCE = f"""
import sys
sys.path.insert(0, {str(ROOT / "postlib" / "second_opinion")!r})
from child import fence
refused = fence([(sys.argv[1], int(sys.argv[2])), (sys.argv[1], int(sys.argv[3]))])
"""
PEER = f"""
import sys
import checkdmarc
from dns.nameserver import Do53Nameserver
found = checkdmarc.check_domains(["{DOMAIN}"], nameservers=[Do53Nameserver(sys.argv[1], int(sys.argv[2]))])
assert found["mx"]["hosts"] and found["spf"]["valid"] and found["dmarc"]["valid"]
"""


@dataclass(frozen=True)
class Contest:
    """The lab's resolver, as the arguments of the peer's process, and the environment without a way out."""

    arguments: tuple[str, ...]
    environment: dict[str, str]

    def peer(self, before: str = "", after: str = "") -> str:
        """One process of the peer's; returns what it printed."""
        return process(before + PEER + after, *self.arguments, environment=self.environment)

    def ours(self, cache: str) -> str:
        """One process of ours, whose cache is in that folder."""
        return process(OURS, environment=self.environment | {"POSTLIB_CACHE": cache})


def process(code: str, *arguments: str, environment: dict[str, str]) -> str:
    """Run one fresh interpreter to its end, and return what it printed. Raises CalledProcessError, TimeoutExpired."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=LONGEST, check=True
    ).stdout


@contextlib.contextmanager
def contest() -> Iterator[Contest]:
    """A lab in a process of its own, up before anything is measured. The peer's web requests end at a port where nobody listens."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (
        socket.socket() as nobody,
        subprocess.Popen([sys.executable, "-c", LAB], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab,
    ):
        nobody.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert lab.stdin is not None and lab.stdout is not None
        try:
            where = lab.stdout.readline().split()
            proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
            yield Contest((*where, str(nobody.getsockname()[1])), environment | proxies)
        finally:
            lab.stdin.close()


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, by the wall's clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(*, cached: bool) -> Measured:
    """Both, in turn, after each has run once: everything is compiled, and the lab's resolver knows the answers."""
    with contest() as sides, tempfile.TemporaryDirectory(prefix="postlib-bench-") as kept:

        def ours() -> float:
            if cached:
                return seconds(lambda: sides.ours(kept))
            with tempfile.TemporaryDirectory(dir=kept) as empty:
                return seconds(lambda: sides.ours(empty))

        refused = json.loads(sides.peer(FENCE, "import json; print(json.dumps(refused))"))
        if refused:
            raise RuntimeError(f"the peer looked beyond the lab: {refused}")
        ours()
        return paired(ours, lambda: seconds(sides.peer), ROUNDS, notes=("both with the start and the end of the interpreter",))


@row("raise-cold", unit="s", target=0.5)
def raise_cold() -> Measured:
    """A fresh process until `visit("union")` has answered its first question, validated, nothing cached on disk; against one that imports
    checkdmarc and calls check_domains once, its resolver being a lab in another process."""
    return measured(cached=False)


@row("raise", unit="s", target=1.0)
def raise_cached() -> Measured:
    """The same, with the built world cached on disk."""
    return measured(cached=True)
