"""The web site over HTTP: HTTPS first, plain HTTP only to send people there, HSTS to keep them (RFC 9110, RFC 6797)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.protocols.addresses import Addresses, addresses
from postlib.protocols.hsts import Hsts, parse_hsts
from postlib.protocols.http import HttpFailure, Response, fetch
from postlib.protocols.malformed import Malformed
from postlib.protocols.tls import TlsRefused

HOPS = 5  # redirections followed; browsers follow about twenty, a healthy site needs two
LONGEST_BELOW_WWW = 249  # characters: with `www.` before it a longer name is none (RFC 1035, section 2.3.4)
BODY = 64 * 1024  # octets of a page that are read: only its headers are judged
ENDLESS = ("too-many-redirects", "bad-location")  # reasons to stop following that are the site's own
PERMANENT = (301, 308)  # RFC 9110, sections 15.4.2 and 15.4.9
HEADER = "strict-transport-security"
TWO_YEARS = 63_072_000  # seconds; what Mozilla's guideline recommends, and more than any profile we carry asks


# Facts


@dataclass(frozen=True)
class Refusal:
    """The host was reached and gave no response: `reason` is a word of TlsRefused or HttpFailure."""

    reason: str
    where: str


Seen = Response | Refusal | Unknown


@dataclass(frozen=True)
class Host:
    """One host: what `https://host/` and `http://host/` answer, redirections followed; the first response is its own."""

    name: str
    addresses: Addresses
    secure: Seen
    plain: Seen

    @property
    def closed(self) -> bool:
        """Whether nobody listens on port 443. A refused connection counts only from a host that we do reach on port 80."""
        return isinstance(self.secure, Unknown) and self.secure.reason == "refused" and not isinstance(self.plain, Unknown)

    @property
    def only_secure(self) -> bool:
        """The same of port 80."""
        return isinstance(self.plain, Unknown) and self.plain.reason == "refused" and not isinstance(self.secure, Unknown)


@dataclass(frozen=True)
class Web:
    """The domain itself and its `www`, as far as they have an address."""

    domain: str
    hosts: tuple[Host, ...]


def own(seen: Seen) -> Response | None:
    """The first response, the host's own, or None where there is none."""
    return (seen.hops or (seen,))[0] if isinstance(seen, Response) else None


# Observe


async def observe(net: Observation, domain: str) -> Web:
    """The answers of both hosts, over HTTPS and over plain HTTP."""
    names = (domain,) if domain.startswith("www.") or len(domain) > LONGEST_BELOW_WWW else (domain, f"www.{domain}")
    found = await asyncio.gather(*(addresses(net, name) for name in names))
    return Web(domain, tuple(await asyncio.gather(*(_host(net, there) for there in found if there.possible))))


async def _host(net: Observation, there: Addresses) -> Host:
    secure, plain = await asyncio.gather(_get(net, f"https://{there.host}/"), _get(net, f"http://{there.host}/"))
    return Host(there.host, there, secure, plain)


async def _get(net: Observation, url: str) -> Seen:
    try:
        return await told(fetch(net, url, max_body=BODY, max_redirects=HOPS))
    except (TlsRefused, HttpFailure) as error:
        return Refusal(error.reason, error.where)


# Remedies


def serve_https(web: Web) -> Remedy:
    """A working HTTPS server for every host, and no way back."""
    return _on_hosts(web, "http.serve-https", personality="good")


def redirect_first(web: Web) -> Remedy:
    """Port 80 sends everybody to HTTPS on the same host."""
    return _on_hosts(web, "http.redirect", redirect=True)


def send_hsts(web: Web) -> Remedy:
    """One HSTS header; for the subdomains too only where it spoke of them before: whether they are ready is not seen from here."""
    policies = [policy for values in _sent(web).values() if values and isinstance(policy := _read(values), Hsts)]
    wide = bool(policies) and all(policy.include_subdomains for policy in policies)
    header = f"max-age={TWO_YEARS}" + ("; includeSubDomains" if wide else "")
    return _on_hosts(web, "http.send-hsts", {"header": header}, hsts=header)


def hsts_over_https_only(web: Web) -> Remedy:
    """The header in the HTTPS part of the server's configuration alone."""
    return _on_hosts(web, "http.hsts-over-https-only", hsts_over_http=False)


