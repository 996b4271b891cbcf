"""Mailboxes of the lab: what arrived, in which folder, and what the provider found out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, cast

from postlib.lab.mail.judging import Decision, Judgement

READ = 2000  # characters of a field: the standard library takes quadratic time for addresses and parameters
KEPT_MESSAGES = 20_000  # in all mailboxes of one Internet; the oldest go first


class _Tame(EmailPolicy):
    """The standard library's reading of fields, kept from what it takes too long for, or breaks on: that is read as mere text."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """A field, as far as READ characters of it."""
        if hasattr(value, "name"):  # parsed already
            return value
        text = "".join(value.splitlines())[:READ]
        try:
            return self.header_factory(name, text)
        except Exception:  # parentheses within each other (RecursionError), and much else that a stranger may write
            return UNSTRUCTURED(name, text.replace("=?", "= ?"))


UNSTRUCTURED = HeaderRegistry(use_default_map=False)
TAME = cast("EmailPolicy[EmailMessage]", _Tame())


@dataclass(frozen=True)
class Kept:
    """One message as a person finds it: in `folder` (inbox or spam), or refused and only on the provider's record."""

    recipient: str
    when: datetime
    source: str
    message: bytes = field(repr=False)
    decision: Decision
    judgement: Judgement = field(repr=False)
    tls: str

    @property
    def folder(self) -> str:
        """inbox, spam or refused."""
        return self.decision.folder

    @property
    def parsed(self) -> EmailMessage:
        """The message, to read its header fields and text; of a field no more than READ characters."""
        return message_from_bytes(self.message, policy=TAME)

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return message_id(self.message)


def message_id(message: bytes) -> str:
    """The Message-ID of a message, "" without one; read as bytes, for parsing hostile fields takes long."""
    for line in message.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.split(b":", 1)[1].strip().decode("ascii", "replace")
    return ""


class Mailboxes:
    """All mail of one Internet, by recipient."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []

    def put(self, kept: Kept) -> None:
        """Keep one message."""
        self._kept.append(kept)
        del self._kept[:-KEPT_MESSAGES]

    def of(self, address: str) -> list[Kept]:
        """What reached that address, oldest first; what was refused never did."""
        return [kept for kept in self._kept if kept.recipient == address.lower() and kept.folder != "refused"]

    def find(self, recipient: str, message_id: str) -> Kept | None:
        """The newest record of one message at one recipient, refused or not."""
        mine = (kept for kept in reversed(self._kept) if kept.recipient == recipient.lower() and kept.message_id == message_id)
        return next(mine, None)
