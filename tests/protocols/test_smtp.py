"""Speaking SMTP to real and to hostile servers (RFC 5321, RFC 3207)."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st
from loopback import leaf, listening, reached, saying
from zones import run

from postlib.network import Network, Unreachable
from postlib.protocols.malformed import Malformed
from postlib.protocols.smtp import Conversation, Delivery, InjectedPlaintext, SmtpMalformed, SmtpRefused, dot_stuffed, send
from postlib.protocols.smtp.reply import LINE_OCTETS, Reply, command_line, path, reply_line

ADDRESS = "192.0.2.25"
MESSAGE = b"From: <a@auroria.post>\r\nSubject: parcel\r\n\r\nHello\r\n.hidden\r\n"
EHLO = b"250-mx.valdoria.post\r\n250 STARTTLS\r\n"


@dataclass
class Mailbox:
    """A mail server that refuses what it does not know, and keeps what it takes."""

    taken: list[Any] = field(default_factory=list)
    peers: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later"):
            return "450 4.2.0 come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_PROXY(self, server: SMTP, session: Any, envelope: Any, proxy: Any) -> bool:
        self.peers.append(str(proxy.src_addr))
        return True

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, session.ssl is not None))
        return "250 2.0.0 taken"


def delivered(mailbox: Mailbox, *recipients: str, tls: bool = True, message: bytes = MESSAGE, **settings: Any) -> Delivery:
    """Send to aiosmtpd over loopback."""

    async def work() -> Delivery:
        context: ssl.SSLContext | None = leaf("mx.valdoria.post").context() if tls else None
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(mailbox, hostname="mx.valdoria.post", tls_context=context, proxy_protocol_timeout=2), "127.0.0.1", 0
        )
        async with server:
            network = reached({(ADDRESS, 25): server.sockets[0].getsockname()[1]})
            given = {"sender": "a@auroria.post", "recipients": recipients or ("b@valdoria.post",), "helo": "out.auroria.post"}
            return await send(network, ADDRESS, message, **(given | settings))

    return run(work())


def scripted(*words: bytes, work: Callable[[Network], Any], timeout: float = 0.1) -> Any:
    """Let `work` speak to a server that says these words, whatever it hears."""
    with listening(saying(*words)) as port:
        return run(work(reached({(ADDRESS, 25): port}, timeout=timeout)))


async def greeted(network: Network) -> Conversation:
    async with Conversation(network, ADDRESS) as server:
        await server.ehlo()
    return server


async def secured(network: Network) -> Conversation:
    async with Conversation(network, ADDRESS) as server:
        await server.ehlo()
        await server.starttls()
    return server


async def posted(network: Network, **settings: Any) -> Delivery:
    given = {"sender": "a@auroria.post", "recipients": ["b@valdoria.post"], "helo": "out.auroria.post"}
    return await send(network, ADDRESS, MESSAGE, **(given | settings))


def test_a_message_arrives_as_it_was_sent_over_tls() -> None:
    mailbox = Mailbox()
    delivery = delivered(mailbox)
    assert delivery.outcome == "accepted" and delivery.accepted == ("b@valdoria.post",)
    assert mailbox.taken == [("a@auroria.post", ("b@valdoria.post",), MESSAGE, True)]
    assert mailbox.peers == ["192.0.2.99"]
    assert delivery.handshake is not None and delivery.handshake.chain


def test_the_transcript_tells_who_said_what() -> None:
    lines = delivered(Mailbox()).transcript
    said = [line.text for line in lines if line.speaker == "client"]
    assert said[:3] == ["EHLO out.auroria.post", "STARTTLS", "EHLO out.auroria.post"]
    assert "..hidden" in said and said[-1] == "QUIT"
    assert [line.text for line in lines if line.speaker == "tls"][0].startswith("TLSv1.3 TLS_")
    assert lines[0].speaker == "server" and lines[0].text.startswith("220 ")


def test_each_recipient_has_a_reply_of_its_own() -> None:
    delivery = delivered(Mailbox(), "b@valdoria.post", "nobody@valdoria.post", "later@valdoria.post")
    assert [(r.reply.code, r.reply.enhanced) for r in delivery.recipients] == [(250, "2.1.5"), (550, "5.1.1"), (450, "4.2.0")]
    assert delivery.accepted == ("b@valdoria.post",)


def test_a_message_with_no_recipient_left_is_refused() -> None:
    delivery = delivered(Mailbox(), "nobody@valdoria.post")
    assert (delivery.outcome, delivery.accepted) == ("refused", ())
    assert delivery.reply is not None and delivery.reply.enhanced == "5.1.1"


def test_a_temporary_refusal_is_deferred() -> None:
    assert delivered(Mailbox(), "later@valdoria.post").outcome == "deferred"


def test_must_without_an_offer_sends_nothing() -> None:
    mailbox = Mailbox()
    assert delivered(mailbox, tls=False, starttls="must").outcome == "no-starttls"
    assert mailbox.taken == []


def test_may_without_an_offer_and_never_go_in_the_clear() -> None:
    assert delivered(Mailbox(), tls=False).handshake is None
    mailbox = Mailbox()
    assert delivered(mailbox, starttls="never").outcome == "accepted"
    assert mailbox.taken[0][3] is False


def test_a_handshake_that_is_not_believed_gets_no_mail() -> None:
    mailbox = Mailbox()
    assert delivered(mailbox, starttls="must", believes=lambda handshake: False).outcome == "untrusted"
    assert mailbox.taken == []


def test_eight_bit_text_is_declared_and_arrives() -> None:
    """RFC 6152."""
    mailbox = Mailbox()
    message = "Subject: x\r\n\r\nséance\r\n".encode()
    delivery = delivered(mailbox, message=message)
    assert mailbox.taken[0][2] == message
    assert any("BODY=8BITMIME" in line.text for line in delivery.transcript)


def test_eight_bit_text_is_not_forced_on_a_server_without_8bitmime() -> None:
    async def work(network: Network) -> Delivery:
        return await send(network, ADDRESS, b"\xc3\xa9\r\n", sender="", recipients=["b@valdoria.post"], helo="a.example")

    assert scripted(b"220 hi\r\n", b"250 mx\r\n", work=work).outcome == "no-8bitmime"


def test_text_after_the_reply_to_starttls_is_refused() -> None:
    """Whoever sends it wants it to be taken for the server's words behind the handshake (RFC 3207, section 6)."""
    words = (b"220 hi\r\n", EHLO, b"220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n")
    with pytest.raises(InjectedPlaintext):
        scripted(*words, work=secured)
    assert scripted(*words, work=posted).outcome == "injected-plaintext"


