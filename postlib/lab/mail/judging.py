"""What a receiver finds out about a message: SPF, DKIM, DMARC; and what the two kinds of mailbox provider make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from postlib.lab.smtp import Received
from postlib.network import Network
from postlib.protocols import dkim, dmarc, spf
from postlib.protocols.dmarc import Policy
from postlib.resolver import Resolver

INBOX, SPAM, REFUSED = "inbox", "spam", "refused"


@dataclass(frozen=True)
class Judgement:
    """The results for one message. `authors` are the domains of its From; `dmarc` is None unless there is exactly one."""

    spf: spf.Outcome
    dkim: tuple[dkim.Signature, ...]
    authors: tuple[str, ...]
    dmarc: dmarc.Evaluation | None

    @property
    def passed(self) -> bool:
        """Whether DMARC passes: an aligned identifier vouches for the author's domain."""
        return self.dmarc is not None and self.dmarc.result == dmarc.Result.PASS

    @property
    def asked(self) -> Policy:
        """What the author's domain asks for this message: none, quarantine or reject."""
        failed = self.dmarc is not None and self.dmarc.result == dmarc.Result.FAIL
        return self.dmarc.disposition if failed and self.dmarc else Policy.NONE


@dataclass(frozen=True)
class Decision:
    """Where a message goes, and the reason as a word: why the policy was, or was not, followed."""

    folder: str
    reason: str


async def judge(net: Network, received: Received, receiver: str) -> Judgement:
    """Evaluate a message as it came in; every message is an observation of its own, so a change in the DNS counts at once."""
    resolver = Resolver(net)
    envelope = await spf.check_mail_from(resolver, received.source, received.sender, received.helo, receiver=receiver)
    signatures = await dkim.verify(resolver, received.message, now=received.time)
    authors = dmarc.author_domains(received.message)
    evaluation = None
    if len(authors) == 1:
        signed = [(signature.result, signature.domain, signature.selector) for signature in signatures]
        evaluation = await dmarc.evaluate(resolver, authors[0], spf=(envelope.result.value, envelope.domain), dkim=signed)
    return Judgement(envelope, signatures, authors, evaluation)


def literal(judgement: Judgement, known: Callable[[], bool]) -> Decision:
    """By the letter of RFC 7489: the policy that is asked for is carried out."""
    del known
    if judgement.dmarc is None:
        return Decision(SPAM, "several-authors")
    if judgement.dmarc.result == dmarc.Result.PERMERROR:
        return Decision(SPAM, "unreadable-author")
    folder = {Policy.REJECT: REFUSED, Policy.QUARANTINE: SPAM}.get(judgement.asked, INBOX)
    return Decision(folder, "policy" if folder != INBOX else "passed" if judgement.passed else "no-policy")


def modern(judgement: Judgement, known: Callable[[], bool]) -> Decision:
    """As RFC 9989, section 7.4, asks: p=reject alone refuses nothing.

    It is refused where there is other knowledge too: the source has never sent aligned mail, and is no list or forwarder
    that we know. `known` tells; otherwise the message goes to spam.
    """
    decision = literal(judgement, known)
    if decision.folder == REFUSED and known():
        return Decision(SPAM, "known-source")
    return decision


RULES = {"literal": literal, "operator": literal, "modern": modern}
