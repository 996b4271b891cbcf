"""The rules of a delegation."""

from __future__ import annotations

from postlib.finding import Verdict, failed, not_applicable, passed, unknown
from postlib.network import Unknown
from postlib.probe import Probe, Profile
from postlib.probes.delegation import remedies
from postlib.probes.delegation.facts import Delegated, fault, texts
from postlib.probes.delegation.observe import observe
from postlib.resolver import ServerState

probe = Probe("delegation", "RFC 1034", observe, asks=(("", "SOA"), ("", "NS")))


@probe.check("section 2", standard="RFC 8020", remedy=remedies.register, lesson="dnssec/01")
def exists(cut: Delegated, profile: Profile) -> Verdict:
    """The domain name exists."""
    if isinstance(cut.zone, Unknown):
        return unknown(reason=cut.zone.reason, where=cut.zone.where)
    return passed(zone=cut.zone) if cut.zone else failed(found="no-such-name")


@probe.check("section 4.1", remedy=remedies.add_server, lesson="dnssec/01")
def two_servers(cut: Delegated, profile: Profile) -> Verdict:
    """The zone has at least two name servers, on different addresses."""
    if (other := _no_zone(cut)) is not None:
        return other
    assert cut.seen
    named = cut.seen.parent_ns or cut.seen.child_ns
    places = [frozenset(state.address for state in cut.seen.servers if state.name == name and state.address) for name in named]
    apart = {addresses for addresses in places if addresses}
    shaky = [state for state in cut.unplaced if state.name in named]
    if shaky and len(named) > 1 and not any(one.isdisjoint(other) for one in apart for other in apart):
        return _not_seen(shaky[0])
    return passed(server=cut.names) if len(apart) > 1 else failed(server=cut.names)


@probe.check("section 4.2.2", remedy=remedies.name_the_same, lesson="dnssec/01")
def same_servers(cut: Delegated, profile: Profile) -> Verdict:
    """The zone and the zone above it name the same servers."""
    if (other := _no_zone(cut) or _no_parent(cut)) is not None:
        return other
    assert cut.seen
    if not cut.seen.child_ns:
        return not_applicable(found="no-server-answers")
    parent, child = texts(cut.seen.parent_ns), texts(cut.seen.child_ns)
    if parent == child:
        return passed(server=child)
    return failed(only_above=tuple(sorted({*parent} - {*child})), only_here=tuple(sorted({*child} - {*parent})))


@probe.check("section 2.8", standard="RFC 1912", remedy=remedies.mend_servers, lesson="dnssec/01")
def every_server_answers(cut: Delegated, profile: Profile) -> Verdict:
    """Every name server answers for the zone with authority."""
    if (other := _no_zone(cut)) is not None:
        return other
    if cut.broken:
        return failed(server=tuple(f"{texts((state.name,))[0]} {state.address} ({fault(state)})" for state in cut.broken))
    answering = {state.name for state in cut.answering}
    silent = next((state for state in cut.unseen if state.name not in answering or state in cut.unplaced), None)
    if silent is not None:
        return _not_seen(silent)
    return passed(server=texts(tuple(sorted(answering))), unseen=tuple(state.address for state in cut.unseen))


@probe.check("section 5", standard="RFC 7766", remedy=remedies.open_tcp, lesson="dnssec/01")
def answers_by_tcp(cut: Delegated, profile: Profile) -> Verdict:
    """Every name server that answers by UDP answers by TCP too."""
    if (other := _no_zone(cut)) is not None:
        return other
    if not cut.by_tcp:
        return not_applicable(found="no-server-answers")
    if cut.closed:
        return failed(address=tuple(f"{address} ({reason})" for address, reason in cut.closed))
    unseen = next(((address, reason) for address, reason in cut.by_tcp if reason), None)
    if unseen is not None:
        return unknown(reason=unseen[1], where=f"{unseen[0]}:53")
    return passed(address=tuple(address for address, _ in cut.by_tcp))


@probe.check("section 4.3.5", remedy=remedies.copy_again, lesson="dnssec/01")
def one_serial(cut: Delegated, profile: Profile) -> Verdict:
    """All name servers hold the same edition of the zone."""
    if (other := _no_zone(cut)) is not None:
        return other
    serials = sorted({state.serial for state in cut.answering if state.serial is not None})
    if not serials:
        return not_applicable(found="no-server-answers")
    return passed(serial=serials[0]) if len(serials) == 1 else failed(serial=tuple(serials))


@probe.check("section 10.3", standard="RFC 2181", remedy=remedies.name_by_address, lesson="dnssec/01")
def servers_have_addresses(cut: Delegated, profile: Profile) -> Verdict:
    """Every name of a name server has addresses of its own and is no alias."""
    if (other := _no_zone(cut)) is not None:
        return other
    aliases = tuple(f"{host.name} ({host.alias})" for host in cut.hosts if host.alias)
    bare = tuple(host.name for host in cut.hosts if not host.alias and host.bad)
    if aliases or bare:
        return failed(alias=aliases, no_address=bare)
    return passed(server=tuple(host.name for host in cut.hosts))


@probe.check("section 4.2.2", remedy=remedies.correct_glue, lesson="dnssec/01")
def glue_agrees(cut: Delegated, profile: Profile) -> Verdict:
    """The addresses that the zone above gives for the name servers are their own."""
    if (other := _no_zone(cut) or _no_parent(cut)) is not None:
        return other
    misled = cut.misled
    if misled:
        above = tuple(f"{host.name} {address}" for host in misled for address in sorted(cut.glue(host.name)))
        return failed(above=above, own=tuple(f"{host.name} {address}" for host in misled for address in host.addresses))
    unseen = next((host.addresses for host in cut.hosts if isinstance(host.addresses, Unknown)), None)
    return unknown(reason=unseen.reason, where=unseen.where) if unseen is not None else passed()


@probe.check("section 2", standard="RFC 6540", remedy=remedies.add_ipv6, lesson="dnssec/01")
def reached_by_ipv6(cut: Delegated, profile: Profile) -> Verdict:
    """At least one name server has an IPv6 address."""
    if (other := _no_zone(cut)) is not None:
        return other
    assert cut.seen
    found = tuple(state.address for state in cut.seen.servers if ":" in state.address)
    if not found and cut.unplaced:
        return _not_seen(cut.unplaced[0])
    return passed(address=found) if found else failed(found="no-ipv6")


def _not_seen(state: ServerState) -> Verdict:
    """Why a server could not be looked at, and where: at its address, or under its name where there is none."""
    return unknown(reason=state.reason, where=f"{state.address}:53" if state.address else texts((state.name,))[0])


def _no_zone(cut: Delegated) -> Verdict | None:
    """Why there are no servers to judge, if the name is no zone of its own."""
    if not isinstance(cut.zone, Unknown) and not cut.zone:
        return not_applicable(found="no-such-name")
    if not isinstance(cut.zone, Unknown) and cut.zone != cut.domain:
        return not_applicable(found="no-zone-of-its-own", zone=cut.zone)
    if isinstance(cut.seen, Unknown):
        return unknown(reason=cut.seen.reason, where=cut.seen.where)
    return None if cut.seen else unknown(reason="no-server-known", where=cut.domain)


def _no_parent(cut: Delegated) -> Verdict | None:
    """A forwarder gives no referrals: what the zone above says of the servers is not seen."""
    return unknown(reason="parent-not-seen", where=cut.domain) if cut.seen and cut.seen.parent is None else None
