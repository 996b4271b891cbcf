"""STARTTLS at each mail exchanger: offered, negotiated, trusted, and the right name are four different facts (RFC 3207)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Status, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown, Unreachable
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import mx
from postlib.protocols.mx import NOT_ASKED, Exchanger, Exchangers
from postlib.protocols.smtp import SmtpError
from postlib.protocols.starttls import StartTls, inspect
from postlib.protocols.tls import Handshake

CONVERSATIONS = 32  # addresses spoken with for one domain; eight exchangers of two addresses in each family
MODERN = ("TLSv1.2", "TLSv1.3")  # RFC 8996 ends what is older
NOT_THE_PORT = ("no-greeting", "special-address", NOT_ASKED)  # reasons that say nothing of port 25
NAMELESS = ("wrong-name", "no-certificate", "malformed")  # words of Trust: the certificate does not bear the host's name

Problem = Callable[[StartTls], "str | Unknown | None"]
"""What is wrong with one server: a word, "" where nothing is, None where the question does not arise."""


# Facts


@dataclass(frozen=True)
class Server:
    """One address of one exchanger, and what its mail server did."""

    host: str
    address: str
    seen: StartTls | Unknown


@dataclass(frozen=True)
class Starttls:
    """The mail servers of a domain, the most preferred exchanger first."""

    domain: str
    exchangers: Exchangers | Unknown
    servers: tuple[Server, ...]

    @property
    def answering(self) -> tuple[StartTls, ...]:
        """What was seen of the servers that spoke with us."""
        return tuple(server.seen for server in self.servers if not isinstance(server.seen, Unknown))

    @property
    def considered(self) -> tuple[Server, ...]:
        """All servers that count: without the overlooked."""
        return tuple(server for server in self.servers if not self._overlooked(server))

    @property
    def unseen(self) -> tuple[Unknown, ...]:
        """Why the others did not."""
        return tuple(server.seen for server in self.considered if isinstance(server.seen, Unknown))

    @property
    def overlooked(self) -> tuple[str, ...]:
        """The IPv6 addresses of hosts that were seen by IPv4, where we ourselves have no IPv6."""
        return tuple(server.address for server in self.servers if self._overlooked(server))

    def _overlooked(self, server: Server) -> bool:
        return _no_ipv6(server) and any(seen.host == server.host for seen in self.answering)


def _no_ipv6(server: Server) -> bool:
    return ":" in server.address and isinstance(server.seen, Unknown) and server.seen.reason == "unreachable"


# Observe


async def observe(net: Observation, domain: str) -> Starttls:
    """One conversation with each address of each exchanger."""
    exchangers = (await net.facts(mx.probe, domain)).exchangers
    if isinstance(exchangers, Unknown):
        return Starttls(domain, exchangers, ())
    doors = [door for host in exchangers.hosts for door in _doors(host)]
    servers = await net.together(_server(net, *door) for door in doors[:CONVERSATIONS])
    past = tuple(Server(host, address, Unknown("not-asked", address)) for host, address, _ in doors[CONVERSATIONS:])
    return Starttls(domain, exchangers, (*servers, *past))


def _doors(host: Exchanger) -> Iterator[tuple[str, str, Unknown | None]]:
    for address in host.addresses.seen:
        yield host.host, address, None
    if host.addresses.unknown is not None:
        yield host.host, "", host.addresses.unknown


async def _server(net: Observation, host: str, address: str, why: Unknown | None) -> Server:
    return Server(host, address, why if why is not None else await told(_spoken(net, host, address)))


async def _spoken(net: Observation, host: str, address: str) -> StartTls:
    """What the server did. One that does not even greet us says nothing of its TLS: perhaps it does not like our address."""
    try:
        return await inspect(net, host, address)
    except SmtpError as error:
        raise Unreachable("no-greeting", f"{address}:25") from error


# Remedies


def offer_tls(facts: Starttls) -> Remedy:
    """Switch STARTTLS on."""
    return setting(facts.domain, "starttls.offer", [s.host for s in facts.answering if not s.offered], starttls=True)


def modern_tls(facts: Starttls) -> Remedy:
    """Let the server speak TLS 1.2 and 1.3, and nothing older."""
    return setting(facts.domain, "starttls.modernise", _hosts(facts, _negotiated), certificate="good")


def new_certificate(facts: Starttls) -> Remedy:
    """A certificate for the exchanger's own name, from an authority that senders know, with its chain."""
    hosts = _hosts(facts, _trusted) + _hosts(facts, _named)
    aliases = [host.host for host in facts.exchangers.hosts if host.flaw == "cname" and host.host in hosts]
    if aliases:  # the certificate bears the name of the real host, which the MX record ought to name
        return remedy("starttls.alias", Lever.DNS_HOST, host=", ".join(aliases))
    return setting(facts.domain, "starttls.certificate", hosts, certificate="good")


