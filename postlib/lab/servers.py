"""The sockets of one Internet: each opens when it is first routed to, and one Network class reaches them all."""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from collections.abc import Coroutine
from functools import partial
from typing import Any, Protocol

import dns.name

from postlib import background
from postlib.lab.dns.recursor import Recursor
from postlib.lab.dns.server import NameServer
from postlib.lab.listener import bind
from postlib.lab.personalities import NO_TLS, credentials
from postlib.lab.record import Record
from postlib.lab.smtp import Mail, Receiver
from postlib.lab.state import Machine, State
from postlib.lab.web import Site, Visit, Web, servable
from postlib.network import Network, Transport, Unreachable
from postlib.resolver import Resolver

DNS, SMTP, HTTP, HTTPS = 53, 25, 80, 443
PAIRS = 40  # tries to bind TCP and UDP on one number
Door = tuple[str, int, str]
OPEN: weakref.WeakSet[Servers] = weakref.WeakSet()


class Postmaster(Protocol):
    """Who knows what a machine's mail server does with its mail."""

    def receiver(self, machine: Machine) -> Receiver:
        """The receiver of that machine's mail."""
        ...


class Servers:
    """The servers of one Internet, on loopback ports chosen by the system. `close` ends them all."""

    def __init__(self, state: State, record: Record, timeout: float = 2.0) -> None:
        self.state, self.record, self.timeout = state, record, timeout
        self.postmaster: Postmaster | None = None
        self.recursive = Resolver(self.network(state.machines["resolver.nic.test"].addresses[0]))
        self._web, self._mail = Web(state.clock), Mail(state.clock)
        self._doors: dict[Door, tuple[str, int]] = {}
        self._names: dict[str, NameServer] = {}
        self._running: list[Any] = []
        self._lock = threading.RLock()
        self.closed = False
        OPEN.add(self)

    def network(self, source: str | None = None) -> Network:
        """This Internet as seen from `source`; nothing it is asked leaves the machine."""
        root = self.state.machines["ns.root.test"]
        signing = self.state.zones[dns.name.root].signing
        return Network(
            iterate=True, source=source, route=self.route, timeout=self.timeout, clock=self.state.clock,
            root_hints=((f"{root.name}.", root.addresses),), trust_anchor=signing.ds() if signing else (),
            certificate_roots=self.state.authority.root_pem,
        )  # fmt: skip

    def route(self, address: str, port: int, transport: Transport) -> tuple[str, int]:
        """Where a server of this Internet listens for clients that say who they are (a PROXY header).

        Raises Unreachable: no-route for an address nobody has, refused for a closed port, closed after `close`.
        """
        return self._found(address, port, transport)

    def outside(self, address: str, port: int, transport: Transport = "tcp") -> tuple[str, int]:
        """The same for a client that someone else wrote: it sends no header, and is the outsider."""
        return self._found(address, port, transport if port == DNS else "plain")

    def _found(self, address: str, port: int, way: str) -> tuple[str, int]:
        if self.closed:
            raise Unreachable("closed", f"{address}:{port}")
        machine = self.state.by_address.get(address)
        if machine is None:
            raise Unreachable("no-route", f"{address}:{port}")
        way = f"{way} {self._personality(machine)}" if port == HTTPS else way
        with self._lock:
            if (address, port, way) not in self._doors:
                self._open(machine, address, port, way)
            try:
                return self._doors[address, port, way]
            except KeyError:
                raise Unreachable("refused", f"{address}:{port}") from None

    def _open(self, machine: Machine, address: str, port: int, way: str) -> None:
        """Bind at once, serve from the background loop: a client that comes early waits in the socket's queue."""
        if port == DNS and (machine.shelf.changes or machine.resolver):
            self._open_dns(machine, address)
        elif port == SMTP and machine.smtp and self.postmaster is not None:
            door = self._bound(address, port, way)
            host = partial(self.state.mail_host, machine, address)
            self._start(self._mail.open(host, self.postmaster.receiver(machine), proxied=way != "plain", listening=door))
        elif port == HTTP and machine.web:
            door, sites, log = self._bound(address, port, way), partial(self._site, machine), partial(self._visited, machine)
            self._start(self._web.open_http(sites, log, proxied=way != "plain", listening=door))
        elif port == HTTPS and self._personality(machine) in servable():
            self._open_https(machine, address, way)

    def _open_dns(self, machine: Machine, address: str) -> None:
        tcp, udp = _pair()
        server: NameServer | Recursor = Recursor(self.recursive) if machine.resolver else self._name_server(machine)
        self._start(server.serve_udp(udp))
        self._start(server.serve_tcp(tcp))
        for way in ("tcp", "udp"):
            self._doors[address, DNS, way] = tcp.getsockname()[:2]

    def _open_https(self, machine: Machine, address: str, way: str) -> None:
        def shown(site: Site) -> Any:
            return credentials(self.state.authority, site.personality, site.hosts)

        door, personality = self._bound(address, HTTPS, way), self._personality(machine)
        self._start(
            self._web.open_https(
                partial(self._site, machine), shown, partial(self._visited, machine),
                proxied=not way.startswith("plain"), personality=personality, listening=door,
            )
        )  # fmt: skip

    def _name_server(self, machine: Machine) -> NameServer:
        if machine.name not in self._names:
            self._names[machine.name] = NameServer(machine.shelf, partial(self.record.note, machine.name, "question"))
        return self._names[machine.name]

    def _personality(self, machine: Machine) -> str:
        """The TLS personality of the machine's site as it is now: an act may change it while servers run."""
        site = self.state.sites.get(machine.web)
        return site.personality if site is not None else NO_TLS

    def _site(self, machine: Machine, host: str) -> Site | None:
        site = self.state.sites.get(host)
        return site if site is not None and (machine.web in site.hosts or host in machine.guests) else None

    def _visited(self, machine: Machine, visit: Visit) -> None:
        self.record.note(machine.name, "request", visit.source, visit.method, visit.host + visit.path, str(visit.status), visit.tls)

    def _bound(self, address: str, port: int, way: str) -> socket.socket:
        door = bind()
        self._doors[address, port, way] = door.getsockname()[:2]
        return door

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        async def keep() -> None:
            self._running.append(await work)

        asyncio.run_coroutine_threadsafe(keep(), background.loop())

    def close(self) -> None:
        """End every server; what is asked afterwards is Unreachable."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        background.run(self._end())

    async def _end(self) -> None:
        await asyncio.gather(self._web.close(), self._mail.close())
        for server in self._running:
            if not isinstance(server, int):  # Web and Mail return a port, and have ended theirs
                server.close()


def _pair() -> tuple[socket.socket, socket.socket]:
    """TCP and UDP sockets on one number: TCP first, then UDP on the same, and another try if it is taken."""
    for _ in range(PAIRS):
        tcp = bind()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        udp.setblocking(False)
        tcp.setblocking(False)
        return tcp, udp
    raise OSError(f"no port is free for both TCP and UDP, after {PAIRS} tries")


def close_all() -> None:
    """End the servers of every Internet that is still up, as at exit."""
    for servers in list(OPEN):
        servers.close()
