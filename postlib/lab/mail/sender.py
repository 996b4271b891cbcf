"""Sending: sign, find the exchanger, hand over by real SMTP; and what became of each recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from postlib.lab.mail.mailbox import Kept, message_id
from postlib.lab.mail.settings import Selector
from postlib.lab.state import Machine, State
from postlib.network import Network, Unreachable
from postlib.protocols import dkim, smtp
from postlib.protocols.mx import mail_exchangers
from postlib.resolver import Resolver

Seen = Callable[[str, str], Kept | None]


@dataclass(frozen=True)
class Sent:
    """What became of one message for one recipient.

    `outcome` is inbox, spam, refused, deferred (try later), or a word for why it could not be handed over.
    `reply` is the server's last word, `kept` the receiver's own record, `delivery` the conversation; None where there was none.
    `near` is the domain that was perhaps meant where nobody has the recipient's; then `str()` says so.
    """

    recipient: str
    outcome: str
    reply: str = ""
    kept: Kept | None = field(default=None, repr=False)
    delivery: smtp.Delivery | None = field(default=None, repr=False)
    message: bytes = field(default=b"", repr=False)
    near: str = field(default="", repr=False)

    def __str__(self) -> str:
        """What nobody could take, in a sentence; else as `repr`."""
        if self.near:
            return f"nobody has the domain {self.recipient.rpartition('@')[2]} here; did you mean {self.near}?"
        return repr(self)

    @property
    def arrived(self) -> bool:
        """Whether a person finds it in the inbox."""
        return self.outcome == "inbox"


@dataclass(frozen=True)
class Sender:
    """One machine that sends, as the others see it."""

    state: State
    machine: Machine
    networks: Callable[[str], Network]

    @property
    def address(self) -> str:
        """The address it sends from."""
        return self.machine.addresses[0]

    def signed(self, message: bytes, domain: str) -> bytes:
        """The message with a signature for every signing selector of a domain; unchanged for a domain without."""
        settings = self.state.mail.get(domain)
        for selector in settings.selectors if settings else ():
            if selector.signs:
                message = self._signed(message, domain, selector)
        return message

    def _signed(self, message: bytes, domain: str, selector: Selector) -> bytes:
        key = self.state.dkim_key(domain, selector)
        return dkim.sign(message, domain=domain, selector=selector.name, key=key, now=self.state.clock.now())

    async def send(self, message: bytes, envelope: str, recipients: Iterable[str], seen: Seen, helo: str = "") -> list[Sent]:
        """Hand a message over for each recipient, one conversation each."""
        return [await self._one(message, envelope, recipient, seen, helo or self.machine.name) for recipient in recipients]

    async def _one(self, message: bytes, envelope: str, recipient: str, seen: Seen, helo: str) -> Sent:
        net = self.networks(self.address)
        try:
            exchangers = await mail_exchangers(Resolver(net), recipient.rpartition("@")[2])
        except Unreachable as error:
            return Sent(recipient, error.reason, message=message)
        if exchangers.null or not exchangers.hosts:
            return Sent(recipient, "null-mx" if exchangers.null else "no-exchanger", message=message)
        outcome = Sent(recipient, "no-exchanger", message=message)
        for host in exchangers.hosts:
            for address in (a for a in host.addresses.seen if ":" not in a):
                outcome = await self._over(net, address, host.host, message, envelope, recipient, helo, seen)
                if outcome.outcome in ("inbox", "spam", "refused", "accepted"):
                    return outcome
        return outcome

    async def _over(
        self, net: Network, address: str, host: str, message: bytes, envelope: str, recipient: str, helo: str, seen: Seen
    ) -> Sent:
        try:
            delivery = await smtp.send(net, address, message, sender=envelope, recipients=[recipient], helo=helo, host=host)
        except Unreachable as error:
            return Sent(recipient, error.reason, message=message)
        kept = seen(recipient, message_id(message))
        outcome = kept.folder if kept is not None and delivery.outcome in ("accepted", "refused") else delivery.outcome
        return Sent(recipient, outcome, spoken(delivery.reply), kept, delivery, message)


def spoken(reply: smtp.Reply | None) -> str:
    """A server's reply on one line: its code and its text."""
    return f"{reply.code} {' '.join(reply.lines)}" if reply is not None else ""