def publish_ipv6(web: Web) -> Remedy:
    """The IPv6 addresses of the site's other host, where both are one machine; else the web host must say which they are."""
    for host in web.hosts:
        for other in web.hosts:
            lacks = not host.addresses.v6 and not host.addresses.alias
            if lacks and other.addresses.v6 and host.addresses.v4 == other.addresses.v4:
                act = acts.publish(host.name, "AAAA", *other.addresses.v6)
                return remedy("http.publish-ipv6", Lever.DNS_HOST, act, name=host.name, address=", ".join(other.addresses.v6))
    return remedy("http.ask-for-ipv6", Lever.WEB_HOST, hosts=", ".join(host.name for host in web.hosts if not host.addresses.v6))


def _on_hosts(web: Web, template: str, values: Mapping[str, Any] | None = None, **settings: object) -> Remedy:
    changes = [acts.web(host.name, **settings) for host in web.hosts]
    return remedy(template, Lever.WEB_HOST, *changes, hosts=", ".join(host.name for host in web.hosts), **(values or {}))


# Checks

probe = Probe("http", "RFC 6797", observe)


def summed(broken: Mapping[str, str], unseen: Iterable[Unknown], *, advice: str = "", **seen: Any) -> Verdict:
    """One verdict of several hosts': failed if one breaks the rule, else unknown if one could not be asked, else passed."""
    if broken:
        return failed(host=tuple(broken), problem=tuple(dict.fromkeys(broken.values())), **seen)
    for reason in unseen:
        return unknown(reason=reason.reason, where=reason.where)
    return passed(advice=advice, **seen)


@probe.check("section 4.2.2", standard="RFC 9110", remedy=serve_https, lesson="https/01")
def over_https(web: Web, profile: Profile) -> Verdict:
    """Every host of the web site answers over HTTPS, and does not send people back to plain HTTP."""
    if not web.hosts:
        return not_applicable(found="no-web-address")
    broken = {host.name: problem for host in web.hosts if (problem := _without_https(host))}
    return summed(broken, (*_unseen(web), *_led_away(web)), url=tuple(h.secure.url for h in web.hosts if isinstance(h.secure, Response)))


@probe.check("section 7.2", remedy=redirect_first, lesson="https/07")
def redirects_to_https(web: Web, profile: Profile) -> Verdict:
    """Plain HTTP leads, in its first answer, to HTTPS on the same host."""
    listening = [host for host in web.hosts if not host.only_secure]
    if not listening:
        return not_applicable(found="no-plain-http" if web.hosts else "no-web-address")
    broken = {host.name: problem for host in listening if (problem := _astray(host))}
    steps = [step for host in listening if (step := own(host.plain)) is not None]
    advice = "http.permanent-redirect" if any(step.status not in PERMANENT for step in steps) else ""
    unseen = (host.plain for host in listening if isinstance(host.plain, Unknown))
    return summed(broken, unseen, advice=advice, location=tuple(step.location for step in steps if step.location))


@probe.check("section 7.1", remedy=send_hsts, lesson="https/07")
def hsts(web: Web, profile: Profile) -> Verdict:
    """Every host tells browsers, over HTTPS, to come back by HTTPS only (HSTS)."""
    sent = _sent(web)
    if not sent:
        return _nothing(web)
    return summed({name: "no-hsts" for name, values in sent.items() if not values}, _unseen(web), header=_distinct(sent))


@probe.check("section 6.1", remedy=send_hsts, lesson="https/07")
def hsts_readable(web: Web, profile: Profile) -> Verdict:
    """HSTS is sent as one header, and browsers can read it."""
    sent = {name: values for name, values in _sent(web).items() if values}
    if not sent:
        return _nothing(web, "no-hsts")
    broken = {name: problem for name, values in sent.items() if isinstance(problem := _read(values), str)}
    return summed(broken, _unseen(web), header=_distinct(sent))


@probe.check("section 6.1.1", remedy=send_hsts, lesson="https/07")
def hsts_max_age(web: Web, profile: Profile) -> Verdict:
    """Browsers are told to remember HSTS for long enough."""
    sent = {name: values for name, values in _sent(web).items() if values}
    policies = {name: policy for name, values in sent.items() if isinstance(policy := _read(values), Hsts)}
    if not policies:
        return _nothing(web, "unreadable-hsts" if sent else "no-hsts")
    wanted = profile.number("hsts.max-age")
    broken = {name: "switched-off" if not p.max_age else "too-short" for name, p in policies.items() if p.max_age < wanted}
    seen = dict.fromkeys(policy.max_age for policy in policies.values())
    return summed(broken, _unseen(web), max_age=tuple(seen), wanted=wanted)


