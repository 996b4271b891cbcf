"""Letters as acts: what a journal says of one, tried before it is sent, and sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from postlib import acts
from postlib.acts import Act
from postlib.lab.mail.letter import Letter, address
from postlib.lab.replay import moment
from postlib.lab.shapes import shaped
from postlib.protocols.smtp.reply import command_line, dot_stuffed, path

if TYPE_CHECKING:
    from postlib.lab.mail.office import Office
    from postlib.lab.mail.sender import Sent

WAYS = ("via", "envelope", "helo", "signed_by", "headers")  # how a letter goes


@dataclass(frozen=True)
class Posting:
    """A letter that can be sent, and the way it goes."""

    office: Office
    letter: Letter
    how: dict[str, Any]

    async def post(self) -> Sent:
        """Send it, and say what became of it."""
        return (await self.office.post(self.letter, **self.how))[0]


def campaign(name: str, letters: Iterable[tuple[Letter, dict[str, Any]]]) -> Iterator[Act]:
    """The acts of a campaign, one a letter."""
    for letter, how in letters:
        shown = {"name": letter.name} if letter.name else {}
        yield acts.send(letter.author, letter.recipient, letter.subject, letter.body, **shown, **how, campaign=name)


def ready(office: Office, act: Act) -> Posting:
    """The letter of an act, at its time, tried as far as it can be without sending it.

    Raises ValueError, in a sentence, for one that cannot be sent; no time has passed then.
    """
    _, at, settings = shaped(act)
    settings.pop("campaign", None)
    if "author" not in settings or "recipient" not in settings:
        raise ValueError("a letter has an author and a recipient")
    told = acts.send(**settings)
    letter = Letter(told["author"], told["recipient"], told["subject"], told["body"], told.get("name", ""))
    how = {key: value for key, value in told.items() if key in WAYS}
    _try(office, letter, **how)
    if at is not None:
        clock = office.state.clock
        clock.move(moment(at) - clock.now())
    return Posting(office, letter, how)


def _try(office: Office, letter: Letter, *, via: str = "", envelope: str | None = None, helo: str = "", signed_by: str = "",
         headers: Sequence[tuple[str, str]] = ()) -> None:  # fmt: skip
    home = via or address(letter.author).domain.lower()
    office.sender(office.state.mail[home].host if home in office.state.mail else home)
    path(letter.author if envelope is None else envelope)
    path(letter.recipient)
    command_line(f"EHLO {helo}")
    try:
        message = letter.octets(office.state.clock.now(), 0, headers)
    except Exception as error:  # the standard library has many ways to say what it cannot write
        raise ValueError(f"this letter cannot be written: {str(error)[:200]}") from error
    dot_stuffed(message)
