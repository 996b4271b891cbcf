"""MX: where mail for a domain goes (RFC 5321, section 5.1; RFC 7505)."""

from __future__ import annotations

from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.protocols.mx import Exchanger, Exchangers, mail_exchangers
from postlib.protocols.ptr import Reverse, reverse

REVERSE_LIMIT = 32  # addresses whose names are asked for: as many as get a STARTTLS conversation


# Facts


@dataclass(frozen=True)
class Named:
    """One address of one exchanger, and the names that the address has in the reverse tree."""

    host: str
    address: str
    reverse: Reverse | Unknown


@dataclass(frozen=True)
class Mx:
    """A domain's exchangers with their addresses, and the names of those addresses."""

    domain: str
    exchangers: Exchangers | Unknown
    named: tuple[Named, ...]

    @property
    def sound(self) -> tuple[Exchanger, ...]:
        """The exchangers without a flaw."""
        return tuple(host for host in self.exchangers.hosts if not host.flaw)


# Observe


async def observe(net: Observation, domain: str) -> Mx:
    """The MX records, the addresses of each exchanger, and the names of each address."""
    exchangers = await told(mail_exchangers(net, domain))
    if isinstance(exchangers, Unknown):
        return Mx(domain, exchangers, ())
    wanted = [(host.host, address) for host in exchangers.hosts for address in host.addresses.seen]
    named = await net.together(_named(net, host, address) for host, address in wanted[:REVERSE_LIMIT])
    past = tuple(Named(host, address, Unknown("not-asked", address)) for host, address in wanted[REVERSE_LIMIT:])
    return Mx(domain, exchangers, (*named, *past))


async def _named(net: Observation, host: str, address: str) -> Named:
    return Named(host, address, await told(reverse(net, address)))


# Remedies


def publish_mx(mx: Mx) -> Remedy:
    """Name the exchanger, or say with a null MX that there is none: only the operator knows which, so there are no acts."""
    return remedy("mx.publish-record", Lever.DNS_HOST, name=mx.domain)


def without_flawed(mx: Mx) -> Remedy:
    """The MX records without those that lead nowhere; where none would be left, the host needs an address first."""
    if not mx.sound:
        hosts = [host.host for host in mx.exchangers.hosts]
        own = any(f".{host}".endswith(f".{mx.domain}") for host in hosts)
        return remedy("mx.give-address", Lever.DNS_HOST if own else Lever.MAIL_PROVIDER, host=", ".join(hosts))
    return _publish(mx, "mx.drop-records", [(host.preference, host.host) for host in mx.sound])


def name_the_target(mx: Mx) -> Remedy:
    """The MX records with each alias replaced by the host that it stands for."""
    return _publish(mx, "mx.name-target", [(host.preference, host.addresses.alias or host.host) for host in mx.exchangers.hosts])


def without_null(mx: Mx) -> Remedy:
    """The MX records without the null MX: the domain has hosts that take mail."""
    return _publish(mx, "mx.drop-null", [(host.preference, host.host) for host in mx.exchangers.hosts])


def name_addresses(mx: Mx) -> Remedy:
    """A PTR record, that leads to the exchanger's own name, for each address that has none which leads back."""
    wrong = [named for named in mx.named if not isinstance(named.reverse, Unknown) and not named.reverse.confirmed]
    todo = [acts.publish(named.reverse.reverse_name, "PTR", f"{named.host}.") for named in wrong]
    records = ", ".join(f"{named.address} → {named.host}" for named in wrong)
    return remedy("mx.name-addresses", Lever.MAIL_PROVIDER, *todo, records=records)


def add_ipv6(mx: Mx) -> Remedy:
    """An IPv6 address for an exchanger: the provider alone knows which."""
    return remedy("mx.add-ipv6", Lever.MAIL_PROVIDER, host=", ".join(host.host for host in mx.sound))


def _publish(mx: Mx, template: str, records: list[tuple[int, str]]) -> Remedy:
    texts = list(dict.fromkeys(f"{preference} {host}." for preference, host in records))
    return remedy(template, Lever.DNS_HOST, acts.publish(mx.domain, "MX", *texts), name=mx.domain, record=", ".join(texts))


# Checks

probe = Probe("mx", "RFC 5321", observe, asks=(("", "MX"),))


@probe.check("section 5.1", remedy=publish_mx, lesson="dmarc/10")
def published(mx: Mx, profile: Profile) -> Verdict:
    """The domain says with an MX record which host takes its mail, or with a null MX that none does."""
    exchangers = mx.exchangers
    if exchangers.implicit:  # mail then goes to whatever stands at the domain's own address, often a web server
        return failed(found="implicit-mx", host=exchangers.domain)
    if exchangers.null:
        return passed(found="null-mx")
    hosts = tuple(f"{host.preference} {host.host}" for host in exchangers.hosts)
    return passed(mx=hosts) if hosts else failed(found="no-mx" if exchangers.exists else "no-such-domain")


