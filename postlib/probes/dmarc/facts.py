"""What the DNS says of a domain's DMARC: facts, and how they are observed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from postlib.network import Unknown
from postlib.probe import NOT_LOOKED, Observation, readable, told
from postlib.probes import dkim, spf
from postlib.protocols.dmarc import (
    Authorisation,
    Discovery,
    OrganizationalDomain,
    Policy,
    Record,
    Role,
    Step,
    discover,
    organizational_domain,
    report_authorised,
)
from postlib.protocols.dmarc.discovery import dmarc_records
from postlib.protocols.text_record import texts_at

MOST_DESTINATIONS = 10  # asked about; reporters need to serve no more than two (RFC 9989, section 4.7, tag rua)


@dataclass(frozen=True)
class Destination:
    """One address of rua, and whether reports may go there."""

    uri: str
    authorisation: Authorisation | Unknown


@dataclass(frozen=True)
class Dmarc:
    """The record that applies to the domain, found as receivers find it, and what stands around it.

    `texts` are the TXT records at _dmarc.<domain>, DMARC or not, sorted. `misplaced` are names at which a DMARC record stands in vain.
    `destinations` are those of every record seen.
    """

    domain: str
    texts: tuple[str, ...] | Unknown
    discovery: Discovery | Unknown
    organization: OrganizationalDomain | Unknown
    destinations: tuple[Destination, ...]
    misplaced: tuple[str, ...] | Unknown
    spf: spf.Spf
    dkim: dkim.Dkim

    @property
    def record(self) -> Record | None:
        """The record of the domain, or of the organization above it. What a registry says of all names below it is not the domain's."""
        return self.discovery.record if self.discovery.role in (Role.AUTHOR, Role.ORGANIZATIONAL) else None

    @property
    def at(self) -> str:
        """The domain whose record that is; without one, the domain at which to publish it."""
        return self.discovery.domain if self.record is not None else self.organization.name

    @property
    def several(self) -> Step | None:
        """Where several DMARC records stand at one name, so that none of them counts. Top-level domains are not asked about."""
        return next((step for step in self.discovery.walk.steps if step.outcome == "several" and "." in step.domain), None)

    @property
    def policy(self) -> Policy | Unknown | None:
        """The policy that the record asks for, before t=y; None where no record applies."""
        return self.discovery.requested if self.record is not None else None

    @property
    def null_mx(self) -> bool:
        """Whether the domain says that it has no mail (RFC 7505). Where that could not be told, it does not say so."""
        return self.spf.null_mx is True


async def observe(net: Observation, domain: str) -> Dmarc:
    """The DMARC record as receivers discover it, with the SPF and DKIM facts that it builds on."""
    found = await told(_texts(net, domain))
    discovery = await told(discover(net, domain))
    organization = await told(organizational_domain(net, domain))
    misplaced = Unknown(NOT_LOOKED, domain) if net.quick else await told(_misplaced(net, domain))
    destinations = () if isinstance(discovery, Unknown) else await _destinations(net, discovery)
    vouchers = await net.facts(spf.probe, domain), await net.facts(dkim.probe, domain)
    return Dmarc(domain, found, discovery, organization, destinations, misplaced, *vouchers)


async def _texts(net: Observation, domain: str) -> tuple[str, ...]:
    return tuple(sorted(readable(text) for text in await texts_at(net, f"_dmarc.{domain}")))


async def _misplaced(net: Observation, domain: str) -> tuple[str, ...]:
    """Where panels and people put the record by mistake: at the name with the domain added twice, without underscore, at the domain."""
    names = (f"_dmarc.{domain}.{domain}", f"dmarc.{domain}", domain)
    texts = await asyncio.gather(*(texts_at(net, name) for name in names))
    return tuple(name for name, found in zip(names, texts, strict=True) if dmarc_records(found))


async def _destinations(net: Observation, discovery: Discovery) -> tuple[Destination, ...]:
    """Every rua address of the record that applies, or of the several that stand side by side."""
    rival = [(step.domain, text) for step in discovery.walk.steps if step.outcome == "several" for text in step.texts]
    records = [(domain, record) for domain, text in rival for _, record in dmarc_records((text.encode("latin-1"),))]
    if discovery.record is not None:
        records.append((discovery.domain, discovery.record))
    uris = list(dict.fromkeys((domain, uri) for domain, record in records for uri in record.rua))
    agreed: list[Authorisation | Unknown] = [Unknown("not-asked", uri.text) for _, uri in uris]
    agreed[:MOST_DESTINATIONS] = await net.together(told(report_authorised(net, *pair)) for pair in uris[:MOST_DESTINATIONS])
    return tuple(Destination(uri.text, answer) for (_, uri), answer in zip(uris, agreed, strict=True))


def as_written(text: str) -> str:
    """Text of a record as people wrote it: the protocol reads octets as Latin-1, panels write UTF-8."""
    return readable(text.encode("latin-1"))
