"""Certificates of fixed dates, and small TCP servers on loopback, for tests of TLS, SMTP and HTTP: real bytes, no lab.

    network = reached({("192.0.2.25", 25): port}, zones, roots=ROOT.pem)

Like a lab's, every connection opens with a PROXY header, which the servers here eat.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from zones import Zones

from postlib.clock import LabClock
from postlib.network import Network, Unreachable

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DNS = "192.0.2.53"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate and its key; `chain` is what a server sends, its own certificate first."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[bytes, ...]:
        return tuple(c.public_bytes(serialization.Encoding.DER) for c in (self.certificate, *self.above))

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self, minimum: ssl.TLSVersion | None = None, maximum: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """A server context with this chain; versions as given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.set_alpn_protocols(["http/1.1"])
        context.minimum_version = minimum or context.minimum_version
        context.maximum_version = maximum or context.maximum_version
        pem, own = serialization.Encoding.PEM, serialization.NoEncryption()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "chain.pem")
            certificates = b"".join(c.public_bytes(pem) for c in (self.certificate, *self.above))
            path.write_bytes(self.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, own) + certificates)
            context.load_cert_chain(path)
        return context


def issue(
    *names: str,
    by: Issued | None = None,
    ca: bool = False,
    days: tuple[int, int] = (-10, 80),
    key: Key | None = None,
    subject: str | None = None,
) -> Issued:
    """A certificate for `names`, signed `by` another or by itself, valid from and to those days from NOW."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject or names[0])])
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    builder = _for_its_use(builder, names, ca=ca)
    above = (by.certificate, *by.above) if by and by.above else ()
    if by and by.certificate.subject != by.certificate.issuer and not above:
        above = (by.certificate,)
    return Issued(builder.sign(signer, hashes.SHA256()), key, above)


def _for_its_use(builder: x509.CertificateBuilder, names: tuple[str, ...], *, ca: bool) -> x509.CertificateBuilder:
    """What makes it an authority's certificate, or a server's for these names (RFC 5280, section 4.2.1)."""
    if ca:
        return builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
    alternatives = x509.SubjectAlternativeName([_general(each) for each in names])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return builder.add_extension(alternatives, critical=False).add_extension(usage, critical=False)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@cache
def root() -> Issued:
    """The root that these tests believe."""
    return issue(ca=True, subject="Auroria Root", days=(-100, 900))


@cache
def intermediate() -> Issued:
    """An authority below the root, which servers send."""
    return issue(ca=True, subject="Auroria Issuing", by=root(), days=(-90, 400))


def leaf(*names: str, days: tuple[int, int] = (-10, 80)) -> Issued:
    """A server's certificate below the intermediate."""
    return issue(*names, by=intermediate(), days=days)


Serve = Callable[[socket.socket], None]


def _eat_proxy_header(connection: socket.socket) -> None:
    header = connection.recv(16, socket.MSG_WAITALL)
    connection.recv(int.from_bytes(header[14:16]), socket.MSG_WAITALL)


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A TCP server on a loopback port: `serve` gets each connection after its PROXY header."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=attend, args=(connection,), daemon=True).start()

        def attend(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):  # clients of these tests hang up early
                connection.settimeout(5)
                _eat_proxy_header(connection)
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def over_tls(context: ssl.SSLContext, serve: Serve) -> Serve:
    """The same server behind a handshake."""

    def attend(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            serve(tls)

    return attend


def saying(*words: bytes) -> Serve:
    """A server that says the first words at once and each of the next after hearing something, and then hangs up."""

    def serve(connection: socket.socket) -> None:
        for position, word in enumerate(words):
            if position:
                connection.recv(65536)
            connection.sendall(word)

    return serve


def answering(response: bytes) -> Serve:
    """A web server that gives every request the same response."""

    def serve(connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = connection.recv(65536)
            if not more:
                return
            heard += more
        connection.sendall(response)

    return serve


def reached(ports: Mapping[tuple[str, int], int], zones: Zones | None = None, *, roots: str = "", timeout: float = 1.0) -> Network:
    """A fail-closed Network whose address book is `ports`, with `zones` behind its forwarder."""
    book = {(address, port): ("127.0.0.1", real) for (address, port), real in ports.items()}
    if zones is not None:
        book[DNS, 53] = ("127.0.0.1", int(zones.forwarder.rpartition(":")[2]))

    def route(address: str, port: int, transport: str) -> tuple[str, int]:
        try:
            return book[address, port]
        except KeyError:
            raise Unreachable("no-route", f"{address}:{port}") from None

    return Network(route=route, forwarder=f"{DNS}:53", timeout=timeout, certificate_roots=roots, clock=LabClock(NOW), source="192.0.2.99")
