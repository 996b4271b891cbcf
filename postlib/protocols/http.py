"""A small HTTP/1.1 client (RFC 9112), for policies and for looking at a web site: one request, one connection.

HttpFailure    the host has no address, or what it sent is not HTTP: a fact about the host
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urljoin, urlsplit

import h11

from postlib.network import Network, Unreachable
from postlib.patience import Patience
from postlib.protocols.addresses import addresses
from postlib.protocols.hsts import Hsts, parse_hsts
from postlib.protocols.service_identity import is_address
from postlib.protocols.tls import Handshake, Offer, TlsRefused, Trust, hang_up, upgrade, verify
from postlib.resolver import Resolver

__all__ = ["Hsts", "HttpFailure", "Response", "fetch", "parse_hsts"]

PATIENCE = 5  # times Network.timeout for one whole exchange
BODY_LIMIT = 1 << 20  # octets, where the caller names no bound
PARTS_LIMIT = 4096  # of one response: interim responses and chunks; a body of 64 kB then has 16 octets in each
ADDRESSES_TRIED = 4
REDIRECTS = (301, 302, 303, 307, 308)
READ = 16 * 1024  # octets at a time: one TLS record (RFC 8446, section 5.1)
PORTS = {"http": 80, "https": 443}


class HttpFailure(Exception):
    """The host has no address (no-address) or does not speak HTTP (malformed); `where` is the host."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(f"{reason} at {where}")
        self.reason = reason
        self.where = where


FAILURES = (Unreachable, TlsRefused, HttpFailure)


@dataclass(frozen=True)
class Response:
    """One response. Header names are in lower case; `truncated` says that the body was longer than asked for.

    `handshake` and `trust` are None for plain http. `hops` are the responses that led here by redirection, the first first;
    `stopped` says why the last redirection was not followed (too-many-redirects, bad-location, or a reason of Unreachable,
    TlsRefused or HttpFailure), and is empty where there was none to follow.
    """

    url: str
    address: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False
    handshake: Handshake | None = None
    trust: Trust | None = None
    hops: tuple[Response, ...] = ()
    stopped: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def location(self) -> str | None:
        """Where the response redirects to, as an absolute URL where it can be made one, or None where it does not redirect."""
        target = self.header("location")
        if self.status not in REDIRECTS or target is None:
            return None
        try:
            return urljoin(self.url, target)
        except ValueError:
            return target


async def fetch(
    net: Network | Resolver, url: str, *, address: str | None = None, max_body: int = BODY_LIMIT, max_redirects: int = 0
) -> Response:
    """GET `url`, from `address` where one is given; certificates are judged and reported, never a reason to stop.

    Raises ValueError for what is not an http or https URL, Unreachable, tls.TlsRefused and HttpFailure for the first hop.
    """
    resolver = Resolver.of(net)
    response = await _get(resolver, _split(url), address, max_body)
    while max_redirects and response.location is not None and not response.stopped:
        response = await _follow(resolver, response, max_body, max_redirects)
    return response


async def _follow(resolver: Resolver, response: Response, max_body: int, max_redirects: int) -> Response:
    """The next hop, or the same response `stopped`: what fails behind a redirection must not lose what the first host said."""
    if len(response.hops) == max_redirects:
        return replace(response, stopped="too-many-redirects")
    try:
        following = await _get(resolver, _split(response.location or ""), None, max_body)
    except ValueError:
        return replace(response, stopped="bad-location")
    except FAILURES as error:
        return replace(response, stopped=error.reason)
    return replace(following, hops=(*response.hops, replace(response, hops=())))


def _split(url: str) -> SplitResult:
    """The URL's parts. Raises ValueError where it is not http or https, names no host, carries a password, or is no ASCII."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError(f"a URL is printable ASCII without spaces: {url!r}")
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(f"not an http or https URL with a host: {url!r}")
    if parts.port == 0:  # raises ValueError where it is no port at all
        raise ValueError(f"port 0 is none: {url!r}")
    return parts


async def _get(resolver: Resolver, url: SplitResult, address: str | None, max_body: int) -> Response:
    network, host = resolver.network, url.hostname or ""
    port = url.port or PORTS[url.scheme]
    reader, writer, reached = await _connect(resolver, host, port, address)
    handshake = trust = None
    try:
        if url.scheme == "https":
            handshake = await upgrade(writer, reached, port, host, network.timeout, Offer(alpn=("http/1.1",)))
            trust = verify(handshake.chain, host, network.certificate_roots, network.clock.now())
        async with Patience(PATIENCE * network.timeout):
            response, body, truncated = await _exchange(reader, writer, url, max_body)
    except TimeoutError as error:
        raise Unreachable("timeout", f"{reached}:{port}") from error
    except OSError as error:
        raise Unreachable("closed", f"{reached}:{port}") from error
    except h11.RemoteProtocolError as error:
        raise HttpFailure("malformed", f"{host} {reached}:{port}") from error
    finally:
        await hang_up(writer)
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers)
    return Response(url.geturl(), reached, response.status_code, headers, body, truncated, handshake, trust)


async def _connect(resolver: Resolver, host: str, port: int, address: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """The first of the host's addresses that can be connected to, and which one it was."""
    candidates = [address] if address else await _candidates(resolver, host)
    for position, candidate in enumerate(candidates, start=1):
        try:
            return (*await resolver.network.connect(candidate, port), candidate)
        except Unreachable:
            if position == len(candidates):
                raise
    raise HttpFailure("no-address", host)


async def _candidates(resolver: Resolver, host: str) -> list[str]:
    """Some addresses to try, of both families. Raises Unreachable where none is known and not all could be asked."""
    if is_address(host):
        return [host]
    found = await addresses(resolver, host)
    if not found.seen and found.unknown is not None:
        raise Unreachable(found.unknown.reason, found.unknown.where)
    v4 = [ip for ip in found.seen if ":" not in ip]
    v6 = [ip for ip in found.seen if ":" in ip]
    return v4[: ADDRESSES_TRIED - min(len(v6), 1)] + v6[:1]


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: SplitResult, max_body: int
) -> tuple[h11.Response, bytes, bool]:
    """One GET: the response, at most `max_body` octets of its body, and whether there was more (or too many parts to read on)."""
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", url.netloc), ("User-Agent", "postlib"), ("Accept-Encoding", "identity"), ("Connection", "close")]
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    request = connection.send(h11.Request(method="GET", target=target, headers=headers))
    writer.write((request or b"") + (connection.send(h11.EndOfMessage()) or b""))
    await writer.drain()
    response: h11.Response | None = None
    body, parts = bytearray(), 0
    while len(body) <= max_body and parts <= PARTS_LIMIT:
        event, parts = await _event(connection, reader), parts + 1
        if isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            break
    if response is None:
        raise h11.RemoteProtocolError("no response")
    return response, bytes(body[:max_body]), len(body) > max_body or parts > PARTS_LIMIT


async def _event(connection: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next thing that happens on the connection; informational responses (1xx) are passed over by the caller."""
    while (event := connection.next_event()) is h11.NEED_DATA:
        await asyncio.sleep(0)  # a server that sends without a pause must not keep the loop from the others
        octets = await reader.read(READ)
        if not octets and connection.their_state is h11.SEND_RESPONSE and not connection.trailing_data[0]:
            raise ConnectionResetError("the server hung up without a word")
        connection.receive_data(octets)
    if isinstance(event, h11.ConnectionClosed):
        raise h11.RemoteProtocolError("closed before a response")
    return event
