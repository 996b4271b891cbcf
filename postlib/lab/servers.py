"""The sockets of one Internet: each opens when it is first routed to, and one Network class reaches them all."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import socket
import threading
import weakref
from collections.abc import Coroutine
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import dns.name

from postlib import background
from postlib.lab.dns.recursor import Recursor
from postlib.lab.dns.server import NameServer
from postlib.lab.dns.serving import Datagrams, Streams
from postlib.lab.listener import bind, bind_pair
from postlib.lab.personality import NO_TLS
from postlib.lab.record import Record
from postlib.lab.site import Site, Visit
from postlib.lab.state import Machine, State
from postlib.network import Network, Route, Transport, Unreachable
from postlib.resolver import Resolver

if TYPE_CHECKING:  # web and mail are imported when the first such server opens: the first question needs neither
    from postlib.lab.mail.office import Office
    from postlib.lab.smtp import Mail
    from postlib.lab.web import Web

DNS, SMTP, HTTP, HTTPS = 53, 25, 80, 443
Door = tuple[str, int, str]
OPEN: weakref.WeakSet[Servers] = weakref.WeakSet()


class Servers:
    """The servers of one Internet, on loopback ports chosen by the system. `close` ends them all."""

    def __init__(self, state: State, record: Record, timeout: float = 2.0) -> None:
        self.state, self.record, self.timeout = state, record, timeout
        self.recursive = Resolver(self.network(state.machines["resolver.nic.test"].addresses[0]))
        self._doors: dict[Door, tuple[str, int]] = {}
        self._names: dict[str, NameServer] = {}
        self._starting: list[concurrent.futures.Future[Any]] = []
        self._lock = threading.RLock()
        self.closed = False
        OPEN.add(self)

    @cached_property
    def _web(self) -> Web:
        from postlib.lab.web import Web

        return Web(self.state.clock)

    @cached_property
    def _mail(self) -> Mail:
        from postlib.lab.smtp import Mail

        return Mail(self.state.clock)

    @property
    def office(self) -> Office:
        """Who keeps the mail of this Internet, and knows what a machine's mail server does with it."""
        with self._lock:
            return self._office

    @cached_property
    def _office(self) -> Office:
        from postlib.lab.mail.office import Office

        return Office(self)

    def network(self, source: str | None = None, route: Route | None = None) -> Network:
        """This Internet as seen from `source`; nothing it is asked leaves the machine. `route` is its own unless given."""
        root = self.state.machines["ns.root.test"]
        signing = self.state.zones[dns.name.root].signing
        return Network(
            iterate=True, source=source, route=route or self.route, timeout=self.timeout, clock=self.state.clock,
            root_hints=((f"{root.name}.", root.addresses),), trust_anchor=signing.ds() if signing else (),
            certificate_roots=self.state.root_pem,
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
        where = f"{address}:{port}"
        machine = self.state.by_address.get(address)
        with self._lock:
            if self.closed or machine is None:
                raise Unreachable("closed" if self.closed else "no-route", where)
            way = f"{way} {self._personality(machine)}" if port == HTTPS else way
            try:
                if (address, port, way) not in self._doors:
                    self._open(machine, address, port, way)
                return self._doors[address, port, way]
            except OSError as error:  # this process may open no more sockets
                raise Unreachable("unreachable", where) from error
            except KeyError:
                raise Unreachable("refused", where) from None

    def _open(self, machine: Machine, address: str, port: int, way: str) -> None:
        """Bind at once, serve from the background loop: a client that comes early waits in the socket's queue."""
        if port == DNS and (machine.shelf.changes or machine.resolver):
            self._open_dns(machine, address)
        elif port == SMTP and machine.smtp:
            door = self._bound(address, port, way)
            host = partial(self.state.mail_host, machine, address)
            self._start(self._mail.open(host, self._office.receiver(machine), proxied=way != "plain", listening=door))
        elif port == HTTP and machine.web:
            door, sites, log = self._bound(address, port, way), partial(self._site, machine), partial(self._visited, machine)
            habit = partial(self._habit, machine)
            self._start(self._web.open_http(sites, log, proxied=way != "plain", habit=habit, listening=door))
        elif port == HTTPS:
            self._open_https(machine, address, way)

    def _open_dns(self, machine: Machine, address: str) -> None:
        tcp, udp = bind_pair()
        server: NameServer | Recursor = Recursor(self.recursive) if machine.resolver else self._name_server(machine)
        self._start(server.serve_udp(udp))
        self._start(server.serve_tcp(tcp))
        for way in ("tcp", "udp"):
            self._doors[address, DNS, way] = tcp.getsockname()[:2]

    def _open_https(self, machine: Machine, address: str, way: str) -> None:
        from postlib.lab.personalities import credentials, servable

        def shown(site: Site) -> Any:
            return credentials(self.state.authority, site.personality, site.hosts)

        if self._personality(machine) not in servable():
            return
        door, personality = self._bound(address, HTTPS, way), self._personality(machine)
        self._start(
            self._web.open_https(
                partial(self._site, machine), shown, partial(self._visited, machine),
                proxied=not way.startswith("plain"), personality=personality, habit=partial(self._habit, machine), listening=door,
            )
        )  # fmt: skip

    def _name_server(self, machine: Machine) -> NameServer:
        if machine.name not in self._names:
            self._names[machine.name] = NameServer(machine.shelf, partial(self.record.note, machine.name, "question"), self.state.lock)
        return self._names[machine.name]

    def _personality(self, machine: Machine) -> str:
        """The TLS personality of the machine's site as it is now: an act may change it while servers run."""
        site = self.state.sites.get(machine.web)
        return site.personality if site is not None else NO_TLS

    def _habit(self, machine: Machine) -> str:
        """What the machine's web server does instead of serving, as it is now."""
        site = self.state.sites.get(machine.web)
        return site.habit if site is not None else ""

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
        self._starting.append(asyncio.run_coroutine_threadsafe(work, background.loop()))

    def close(self) -> None:
        """End every server; what is asked afterwards is Unreachable."""
        if self._shut():
            background.run(self._end())

    def abandon(self) -> None:
        """As `close`, but without waiting for it: for a finalizer, which may run in any thread."""
        if self._shut():
            asyncio.run_coroutine_threadsafe(self._end(), background.loop())

    def _shut(self) -> bool:
        """Open nothing more. Returns whether that is news."""
        with self._lock:
            news, self.closed = not self.closed, True
        return news

    async def _end(self) -> None:
        """Let what is opening come up first: a socket that opens after the end would stay. A server that failed to open says so here."""
        started = await asyncio.gather(*map(asyncio.wrap_future, self._starting), return_exceptions=True)
        await asyncio.gather(*(made.close() for name, made in vars(self).items() if name in ("_web", "_mail")))
        doors = [door for door in started if isinstance(door, Datagrams | Streams)]
        for door in doors:
            door.close()
        await asyncio.gather(*(door.wait_closed() for door in doors))
        for error in (error for error in started if isinstance(error, Exception)):
            asyncio.get_running_loop().call_exception_handler({"message": "a lab server did not open", "exception": error})


class Lease:
    """What keeps an Internet up: its handle and every Network that was handed out hold it, its own servers do not.

    When nobody holds it any more the servers end, so that a cell run fifty times leaves no sockets behind.
    """

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        weakref.finalize(self, servers.abandon).atexit = False  # `close_all` does that, and waits

    def network(self, source: str | None = None) -> Network:
        """The Internet as seen from `source`, for as long as somebody holds the Network."""
        return self._servers.network(source, self.route)

    def route(self, address: str, port: int, transport: Transport) -> tuple[str, int]:
        """As the servers' own."""
        return self._servers.route(address, port, transport)


def _forked() -> None:
    """A forked child has the sockets, but not the thread that serves them: they stay the parent's."""
    for servers in list(OPEN):
        servers.closed = True
    OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def close_all() -> None:
    """End the servers of every Internet that is still up, as at exit."""
    for servers in list(OPEN):
        servers.close()