def _hosts(facts: Starttls, problem: Problem) -> list[str]:
    return [server.host for server, word in _wrong(facts, problem)]


def setting(domain: str, template: str, hosts: list[str], **settings: object) -> Remedy:
    """A remedy at the mail servers `hosts`; its acts are those for the domain's own servers, which alone are its to set."""
    names = list(dict.fromkeys(hosts))
    todo = [acts.mail(domain, **settings)] if all(within(host, domain) for host in names) else []
    return remedy(template, Lever.MAIL_PROVIDER, *todo, host=", ".join(names))


def within(host: str, domain: str) -> bool:
    """Whether a host is the domain's own, as far as its name tells."""
    return host == domain or host.endswith(f".{domain}")


# Checks

probe = Probe("starttls", "RFC 3207", observe)


@probe.check("section 4", remedy=offer_tls, lesson="dmarc/10")
def offered(facts: Starttls, profile: Profile) -> Verdict:
    """Every mail exchanger offers STARTTLS, at every address."""
    return everywhere(facts, lambda server: "" if server.offered else "not-offered")


@probe.check("section 3.1.1", standard="RFC 9325", remedy=modern_tls, lesson="dmarc/10")
def negotiated(facts: Starttls, profile: Profile) -> Verdict:
    """After STARTTLS, every mail exchanger shakes hands with TLS 1.2 or 1.3."""
    verdict = everywhere(facts, _negotiated)
    if verdict.status is not Status.PASS:
        return verdict
    versions = sorted({server.handshake.version for server in facts.answering if isinstance(server.handshake, Handshake)})
    return passed(version=versions, overlooked=facts.overlooked)


@probe.check("section 6.1", standard="RFC 5280", remedy=new_certificate, lesson="dmarc/10")
def trusted(facts: Starttls, profile: Profile) -> Verdict:
    """The certificate that a mail exchanger shows is in date and leads to an authority that is known."""
    return everywhere(facts, _trusted)


@probe.check("section 6.3", standard="RFC 9525", remedy=new_certificate, lesson="dmarc/10")
def right_name(facts: Starttls, profile: Profile) -> Verdict:
    """The certificate that a mail exchanger shows bears the name in the MX record."""
    return everywhere(facts, _named)


def everywhere(facts: Starttls, problem: Problem) -> Verdict:
    """The verdict on a rule that holds for each server: what is wrong with one is wrong, what was not seen is unknown."""
    if not facts.exchangers.accepts_mail:
        return not_applicable(found="null-mx" if facts.exchangers.null else "no-exchanger")
    if not facts.answering:
        return silence(facts)
    wrong = _wrong(facts, problem)
    if wrong:
        return failed(server=[f"{server.host} {server.address} ({word})" for server, word in wrong])
    said = [problem(server) for server in facts.answering]
    why = next((word for word in (*said, *facts.unseen) if isinstance(word, Unknown)), None)
    if why is not None:
        return unknown(reason=why.reason, where=why.where)
    return not_applicable(found="no-tls") if all(word is None for word in said) else passed(overlooked=facts.overlooked)


def _wrong(facts: Starttls, problem: Problem) -> list[tuple[StartTls, str]]:
    said = [(server, problem(server)) for server in facts.answering]
    return [(server, word) for server, word in said if isinstance(word, str) and word]


def silence(facts: Starttls) -> Verdict:
    """Nobody spoke with us. Where no port 25 answers at all, the way out of here is the likeliest reason: many networks close it."""
    why = facts.unseen[0]
    if all(server.address and server.seen.reason not in NOT_THE_PORT for server in facts.servers if isinstance(server.seen, Unknown)):
        return unknown(reason="port-25-blocked", where=tuple(server.address for server in facts.servers))
    return unknown(reason=why.reason, where=why.where)


def _negotiated(server: StartTls) -> str | Unknown | None:
    if not server.offered:
        return None
    if not isinstance(server.handshake, Handshake):
        return server.failure if server.handshake is None else server.handshake
    return "" if server.handshake.version in MODERN else server.handshake.version


def _trusted(server: StartTls) -> str | Unknown | None:
    return _reason(server, lambda reason: reason != "wrong-name")


def _named(server: StartTls) -> str | Unknown | None:
    return _reason(server, lambda reason: reason in NAMELESS)


def _reason(server: StartTls, counts: Callable[[str], bool]) -> str | Unknown | None:
    """The first reason not to believe the certificate, of those that count."""
    if server.trust is None:
        return server.handshake if isinstance(server.handshake, Unknown) else None
    return next((problem.reason for problem in server.trust.problems if counts(problem.reason)), "")
