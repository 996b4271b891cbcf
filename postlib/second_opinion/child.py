"""The process that asks checkdmarc: one JSON request on standard input, one JSON answer on standard output.

It is run as a file, imports nothing of ours, and in a lab fails closed: before checkdmarc is imported, a fence
refuses every door but the lab's own, because checkdmarc resolves and connects in places that take no parameter.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
import time
from collections.abc import Iterable
from typing import Any

ADDRESSED = {"socket.connect", "socket.sendto", "socket.sendmsg"}  # audit events that carry (socket, address)
NAMED = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}  # and these a host first
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"}  # what would be unfenced
MEMORY = 2 << 30  # octets of address space: checkdmarc reads policies and images of any length into memory
NOTES = 50  # lines of checkdmarc's own log that are handed back

Door = tuple[str, int]


def fence(doors: Iterable[Door]) -> list[str]:
    """Refuse, from now on and for ever, every address but these doors. Returns the list that grows with what was refused.

    An audit hook (PEP 578) cannot be taken away and sees the C level too. Loopback alone would not do: a resolver
    of this machine may listen there, and would carry the question out. What is refused raises PermissionError.
    """
    allowed, refused = set(doors), list[str]()
    hosts = {host for host, _ in allowed}

    def refuse(what: str) -> None:
        refused.append(what)
        raise PermissionError(f"refused in a lab: {what}")

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event in ADDRESSED and values[1] is not None:  # None: to where the socket is connected already
            address = values[1]
            if not isinstance(address, tuple) or address[:2] not in allowed:
                refuse(f"{event} {address}")
        elif event in NAMED:
            host = values[0][0] if isinstance(values[0], tuple) else values[0]
            if host not in hosts:
                refuse(f"{event} {host}")
        elif event in PROGRAMS:
            refuse(event)

    sys.addaudithook(hook)
    return refused


def limit_memory() -> None:
    """Bound this process's memory, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def set_clock(now: float) -> None:
    """Let Python's clock start at `now`, in seconds since 1970: signatures are then judged on the lab's day. OpenSSL keeps its own."""
    real = time.time
    offset = now - real()
    time.time = lambda: real() + offset


def listen() -> list[str]:
    """Collect checkdmarc's warnings: its DNSSEC check says only there whether a zone is broken, or could not be asked."""
    notes: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if len(notes) < NOTES:
                notes.append(record.getMessage())

    logger = logging.getLogger("checkdmarc")
    logger.addHandler(Collect(logging.WARNING))
    logger.propagate = False
    return notes


def judge(domain: str, nameserver: Door | None, timeout: float) -> dict[str, Any]:
    """What checkdmarc says of one domain. Empty where it does not judge it (a name of one label)."""
    checkdmarc = importlib.import_module("checkdmarc")
    servers = None
    if nameserver is not None:
        servers = [importlib.import_module("dns.nameserver").Do53Nameserver(*nameserver)]
    found = checkdmarc.check_domains([domain], nameservers=servers, timeout=timeout, check_mx_tls=False)
    return {"version": checkdmarc.__version__, "answers": found if isinstance(found, dict) else {}}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request: {domain, nameserver, timeout, doors, now}; the last two are null outside a lab."""
    limit_memory()
    refused = fence((host, port) for host, port in request["doors"]) if request["doors"] is not None else []
    if request["now"] is not None:
        set_clock(request["now"])
    notes = listen()
    server = request["nameserver"]
    try:
        found = judge(request["domain"], tuple(server) if server else None, request["timeout"])
    except ModuleNotFoundError as error:
        if error.name != "checkdmarc":
            raise
        return {"trouble": "not-installed"}
    return {**found, "notes": notes, "refused": refused}


def main() -> None:
    """Read the request, answer it; what anyone prints meanwhile goes to standard error."""
    request, out, sys.stdout = json.load(sys.stdin), sys.stdout, sys.stderr
    json.dump(answer(request), out, default=str)


if __name__ == "__main__":
    main()
