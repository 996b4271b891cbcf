"""An Internet to visit: the whole of it on this machine, and nothing of it beyond."""

from __future__ import annotations

import asyncio
import atexit
import json
import weakref
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postlib import acts, background, cell
from postlib.acts import Act
from postlib.clock import LabClock
from postlib.lab import journal as journals
from postlib.lab.built import built
from postlib.lab.journal import Journal, Undone
from postlib.lab.record import Record
from postlib.lab.rerun import instead
from postlib.lab.servers import Lease, Servers, close_all
from postlib.network import Network

if TYPE_CHECKING:  # imported where they are first used: the first question needs none of them, and they take longer than it does
    from postlib.lab.domain import Domain
    from postlib.lab.guests import Guests
    from postlib.lab.mail.campaigns import Campaign
    from postlib.lab.mail.mailbox import Kept
    from postlib.lab.mail.office import Office
    from postlib.lab.mail.sender import Sent

DEFAULT_SEED = "union"
CLOSED = "this Internet is closed; visit({world!r}) starts one"
atexit.register(close_all)


class Internet:
    """A world that is up. Servers open when first asked; `close()`, a `with` block or the end of the process ends them.

    `network` is the one Network of this Internet: give it, or the Internet itself, wherever a Network is wanted.
    """

    def __init__(self, world: str, seed: str, at: datetime, acts: Iterable[Act] = (), only: Iterable[str] = (), cache: bool = True,
                 learner: Guests | None = None) -> None:  # fmt: skip
        self.world, self.seed, self.start, self.only, self.cache, self.learner = world, seed, at, frozenset(only), cache, learner
        self._file: Path | None = None
        self._raise(list(acts))

    def _raise(self, told: Sequence[Act]) -> None:
        self._acts, rest = journals.divided(told)
        self.state = built(self.world, self.seed, self.start, self._acts, self.only, cache=self.cache, guests=self.learner)
        self.record = Record(self.state.clock)
        self.servers = Servers(self.state, self.record)
        self._lease = Lease(self.servers)
        self.network, self._turn = self._lease.network(), asyncio.Lock()
        try:
            for act in rest:
                self._replay(act)
        except BaseException:
            self.close()
            raise
        written = weakref.WeakMethod(self._written)  # the servers hold the clock, and must not hold the Internet by it
        self.clock.advanced = lambda: write() if (write := written()) is not None else None

    def _replay(self, act: Act) -> None:
        """Carry out a letter of the journal, or an act that comes after one."""
        from postlib.lab.mail.posting import ready
        from postlib.lab.replay import apply

        if journals.is_letter(act):
            background.run(ready(self.office, act).post())
        else:
            apply(self.state, act)
        self._acts.append(act)

    def _again(self, told: Sequence[Act]) -> None:
        """Have these acts behind it, and no other."""
        self.servers.close()
        self.clock.end("this clock is that of the Internet before it was taken back; internet.clock is the one of now")
        self._raise(told)
        self._written()

    @property
    def office(self) -> Office:
        """The mail of this Internet."""
        return self.servers.office

    @property
    def clock(self) -> LabClock:
        """The lab's clock: it stands still until `clock.advance(days=1)`."""
        return self.state.clock

    def at(self, address: str) -> Network:
        """The Network as a machine at `address` sees it: its mail servers then see that client."""
        return self._lease.network(address)

    def domain(self, name: str) -> Domain:
        """One of the domains of this Internet. Raises ValueError, with the names there are, for any other."""
        from postlib.lab import known
        from postlib.lab.domain import Domain
        from postlib.lab.replay import parse_name

        wanted = parse_name(name)
        if wanted not in self.state.zones:
            raise known.unknown(self.state, name)
        return Domain(wanted.to_text(omit_final_dot=True).lower(), self)

    def domains(self) -> tuple[str, ...]:
        """The domains of this Internet's parties, in the world's order."""
        from postlib.lab import known

        return tuple(entry.domain for entry in known.entries(self.state))

    def do(self, act: Act) -> None:
        """Carry out one act and write it into the journal. Raises ValueError, and changes nothing, if it cannot be done."""
        from postlib.lab.replay import apply
        from postlib.lab.shapes import shaped

        self.must_be_open()
        if shaped(act)[0] == "send":
            self._post(act)
            return
        self._room()
        apply(self.state, act)
        self._done(act, cell.here())
        self._written()

    def _room(self) -> None:
        if self._file is not None and len(self._acts) > journals.LONGEST_JOURNAL - 2:  # with the time that has passed since
            raise ValueError(f"the journal that is kept is full: {len(self._acts)} acts; internet.reset() begins another")

    def _done(self, act: Act, where: str) -> None:
        """Write an act into the journal, and the cell that did it."""
        from postlib.lab.replay import WAITS

        done = {"act": "wait"} if act["act"] in WAITS else json.loads(json.dumps(dict(act)))  # a copy, whatever becomes of the lists in it
        self._acts.append({**done, **({"cell": where} if where else {}), "at": self.clock.now().isoformat()})

    def _written(self) -> None:
        if self._file is not None:
            self._journal().write(self._file)

    def _post(self, act: Act) -> Sent:
        """Send one letter. Raises ValueError, and nothing has changed, for one that cannot be sent."""
        from postlib.lab.mail.posting import ready

        self.must_be_open()
        self._room()
        posting, where, begun = ready(self.office, act), cell.here(), False

        async def post() -> Sent:
            nonlocal begun
            async with self._turn:
                begun = True
                sent = await posting.post()
                self._done(act, where)
                return sent

        try:
            sent = background.run(post())
        except BaseException:  # cut off on its way: nobody knows how far it came, so it is as if it had never been written
            if begun:
                self._again(self._acts)
            raise
        self._written()
        return sent

    def send(self, author: str, recipient: str, subject: str = "A letter", body: str = "Good day.", *, name: str = "", **how: Any) -> Sent:
        """Send one letter by real SMTP, and say what became of it; the letter is an act, and stands in the journal.

        It goes out from the author's own servers unless `via` names another domain or machine; `envelope` is MAIL FROM,
        `helo` the name given there, `signed_by` the domain whose DKIM keys sign ("" for none). Raises ValueError.
        """
        from postlib.lab import known

        given = {key: value for key, value in how.items() if value is not None} | ({"name": name} if name else {})
        act = acts.send(author, recipient, subject, body, **given)
        known.sends(self.state, author, given.get("via", ""))
        return known.helped(self.state, self._post(act))

    def campaign(self, name: str, target: str = "auroria.post") -> Campaign:
        """Let the phishers write in the name of `target`, and see what arrives: each letter is an act in the journal.

        Raises ValueError for an unknown campaign, and for a target that nobody here has.
        """
        from postlib.lab import known
        from postlib.lab.mail.campaigns import Campaign, plan
        from postlib.lab.mail.posting import campaign

        self.must_be_open()
        title, letters = plan(name, target, known.country(self.state, target))
        return Campaign(name, title, target, tuple(self._post(act) for act in campaign(name, letters)))

    def stage(self, name: str) -> None:
        """Mark this place in the journal; nothing changes."""
        self.do(acts.stage(name))

    def must_be_open(self) -> None:
        """Raises ValueError for an Internet that was closed."""
        if self.servers.closed:
            raise ValueError(CLOSED.format(world=self.world))

    def mailbox(self, address: str) -> list[Kept]:
        """What reached an address, oldest first, in inbox and spam. Raises ValueError for one whose domain has no mail here."""
        if address.rpartition("@")[2].lower() not in self.state.mail:
            raise ValueError(f"nobody has a mailbox at {address!r} here; try clara@inbox.example or omar@oldmail.example")
        return self.office.mailboxes.of(address)

    def journal(self) -> Sequence[Act]:
        """The acts so far, in order: the change plan that leads from the world to here."""
        times = [act["at"] for act in self._acts if "at" in act]
        now = self.clock.now().isoformat()
        waited = [{"act": "wait", "at": now}] if self.clock.now() != self.start and times[-1:] != [now] else []
        return (*self._acts, *waited)

    def _journal(self) -> Journal:
        return Journal(tuple(self.journal()), self.world, self.seed, self.start)

    def save(self, path: str | Path) -> None:
        """Write the journal to a file; `visit(world, journal=path)` goes on from it. Raises OSError."""
        self._journal().write(Path(path))

    def keep(self, path: str | Path) -> None:
        """Write the journal to a file now and after every act and wait, so that a kernel that dies takes nothing with it. Raises OSError.

        What was there is replaced; the Internet that goes on from it is `visit(world, journal=path)`.
        """
        self.must_be_open()
        kept = Path(path).absolute()
        self._journal().write(kept)
        self._file = kept

    def undo(self, n: int = 1) -> Undone:
        """Take back the last `n` acts, as `journal()` shows them, and the time that passed for them; returns those acts. Raises
        ValueError if there are fewer. The others are carried out afresh: a Network that was handed out before is closed."""
        self.must_be_open()
        left, undone = journals.parted(self.journal(), n)
        self._again(left)
        return undone

    def reset(self) -> None:
        """Start again as on the first visit: the same bytes, an empty journal."""
        self.must_be_open()
        self._again(())

    def flush(self) -> None:
        """Empty the cache of the lab's recursive resolver."""

        async def forget() -> None:
            self.servers.recursive.flush()

        background.run(forget())  # where the resolver works: it is not to be disturbed from another thread

    def close(self) -> None:
        """End every server of this Internet; its journal is kept no more."""
        self._file = None
        self.servers.close()
        self.clock.end(CLOSED.format(world=self.world))

    def __enter__(self) -> Internet:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Internet({self.world!r}, at {self.clock.now():%Y-%m-%d %H:%M} UTC)"


