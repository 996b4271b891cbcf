"""The mail of one Internet: who sends, what is kept, what the providers have learnt, and the day's reports."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

from postlib import background
from postlib.lab.mail.desk import Desk
from postlib.lab.mail.judging import Judgement
from postlib.lab.mail.letter import Letter, address
from postlib.lab.mail.mailbox import Mailboxes
from postlib.lab.mail.reporting import Ledger, destinations
from postlib.lab.mail.sender import Sender, Sent
from postlib.lab.servers import Servers
from postlib.lab.smtp import Receiver
from postlib.lab.state import Machine, Served
from postlib.protocols import reports


class Office:
    """Every mailbox and every sender of one Internet."""

    def __init__(self, servers: Servers) -> None:
        self.servers, self.state, self.record = servers, servers.state, servers.record
        self.mailboxes, self.ledger = Mailboxes(), Ledger()
        self._onward: set[tuple[str, str]] = set()  # what each list and forwarder has sent on
        self._aligned: dict[str, set[str]] = {}  # what each provider has learnt of sources
        self._numbers = itertools.count(1)
        self._ring()

    def receiver(self, machine: Machine) -> Receiver:
        """The receiver of a machine's mail."""
        return Desk(self, machine)

    def sender(self, host: str) -> Sender:
        """A machine that sends. Raises ValueError for an unknown one."""
        if host not in self.state.machines:
            raise ValueError(f"{host} is no machine of this lab")
        return Sender(self.state, self.state.machines[host], self.servers.network)

    async def post(self, letter: Letter, *, via: str = "", envelope: str | None = None, helo: str = "", signed_by: str | None = None,
                   headers: Sequence[tuple[str, str]] = ()) -> list[Sent]:  # fmt: skip
        """Send a letter from the author's own servers, or `via` another domain's or machine's.

        `envelope` is MAIL FROM (the author, at the domain that its settings name for it), `signed_by` the domain whose keys sign
        ("" for none).
        """
        domain = address(letter.author).domain.lower()
        address(letter.recipient)
        host = self.state.mail[via or domain].host if (via or domain) in self.state.mail else via or domain
        signer = (via or domain) if signed_by is None else signed_by
        sender = self.sender(host)
        message = sender.signed(letter.octets(self.state.clock.now(), next(self._numbers), headers), signer)
        back = self._envelope(letter.author, via) if envelope is None else envelope
        return await sender.send(message, back, [letter.recipient], self.mailboxes.find, helo)

    def _envelope(self, author: str, via: str) -> str:
        """MAIL FROM of an author's letter, from the domain's own servers or another's."""
        local, _, domain = author.rpartition("@")
        settings = self.state.mail.get(domain.lower())
        return f"{local}@{settings.envelope}" if settings is not None and settings.envelope and not via else author

    def known(self, provider: str, source: str) -> bool:
        """Whether a provider has other knowledge in favour of a source: it sent aligned mail before, or is a list or forwarder."""
        machine = self.state.by_address.get(source)
        serves = Served(self.state.mail, machine.name).settings() if machine is not None else ()
        return source in self._aligned.get(provider, ()) or any(settings.receiver in ("list", "forwarder") for settings in serves)

    def learn(self, provider: str, source: str, judgement: Judgement) -> None:
        """Remember that a source has sent aligned mail."""
        if judgement.passed:
            self._aligned.setdefault(provider, set()).add(source)

    def first_time(self, domain: str, message_id: str) -> bool:
        """Whether a list or forwarder sees that message for the first time; asking is telling."""
        news = (domain, message_id) not in self._onward
        self._onward.add((domain, message_id))
        return news

    def _ring(self) -> None:
        """Set the bell for the next midnight (UTC), when a day's reports are due."""
        now = self.state.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.state.clock.ring(midnight, self._midnight)

    def _midnight(self) -> None:
        if not self.servers.closed:
            self._ring()  # first: a report that cannot be written must not be the last that is tried
            background.run(self._report())

    async def _report(self) -> None:
        """Mail the day's reports, each from its provider's own servers, signed as any of its mail."""
        begin = self.state.clock.now() - timedelta(days=1)
        for provider, policy, report in self.ledger.close(begin):
            sender = self.sender(self.state.mail[provider].host)
            net = self.servers.network(sender.address)
            for recipient in await destinations(net, report.policy_published.domain, policy):
                letter = reports.message(report, submitter=provider, recipient=recipient, date=self.state.clock.now())
                envelope = f"dmarc-reports@{provider}"
                for sent in await sender.send(sender.signed(letter, provider), envelope, [recipient], self.mailboxes.find):
                    self.record.note(sender.machine.name, "report", report.policy_published.domain, sent.recipient, sent.outcome)
