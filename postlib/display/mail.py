"""Mail as people see it: a campaign, a letter that was sent, a mailbox, a conversation with a mail server.

The lab's classes are known here by their shape alone: nothing of the lab is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from postlib import words
from postlib.display.table import Table


def campaign(played: Any) -> Table:
    """A Campaign: each recipient, what became of the letter, and why."""
    said = {"title": played.title, "target": played.target, "arrived": played.arrived, "total": len(played.sent)}
    rows = tuple(_outcome(one) for one in played.sent)
    return Table(words.phrase("campaign", **said), ("recipient", "outcome", "because"), rows, frozenset({"recipient"}))


def sent(one: Any) -> Table:
    """A Sent: what became of one letter, and why."""
    caption = words.phrase("sent", recipient=one.recipient)
    return Table(caption, ("recipient", "outcome", "because"), (_outcome(one),), frozenset({"recipient"}))


def _outcome(one: Any) -> tuple[str, str, str]:
    return one.recipient, words.spoken("outcome", one.outcome), _because(one)


def _because(one: Any) -> str:
    """Why: the mailbox provider's reason, and the server's own last word where it did not take the letter."""
    reason = words.spoken("because", one.kept.decision.reason) if one.kept is not None else ""
    last = one.delivery.reply if one.delivery is not None and one.outcome in ("refused", "deferred") else None
    reply = f"{last.code} {' '.join(last.lines)}" if last is not None else ""
    return "; ".join(part for part in (reason, reply) if part)


def mailbox(kept: Sequence[Any]) -> Table:
    """The messages that reached an address, oldest first."""
    columns = ("when", "folder", "author", "subject", "source", "because")
    recipients = ", ".join(dict.fromkeys(message.recipient for message in kept))
    caption = words.phrase("mailbox", recipient=recipients, count=len(kept))
    return Table(caption, columns, tuple(_kept(message) for message in kept), frozenset({"author", "subject", "source"}))


def _kept(message: Any) -> tuple[str, ...]:
    author, subject = (str(message.parsed[name] or "") for name in ("From", "Subject"))
    folder, reason = words.spoken("outcome", message.folder), words.spoken("because", message.decision.reason)
    return f"{message.when:%Y-%m-%d %H:%M}", folder, author, subject, message.source, reason


def transcript(delivery: Any) -> Table:
    """A Delivery: what was said between the client and the mail server, line by line."""
    caption = words.phrase("transcript", outcome=words.spoken("outcome", delivery.outcome))
    rows = tuple((words.phrase(line.speaker), line.text) for line in delivery.transcript)
    return Table(caption, ("speaker", "said"), rows, frozenset({"said"}))