def test_may_tries_again_in_the_clear_when_the_handshake_fails_and_must_does_not() -> None:
    """RFC 7435: some protection where possible; the downgrade shows in the transcript."""
    words = (b"220 hi\r\n", EHLO, b"220 go\r\n", b"no TLS here\r\n")
    assert scripted(*words, work=lambda n: posted(n, starttls="must")).outcome == "tls-failed"
    delivery = scripted(*words, work=posted)
    said = [line.text for line in delivery.transcript if line.speaker == "client"]
    hello = "EHLO out.auroria.post"
    assert said == [hello, "STARTTLS", hello, "MAIL FROM:<a@auroria.post>", "RCPT TO:<b@valdoria.post>"]


def test_a_banner_that_refuses_is_refused_with_its_code() -> None:
    with pytest.raises(SmtpRefused) as error:
        scripted(b"554 5.7.1 go away\r\n", work=greeted)
    assert (error.value.code, error.value.enhanced, error.value.text) == (554, "5.7.1", "5.7.1 go away")


def test_a_server_of_before_1995_is_greeted_with_helo() -> None:
    server = scripted(b"220 hi\r\n", b"500 what?\r\n", b"250 hello\r\n", work=greeted)
    assert server.extensions == {}
    assert [line.text for line in server.transcript if line.speaker == "client"] == ["EHLO [192.0.2.99]", "HELO [192.0.2.99]", "QUIT"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"220-a\r\n250 b\r\n", "bad-reply"),
        (b"hello there\r\n", "bad-reply"),
        (b"220 line feed only\n", "bare-line-end"),
        (b"220 " + b"x" * 5000, "long-line"),
        (b"220-more\r\n" * 200, "bad-reply"),
        (b"999 no such class\r\n", "bad-reply"),
    ],
)
def test_what_is_no_reply_is_malformed_and_bounded(words: bytes, reason: str) -> None:
    with pytest.raises(SmtpMalformed) as error:
        scripted(words, work=greeted)
    assert error.value.reason == reason


