"""Looking at a zone's DNSSEC: the questions that a validator asks, and two that a parent asks (CDS, CDNSKEY)."""

from __future__ import annotations

import asyncio

import dns.name

from postlib.network import Unknown
from postlib.probe import Observation, told
from postlib.probes.delegation import holder
from postlib.probes.dnssec.facts import Dnssec, Seen

NO_SUCH_NAME = "_no-such-name"  # RFC 8552 registers underscored names; nobody has registered this one
TYPES = ("DS", "SOA", "DNSKEY", "CDS", "CDNSKEY", "A", "AAAA", "MX")


async def observe(net: Observation, domain: str) -> Dnssec:
    """The zone's answers, with what a validator makes of each."""
    zone, now = await holder(net, domain), net.network.clock.now()
    if isinstance(zone, Unknown) or zone != domain:
        silent = zone if isinstance(zone, Unknown) else Unknown("not-asked", domain)
        return Dnssec(domain, zone, now, silent, silent, silent, (), silent, silent, silent)
    answers = await asyncio.gather(*(told(net.resolve(domain, rrtype)) for rrtype in TYPES), _denial(net, domain))
    above, soa, dnskey, cds, cdnskey, *data, denial = answers
    return Dnssec(domain, zone, now, above, soa, dnskey, tuple(data), denial, cds, cdnskey)


async def _denial(net: Observation, domain: str) -> Seen:
    """The answer for a name that is not there; below a zone with a very long name there is room for none."""
    try:
        name = dns.name.from_text(f"{NO_SUCH_NAME}.{domain}")
    except dns.name.NameTooLong:
        return Unknown("name-too-long", domain)
    return await told(net.resolve(name, "A"))
