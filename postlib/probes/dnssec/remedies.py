"""How to mend DNSSEC, and whose hand it needs: signatures are the DNS host's, the DS is set through the registrar."""

from __future__ import annotations

from typing import Any

import dns.dnssec
from dns.rdtypes.dnskeybase import Flag

from postlib import acts
from postlib.dnssec.algorithms import VALIDATED
from postlib.finding import Lever, Remedy, remedy
from postlib.probes.dnssec.facts import Dnssec, break_in, end_of

GOOD_ALGORITHM = 13  # ECDSAP256SHA256: every validator knows it, and its signatures are small (RFC 8624, section 3.1, kept by RFC 9904)
ABOUT_DS = ("ds-digest-differs", "ds-without-key", "digest-unsupported")


def sign(zone: Dnssec) -> Remedy:
    """Sign first; only then may the registrar publish the DS."""
    if zone.keys:
        return _match_ds(zone, "dnssec.publish-ds")
    return remedy("dnssec.sign", Lever.DNS_HOST, acts.sign(zone.domain), _ds(zone), domain=zone.domain)


def mend_chain(zone: Dnssec) -> Remedy:
    """What the first broken link asks for: signatures made afresh, another DS, or another algorithm."""
    link = next((link for answer in zone.held if (link := break_in(answer) or end_of(answer)) is not None), None)
    if link is not None and not (link.zone == zone.origin or link.what == f"{zone.origin} DS"):
        return remedy("dnssec.zone-above", Lever.REGISTRAR, zone=link.zone.to_text(omit_final_dot=True))
    reason = link.reason if link is not None else ""
    if not zone.keys:  # the keys may be lost: with new ones the DS must change too
        return remedy("dnssec.sign-or-withdraw", Lever.DNS_HOST, acts.sign(zone.domain), _ds(zone), domain=zone.domain)
    if reason.startswith("algorithm-") and not any(key.algorithm in VALIDATED for key in zone.keys):
        return new_key(zone)
    return _match_ds(zone, "dnssec.correct-ds") if reason in ABOUT_DS or reason.startswith("algorithm-") else _made_afresh(zone, reason)


def sign_again(zone: Dnssec) -> Remedy:
    """Signatures made afresh with the same keys, by a signer that goes on."""
    return _made_afresh(zone, "signature-expired")


def _made_afresh(zone: Dnssec, reason: str) -> Remedy:
    """Signatures that ended point to a signer that stopped; any others, to data and signatures that came apart."""
    settings: dict[str, Any] = {"denial": "nsec3"} if zone.hashed else {}
    template = "dnssec.sign-again" if reason == "signature-expired" else "dnssec.sign-anew"
    return remedy(template, Lever.DNS_HOST, acts.sign(zone.domain, **settings), domain=zone.domain)


def plain_denial(zone: Dnssec) -> Remedy:
    """NSEC3 without iterations and without salt; where there are neither, the denials made afresh."""
    if not any(record.iterations or record.salt for record in zone.hashed):
        return _made_afresh(zone, "")
    return remedy("dnssec.nsec3-plain", Lever.DNS_HOST, acts.sign(zone.domain, denial="nsec3"), domain=zone.domain)


def new_key(zone: Dnssec) -> Remedy:
    """A change of the algorithm, or of a key that is too short: in steps, for a zone that people use."""
    settings: dict[str, Any] = {"denial": "nsec3"} if zone.hashed else {}
    act = acts.sign(zone.domain, algorithm=GOOD_ALGORITHM, **settings)
    return remedy("dnssec.new-key", Lever.DNS_HOST, act, _ds(zone), domain=zone.domain, algorithm=GOOD_ALGORITHM)


def correct_ds(zone: Dnssec) -> Remedy:
    """The DS of the keys in use, with SHA-256."""
    return _match_ds(zone, "dnssec.correct-ds")


def correct_cds(zone: Dnssec) -> Remedy:
    """CDS and CDNSKEY that say what the DS says today."""
    entry = [key for key in zone.keys if any(ds.key_tag == key.key_id() and ds.algorithm == key.algorithm for ds in zone.ds)]
    digests, keys = zone.asked_for
    todo = []
    if digests:
        todo.append(acts.publish(zone.domain, "CDS", *(dns.dnssec.make_ds(zone.origin, key, "SHA256").to_text() for key in entry)))
    if keys:
        todo.append(acts.publish(zone.domain, "CDNSKEY", *(key.to_text() for key in entry)))
    return remedy("dnssec.correct-cds", Lever.DNS_HOST, *(todo if entry else ()), domain=zone.domain)


def _match_ds(zone: Dnssec, template: str) -> Remedy:
    made = ", ".join(dns.dnssec.make_ds(zone.origin, key, "SHA256").to_text() for key in zone.keys if key.flags & Flag.SEP)
    return remedy(template, Lever.REGISTRAR, _ds(zone), domain=zone.domain, ds=made)


def _ds(zone: Dnssec) -> acts.Act:
    return acts.registry(zone.domain, ds="match")
