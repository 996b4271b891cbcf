"""How one domain's mail works: who sends it, who receives it, which keys sign it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from postlib.lab import habits
from postlib.lab.mail.letter import address
from postlib.lab.personality import known

RECEIVERS = ("operator", "modern", "literal", "list", "forwarder", "none")


@dataclass(frozen=True)
class Selector:
    """A DKIM key of a domain: its selector, kind (rsa or ed25519) and size, and whether it signs."""

    name: str
    kind: str = "rsa"
    bits: int = 2048
    signs: bool = True


@dataclass(frozen=True)
class MailSettings:
    """The settings of one domain.

    `host` sends and receives. `envelope` is the domain of MAIL FROM, the author's own unless given.
    `receiver` is what happens to mail that arrives: an operator's own mailboxes, a modern provider (RFC 9989),
    a literal one (RFC 7489), a list that sends on to `members` (and `rewrites` From, or not), or a forwarder to `members`.
    `users` are the local parts there are; none given means that all are. A `habit` is what the host's mail server does in place
    of serving (postlib.lab.habits).
    """

    domain: str
    host: str
    selectors: tuple[Selector, ...] = ()
    envelope: str = ""
    starttls: bool = True
    certificate: str = "good"
    receiver: str = "operator"
    members: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    rewrites: bool = False
    habit: str = ""

    def changed(self, changes: Mapping[str, Any]) -> MailSettings:
        """The same with some settings changed, from JSON values. Raises ValueError or TypeError for what is no setting."""
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in changes.items()}
        return replace(self, **values)

    def signing(self, names: Iterable[str]) -> MailSettings:
        """The same with these selectors signing, and no other. Raises ValueError for one that it has no key for."""
        wanted = set(names)
        unknown = sorted(wanted - {selector.name for selector in self.selectors})
        if unknown:
            known_here = ", ".join(selector.name for selector in self.selectors) or "none"
            raise ValueError(f"{self.domain} has no key for the selector {unknown[0]}; its selectors are: {known_here}")
        return replace(self, selectors=tuple(replace(selector, signs=selector.name in wanted) for selector in self.selectors))

    def __post_init__(self) -> None:
        known(self.certificate)
        if self.habit and self.habit not in habits.MAIL:
            raise ValueError(f"a habit of a mail server is one of {', '.join(habits.MAIL)}, not {self.habit!r}")
        for member in (*self.members, *([f"bounces@{self.envelope}"] if self.envelope else [])):
            address(member)
        if self.receiver not in RECEIVERS:
            raise ValueError(f"a receiver is one of {', '.join(RECEIVERS)}, not {self.receiver!r}")
