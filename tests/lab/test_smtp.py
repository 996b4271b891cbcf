"""The lab's mail servers over real sockets: smtplib as the outsider, and our own client with a PROXY header."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from postlib import background
from postlib.clock import LabClock
from postlib.lab.authority import Authority
from postlib.lab.keys import Keys
from postlib.lab.personalities import credentials, servable
from postlib.lab.smtp import LARGEST_MESSAGE, RECIPIENTS, Mail, MailHost, Received
from postlib.network import Network

AT = datetime(2026, 11, 23, tzinfo=UTC)
AUTHORITY = Authority(Keys("union"), AT)
MX, ADDRESS, CLIENT, OUTSIDER = "mx1.auroria.post", "198.51.100.25", "192.0.2.25", "203.0.113.250"
HOST = MailHost(MX, ADDRESS, frozenset({"auroria.post"}), credentials=credentials(AUTHORITY, "good", [MX]))
LETTER = b"Subject: A parcel\r\n\r\nIt waits for you.\r\n"


class Office:
    """A Receiver that keeps what it gets, and a Mail on the background loop."""

    def __init__(self) -> None:
        self.host, self.received = HOST, list[Received]()
        self.reply, self.recipients = "250 2.0.0 Delivered", dict[str, str]()
        self.mail = Mail(LabClock(AT))

    async def receive(self, envelope: Received) -> str:
        self.received.append(envelope)
        return self.reply

    async def recipient(self, address: str, source: str) -> str | None:
        return self.recipients.get(address)

    def open(self, proxied: bool = False) -> int:
        return background.run(self.mail.open(lambda: self.host, self, proxied=proxied))

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.open(), local_hostname="client.example", timeout=5)


@pytest.fixture
def bugs() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []
    background.loop().set_exception_handler(lambda _, context: seen.append(context))
    yield seen
    background.loop().set_exception_handler(None)


@pytest.fixture
def office(bugs: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]) -> Iterator[Office]:
    made = Office()
    yield made
    background.run(made.mail.close())
    assert capfd.readouterr().err == ""  # a lab writes nothing into a notebook's cell


@pytest.fixture
def sound(bugs: list[dict[str, Any]]) -> Iterator[None]:
    """That no exception reached the loop."""
    yield
    assert bugs == []


pytestmark = pytest.mark.usefixtures("sound")


def verifying() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=AUTHORITY.root_pem)


def test_the_outsider_delivers_under_starttls(office: Office) -> None:
    with office.client() as client:
        context = verifying()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the lab's day may not be today
        client.starttls(context=context)
        assert client.sendmail("clerk@valdoria.post", ["desk@auroria.post"], LETTER) == {}
    assert office.received == [
        Received(OUTSIDER, ADDRESS, "client.example", "clerk@valdoria.post", ("desk@auroria.post",), LETTER, "TLSv1.3", AT)
    ]


def test_a_proxied_client_is_who_its_header_says(office: Office) -> None:
    port = office.open(proxied=True)
    network = Network(route=lambda *_: ("127.0.0.1", port), source=CLIENT)

    async def work() -> bytes:
        reader, writer = await network.connect("192.0.2.99", 25)
        said = await reader.readline()
        for line in (b"HELO client.example", b"MAIL FROM:<>", b"RCPT TO:<desk@AURORIA.post>", b"DATA", LETTER + b"..\r\n.", b"QUIT"):
            writer.write(line + b"\r\n")
            said += await reader.readline()
        writer.close()
        return said

    replies = background.run(work()).decode().splitlines()
    assert replies[0] == f"220 {MX} ESMTP" and [reply[:3] for reply in replies[1:]] == ["250", "250", "250", "354", "250", "221"]
    expected = Received(
        CLIENT, "192.0.2.99", "client.example", "", ("desk@AURORIA.post",), LETTER + b".\r\n", None, AT, extended=False
    )
    assert office.received == [expected]


def test_a_proxied_port_hangs_up_on_a_client_without_a_header(office: Office) -> None:
    with socket.create_connection(("127.0.0.1", office.open(proxied=True)), timeout=5) as client:
        client.sendall(b"EHLO client.example\r\n")
        with contextlib.suppress(ConnectionResetError):  # what the server did not read makes its close a reset
            assert client.recv(100) == b""
    assert office.received == []


def test_the_server_is_no_open_relay(office: Office) -> None:
    with office.client() as client:
        client.ehlo()
        client.mail("clerk@valdoria.post")
        for stranger in ("a@elsewhere.example", "a@sub.auroria.post", "a@auroria.post@elsewhere.example", "a%elsewhere.example@b.example"):
            assert client.rcpt(stranger)[0] in (550, 553)
        assert client.rcpt("postmaster") == (550, b"5.7.1 Relaying denied")
        assert client.docmd("DATA")[0] == 503
    assert office.received == []


def test_the_receiver_decides_on_its_recipients(office: Office) -> None:
    office.recipients = {"nobody@auroria.post": "550 5.1.1 No such user", "list@elsewhere.example": "250 2.1.5 Forwarded"}
    with office.client() as client:
        refused = client.sendmail("clerk@valdoria.post", ["nobody@auroria.post", "list@elsewhere.example"], LETTER)
    assert refused == {"nobody@auroria.post": (550, b"5.1.1 No such user")}
    assert [letter.recipients for letter in office.received] == [("list@elsewhere.example",)]


def test_the_receiver_decides_on_the_message(office: Office) -> None:
    office.reply = "550 5.7.1 DMARC policy of the author's domain"
    with office.client() as client, pytest.raises(smtplib.SMTPDataError, match="5.7.1 DMARC policy"):
        client.sendmail("clerk@valdoria.post", "desk@auroria.post", LETTER)


def test_the_host_announces_what_it_does_and_nobody_logs_in(office: Office) -> None:
    with office.client() as client:
        client.ehlo()
        assert client.has_extn("starttls") and client.esmtp_features["size"] == str(LARGEST_MESSAGE)
        client.starttls(context=ssl._create_unverified_context())
        client.ehlo()
        assert not client.has_extn("auth") and not client.has_extn("starttls")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login("clerk", "secret")
        assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 504


def test_an_act_changes_the_host_at_the_next_connection(office: Office) -> None:
    office.host = replace(HOST, credentials=None, banner="Lab Mail")
    with office.client() as client:
        client.ehlo()
        assert not client.has_extn("starttls") and client.docmd("STARTTLS")[0] == 454
    office.host = HOST
    with office.client() as client:
        client.ehlo()
        assert client.has_extn("starttls")


@pytest.mark.parametrize(("word", "version"), [("tls1.0", "TLSv1"), ("tls1.2", "TLSv1.2"), ("tls1.3", "TLSv1.3"), ("expired", "TLSv1.3")])
def test_each_host_has_its_tls_personality(office: Office, word: str, version: str) -> None:
    if word not in servable():
        pytest.skip(f"the local OpenSSL cannot serve {word}")
    office.host = replace(HOST, credentials=credentials(AUTHORITY, word, [MX]), personality=word)
    context = ssl._create_unverified_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with office.client() as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket) and client.sock.version() == version
        shown = client.sock.getpeercert(binary_form=True) or b""
    assert ssl.DER_cert_to_PEM_cert(shown).strip() == credentials(AUTHORITY, word, [MX]).chain[0].strip()


def test_commands_sent_ahead_of_the_handshake_are_forgotten(office: Office) -> None:
    """RFC 3207, section 4.2: what was said before TLS does not count after it, or a man in the middle could say it."""
    with office.client() as client:
        client.ehlo()
        client.mail("forged@valdoria.post")
        client.starttls(context=ssl._create_unverified_context())
        assert client.docmd("RCPT", "TO:<desk@auroria.post>")[0] == 503


def test_a_broken_handshake_ends_the_connection_and_nothing_else(office: Office) -> None:
    port = office.open()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client, client.makefile("rb") as replies:
        client.sendall(b"EHLO client.example\r\nSTARTTLS\r\n")
        while not replies.readline().startswith(b"220 Ready"):
            pass
        client.sendall(b"this is no ClientHello at all, whatever it is\r\n")
        replies.read()
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as again:
        assert again.noop()[0] == 250


def test_messages_and_recipients_have_bounds(office: Office) -> None:
    with office.client() as client:
        client.ehlo()
        assert client.mail("clerk@valdoria.post", [f"size={LARGEST_MESSAGE + 1}"])[0] == 552
        client.mail("clerk@valdoria.post")
        codes = [client.rcpt(f"desk{number}@auroria.post")[0] for number in range(RECIPIENTS + 1)]
        assert codes == [250] * RECIPIENTS + [452]
        with pytest.raises(smtplib.SMTPDataError, match="552|Too much"):
            if client.data(b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (LARGEST_MESSAGE // 72))[0] == 552:
                raise smtplib.SMTPDataError(552, "Too much mail data")
    assert office.received == []


@pytest.mark.parametrize("reply", ["fine", "250 2.0.0 Ok\r\n250 x", "250", "250 é", "299 " + "x" * 600])
def test_a_reply_that_is_none_is_a_bug_and_not_a_delivery(office: Office, bugs: list[dict[str, Any]], reply: str) -> None:
    office.reply = reply
    with office.client() as client, pytest.raises(smtplib.SMTPDataError, match="4.3.0"):
        client.sendmail("clerk@valdoria.post", "desk@auroria.post", LETTER)
    assert isinstance(bugs.pop()["exception"], ValueError)


def test_octets_and_long_headers_arrive_as_they_were_sent(office: Office) -> None:
    letter = EmailMessage()
    letter["Subject"] = "Straße " * 20
    letter.set_content("Größe: 20 × 30 cm\n.\n..\nEnd\n", cte="8bit")
    octets = letter.as_bytes(policy=letter.policy.clone(linesep="\r\n"))
    with office.client() as client:
        client.sendmail("clerk@valdoria.post", "desk@auroria.post", octets, ["body=8bitmime"])
    assert office.received[0].message == octets


def test_closing_ends_the_conversations_that_wait(office: Office) -> None:
    port = office.open()
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.ehlo()
        background.run(office.mail.close())
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
