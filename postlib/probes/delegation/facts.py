"""What is seen of a delegation: both sides of the cut, the servers, and their names."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name
import dns.rcode

from postlib.network import Absent, Unknown
from postlib.resolver import Delegation, ServerState

OUR_SIDE = ("timeout", "unreachable")  # what a machine without that family of addresses sees of every server
NO_ADDRESS = "no-address"
NOT_ASKED = "not-asked"  # past a bound of ours
ADDRESS_UNKNOWN = "address-unknown"  # the look-up of the name was not answered
LOCAL_LIMIT = "local-limit"  # no descriptor, port or memory left here
ALWAYS_OURS = (NOT_ASKED, ADDRESS_UNKNOWN, LOCAL_LIMIT)


@dataclass(frozen=True)
class Host:
    """A server's name as the zone that holds it speaks of it: its addresses, and the name it is an alias of, if it is one."""

    name: str
    addresses: tuple[str, ...] | Unknown
    alias: str = ""

    @property
    def bad(self) -> bool:
        """Whether the name cannot serve: it is an alias (RFC 2181, section 10.3), or has no address."""
        return bool(self.alias) or not self.addresses


@dataclass(frozen=True)
class Delegated:
    """A name, the zone that holds it (absent: there is no such name), and if it is a zone of its own its servers.

    `tcp` says of each address that answered by UDP why it did not by TCP; an empty text where it did.
    """

    domain: str
    zone: str | Absent | Unknown
    seen: Delegation | Absent | Unknown
    hosts: tuple[Host, ...] = ()
    tcp: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The server names, as the parent gives them, or where it cannot be seen the zone itself."""
        return texts(self.seen.parent_ns or self.seen.child_ns) if self.seen else ()

    def inside(self, name: str) -> bool:
        """Whether a host lies in the zone itself, so that only glue can lead to it."""
        return dns.name.from_text(name).is_subdomain(dns.name.from_text(self.domain))

    def glue(self, host: str) -> frozenset[str]:
        """The addresses that the parent gives for a host."""
        return frozenset(address for name, address in self.seen.glue if texts((name,))[0] == host) if self.seen else frozenset()

    @property
    def known(self) -> tuple[Host, ...]:
        """The hosts whose addresses could be looked up."""
        return tuple(host for host in self.hosts if not isinstance(host.addresses, Unknown))

    @property
    def misled(self) -> tuple[Host, ...]:
        """The hosts for which the parent gives other addresses than their own zone, or none where it must (RFC 9471)."""
        named = [host for host in self.known if host.name in self.names and (self.inside(host.name) or self.glue(host.name))]
        return tuple(host for host in named if not host.bad and frozenset(host.addresses) != self.glue(host.name))

    @property
    def answering(self) -> tuple[ServerState, ...]:
        """The servers that answer with authority."""
        return tuple(state for state in self.seen.servers if fault(state) == "") if self.seen else ()

    @property
    def broken(self) -> tuple[ServerState, ...]:
        """The servers that do not, as far as that is their fault: this machine may lack IPv6, or may not ask name servers itself."""
        states = self.seen.servers if self.seen else ()
        return tuple(state for state in states if fault(state) not in ("", NO_ADDRESS) and not self._ours(state))

    @property
    def unseen(self) -> tuple[ServerState, ...]:
        """The servers that this machine could not look at."""
        return tuple(state for state in self.seen.servers if self._ours(state)) if self.seen else ()

    @property
    def unplaced(self) -> tuple[ServerState, ...]:
        """The servers whose addresses, all or of one family, could not be looked up."""
        return tuple(state for state in self.seen.servers if state.reason == ADDRESS_UNKNOWN) if self.seen else ()

    @property
    def closed(self) -> tuple[tuple[str, str], ...]:
        """The addresses of answering servers that do not answer by TCP, and why, as far as that is their fault."""
        return tuple((address, reason) for address, reason in self.by_tcp if reason not in ("", "unreachable", LOCAL_LIMIT))

    @property
    def by_tcp(self) -> tuple[tuple[str, str], ...]:
        """`tcp` of the servers that answer with authority."""
        addresses = {state.address for state in self.answering}
        return tuple((address, reason) for address, reason in self.tcp if address in addresses)

    def _ours(self, state: ServerState) -> bool:
        if state.reason not in OUR_SIDE or not self.seen:
            return state.reason in ALWAYS_OURS
        v6 = ":" in state.address
        reached = any((":" in other.address) == v6 for other in self.answering)
        return not reached and (v6 or self.seen.parent is None)  # our own walk to the parent went over IPv4


def fault(state: ServerState) -> str:
    """What is wrong with a server's answer, as a word of the catalogue; empty where nothing is."""
    if state.rcode is None:
        return state.reason
    if state.rcode != dns.rcode.NOERROR:
        return dns.rcode.to_text(state.rcode).lower()
    return "" if state.authoritative and state.serial is not None else "not-authoritative"


def texts(names: tuple[dns.name.Name, ...]) -> tuple[str, ...]:
    """Names as text, without the last dot."""
    return tuple(name.to_text(omit_final_dot=True).lower() for name in names)
