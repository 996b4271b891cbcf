"""Ask checkdmarc in a process of its own: its caches mix resolvers, and it may hang, crash or look where a lab must not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from postlib import background
from postlib.network import Network
from postlib.second_opinion.doors import Door, Doors

CHILD = Path(__file__).with_name("child.py")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY")
ROOTS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
LIMIT = 60.0  # seconds: checkdmarc's some thirty questions come one after another, 2 seconds each where nobody answers
OUTPUT = 1 << 20  # octets of an answer; a usual one has 4000
DETAIL = 200  # characters of an error that are kept


class Trouble(Exception):
    """There is no second opinion: `reason` is a word (not-installed, timeout, crashed, unreadable, one-label)."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail[:DETAIL]


@dataclass(frozen=True)
class Said:
    """What checkdmarc said: its dict for the domain, its warnings about DNSSEC, and what the lab's fence refused."""

    version: str
    answers: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def ask(domain: str, network: Network, limit: float = LIMIT) -> Said:
    """checkdmarc's opinion of a domain, in at most `limit` seconds. Raises Trouble."""
    if network.lab:
        return _in_a_lab(domain, network, limit)
    server = None if network.forwarder is None else network.forwarders[0]
    request = {"domain": domain, "nameserver": server, "timeout": network.timeout, "doors": None, "now": None}
    return _heard(_talk(request, dict(os.environ), limit))


def _in_a_lab(domain: str, network: Network, limit: float) -> Said:
    """The same, with nothing but a resolver and a tunnel to the web servers of that lab within reach."""
    with tempfile.TemporaryDirectory(prefix="postlib-") as folder:
        roots = Path(folder, "roots.pem")
        roots.write_text(network.certificate_roots)
        doors = background.run(Doors(network).open())
        try:
            within, now = [doors.resolver, doors.proxy], network.clock.now().timestamp()
            request = {"domain": domain, "nameserver": doors.resolver, "timeout": network.timeout, "doors": within, "now": now}
            return _heard(_talk(request, lab_environment(doors.proxy, roots), limit))
        finally:
            background.run(doors.close())


def lab_environment(door: Door, roots: Path) -> dict[str, str]:
    """This process's environment, but every web request goes into the tunnel, and only the lab's root is trusted."""
    ours = {name: value for name, value in os.environ.items() if name.upper() not in (*PROXIES, *ROOTS)}
    proxy = f"http://{door[0]}:{door[1]}"
    return ours | {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "", "REQUESTS_CA_BUNDLE": str(roots)}


def _talk(request: Mapping[str, Any], environment: Mapping[str, str], limit: float) -> bytes:
    """One request to one child, and its answer. Raises Trouble."""
    command = [sys.executable, "-P", str(CHILD)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err, env=environment, start_new_session=True)
            with _ended(child):
                child.communicate(json.dumps(request).encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            raise Trouble("timeout", f"{limit:g} s") from None
        except OSError as error:
            raise Trouble("crashed", str(error)) from error
        if child.returncode:
            raise Trouble("crashed", _last_line(err) or f"exit code {child.returncode}")
        out.seek(0)
        return out.read(OUTPUT + 1)


@contextlib.contextmanager
def _ended(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no child behind: one that still runs is killed with all it started, in a session of its own one process group."""
    try:
        yield
    finally:
        if child.poll() is None:  # so its number is still its own
            if hasattr(os, "killpg"):
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
            child.wait()


def _last_line(written: IO[bytes]) -> str:
    """The end of what a program wrote to standard error, where Python names the exception."""
    written.seek(max(0, written.seek(0, os.SEEK_END) - 10 * DETAIL))
    return written.read().decode(errors="replace").strip().rpartition("\n")[2]


def _heard(octets: bytes) -> Said:
    """The answer. Raises Trouble where it is none."""
    try:
        if len(octets) > OUTPUT:
            raise ValueError(f"more than {OUTPUT} octets")
        answer = json.loads(octets)
        if "trouble" in answer:
            raise Trouble(str(answer["trouble"]))
        said = Said(str(answer["version"]), dict(answer["answers"]), tuple(map(str, answer["notes"])), tuple(map(str, answer["refused"])))
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble("unreadable", repr(error)) from error
    if not said.answers:
        raise Trouble("one-label")
    return said
