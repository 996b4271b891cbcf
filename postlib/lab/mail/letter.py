"""Messages made by the lab: the same words at the same time give the same bytes (RFC 5322)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import dns.name


@dataclass(frozen=True)
class Letter:
    """What a person would see: author (with a display name if given), recipient, subject, text."""

    author: str
    recipient: str
    subject: str
    body: str
    name: str = ""

    def octets(self, now: datetime, number: int, headers: Sequence[tuple[str, str]] = ()) -> bytes:
        """The message as it goes out; `number` tells apart letters of one moment. Raises ValueError for what is no address."""
        message = EmailMessage(policy=SMTP)
        message["From"] = address(self.author, self.name)
        message["To"] = address(self.recipient)
        message["Subject"] = self.subject
        message["Date"] = format_datetime(now)
        digest = hashlib.sha256(f"{now.isoformat()} {number} {self}".encode()).hexdigest()[:24]
        message["Message-ID"] = f"<{digest}@{self.author.rpartition('@')[2]}>"
        for name, value in headers:
            message[name] = value
        message.set_content(self.body if self.body.endswith("\n") else f"{self.body}\n")
        return message.as_bytes()


def address(text: str, name: str = "") -> Address:
    """A mailbox. Raises ValueError for what is none."""
    try:
        dns.name.from_text(text.rpartition("@")[2])
        return Address(display_name=name, addr_spec=text)
    except Exception as error:
        raise ValueError(f"{text!r} is not a mail address: {error}") from error