@probe.check("section 5.1", remedy=without_flawed, lesson="dmarc/10")
def hosts_have_addresses(mx: Mx, profile: Profile) -> Verdict:
    """Every host that an MX record names has an address."""
    hosts = mx.exchangers.hosts
    lost = tuple(host.host for host in hosts if host.flaw == "no-address")
    if lost:
        return failed(host=lost)
    unseen = next((host.addresses.unknown for host in hosts if not host.addresses.seen and host.addresses.unknown is not None), None)
    if unseen is not None:
        return unknown(reason=unseen.reason, where=unseen.where)
    return passed(host=tuple(host.host for host in hosts)) if hosts else _nothing(mx)


@probe.check("section 10.3", standard="RFC 2181", remedy=name_the_target, lesson="dmarc/10")
def no_aliases(mx: Mx, profile: Profile) -> Verdict:
    """No MX record names an alias (CNAME)."""
    if not mx.exchangers.hosts:
        return _nothing(mx)
    aliases = tuple(f"{host.host} → {host.addresses.alias}" for host in mx.exchangers.hosts if host.flaw == "cname")
    if aliases:
        return failed(alias=aliases)
    silent = (host.addresses.v4 for host in mx.exchangers.hosts if not host.flaw and isinstance(host.addresses.v6, Unknown))
    unseen = next((found for found in silent if isinstance(found, Unknown)), None)  # one answer, of either family, shows an alias
    return unknown(reason=unseen.reason, where=unseen.where) if unseen is not None else passed()


@probe.check("section 3.3.9", standard="RFC 1035", remedy=without_flawed, lesson="dmarc/10")
def names_not_addresses(mx: Mx, profile: Profile) -> Verdict:
    """Every MX record names a host, and not an IP address."""
    if not mx.exchangers.hosts:
        return _nothing(mx)
    literal = tuple(host.host for host in mx.exchangers.hosts if host.flaw == "ip-literal")
    return failed(host=literal) if literal else passed()


@probe.check("section 3", standard="RFC 7505", remedy=without_null, lesson="dmarc/10")
def null_alone(mx: Mx, profile: Profile) -> Verdict:
    """A null MX, which says that the domain takes no mail, stands alone."""
    if mx.exchangers.mixed_null:
        return failed(mx=tuple(f"{host.preference} {host.host}" for host in mx.exchangers.hosts), found="null-mx-beside-others")
    return passed()


@probe.check("section 2.1", standard="RFC 1912", remedy=name_addresses, lesson="dmarc/09")
def addresses_have_names(mx: Mx, profile: Profile) -> Verdict:
    """Every address of a mail exchanger has a name (PTR) that leads back to that address."""
    if not mx.exchangers.hosts or not mx.named:
        return _nothing(mx)
    seen = [named for named in mx.named if not isinstance(named.reverse, Unknown)]
    wrong = [named for named in seen if named.reverse.result in ("fail", "permerror")]
    if wrong:
        return failed(address=[named.address for named in wrong], ptr=[name for named in wrong for name in named.reverse.names])
    unseen = next((n.reverse if isinstance(n.reverse, Unknown) else n.reverse.unknown for n in mx.named if not _confirmed(n)), None)
    if unseen is not None:
        return unknown(reason=unseen.reason, where=unseen.where)
    return passed(ptr=tuple(f"{named.address} → {named.reverse.confirmed[0]}" for named in seen))


@probe.check("section 2", standard="RFC 6540", remedy=add_ipv6, lesson="dmarc/10")
def ipv6(mx: Mx, profile: Profile) -> Verdict:
    """At least one mail exchanger has an IPv6 address."""
    hosts = [host for host in mx.exchangers.hosts if host.addresses.possible]
    if not hosts or mx.exchangers.implicit:
        return _nothing(mx)
    found = tuple(address for host in hosts for address in host.addresses.seen if ":" in address)
    if found:
        return passed(address=found)
    unseen = next((host.addresses.v6 for host in hosts if isinstance(host.addresses.v6, Unknown)), None)
    if unseen is not None:
        return unknown(reason=unseen.reason, where=unseen.where)
    return failed(host=tuple(host.host for host in hosts))


def _confirmed(named: Named) -> bool:
    return not isinstance(named.reverse, Unknown) and bool(named.reverse.confirmed)


def _nothing(mx: Mx) -> Verdict:
    exchangers = mx.exchangers
    return not_applicable(found="null-mx" if exchangers.null else "implicit-mx" if exchangers.implicit else "no-exchanger")
