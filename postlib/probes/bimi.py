"""BIMI: the logo that some mailbox providers show beside authenticated mail (an Internet-Draft, not a standard)."""

from __future__ import annotations

from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import dmarc
from postlib.protocols.bimi import Bimi, Record, discover
from postlib.protocols.dmarc import Policy

SELECTOR = "default"
LOGO_PATH = "/bimi.svg"  # no standard names a path: any https address will do


# Facts


@dataclass(frozen=True)
class Brand:
    """The record that speaks for the domain: its own or, where it has none, that of the organization above it."""

    domain: str
    bimi: Bimi | Unknown
    dmarc: dmarc.Dmarc

    @property
    def record(self) -> Record | None:
        """The record, unless it is missing, broken, or says that the domain takes no part."""
        return None if self.bimi.record is None or self.bimi.record.declined else self.bimi.record


# Observe


async def observe(net: Observation, domain: str) -> Brand:
    """The Assertion Record of the domain or of its Organizational Domain, and the DMARC facts it depends on."""
    facts = await net.facts(dmarc.probe, domain)
    own = await told(discover(net, domain, SELECTOR))
    if isinstance(own, Unknown) or own.failure != "no-record":
        return Brand(domain, own, facts)
    if isinstance(facts.organization, Unknown):
        return Brand(domain, facts.organization, facts)
    above = facts.organization.name
    return Brand(domain, own if above == domain else await told(discover(net, above, SELECTOR)), facts)


# Remedies


def publish_record(brand: Brand) -> Remedy:
    """A record that names the logo; who has a certificate for it adds its address as a=."""
    name, logo = f"{SELECTOR}._bimi.{brand.bimi.domain}", f"https://www.{brand.bimi.domain}{LOGO_PATH}"
    record = f"v=BIMI1; l={logo}"
    return remedy("bimi.publish-record", Lever.DNS_HOST, acts.publish(name, "TXT", record), name=name, logo=logo, record=record)


def enforce(brand: Brand) -> Remedy:
    """What DMARC needs first: the next rung, or the same policy for subdomains."""
    return dmarc.climb(brand.dmarc) if _weak(brand.dmarc) else dmarc.cover_subdomains(brand.dmarc)


# Checks

probe = Probe("bimi", "draft-brand-indicators-for-message-identification-08", observe, asks=((f"{SELECTOR}._bimi.", "TXT"),))


@probe.check("", remedy=publish_record, lesson="dmarc/11")
def published(brand: Brand, profile: Profile) -> Verdict:
    """The domain names a logo for its mail. This is a choice: it makes no mail safer, and many mailbox providers show no logos."""
    if profile.purpose(brand.domain) == "none":
        return not_applicable(found="sends-no-mail")
    if brand.bimi.failure == "no-record":
        return failed(found="no-record")
    if brand.bimi.record is not None and brand.bimi.record.declined:
        return not_applicable(found="declined")
    return passed(record=[text.decode("utf-8", "backslashreplace") for text in brand.bimi.texts])


@probe.check("", remedy=publish_record, lesson="dmarc/11")
def readable(brand: Brand, profile: Profile) -> Verdict:
    """The BIMI record is the only one and can be read."""
    if brand.bimi.failure == "no-record":
        return not_applicable(found="no-record")
    if brand.bimi.failure:
        return failed(problem=brand.bimi.failure, record=[text.decode("utf-8", "backslashreplace") for text in brand.bimi.texts])
    return passed(advice="" if brand.record is None or brand.record.authority else "bimi.no-certificate")


@probe.check("", remedy=enforce, lesson="dmarc/11")
def dmarc_enforced(brand: Brand, profile: Profile) -> Verdict:
    """The domain's DMARC policy is enforced, also for subdomains: without that no mailbox provider shows the logo."""
    if brand.record is None:
        return not_applicable(found="no-record")
    if _weak(brand.dmarc):
        return failed(found="dmarc-not-enforced")
    record = brand.dmarc.record
    return failed(policy="sp=none") if record is not None and record.sp is Policy.NONE else passed()


def _weak(facts: dmarc.Dmarc) -> bool:
    """Whether mail that fails is let through: no DMARC record, or a policy that comes to none."""
    if facts.record is None or facts.discovery.policy is None:
        return True
    return facts.discovery.policy.value == Policy.NONE
