"""What one machine does with the mail that reaches it: judge, keep, refuse, send on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postlib.lab.mail.judging import REFUSED, RULES, Judgement, judge
from postlib.lab.mail.mailbox import Kept, message_id
from postlib.lab.mail.rewriting import for_forwarder, for_list
from postlib.lab.mail.settings import MailSettings
from postlib.lab.mail.stamps import stamped
from postlib.lab.smtp import Received
from postlib.lab.state import Machine
from postlib.protocols.dkim.message import named, split
from postlib.protocols.malformed import Malformed
from postlib.protocols.smtp.reply import BARE

if TYPE_CHECKING:
    from postlib.lab.mail.office import Office

HOPS = 20  # Received fields before a message is taken for a loop (RFC 5321, section 6.3, asks for a large number)
TOO_MANY_HOPS = "554 5.4.6 Too many hops"
UNREADABLE = "554 5.6.0 This message cannot be read"  # RFC 3463, section 3.7
NO_SUCH_USER = "550 5.1.1 No such user here"


@dataclass(frozen=True)
class Desk:
    """What one machine does with the mail that reaches it."""

    office: Office
    machine: Machine

    async def recipient(self, address: str, source: str) -> str | None:
        """Unknown users are refused where the domain lists its users."""
        settings = self._settings(address)
        local = address.rpartition("@")[0].lower()
        if settings is not None and settings.users and local not in settings.users:
            return NO_SUCH_USER
        return None

    async def receive(self, envelope: Received) -> str:
        """Judge a message, then keep it, refuse it or send it on. The reply is the machine's last word."""
        if envelope.message.lower().count(b"\nreceived:") > HOPS:
            return TOO_MANY_HOPS
        net = self.office.servers.network(self.machine.addresses[0])
        try:
            split(envelope.message)
        except Malformed:
            return UNREADABLE
        judgement = await judge(net, envelope, self.machine.name)
        replies = [await self._for(recipient, envelope, judgement) for recipient in envelope.recipients]
        refused = [reply for reply in replies if not reply.startswith("2")]
        return refused[0] if refused and len(refused) == len(replies) else "250 2.0.0 Ok"

    async def _for(self, recipient: str, envelope: Received, judgement: Judgement) -> str:
        settings = self._settings(recipient)
        if settings is None or settings.receiver == "none":
            return NO_SUCH_USER
        message = stamped(self.machine.name, envelope, judgement)
        if settings.receiver in ("list", "forwarder"):
            return await self._onward(settings, envelope, message)
        return self._keep(settings, recipient, envelope, judgement, message)

    def _keep(self, settings: MailSettings, recipient: str, envelope: Received, judgement: Judgement, message: bytes) -> str:
        decision = RULES[settings.receiver](judgement, lambda: self.office.known(settings.domain, envelope.source))
        self.office.learn(settings.domain, envelope.source, judgement)
        kept = Kept(recipient.lower(), envelope.time, envelope.source, message, decision, judgement, envelope.tls or "")
        self.office.mailboxes.put(kept)
        self.office.ledger.count(settings.domain, envelope, judgement, decision)
        details = envelope.source, envelope.sender, recipient, decision.folder, decision.reason
        self.office.record.note(self.machine.name, "message", *details)
        if decision.folder == REFUSED:
            policy = judgement.dmarc.discovery.domain if judgement.dmarc and judgement.dmarc.discovery else ""
            return f"550 5.7.1 Not accepted: the DMARC policy of {policy} is reject"
        return "250 2.0.0 Ok"

    async def _onward(self, settings: MailSettings, envelope: Received, message: bytes) -> str:
        """A list sends a changed copy under its own envelope; a forwarder the same message under the old one.

        Each does so once with one message: lists that are members of each other would multiply it with every hop.
        """
        if BARE.search(message) or not named(split(message)[0], "From"):  # nobody may send it on (RFC 5321, section 2.3.8; RFC 5322, 3.6)
            return UNREADABLE
        if not self.office.first_time(settings.domain, message_id(message)):
            return TOO_MANY_HOPS
        sender = self.office.sender(self.machine.name)
        if settings.receiver == "list":
            message, back = for_list(message, settings.domain, rewrites=settings.rewrites), f"bounces@{settings.domain}"
            message = sender.signed(message, settings.domain)
        else:
            message, back = for_forwarder(message), envelope.sender
        sent = await sender.send(message, back, settings.members, self.office.mailboxes.find)
        for one in sent:
            self.office.record.note(self.machine.name, "onward", message_id(message), one.recipient, one.outcome)
        return "250 2.0.0 Ok"

    def _settings(self, address: str) -> MailSettings | None:
        settings = self.office.state.mail.get(address.rpartition("@")[2].lower())
        return settings if settings is not None and settings.host == self.machine.name else None