def visit(
    world: str,
    *,
    at: datetime | None = None,
    seed: str | None = None,
    journal: journals.Source = None,
    only: Iterable[str] = (),
    cache: bool = True,
    learner: Guests | None = None,
    letters: bool = True,
) -> Internet:
    """The Internet of a world, up at once. `at` is today 00:00 UTC unless given; `journal` is a file or the acts to replay.

    A journal that was kept in a file has its own time and seed, unless others are given; its letters are sent again, each at its
    time, unless `letters=False`: a grader wants the state, and need not wait for slow servers.
    `learner` are domains beside the world's: what a lab has drawn for one learner (postlib.course.seeds).
    `only` are the domains that acts may change, in the journal and later (none given: all of the world's). Whoever replays somebody
    else's journal gives it; such a journal has at most journal.MOST_LETTERS letters.
    The servers end when nobody holds the Internet, or a Network of it, any more, and when the notebook's cell that visits runs again.
    With `cache` the built world is kept in this user's cache folder, the same to the octet; a grader gives False, or sets
    POSTLIB_CACHE=off (postlib.lab.built says why). With `only` the cache is left alone in any case.
    Raises ValueError for a world that does not exist, and for a journal that cannot be read or replayed.
    """
    told, only = journals.read(journal, world), frozenset(only)
    start = at or told.start or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    done = told.replayed(letters=letters, trusted=not only)
    made = Internet(world, seed or told.seed or DEFAULT_SEED, start, done, only, cache, learner)
    instead(made)
    return made
