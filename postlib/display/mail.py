"""Mail as people see it: a campaign, a letter that was sent, a mailbox.

The lab's classes are known here by their shape alone: nothing of the lab is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from postlib import words
from postlib.display.letter import field
from postlib.display.table import Table

SENT = ("recipient", "author", "outcome", "because")
HANDED_OVER = ("inbox", "spam", "refused", "accepted", "deferred")  # what became of a letter that a mail server was asked to take


def campaign(played: Any) -> Table:
    """A Campaign: each recipient, whom the letter seems to come from, what became of it, and why."""
    domains = dict.fromkeys(domain for one in played.sent for domain in _authors(one))
    others = [domain for domain in domains if domain != played.target and not domain.endswith(f".{played.target}")]
    said = {"title": played.title, "target": played.target, "arrived": played.arrived, "total": len(played.sent)}
    caption = words.phrase("campaign-other-name" if others else "campaign", **said, author=", ".join(others))
    return Table(caption, SENT, tuple(_outcome(one) for one in played.sent), frozenset({"recipient", "author"}))


def _authors(one: Any) -> list[str]:
    """The domains of a letter's authors, as its own From says."""
    address = field(one.message, "From").rpartition("<")[2].strip("<> ")
    return [address.rpartition("@")[2].lower()] if "@" in address else []


def sent(one: Any) -> Table:
    """A Sent: what became of one letter, and why."""
    caption = words.phrase("sent" if _handed_over(one) else "not-sent", recipient=one.recipient)
    return Table(caption, SENT, (_outcome(one),), frozenset({"recipient", "author"}))


def _outcome(one: Any) -> tuple[str, str, str, str]:
    author = field(one.message, "From")
    if not _handed_over(one):
        why = words.spoken("not-sent", "misspelt" if one.near else one.outcome, domain=one.recipient.rpartition("@")[2], near=one.near)
        return one.recipient, author, words.phrase("outcome.not-sent"), f"{why}."
    return one.recipient, author, words.spoken("outcome", one.outcome), _because(one)


def _handed_over(one: Any) -> bool:
    """Whether a mail server was asked to take the letter; else the outcome is the word for why it could not be."""
    return one.kept is not None or one.outcome in HANDED_OVER


def _because(one: Any) -> str:
    """Why: the mailbox provider's reason, and the server's own last word where it did not take the letter."""
    said = reason(one.kept) if one.kept is not None else ""
    last = one.delivery.reply if one.delivery is not None and one.outcome in ("refused", "deferred") else None
    reply = words.phrase("server-said", reply=f"{last.code} {' '.join(last.lines)}") if last is not None else ""
    return " ".join(part for part in (said and f"{said}.", reply) if part)


def reason(kept: Any) -> str:
    """Why the mailbox provider put a message where it is, with the author's domain and its DMARC policy."""
    found = kept.judgement.dmarc
    if found is None:
        return words.spoken("because", kept.decision.reason)
    word = _nothing_asked(found) if kept.decision.reason == "no-policy" else kept.decision.reason
    told = found.discovery
    asked = f"{told.tag or 'p'}={found.policy}" if told is not None and found.policy is not None else ""
    owner = told.domain if told is not None else found.author_domain
    return words.spoken("because", word, author=found.author_domain, policy=asked, owner=owner)


def _nothing_asked(found: Any) -> str:
    """Why DMARC asks for nothing: it could not be told, there is no record, it is a test, or the policy (its own, or above it) is none."""
    if str(found.result) != "fail":
        return "no-record" if str(found.result) == "none" else "not-told"
    told = found.discovery
    if told.record is not None and told.record.t == "y":
        return "testing"
    return "no-policy" if told.domain == found.author_domain else "no-policy-above"


def mailbox(kept: Sequence[Any]) -> Table:
    """The messages that reached an address, oldest first."""
    columns = ("when", "folder", "author", "subject", "source", "because")
    recipients = ", ".join(dict.fromkeys(message.recipient for message in kept))
    caption = words.phrase("mailbox", recipient=recipients, messages=words.counted("letters", len(kept)))
    return Table(caption, columns, tuple(_kept(message) for message in kept), frozenset({"author", "subject", "source"}))


def _kept(message: Any) -> tuple[str, ...]:
    author, subject = (field(message.message, name) for name in ("From", "Subject"))
    return f"{message.when:%Y-%m-%d %H:%M}", words.spoken("outcome", message.folder), author, subject, message.source, reason(message)
