"""CAA: which authorities may issue certificates for a domain (RFC 8659)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import dns.rdataclass
import dns.rdatatype
from cryptography import x509
from cryptography.x509.oid import NameOID
from dns.rdtypes.ANY.CAA import CAA

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import tls
from postlib.protocols.addresses import Addresses, addresses
from postlib.protocols.caa import UNDERSTOOD, Issue, Property, Relevant, parse_issue, relevant
from postlib.protocols.malformed import Malformed
from postlib.protocols.service_identity import matches, presented

# The names by which an authority knows itself in CAA records, by the issuer's name in its certificates. Only authorities whose
# whole list is published and short: a name that is missing here would make a false alarm.
AUTHORITIES = {
    "Let's Encrypt": ("letsencrypt.org",),  # letsencrypt.org/docs/caa
    "Google Trust Services": ("pki.goog",),  # pki.goog/faq
    "Amazon": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"),  # docs.aws.amazon.com/acm, "setup-caa"
    "Lab Internet Intermediate": ("ca.example",),  # the authority of our own lab
}
WEB, MAIL = ("http", "https"), "mailto"  # section 4.4


# Facts


@dataclass(frozen=True)
class Present:
    """A certificate in use: the host that shows it, its issuer's name, and whether only a wildcard in it covers the host."""

    host: str
    issuer: str
    wildcard: bool


@dataclass(frozen=True)
class Caa:
    """What the DNS allows to authorities: the records that hold for the domain, and for each other web host.

    `exists` is False for a name that does not exist; `certificates` are those its web hosts show and browsers believe.
    """

    domain: str
    exists: bool | Unknown
    found: tuple[Relevant | Unknown, ...]
    certificates: tuple[Present, ...]


# Observe


async def observe(net: Observation, domain: str) -> Caa:
    """The records that hold for the domain and its web hosts, and who issued the certificates these show."""
    there: Addresses = await addresses(net, domain)
    seen = await net.facts(tls.probe, domain)
    names = dict.fromkeys((domain, *(endpoint.host for endpoint in seen.endpoints)))
    found = [await told(relevant(net, name)) for name in names]
    exists = there.exists if there.unknown is None or not there.exists else there.unknown
    return Caa(domain, exists, tuple(found), tuple(_present(e) for e in seen.endpoints if e.trust and e.trust.trusted and e.chain))


def _present(endpoint: tls.Endpoint) -> Present:
    leaf = endpoint.chain[0]
    named = [name for name in presented(leaf) if matches(endpoint.host, name)]
    return Present(endpoint.host, issuer_name(leaf), all(name.startswith("*.") for name in named))


def issuer_name(certificate: x509.Certificate) -> str:
    """The issuer's organisation, or its common name where it names none."""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in certificate.issuer.get_attributes_for_oid(oid):
            return str(attribute.value)
    return ""


# Remedies


def publish_issuer(caa: Caa) -> Remedy:
    """A record that names the authority of today's certificate, beside those there are that can be read."""
    authority = next((names[0] for c in caa.certificates if (names := AUTHORITIES.get(c.issuer))), "")
    if not authority:
        return remedy("caa.choose-authority", Lever.DNS_HOST, name=caa.domain)
    return _publish(caa, "caa.publish", [f'0 issue "{authority}"'])


def without_broken(caa: Caa) -> Remedy:
    """The records without those that cannot be read; the authority of today's certificate if nobody may issue then."""
    records = next((found for found in caa.found if isinstance(found, Relevant) and broken(found)), None)
    kept = [p for p in records.properties if not fault(p)] if records is not None else []
    return publish_issuer(caa) if not any(p.tag == "issue" for p in kept) else _publish(caa, "caa.rewrite", [])


def mend_iodef(caa: Caa) -> Remedy:
    """The same records, each address for reports with its scheme before it."""
    return _publish(caa, "caa.rewrite", [])


def _publish(caa: Caa, template: str, added: list[str]) -> Remedy:
    """The records to publish at the domain. Where they are found elsewhere there is nothing to carry out: it is another's zone."""
    own = [found for found in caa.found if isinstance(found, Relevant) and found.found in ("", caa.domain)]
    sound = [mended(p) for p in own[0].properties if not fault(p)] if own else []
    lines = [text(p) for p in sound if p.tag != "iodef" or usable(p.value)]
    records = list(dict.fromkeys([*added, *lines]))
    change = [acts.publish(caa.domain, "CAA", *records)] if own and records else []
    return remedy(template, Lever.DNS_HOST, *change, name=caa.domain, records=", ".join(f"CAA {record}" for record in records))


def text(record: Property) -> str:
    """The record as it stands in a zone file."""
    return CAA(dns.rdataclass.IN, dns.rdatatype.CAA, record.flags, record.tag.encode(), record.value).to_text()


