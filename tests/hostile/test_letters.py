"""Letters that mean harm, at every kind of receiver in a lab: judged, kept or refused, sent on, read; never a crash, never for minutes."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from watchdog import watchdog

from postlib import background
from postlib.display import letter
from postlib.lab.internet import Internet, visit
from postlib.protocols.dmarc import author_domains

RECEIVERS = ("ana@inbox.example", "ana@oldmail.example", "talk@stampclub.example", "ana@alumni.example", "ana@valdoria.post")
FROM = b"From: Ana <ana@valdoria.post>\r\n"
TO = b"To: x@inbox.example\r\n"
MEBIBYTE = 1 << 20


def folded(part: bytes, octets: int) -> bytes:
    """A value of about that many octets, in lines that a server takes."""
    line = part * max(1, 900 // len(part))
    return b"\r\n ".join([line] * max(1, octets // len(line)))


LETTERS = {
    "nothing": b"",
    "no header": b"\r\nHello\r\n",
    "no subject": FROM + TO + b"\r\nHello\r\n",
    "parentheses": FROM + b"Subject: x\r\nContent-Type: " + folded(b"(", 50_000) + b"\r\n\r\nx\r\n",
    "from parentheses": b"From: " + folded(b"(", 50_000) + b"\r\nSubject: x\r\n\r\nx\r\n",
    "from quotes": b"From: " + folded(b'"', 60_000) + b"\r\nSubject: x\r\n\r\nx\r\n",
    "from addresses": b"From: " + folded(b"a@b.example,", 60_000) + b"\r\nSubject: x\r\n\r\nx\r\n",
    "from dots": b"From: " + folded(b".@", 60_000) + b"\r\nSubject: x\r\n\r\nx\r\n",
    "encoded words": FROM + b"Subject: " + folded(b"=?utf-8?q?a?=", 60_000) + b"\r\n\r\nx\r\n",
    "parameters": FROM + b"Subject: x\r\nContent-Type: text/plain" + folded(b';a="\\";', 200_000) + b"\r\n\r\nx\r\n",
    "part parameters": FROM + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\nContent-Type: text/plain'
    + folded(b';a="\\";', 200_000) + b"\r\n\r\nx\r\n--a--\r\n",
    "parts in parts": FROM + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(2_000)),
    "messages in messages": FROM + b"Content-Type: message/rfc822\r\n\r\n" * 2_000,
    "signatures": FROM + b"DKIM-Signature: v=1; a=rsa-sha256; d=valdoria.post; s=x; h=from; bh=aa; b=aa\r\n" * 1_500 + b"\r\nx\r\n",
    "a long signature": FROM + b"DKIM-Signature: v=1; h=" + folded(b"from:", 500_000) + b"\r\n\r\nx\r\n",
    "results": FROM + b"Authentication-Results: inbox.example; " + folded(b"spf=pass (((", 200_000) + b"\r\n\r\nx\r\n",
    "fields": FROM + b"X: y\r\n" * 20_000 + b"\r\nx\r\n",
    "carriage returns": FROM + b"Subject: x\r\n\r\n" + b"\r" * 900 + b"\r\n",
    "octets": FROM + b"Subject: \xff\xfe\x80\r\nContent-Type: text/plain; charset=\xff\r\n\r\n\xff\xfe\r\n",
    "zeros": FROM + b"Subject: \0\0\r\n\r\n\0\r\n",
    "character set": FROM + b"Content-Type: text/plain; charset=utf-7\r\nSubject: =?rot13?q?x?= =?utf-8?b?//79?=\r\n\r\n+AAA-\r\n",
    "blanks": FROM + b"Subject: x\r\n\r\n" + (b" " * 900 + b"\r\n") * 500,
}  # fmt: skip


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union") as raised:
        yield raised


@pytest.mark.parametrize("name", LETTERS)
def test_a_hostile_letter_is_received_or_refused_everywhere(internet: Internet, name: str) -> None:
    bugs: list[dict[str, Any]] = []
    background.loop().set_exception_handler(lambda _, context: bugs.append(context))
    with watchdog():
        for recipient in RECEIVERS:
            assert 200 <= delivered(internet, recipient, identified(name)) < 600
            for kept in internet.mailbox(recipient)[-1:]:
                assert isinstance(letter.text(kept), str) and letter.html(kept)
                for field in ("From", "Subject", "Content-Type", "Authentication-Results", "Date"):
                    str(kept.parsed[field])
    background.loop().set_exception_handler(None)
    assert bugs == []


def identified(name: str) -> bytes:
    """The letter, with a Message-ID of its own where it has a header: a list takes it for news then."""
    own = f"Message-ID: <{name.replace(' ', '-')}@stranger.example>\r\n".encode()
    return LETTERS[name] if name.startswith("no") else own + LETTERS[name]


def delivered(internet: Internet, recipient: str, message: bytes) -> int:
    """The code that a stranger gets, who writes whatever bytes he likes."""
    settings = internet.state.mail[recipient.partition("@")[2]]
    host, port = internet.servers.outside(internet.state.machines[settings.host].addresses[0], 25)
    with smtplib.SMTP(host, port, local_hostname="stranger.example", timeout=30) as client:
        client.ehlo()
        client.mail("stranger@parcel-desk.example")
        client.rcpt(recipient)
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(message.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        return client.getreply()[0]


@pytest.mark.parametrize(
    "message", [b"\r" * MEBIBYTE, FROM + b"\r" * MEBIBYTE, b"a\r" * MEBIBYTE, b"\n" * MEBIBYTE, b"From: " + b"\r\n " * MEBIBYTE]
)
def test_the_author_is_found_in_one_pass(message: bytes) -> None:
    """A run of carriage returns was once looked at from each of them to its end."""
    with watchdog():
        assert author_domains(message) in ((), ("valdoria.post",))
