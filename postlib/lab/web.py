"""The lab's web servers on loopback: HTTP/1.1 over TCP and over TLS, one listening port for each TLS personality.

    web = Web(clock)
    port = await web.open_https(sites, credentials, log, proxied=True, personality="good")

`sites` and `credentials` are asked anew at each connection and request, so an act changes a live server.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from email.utils import format_datetime
from urllib.parse import urlsplit

import h11

from postlib.clock import Clock
from postlib.lab.authority import Credentials
from postlib.lab.channel import Channel, TlsChannel
from postlib.lab.habits.web import ANSWERS, instead
from postlib.lab.listener import Connection, Listener
from postlib.lab.personalities import choosing_context, servable
from postlib.lab.site import TEXT, Page, Site, Visit, answer

__all__ = ["Page", "Site", "Visit", "Web", "servable"]

Sites = Callable[[str], Site | None]
Log = Callable[[Visit], None]
Habit = Callable[[], str]

LONGEST_HEAD = 16 * 1024  # octets of request line and headers; RFC 9112, section 3, asks for 8000 of the line at the least
CONNECTION_SECONDS = 15.0  # for handshake, request and answer together


class Web:
    """The web servers of one Internet. Its methods are awaited on the loop that serves (`postlib.background`)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []

    async def open_http(
        self, sites: Sites, log: Log, *, proxied: bool, habit: Habit = str, listening: socket.socket | None = None
    ) -> int:
        """Serve these sites over plain http, on a socket from `listener.bind` if given. Returns the loopback port.

        `habit` is asked at each connection for what the machine does instead ("": it serves).
        """
        return self._opened(sites, log, None, proxied, habit, listening)

    async def open_https(
        self,
        sites: Sites,
        credentials: Callable[[Site], Credentials],
        log: Log,
        *,
        proxied: bool,
        personality: str,
        habit: Habit = str,
        listening: socket.socket | None = None,
    ) -> int:
        """Serve, over TLS, those of these sites that have this personality. Returns the loopback port; `habit` as `open_http`.

        Raises ValueError for a personality that is unknown or that the local OpenSSL cannot serve.
        """

        def here(host: str) -> Site | None:
            site = sites(host)
            return site if site is not None and site.personality == personality else None

        def choose(host: str) -> Credentials | None:
            site = here(host)
            return None if site is None else credentials(site)

        if personality not in servable():
            raise ValueError(f"the TLS personality {personality!r} cannot be served here, only {', '.join(sorted(servable()))}")
        return self._opened(here, log, choosing_context(personality, choose), proxied, habit, listening)

    async def close(self) -> None:
        """Close every port and connection."""
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(listener.close() for listener in listeners))

    def _opened(
        self, sites: Sites, log: Log, tls: ssl.SSLContext | None, proxied: bool, habit: Habit, listening: socket.socket | None
    ) -> int:
        async def serve(connection: Connection) -> None:
            async with asyncio.timeout(CONNECTION_SECONDS):
                act = instead(habit(), secure=tls is not None)
                if act is not None:
                    await act(Channel(connection.socket))
                    return
                channel = await _channel(connection, tls)
                await self._exchange(channel, connection.source, sites, log, habit())

        listener = Listener(serve, proxied=proxied, listening=listening)
        self._listeners.append(listener)
        return listener.port

    async def _exchange(self, channel: Channel, source: str, sites: Sites, log: Log, habit: str) -> None:
        """One request, one answer, and no more: keep-alive is off. The answers of a habit have the status 0 in the log."""
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        method, host, target = "", "", ""
        try:
            request = await _request(http, channel)
            if request is None:
                return
            method, (host, target) = request.method.decode(), _target(request)
            if habit in ANSWERS:
                log(Visit(self._clock.now(), source, host, target, 0, method, channel.tls))
                await ANSWERS[habit](channel, f"{'https' if channel.tls else 'http'}://{host}{target}")
                return
            page = answer(sites(host), method, host, target, secure=bool(channel.tls))
        except _Unreadable as error:
            page = Page(error.status, TEXT, b"This is not an HTTP/1.1 request.\n")
        octets = _octets(http, page, method, format_datetime(self._clock.now(), usegmt=True))
        log(Visit(self._clock.now(), source, host, target, page.status, method, channel.tls))
        await channel.write(octets)
        await channel.close()


class _Unreadable(Exception):
    """What came is no request; `status` says so to the client."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def _channel(connection: Connection, context: ssl.SSLContext | None) -> Channel:
    """The connection, after the TLS handshake if there is to be one. Raises OSError (ssl.SSLError is one) where that fails."""
    if context is None:
        return Channel(connection.socket)
    channel = TlsChannel(connection.socket, context)
    await channel.handshake()
    return channel


async def _request(http: h11.Connection, channel: Channel) -> h11.Request | None:
    """The request's head; None where the client closes instead."""
    while True:
        try:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await channel.read())
                continue
        except h11.RemoteProtocolError as error:
            raise _Unreadable(error.error_status_hint) from error
        return event if isinstance(event, h11.Request) else None


def _target(request: h11.Request) -> tuple[str, str]:
    """Host (lower case, no port) and path with query. The target's own host goes before the Host header (RFC 9112, section 3.2.2)."""
    target = request.target.decode()
    authority = next((value.decode("latin-1") for name, value in request.headers if name == b"host"), "")
    try:
        if not target.startswith("/"):
            absolute = urlsplit(target)
            if absolute.scheme not in ("http", "https") or not absolute.netloc:
                raise _Unreadable(400)
            authority, target = absolute.netloc, absolute._replace(scheme="", netloc="").geturl() or "/"
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError as error:
        raise _Unreadable(400) from error
    return host.removesuffix("."), target


def _octets(http: h11.Connection, page: Page, method: str, date: str) -> bytes:
    """The whole answer on the wire; a HEAD gets the headers alone."""
    framing = [] if page.status in (204, 304) else [("Content-Length", str(len(page.body)))]
    headers = [("Date", date), *page.headers, *framing, ("Connection", "close")]
    wire = http.send(h11.Response(status_code=page.status, headers=headers)) or b""
    if page.body and method != "HEAD":
        wire += http.send(h11.Data(data=page.body)) or b""
    return wire + (http.send(h11.EndOfMessage()) or b"")
