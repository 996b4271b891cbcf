"""Looking at a zone's DNSSEC: the questions that a validator asks, and two that a parent asks (CDS, CDNSKEY)."""

from __future__ import annotations

import asyncio

from postlib.network import Unknown
from postlib.probe import Observation, told
from postlib.probes.delegation import holder
from postlib.probes.dnssec.facts import Dnssec

NO_SUCH_NAME = "_no-such-name"  # RFC 8552 registers underscored names; nobody has registered this one
TYPES = ("DS", "SOA", "DNSKEY", "CDS", "CDNSKEY", "A", "AAAA", "MX")


async def observe(net: Observation, domain: str) -> Dnssec:
    """The zone's answers, with what a validator makes of each."""
    zone, now = await holder(net, domain), net.network.clock.now()
    if isinstance(zone, Unknown) or zone != domain:
        silent = zone if isinstance(zone, Unknown) else Unknown("not-asked", domain)
        return Dnssec(domain, zone, now, silent, silent, silent, (), silent, silent, silent)
    questions = [(domain, rrtype) for rrtype in TYPES] + [(f"{NO_SUCH_NAME}.{domain}", "A")]
    answers = await asyncio.gather(*(told(net.resolve(name, rrtype)) for name, rrtype in questions))
    above, soa, dnskey, cds, cdnskey, *data, denial = answers
    return Dnssec(domain, zone, now, above, soa, dnskey, tuple(data), denial, cds, cdnskey)
