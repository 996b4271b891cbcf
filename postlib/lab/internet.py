"""An Internet to visit: the whole of it on this machine, and nothing of it beyond."""

from __future__ import annotations

import atexit
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.name

from postlib import background
from postlib.acts import Act
from postlib.clock import LabClock
from postlib.lab.built import built
from postlib.lab.record import Record
from postlib.lab.servers import Lease, Servers, close_all
from postlib.network import Network

if TYPE_CHECKING:  # imported where they are first used: the first question needs none of them, and they take longer than it does
    from postlib.lab.domain import Domain
    from postlib.lab.mail.campaigns import Campaign
    from postlib.lab.mail.mailbox import Kept
    from postlib.lab.mail.office import Office
    from postlib.lab.mail.sender import Sent

DEFAULT_SEED = "union"
MOST_NAMES = 60  # that an error proposes
LONGEST_JOURNAL = 5000  # acts: a learner makes some hundred, and replaying this many takes seconds
LARGEST_JOURNAL = 8 << 20  # octets of its file
atexit.register(close_all)


class Internet:
    """A world that is up. Servers open when first asked; `close()`, a `with` block or the end of the process ends them.

    `network` is the one Network of this Internet: give it, or the Internet itself, wherever a Network is wanted.
    """

    def __init__(self, world: str, seed: str, at: datetime, acts: Iterable[Act] = (), only: Iterable[str] = (), cache: bool = True) -> None:
        self.world, self.seed, self.start, self.only, self.cache = world, seed, at, frozenset(only), cache
        self._acts = list(acts)
        self._raise()

    def _raise(self) -> None:
        self.state = built(self.world, self.seed, self.start, self._acts, self.only, cache=self.cache)
        self.record = Record(self.state.clock)
        self.servers = Servers(self.state, self.record)
        self._lease = Lease(self.servers)
        self.network = self._lease.network()

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
        from postlib.lab.domain import Domain
        from postlib.lab.replay import parse_name

        wanted = parse_name(name)
        if wanted not in self.state.zones:
            held = {zone.to_text(omit_final_dot=True) for zone in self.state.zones if zone != dns.name.root}
            known = sorted(held | set(self.domains()))
            near = get_close_matches(name, known, 3) or [n for n in known if not n.endswith("arpa")]
            more = " …" if len(near) > MOST_NAMES else ""
            raise ValueError(f"{name} is no domain of this Internet; did you mean {', '.join(near[:MOST_NAMES])}{more}?")
        return Domain(wanted.to_text(omit_final_dot=True).lower(), self)

    def domains(self) -> tuple[str, ...]:
        """The domains of this Internet's parties, in the world's order."""
        from postlib.lab import worlds

        return tuple(entry.domain for entry in worlds.load(self.world).entries)

    def do(self, act: Act) -> None:
        """Carry out one act and write it into the journal. Raises ValueError, and changes nothing, if it cannot be done."""
        from postlib.lab.replay import WAITS, apply

        apply(self.state, act)
        done = {"act": "wait"} if act["act"] in WAITS else json.loads(json.dumps(dict(act)))  # a copy, whatever becomes of the lists in it
        self._acts.append({**done, "at": self.clock.now().isoformat()})

    def send(self, author: str, recipient: str, subject: str = "A letter", body: str = "Good day.", *, name: str = "", **how: Any) -> Sent:
        """Send one letter by real SMTP, and say what became of it.

        It goes out from the author's own servers unless `via` names another domain or machine; `envelope` is MAIL FROM,
        `helo` the name given there, `signed_by` the domain whose DKIM keys sign ("" for none). Raises ValueError.
        """
        from postlib.lab.mail.letter import Letter

        self._open()
        return background.run(self.office.post(Letter(author, recipient, subject, body, name), **how))[0]

    def campaign(self, name: str, target: str = "auroria.post") -> Campaign:
        """Let the phishers write in the name of `target`, and see what arrives. Raises ValueError for an unknown campaign."""
        from postlib.lab import worlds
        from postlib.lab.mail.campaigns import Campaign, plan

        self._open()
        entry = worlds.load(self.world).by_domain.get(target)
        title, letters = plan(name, target, str(entry.settings.get("country", target)) if entry else target)
        sent = [background.run(self.office.post(letter, **how))[0] for letter, how in letters]
        return Campaign(name, title, target, tuple(sent))

    def _open(self) -> None:
        if self.servers.closed:
            raise ValueError(f"this Internet is closed; visit({self.world!r}) starts one")

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

    def save(self, path: str | Path) -> None:
        """Write the journal to a file; `visit(world, journal=path)` goes on from it."""
        Path(path).write_text(json.dumps(self.journal(), indent=1))

    def reset(self) -> None:
        """Start again as on the first visit: the same bytes, an empty journal."""
        self.servers.close()
        self._acts.clear()
        self._raise()

    def flush(self) -> None:
        """Empty the cache of the lab's recursive resolver."""

        async def forget() -> None:
            self.servers.recursive.flush()

        background.run(forget())  # where the resolver works: it is not to be disturbed from another thread

    def close(self) -> None:
        """End every server of this Internet."""
        self.servers.close()

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
    seed: str = DEFAULT_SEED,
    journal: str | Path | Iterable[Act] | None = None,
    only: Iterable[str] = (),
    cache: bool = True,
) -> Internet:
    """The Internet of a world, up at once. `at` is today 00:00 UTC unless given; `journal` is a file or the acts to replay.

    `only` are the domains that acts may change, in the journal and later; none given means all of the world's. Whoever replays
    somebody else's journal gives it. When nobody holds the Internet, or a Network of it, any more, its servers end.
    With `cache` the built world is kept in this user's cache folder and read from there the next time, the same to the octet; a
    grader gives False, or sets POSTLIB_CACHE=off (postlib.lab.built says why). With `only` the cache is left alone in any case.
    Raises ValueError for a world that does not exist, and for a journal that cannot be read or replayed.
    """
    start = at or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Internet(world, seed, start, _acts(journal), only, cache)


def _acts(journal: str | Path | Iterable[Act] | None) -> list[Act]:
    """The acts of a journal. Raises ValueError for what is none, and for one longer than a person makes."""
    if isinstance(journal, str | Path):
        journal = _read(Path(journal))
    if not isinstance(journal, Iterable | None) or isinstance(journal, Mapping):
        raise ValueError("a journal is a list of acts")
    acts: list[Any] = list(itertools.islice(journal or (), LONGEST_JOURNAL + 1))
    if len(acts) > LONGEST_JOURNAL:
        raise ValueError(f"a journal has at most {LONGEST_JOURNAL} acts")
    if not all(isinstance(act, Mapping) for act in acts):
        raise ValueError("a journal is a list of acts, and each act a mapping of names to values")
    return [dict(act) for act in acts]


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_JOURNAL + 1)
        if len(octets) > LARGEST_JOURNAL:
            raise ValueError(f"it is larger than {LARGEST_JOURNAL} octets")
        return json.loads(octets)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as a journal: {error}") from error
