"""A world of good and broken chains of trust, and what a validator must say of each: shared by our tests and the oracles.

    PROBES: name, type, security, RFC 8914 code where something is broken or unsupported.
"""

from __future__ import annotations

from datetime import datetime

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from rooted import AT, Rooted, Tamper, key, put

from postlib.resolver import Security

SECURE, INSECURE, BOGUS = Security.SECURE, Security.INSECURE, Security.BOGUS
WWW = {"www": {"A": ["198.51.100.1"]}}
RICH = WWW | {
    "*.wild": {"TXT": ["hello"]},
    "a.b.ent": {"A": ["198.51.100.2"]},
    "to-good": {"CNAME": ["www.good.post."]},
    "to-unsigned": {"CNAME": ["www.unsigned.post."]},
    "to-expired": {"CNAME": ["www.expired.post."]},
    "to-nothing": {"CNAME": ["nothing.good.post."]},
    "old": {"DNAME": ["wild.good.post."]},
    "*.cwild": {"CNAME": ["www.good.post."]},
}

PROBES: tuple[tuple[str, str, Security, int | None], ...] = (
    ("www.good.post.", "A", SECURE, None),
    ("www.good.post.", "MX", SECURE, None),
    ("nothing.good.post.", "A", SECURE, None),
    ("b.ent.good.post.", "A", SECURE, None),
    ("x.wild.good.post.", "TXT", SECURE, None),
    ("x.y.wild.good.post.", "TXT", SECURE, None),
    ("x.wild.good.post.", "A", SECURE, None),
    ("*.wild.good.post.", "TXT", SECURE, None),
    ("good.post.", "DS", SECURE, None),
    ("good.post.", "DNSKEY", SECURE, None),
    ("good.post.", "SOA", SECURE, None),
    ("to-good.good.post.", "A", SECURE, None),
    ("to-unsigned.good.post.", "A", INSECURE, None),
    ("to-expired.good.post.", "A", BOGUS, 7),
    ("to-nothing.good.post.", "A", SECURE, None),
    ("x.old.good.post.", "TXT", SECURE, None),
    ("x.old.good.post.", "CNAME", SECURE, None),
    ("x.cwild.good.post.", "A", SECURE, None),
    ("www.hashed.post.", "A", SECURE, None),
    ("www.hashed.post.", "MX", SECURE, None),
    ("nothing.hashed.post.", "A", SECURE, None),
    ("a.b.nothing.hashed.post.", "A", SECURE, None),
    ("b.ent.hashed.post.", "A", SECURE, None),
    ("x.wild.hashed.post.", "TXT", SECURE, None),
    ("x.wild.hashed.post.", "A", SECURE, None),
    ("x.old.hashed.post.", "TXT", SECURE, None),
    ("hashed.post.", "DS", SECURE, None),
    ("www.rsa.post.", "A", SECURE, None),
    ("www.p384.post.", "A", SECURE, None),
    ("www.ed25519.post.", "A", SECURE, None),
    ("www.sha1ds.post.", "A", SECURE, None),
    ("www.iter100.post.", "MX", SECURE, None),
    ("nothing.iter100.post.", "A", SECURE, None),
    ("www.unsigned.post.", "A", INSECURE, None),
    ("nothing.unsigned.post.", "A", INSECURE, None),
    ("unsigned.post.", "DS", SECURE, None),
    ("www.island.post.", "A", INSECURE, None),
    ("nothing.island.post.", "A", INSECURE, None),
    ("www.under.island.post.", "A", INSECURE, None),
    ("www.alg99.post.", "A", INSECURE, 1),
    ("www.digest250.post.", "A", INSECURE, 2),
    ("www.iter500.post.", "A", SECURE, None),
    ("nothing.iter500.post.", "A", INSECURE, 27),
    ("www.optout.post.", "A", SECURE, None),
    ("www.unsigned.optout.post.", "A", INSECURE, None),
    ("www.signed.optout.post.", "A", SECURE, None),
    ("nothing.optout.post.", "A", INSECURE, None),
    ("empty.optout.post.", "A", INSECURE, None),
    ("www.expired.post.", "A", BOGUS, 7),
    ("nothing.expired.post.", "A", BOGUS, 7),
    ("www.future.post.", "A", BOGUS, 8),
    ("www.nosig.post.", "A", BOGUS, 10),
    ("www.nokeysig.post.", "A", BOGUS, 10),
    ("www.badsig.post.", "A", BOGUS, 6),
    ("www.wrongds.post.", "A", BOGUS, 9),
    ("www.dsnokeys.post.", "A", BOGUS, 9),
    ("www.nodenial.post.", "A", SECURE, None),
    ("nothing.nodenial.post.", "A", BOGUS, 12),
    ("www.nodenial.post.", "MX", BOGUS, 12),
    ("x.wild.nodenial.post.", "TXT", BOGUS, 12),
    ("www.unsigned.nodenial.post.", "A", BOGUS, None),
    ("www.stripped.post.", "A", BOGUS, 10),
    ("nothing.liar.post.", "A", BOGUS, 12),
)
"""Where the code is None for a bogus name, validators name different ones."""

