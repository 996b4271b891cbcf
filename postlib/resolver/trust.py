"""The chain of trust: from the anchor down to the zone that holds a name (RFC 4035, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import dns.name
import dns.rdata
import dns.rdatatype
from dns.edns import EDECode
from dns.rdtypes.ANY.DS import DS

from postlib.dnssec.algorithms import Failure, unusable, usable
from postlib.dnssec.denial import Denial
from postlib.dnssec.ds import zone_keys
from postlib.dnssec.proof import Proof
from postlib.dnssec.signature import KeyRing, Verified, later, verify
from postlib.dnssec.work import Budget, TooMuchWork, Work
from postlib.network import Lame, Network, Unreachable
from postlib.resolver.answer import Link, Security
from postlib.resolver.memory import BOGUS_TTL, MAX_NEGATIVE_TTL, MAX_TTL, Memory
from postlib.resolver.reply import Kind, Reply, Signed, Step

ROOT = dns.name.root
SIGNED_DENIALS = (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
NOTHING_SIGNED = (EDECode.RRSIGS_MISSING, EDECode.NSEC_MISSING)


class Fetcher(Protocol):
    """Where replies come from: forwarders, or the authoritative servers."""

    @property
    def follow(self) -> bool:
        """Whether its replies may be followed along their aliases: it is a forwarder."""
        ...

    async def fetch(self, name: dns.name.Name, rrtype: dns.rdatatype.RdataType) -> Reply:
        """A reply. Raises Unreachable."""
        ...

    def kept_ds(self, name: dns.name.Name) -> Reply | None:
        """What is known of a DS without asking."""
        ...

    def forget(self) -> None:
        """Keep nothing."""
        ...


@dataclass(frozen=True)
class Trust:
    """How far a zone can be trusted: its keys where it is secure, and the links that led here.

    `final`: nothing below is a zone of its own. `until`: when this must be looked at again.
    """

    zone: dns.name.Name
    security: Security
    until: datetime
    ring: KeyRing = KeyRing()
    links: tuple[Link, ...] = ()
    final: bool = False


class Chain:
    """Finds the Trust of names, each once for as long as it lives."""

    def __init__(self, network: Network, fetcher: Fetcher, work: Work) -> None:
        self._network = network
        self._fetcher = fetcher
        self._work = work
        self._trusts: Memory[dns.name.Name, Trust] = Memory(network.clock)
        self._passing: Memory[dns.name.Name, bool] = Memory(network.clock)

    def forget(self) -> None:
        """Start again from the anchor."""
        self._trusts.forget()
        self._passing.forget()

    async def trust(self, name: dns.name.Name) -> Trust:
        """The Trust of the zone that holds `name`, as far as one can know without asking for anything below it."""
        return await self._trusts.get(name, lambda: self._find(name))

    def verify(self, signed: Signed, trust: Trust, budget: Budget) -> Verified | Failure:
        """A signature over the RRset by the keys of that zone, now."""
        return verify(signed.rrset, signed.signatures, trust.zone, trust.ring, self._network.clock.now(), budget)

    def denial(self, authority: Sequence[Signed], trust: Trust, budget: Budget) -> tuple[Denial, Failure | None, datetime]:
        """The denial records that hold (one made from a wildcard never does), why the first of the others does not, and for how long."""
        good: list[Signed] = []
        first: Failure | None = None
        until = min(trust.until, self._trusts.until(MAX_NEGATIVE_TTL))
        for signed in authority:
            if signed.rrset.rdtype in SIGNED_DENIALS:
                outcome = self.verify(signed, trust, budget)
                if isinstance(outcome, Verified) and outcome.wildcard is None:
                    good.append(signed)
                    until = min(until, self.until(outcome, signed.rrset.ttl))
                elif isinstance(outcome, Failure):
                    first = first or outcome
        if first is None and authority and not any(signed.signatures for signed in authority):
            first = Failure(EDECode.RRSIGS_MISSING, "signature-missing", "denial")
        return Denial.of(trust.zone, [signed.rrset for signed in good]), first, until

    async def broken(self, trust: Trust, what: str, failure: Failure) -> Link:
        """The link that breaks there; or, where the forwarder drops all signatures, the one that says so and blames nobody."""
        if failure.ede in NOTHING_SIGNED and self._fetcher.follow and not await self._passes():
            return Link(trust.zone, what, Security.INDETERMINATE, EDECode.DNSSEC_INDETERMINATE, "forwarder-strips-signatures")
        return Link(trust.zone, what, Security.BOGUS, failure.ede, failure.reason, failure.detail)

    def until(self, verified: Verified, ttl: int) -> datetime:
        """How long a verified RRset lives: its TTL, what the signer gave it, and the signature (RFC 4035, section 5.3.3)."""
        now = self._network.clock.now()
        moment = int(now.timestamp()) % 2**32
        remaining = (verified.rrsig.expiration - moment) % 2**32 if later(verified.rrsig.expiration, moment) else 0
        return now + timedelta(seconds=min(ttl, verified.rrsig.original_ttl, remaining, MAX_TTL))

    async def _passes(self) -> bool:
        """Whether the forwarder passes signatures on at all: the root's SOA must come with one."""
        return await self._passing.get(ROOT, self._look_for_signature)

    async def _look_for_signature(self) -> tuple[bool, datetime]:
        try:
            reply = await self._fetcher.fetch(ROOT, dns.rdatatype.SOA)
        except Unreachable:
            return False, self._network.clock.now()
        soa = reply.find(ROOT, dns.rdatatype.SOA)
        return soa is not None and bool(soa.signatures), self._trusts.until(MAX_NEGATIVE_TTL)

    async def _find(self, name: dns.name.Name) -> tuple[Trust, datetime]:
        if name == ROOT:
            trust = await self._anchor()
        else:
            trust = await self.trust(name.parent())
            if trust.security is Security.SECURE and not trust.final:
                trust = await self._below(trust, name)
        return trust, trust.until

    async def _anchor(self) -> Trust:
        records = tuple(dns.rdata.from_text("IN", "DS", text) for text in self._network.trust_anchor)
        anchors = tuple(record for record in records if isinstance(record, DS))
        if not anchors:
            missing = Link(ROOT, "trust anchor", Security.INDETERMINATE, EDECode.DNSSEC_INDETERMINATE, "no-trust-anchor")
            return Trust(ROOT, Security.INDETERMINATE, self._trusts.until(MAX_TTL), links=(missing,))
        link = Link(ROOT, "trust anchor", Security.SECURE, detail=_names(anchors))
        start = Trust(ROOT, Security.SECURE, self._trusts.until(MAX_TTL), links=(link,))
        return await self._enter(start, ROOT, anchors)

    async def _below(self, parent: Trust, name: dns.name.Name) -> Trust:
        """What the parent zone proves about `name`: a signed zone, an unsigned one, or no zone at all."""
        what = f"{name} DS"
        try:
            kept = self._fetcher.kept_ds(name)
            trust = await self._judge(parent, name, next(kept.steps(follow=False))) if kept is not None else None
            if trust is not None and (trust.security is not Security.BOGUS or trust.links[-1].what != what):
                return trust
            reply = await self._fetcher.fetch(name, dns.rdatatype.DS)  # nothing was known, or the referral did not prove it
            return await self._judge(parent, name, next(reply.steps(follow=False)))
        except Unreachable as error:
            return self._stop(parent, parent.zone, _unanswered(parent.zone, what, error))
        except TooMuchWork as error:
            link = Link(parent.zone, what, Security.BOGUS, EDECode.DNSSEC_BOGUS, "too-much-work", str(error))
            return self._stop(parent, parent.zone, link)

    async def _judge(self, parent: Trust, name: dns.name.Name, step: Step) -> Trust:
        budget = Budget(self._work)
        if step.signed is None:
            return await self._unsigned(parent, name, step, budget)
        outcome = self.verify(step.signed, parent, budget)
        if isinstance(outcome, Verified) and outcome.wildcard is not None and step.kind is Kind.DATA:
            outcome = Failure(EDECode.DNSSEC_BOGUS, "wildcard-ds", outcome.wildcard.to_text())
        if isinstance(outcome, Failure):
            return self._stop(parent, parent.zone, await self.broken(parent, f"{name} DS", outcome))
        until = min(parent.until, self.until(outcome, step.signed.rrset.ttl))
        if step.kind is Kind.ALIAS:
            return Trust(parent.zone, parent.security, until, parent.ring, parent.links)
        records = tuple(record for record in step.signed.rrset if isinstance(record, DS))
        if not usable(records):
            failure = unusable(records)
            link = Link(parent.zone, f"{name} DS", Security.INSECURE, failure.ede, failure.reason, failure.detail)
            return Trust(name, Security.INSECURE, until, links=(*parent.links, link))
        link = Link(parent.zone, f"{name} DS", Security.SECURE, detail=_names(records))
        return await self._enter(Trust(parent.zone, Security.SECURE, until, links=(*parent.links, link)), name, records)

    async def _unsigned(self, parent: Trust, name: dns.name.Name, step: Step, budget: Budget) -> Trust:
        """No DS: the parent zone has to prove it, and whether the name is a delegation (RFC 4035, section 5.2)."""
        denial, failure, until = self.denial(step.authority, parent, budget)
        proof = denial.no_ds(name, budget)
        if isinstance(proof, Failure):
            return self._stop(parent, parent.zone, await self.broken(parent, f"{name} DS", failure or proof))
        if not proof.cut and proof.insecure is None:
            return Trust(parent.zone, parent.security, until, parent.ring, parent.links, final=step.kind is Kind.NO_NAME)
        return Trust(name, Security.INSECURE, until, links=(*parent.links, no_ds_link(parent.zone, name, proof)))

    async def _enter(self, parent: Trust, zone: dns.name.Name, records: tuple[DS, ...]) -> Trust:
        """The zone's own keys, from its DNSKEY RRset and the DS records (or the anchor) that point to it."""
        what = f"{zone} DNSKEY"
        try:
            reply = await self._fetcher.fetch(zone, dns.rdatatype.DNSKEY)
        except Unreachable as error:
            return self._stop(parent, zone, _unanswered(zone, what, error))
        found = reply.find(zone, dns.rdatatype.DNSKEY)
        if not usable(records):
            failure = unusable(records)
            link = Link(zone, what, Security.INSECURE, failure.ede, failure.reason, failure.detail)
            return Trust(zone, Security.INSECURE, parent.until, links=(*parent.links, link))
        if found is None:
            return self._stop(parent, zone, Link(zone, what, Security.BOGUS, EDECode.DNSKEY_MISSING, "dnskey-missing"))
        now, budget = self._network.clock.now(), Budget(self._work)
        try:
            outcome = zone_keys(zone, usable(records), found.rrset, found.signatures, now, budget)
        except TooMuchWork as error:
            outcome = Failure(EDECode.DNSSEC_BOGUS, "too-much-work", str(error))
        if isinstance(outcome, Failure):
            return self._stop(parent, zone, await self.broken(Trust(zone, Security.SECURE, now), what, outcome))
        ring, verified = outcome
        link = Link(zone, what, Security.SECURE, detail=", ".join(f"{key.key_id()} {int(key.algorithm)}" for key in ring))
        until = min(parent.until, self.until(verified, found.rrset.ttl))
        return Trust(zone, Security.SECURE, until, ring, (*parent.links, link))

    def _stop(self, parent: Trust, zone: dns.name.Name, link: Link) -> Trust:
        """The chain ends here: bogus or indeterminate, for a short time only."""
        until = self._network.clock.now() if link.ede == EDECode.NETWORK_ERROR else self._trusts.until(BOGUS_TTL)
        return Trust(zone, link.security, until, links=(*parent.links, link))


def no_ds_link(zone: dns.name.Name, name: dns.name.Name, proof: Proof) -> Link:
    """The link at which security ends without anything being broken."""
    if proof.insecure is None:
        return Link(zone, f"{name} DS", Security.INSECURE, reason="no-ds")
    ede = proof.insecure.ede or None
    return Link(zone, f"{name} DS", Security.INSECURE, ede, proof.insecure.reason, proof.insecure.detail)


def _unanswered(zone: dns.name.Name, what: str, error: Unreachable) -> Link:
    """Lame servers are the zone's own fault, and the chain is broken there; silence on our side says nothing (RFC 4035, section 4.3)."""
    if isinstance(error, Lame):
        ede = EDECode.DNSKEY_MISSING if what.endswith("DNSKEY") else EDECode.NO_REACHABLE_AUTHORITY
        return Link(zone, what, Security.BOGUS, ede, error.reason, error.where)
    return Link(zone, what, Security.INDETERMINATE, EDECode.NETWORK_ERROR, error.reason, error.where)


def _names(records: tuple[DS, ...]) -> str:
    return ", ".join(f"{ds.key_tag} {int(ds.algorithm)} {int(ds.digest_type)}" for ds in records)
