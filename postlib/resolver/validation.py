"""One step of an answer, judged by the chain of its own zone (RFC 4035, section 5.3 and 5.4; RFC 6840)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import dns.name
import dns.rdatatype
from dns.edns import EDECode
from dns.rdtypes.ANY.RRSIG import RRSIG

from postlib.dnssec.algorithms import Failure
from postlib.dnssec.proof import Proof
from postlib.dnssec.work import Budget, TooMuchWork, Work
from postlib.resolver.answer import Link, Security
from postlib.resolver.reply import Kind, Step
from postlib.resolver.trust import SIGNED_DENIALS, Chain, Trust

SOA, DS, DNAME = dns.rdatatype.SOA, dns.rdatatype.DS, dns.rdatatype.DNAME


@dataclass(frozen=True)
class Judgement:
    """A step's security, the links that led to it, and until when they hold.

    `no_name`: a compact denial says that the name does not exist (RFC 9824).
    """

    security: Security
    links: tuple[Link, ...]
    until: datetime
    no_name: bool = False


async def judge(step: Step, chain: Chain, work: Work) -> Judgement:
    """How far one step can be trusted. What cannot be fetched for it makes it indeterminate; nothing is raised for it."""
    trust = await chain.trust(_signer(step) or _holder(step))
    what = f"{step.name} {dns.rdatatype.to_text(step.signed.rrset.rdtype if step.signed else step.rrtype)}"
    if trust.security is not Security.SECURE:
        return Judgement(trust.security, trust.links, trust.until)
    budget = Budget(work)
    try:
        outcome = _denied(step, trust, chain, budget) if step.signed is None else _held(step, trust, chain, budget)
    except TooMuchWork as error:
        outcome = Failure(EDECode.DNSSEC_BOGUS, "too-much-work", str(error))
    if isinstance(outcome, Failure):
        link = await chain.broken(trust, what, outcome)
        return Judgement(link.security, (*trust.links, link), trust.until)
    proof, until = outcome
    if proof is not None and proof.insecure is not None:
        link = Link(trust.zone, what, Security.INSECURE, proof.insecure.ede or None, proof.insecure.reason, proof.insecure.detail)
    else:
        link = Link(trust.zone, what, Security.SECURE, detail="" if step.signed else step.kind)
    return Judgement(link.security, (*trust.links, link), until, no_name=proof is not None and proof.compact)


Outcome = tuple[Proof | None, datetime] | Failure


def _held(step: Step, trust: Trust, chain: Chain, budget: Budget) -> Outcome:
    """Records, or an alias: a signature that holds, and where they come from a wildcard, a proof that nothing was nearer."""
    assert step.signed is not None
    verified = chain.verify(step.signed, trust, budget)
    if isinstance(verified, Failure):
        return verified
    until = min(trust.until, chain.until(verified, step.signed.rrset.ttl))
    if verified.wildcard is None:
        return None, until
    if step.signed.rrset.rdtype == DNAME:  # RFC 6672, section 3.3: a DNAME has no business at a wildcard
        return Failure(EDECode.DNSSEC_BOGUS, "wildcard-dname", verified.wildcard.to_text())
    denial, failure, proven = chain.denial(step.authority, trust, budget)
    proof = denial.no_closer(verified.wildcard, step.name, budget)
    return (failure or proof) if isinstance(proof, Failure) else (proof, min(until, proven))


def _denied(step: Step, trust: Trust, chain: Chain, budget: Budget) -> Outcome:
    """No such name, or no such data: proven by the zone's NSEC or NSEC3 records; its SOA, which says for how long, is signed too
    (RFC 4035, section 3.2.3: all relevant records of a negative response)."""
    for signed in step.authority:
        if signed.rrset.rdtype == SOA and signed.rrset.name == trust.zone:
            verified = chain.verify(signed, trust, budget)
            if isinstance(verified, Failure):
                return verified
    denial, failure, until = chain.denial(step.authority, trust, budget)
    proof = denial.no_name(step.name, budget) if step.kind is Kind.NO_NAME else denial.no_data(step.name, step.rrtype, budget)
    return (failure or proof) if isinstance(proof, Failure) else (proof, until)


def _holder(step: Step) -> dns.name.Name:
    """The name whose zone must hold the step: a DS is the parent's (RFC 4035, section 2.4)."""
    return step.name.parent() if step.rrtype == DS and step.name != dns.name.root else step.name


def _signer(step: Step) -> dns.name.Name | None:
    """The zone that the signatures name, if it can hold the step: the chain need then go no deeper than that."""
    if step.signed is not None:
        signatures: Iterable[RRSIG] = step.signed.signatures
    else:
        denials = (signed for signed in step.authority if signed.rrset.rdtype in (SOA, *SIGNED_DENIALS))
        signatures = (rrsig for signed in denials for rrsig in signed.signatures)
    holder = _holder(step)
    fit = {rrsig.signer for rrsig in signatures if holder.is_subdomain(rrsig.signer) and rrsig.signer.is_subdomain(step.zone)}
    return max(fit, key=len, default=None)