POLICY: tuple[tuple[str, str, Security, int | None], ...] = (("www.rsasha1.post.", "A", INSECURE, 1),)
"""Where RFC 9905 asks for more than Debian 12's Unbound and BIND do."""


def world(at: datetime = AT) -> Rooted:
    """All of it. One machine for the root and `post.`, one for the rest."""
    rooted = Rooted(at)
    rooted.zone("post.", "192.0.2.2")
    server = "192.0.2.3"
    rooted.zone("good.post.", server, RICH)
    rooted.zone("hashed.post.", server, RICH | {"old": {"DNAME": ["wild.hashed.post."]}}, denial="nsec3", salt=b"\xab\xcd")
    for name, algorithm in {"rsa.post.": 8, "p384.post.": 14, "ed25519.post.": 15, "rsasha1.post.": 5}.items():
        rooted.zone(name, server, WWW, algorithm=algorithm)
    for count in (100, 500):
        rooted.zone(f"iter{count}.post.", server, WWW, denial="nsec3", iterations=count)
    for name in ("unsigned.post.", "unsigned.nodenial.post."):
        rooted.zone(name, server, WWW, signed=False)
    rooted.zone("expired.post.", server, WWW, start=-20, end=-2)
    rooted.zone("future.post.", server, WWW, start=2, end=20)
    rooted.zone("nosig.post.", server, WWW, slip="no-signatures")
    rooted.zone("badsig.post.", server, WWW, slip="bad-signature")
    rooted.zones.pop(dns.name.from_text("unsigned.nodenial.post."))
    rooted.zone("nodenial.post.", server, RICH, slip="no-denial")
    rooted.zone("unsigned.nodenial.post.", server, WWW, signed=False)
    _opt_out(rooted, server)
    for name in ("island", "alg99", "digest250", "wrongds", "sha1ds", "nokeysig", "stripped", "liar"):
        rooted.zone(f"{name}.post.", server, WWW)
    rooted.zone("under.island.post.", server, WWW)
    _parents(rooted)
    rooted.tamper["nokeysig.post."] = without_signature(dns.rdatatype.DNSKEY)
    rooted.tamper |= {"stripped.post.": unsigned, "liar.post.": without_first_proof}
    return rooted


def _opt_out(rooted: Rooted, server: str) -> None:
    """A zone that leaves unsigned names out of its proofs, and such names."""
    rooted.zone("optout.post.", server, WWW, denial="nsec3", opt_out=True)
    rooted.zone("unsigned.optout.post.", server, WWW, signed=False)
    rooted.zone("signed.optout.post.", server, WWW)
    rooted.zone("deep.empty.optout.post.", server, WWW, signed=False)


def _parents(rooted: Rooted) -> None:
    """The DS sets that do not fit."""
    rooted.ds("island.post.")
    rooted.ds("alg99.post.", "12345 99 2 " + "00" * 32)
    rooted.ds("digest250.post.", "12345 13 250 " + "00" * 32)
    rooted.ds("wrongds.post.", str(dns.dnssec.make_ds("wrongds.post.", key("another").dnskey, "SHA256")))
    sha1 = dns.dnssec.make_ds("sha1ds.post.", key("sha1ds.post.").dnskey, "SHA1", policy=dns.dnssec.allow_all_policy)
    rooted.ds("sha1ds.post.", str(sha1))
    rooted.zone("dsnokeys.post.", "192.0.2.3", WWW, signed=False)
    post = rooted.zones[dns.name.from_text("post.")]
    put(post, "dsnokeys.post.", "DS", str(dns.dnssec.make_ds("dsnokeys.post.", key("gone").dnskey, "SHA256")))


def without_signature(covered: dns.rdatatype.RdataType) -> Tamper:
    """A reply without the signatures over one type."""

    def tamper(reply: dns.message.Message) -> dns.message.Message:
        reply.answer = [rrset for rrset in reply.answer if rrset.covers != covered]
        return reply

    return tamper


def unsigned(reply: dns.message.Message) -> dns.message.Message:
    """A reply without any signature, but for the key set's: what an attacker on the path can make."""
    if reply.question[0].rdtype != dns.rdatatype.DNSKEY:
        reply.answer = [rrset for rrset in reply.answer if rrset.rdtype != dns.rdatatype.RRSIG]
        reply.authority = [rrset for rrset in reply.authority if rrset.rdtype not in (dns.rdatatype.RRSIG, dns.rdatatype.NSEC)]
    return reply


def without_first_proof(reply: dns.message.Message) -> dns.message.Message:
    """A denial that lacks the record which covers the name: what is left is genuine, and proves nothing."""
    owners = sorted({rrset.name for rrset in reply.authority if rrset.rdtype == dns.rdatatype.NSEC})
    reply.authority = [r for r in reply.authority if dns.rdatatype.NSEC not in (r.rdtype, r.covers) or r.name not in owners[:1]]
    return reply