@probe.check("section 7.2", remedy=hsts_over_https_only, lesson="https/07")
def hsts_not_over_http(web: Web, profile: Profile) -> Verdict:
    """HSTS is not sent over plain HTTP, where anybody on the path could have written it."""
    listening = [host for host in web.hosts if not host.only_secure]
    if not listening:
        return not_applicable(found="no-plain-http" if web.hosts else "no-web-address")
    answers = {host.name: step for host in listening if (step := own(host.plain)) is not None}
    broken = {name: "hsts-over-http" for name, step in answers.items() if step.header(HEADER) is not None}
    return summed(broken, (host.plain for host in listening if isinstance(host.plain, Unknown)))


@probe.check("section 2", standard="RFC 6540", remedy=publish_ipv6, lesson="https/01")
def ipv6(web: Web, profile: Profile) -> Verdict:
    """Every host of the web site has an IPv6 address too."""
    if not web.hosts:
        return not_applicable(found="no-web-address")
    known = {host.name: host.addresses.v6 for host in web.hosts if not isinstance(host.addresses.v6, Unknown)}
    unseen = (host.addresses.v6 for host in web.hosts if isinstance(host.addresses.v6, Unknown))
    found = tuple(dict.fromkeys(address for v6 in known.values() for address in v6))
    return summed({name: "no-ipv6" for name, v6 in known.items() if not v6}, unseen, address=found)


def _without_https(host: Host) -> str:
    """Why people do not get the site over HTTPS, or nothing."""
    if host.closed:
        return "port-closed"
    if isinstance(host.secure, Refusal):
        return host.secure.reason
    if not isinstance(host.secure, Response):
        return ""
    urls = [host.secure.url, *(step.url for step in host.secure.hops), host.secure.location or ""]
    if any(url.lower().startswith("http:") for url in urls):
        return "back-to-http"
    return host.secure.stopped if host.secure.stopped in ENDLESS else ""


def _led_away(web: Web) -> list[Unknown]:
    """Where HTTPS leads to a place that we could not look at, an address inside somebody's network perhaps: it may lead back to HTTP."""
    steps = [host.secure for host in web.hosts if isinstance(host.secure, Response)]
    return [Unknown(step.stopped, step.location or step.url) for step in steps if step.stopped and step.stopped not in ENDLESS]



def _astray(host: Host) -> str:
    """Why the first answer over plain HTTP does not lead to HTTPS on the same host, or nothing."""
    if isinstance(host.plain, Refusal):
        return host.plain.reason
    step = own(host.plain)
    if step is None:
        return ""
    if step.location is None:
        return "no-redirect"
    try:
        target = urlsplit(step.location)
        if target.port == 0:  # raises ValueError where it is no port at all
            return "bad-location"
    except ValueError:
        return "bad-location"
    if target.scheme != "https":
        return "redirect-to-http"
    return "" if (target.hostname or "").rstrip(".") == host.name else "other-host"


def _sent(web: Web) -> dict[str, tuple[str, ...]]:
    """The HSTS headers of each host that answers over HTTPS."""
    answers = ((host.name, own(host.secure)) for host in web.hosts)
    return {name: tuple(v for key, v in answer.headers if key == HEADER) for name, answer in answers if answer is not None}


def _distinct(sent: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for values in sent.values() for value in values))


def _read(values: tuple[str, ...]) -> Hsts | str:
    """The policy, or why it cannot be read."""
    try:
        return parse_hsts(values[0]) if len(values) == 1 else "several-headers"  # section 7.1: only one
    except Malformed as error:
        return error.reason


def _unseen(web: Web) -> list[Unknown]:
    return [host.secure for host in web.hosts if isinstance(host.secure, Unknown) and not host.closed]


def _nothing(web: Web, found: str = "no-https") -> Verdict:
    """Nothing to judge: unknown where a host could not be asked, else not applicable."""
    if not web.hosts:
        return not_applicable(found="no-web-address")
    for reason in _unseen(web):
        return unknown(reason=reason.reason, where=reason.where)
    return not_applicable(found=found if _sent(web) else "no-https")