def mended(record: Property) -> Property:
    """The record, and where it is a bare mail address for reports, the same as a URL."""
    bare = record.tag == "iodef" and not usable(record.value) and usable(b"mailto:" + record.value)
    return Property(record.flags, record.tag, b"mailto:" + record.value) if bare else record


# Checks

probe = Probe("caa", "RFC 8659", observe)


@probe.check("section 3", remedy=publish_issuer, lesson="https/05")
def present(caa: Caa, profile: Profile) -> Verdict:
    """CAA records say which authorities may issue certificates for the domain."""
    if not caa.exists:
        return not_applicable(found="no-such-name")
    if any(isinstance(found, Relevant) and not found.properties for found in caa.found):
        return failed(found="no-caa")
    return _unseen(caa) or passed(record=_records(caa))


@probe.check("section 4.2", remedy=without_broken, lesson="https/05")
def readable(caa: Caa, profile: Profile) -> Verdict:
    """Every CAA record can be read by the authorities it speaks to."""
    return _judged(caa, broken, "record")


@probe.check("section 4.2", remedy=publish_issuer, lesson="https/05")
def names_issuer(caa: Caa, profile: Profile) -> Verdict:
    """The CAA records name an authority that may issue, or say that none may."""
    verdict = _judged(caa, lambda found: [] if any(p.tag == "issue" for p in found.properties) else ["no-issue"], "problem")
    refused = any(_refuses(found, c) for found in _published(caa) for c in caa.certificates if found.name == c.host)
    return passed(record=_records(caa), advice="caa.renewal-refused") if verdict.status == "pass" and refused else verdict


@probe.check("section 4.4", remedy=mend_iodef, lesson="https/05")
def iodef_usable(caa: Caa, profile: Profile) -> Verdict:
    """The address for reports of refused requests is a mailto: or https: URL."""
    if _published(caa) and not any(p.tag == "iodef" for found in _published(caa) for p in found.properties):
        return _unseen(caa) or not_applicable(found="no-iodef")
    return _judged(caa, lambda found: [text(p) for p in found.properties if p.tag == "iodef" and not usable(p.value)], "record")


def broken(found: Relevant) -> list[str]:
    """The records that cannot be read, as text, each with the reason."""
    return [f"{text(p)} ({reason})" for p in found.properties if (reason := fault(p))]


def fault(record: Property) -> str:
    """Why an authority cannot read the record, or nothing: an unknown tag that is critical stops every authority (section 4.1)."""
    if record.tag not in UNDERSTOOD:
        return "critical-unknown" if record.critical else ""
    if record.tag not in ("issue", "issuewild"):
        return ""
    try:
        parse_issue(record.value)
    except Malformed as error:
        return error.reason
    return ""


def usable(value: bytes) -> bool:
    """Whether a report can be sent there."""
    try:
        url = urlsplit(value.decode("ascii"))
        return bool(url.hostname) if url.scheme in WEB else url.scheme == MAIL and "@" in url.path.strip("@")
    except ValueError:  # UnicodeDecodeError is one
        return False


def _judged(caa: Caa, wrong: Callable[[Relevant], list[str]], name: str) -> Verdict:
    """Failed with what is wrong in any of the record sets, else unknown where one could not be asked, else passed."""
    if not _published(caa):
        return _unseen(caa) or not_applicable(found="no-caa" if caa.exists else "no-such-name")
    found: dict[str, Any] = {name: tuple(dict.fromkeys(problem for records in _published(caa) for problem in wrong(records)))}
    return failed(**found) if found[name] else _unseen(caa) or passed(record=_records(caa))


def _published(caa: Caa) -> list[Relevant]:
    return [found for found in caa.found if isinstance(found, Relevant) and found.properties] if caa.exists else []


def _records(caa: Caa) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text(p) for found in _published(caa) for p in found.properties))


def _unseen(caa: Caa) -> Verdict | None:
    return next((unknown(reason=found.reason, where=found.where) for found in caa.found if isinstance(found, Unknown)), None)


def _refuses(found: Relevant, certificate: Present) -> bool:
    """Whether the authority of a certificate in use, where we know its names, is not among those that may issue (section 4.3)."""
    names = AUTHORITIES.get(certificate.issuer, ())
    wild = [p for p in found.properties if p.tag == "issuewild"] if certificate.wildcard else []
    rules = wild or [p for p in found.properties if p.tag == "issue"]
    granted = {issue.issuer for p in rules if (issue := _issue(p)) is not None}
    return bool(names and rules) and not granted & set(names)


def _issue(record: Property) -> Issue | None:
    try:
        return parse_issue(record.value)
    except Malformed:
        return None
