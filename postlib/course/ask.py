"""`ask("auroria.post", "MX", internet)`: one DNS question on the wire, and its answer as a table.

What stands in an answer: RFC 1035, section 4.1; a pointer to other servers: RFC 1034, section 4.3.2; NXDOMAIN and no data: RFC 2308.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from postlib import background
from postlib.display.table import Table
from postlib.lab.replay import parse_name, record_type
from postlib.network import Unreachable
from postlib.wire import Question
from postlib.words import phrase

if TYPE_CHECKING:
    from postlib.lab.internet import Internet

RESOLVER = "resolver.nic.test"  # the lab's recursive resolver, which keeps what it has heard
COLUMNS = ("ask.part", "ask.name", "ask.ttl", "ask.type", "ask.value")
QUESTION, ANSWER, POINTER = "ask.is-question", "ask.is-answer", "ask.is-pointer"


@dataclass(frozen=True)
class Line:
    """One DNS record of an answer: the name, the TTL in seconds, the type and the value, as text."""

    name: str
    ttl: int
    type: str
    value: str


@dataclass(frozen=True)
class Reply:
    """What one name server said. `status` is the word of the DNS (NOERROR, NXDOMAIN …), or why no answer came.

    `meaning` is answer, no-data, no-name, pointer, refused or no-answer; `own` says that the server answered from the zone itself.
    """

    name: str
    type: str
    server: str
    address: str
    status: str
    meaning: str
    own: bool = False
    answer: tuple[Line, ...] = ()
    pointers: tuple[Line, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the type that was asked for; empty where there are none."""
        return tuple(line.value for line in self.answer if line.type == self.type)

    @property
    def ttl(self) -> int:
        """For how many seconds the answer may still be kept: the least of its DNS records. 0 where there are none."""
        return min((line.ttl for line in self.answer), default=0)

    def table(self) -> Table:
        """Question, answer and pointers, with who answered and what the answer means."""
        rows = [(phrase(QUESTION), self.name, "", self.type, "")]
        parts = ((ANSWER, self.answer), (POINTER, self.pointers))
        rows += [(phrase(part), line.name, str(line.ttl), line.type, line.value) for part, lines in parts for line in lines]
        return Table(self._caption(), COLUMNS, tuple(rows), raw=frozenset({"ask.name", "ask.value"}))

    def _caption(self) -> str:
        said = [phrase("ask.asked", server=self.server, address=self.address, status=self.status)]
        said += [phrase(f"ask.{self.meaning}")] if self.meaning != "answer" else []
        return " ".join([*said, phrase("ask.own")] if self.own else said)

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_html_(self) -> str:
        return str(self.table().html())


def ask(name: str, type: str, internet: Internet, server: str = RESOLVER) -> Reply:
    """Ask one name server of this Internet one question. `server` is the name of a machine: its resolver unless given.

    Only a resolver is asked to look further; any other server says what it holds itself. An answer that does not come is a Reply too.
    Raises ValueError for what is no name, no type, or no machine of this Internet.
    """
    internet.must_be_open()
    server = server.rstrip(".").lower()  # as it stands in an NS record
    question, address = _question(name, type, server), _address(server, internet)
    asked = (question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rrtype), server, address)
    try:
        heard = background.run(internet.network.ask(question, address))
    except Unreachable as error:
        return Reply(*asked, status=error.reason, meaning="no-answer")
    return _read(heard, asked)


def _question(name: str, type: str, server: str) -> Question:
    return Question(parse_name(name), record_type(type), dns.flags.RD if server == RESOLVER else 0)


def _address(server: str, internet: Internet) -> str:
    machines = internet.state.machines
    if server not in machines:
        raise ValueError(f"no machine of this Internet is called {server!r}; ask the NS records of a domain for the names of its servers")
    return str(machines[server].addresses[0])


def _read(heard: dns.message.Message, asked: tuple[str, str, str, str]) -> Reply:
    answer, pointers = _lines(heard.answer), tuple(line for line in _lines(heard.authority) if line.type == "NS")
    own = bool(heard.flags & dns.flags.AA)
    given = pointers if not answer and not own else ()
    meaning = _meaning(heard.rcode(), bool(answer), bool(given))
    return Reply(*asked, dns.rcode.to_text(heard.rcode()), meaning, own, answer, given)


def _meaning(code: dns.rcode.Rcode, answered: bool, pointed: bool) -> str:
    if code == dns.rcode.NXDOMAIN:
        return "no-name"
    if code != dns.rcode.NOERROR:
        return "refused"
    return "answer" if answered else "pointer" if pointed else "no-data"


def _lines(section: list[dns.rrset.RRset]) -> tuple[Line, ...]:
    """The DNS records of a part, without signatures: the DNSSEC module shows those."""
    shown = [rrset for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG]
    return tuple(
        Line(rrset.name.to_text(omit_final_dot=True), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), record.to_text())
        for rrset in shown
        for record in rrset
    )