def test_a_code_of_another_kind_takes_no_command() -> None:
    """RFC 5321, section 4.3.2: only DATA is answered with 3yz, and nothing else is meant by it."""
    with pytest.raises(SmtpMalformed, match="wrong-code"):
        scripted(b"220 hi\r\n", b"354-mx\r\n354 STARTTLS\r\n", work=greeted)
    assert scripted(b"220 hi\r\n", b"250 mx\r\n", b"250 a\r\n", b"250 b\r\n", b"250 no\r\n", work=posted).outcome == "malformed"


def test_a_server_that_never_finishes_its_reply_times_out() -> None:
    with pytest.raises(Unreachable, match="timeout"):
        scripted(b"220-wait\r\n", b"", work=greeted)


def test_a_server_that_hangs_up_is_closed_and_one_with_words_is_a_delivery() -> None:
    with pytest.raises(Unreachable, match="closed"):
        scripted(b"", work=posted)
    assert scripted(b"220 hi\r\n", work=posted).outcome == "closed"


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="no-route"):
        run(posted(reached({})))


@pytest.mark.parametrize("wrong", [{"sender": "a@x>\r\nDATA"}, {"recipients": []}, {"recipients": [""]}, {"helo": "a\r\nRSET"}])
def test_what_smtp_cannot_carry_is_refused_before_a_connection(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="."):
        run(posted(reached({}), **wrong))


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\r.\r\n", b"x" * 999 + b"\r\n"])
def test_a_message_with_bare_line_ends_or_endless_lines_is_not_sent(message: bytes) -> None:
    """RFC 5321, sections 2.3.8 and 4.5.3.1.6."""
    with pytest.raises(ValueError, match="line"):
        dot_stuffed(message)


@given(st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))))
def test_dots_are_stuffed_so_that_only_the_last_line_is_a_dot(lines: list[bytes]) -> None:
    """RFC 5321, section 4.5.2; taking the stuffing away gives the message back."""
    stuffed = dot_stuffed(b"".join(line + b"\r\n" for line in lines)).split(b"\r\n")
    assert stuffed[-2:] == [b".", b""] and b"." not in stuffed[:-2]
    assert [line[1:] if line.startswith(b".") else line for line in stuffed[:-2]] == lines


@given(st.binary(max_size=80) | st.from_regex(rb"[0-9]{3}[ -].{0,20}", fullmatch=True))
def test_a_reply_line_is_parsed_or_malformed(line: bytes) -> None:
    try:
        code, last, text = reply_line(line)
    except Malformed:
        return
    assert 200 <= code <= 559 and len(text) <= 4 * LINE_OCTETS and last is (line[3:4] != b"-")


@given(st.text(max_size=600))
def test_a_command_is_one_line_or_an_error(text: str) -> None:
    try:
        line = command_line(f"EHLO {text}") + path(text).encode()
    except ValueError:
        return
    assert line.count(b"\r\n") == 1


def test_an_enhanced_code_of_another_class_is_none() -> None:
    """RFC 2034, section 4."""
    assert Reply(550, ("5.7.1 no",)).enhanced == "5.7.1"
    assert Reply(550, ("2.0.0 no",)).enhanced == "" == Reply(550, ("5.7.1x",)).enhanced
