"""The rules of DNSSEC."""

from __future__ import annotations

from dns.rdtypes.ANY.CDNSKEY import CDNSKEY
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.RRSIG import RRSIG

from postlib.dnssec.ds import HASHES, matches
from postlib.finding import Verdict, failed, not_applicable, passed, unknown
from postlib.network import Unknown
from postlib.probe import Probe, Profile
from postlib.probes.dnssec import remedies
from postlib.probes.dnssec.facts import RSA, Dnssec, break_in, end_of, left, modulus_bits
from postlib.probes.dnssec.observe import observe
from postlib.resolver import Answer, Link, Security

DAY = 86400  # seconds
NAME_A_KEY = ("signature-wrong", "key-missing")  # reasons whose detail is a key tag, and its algorithm in brackets
DELETE = 0  # the algorithm of a CDS that asks for the DS to be withdrawn (RFC 8078, section 4)

probe = Probe("dnssec", "RFC 4035", observe)


@probe.check("section 2.4", remedy=remedies.sign, lesson="dnssec/05")
def signed(zone: Dnssec, profile: Profile) -> Verdict:
    """The zone is signed, and the zone above vouches for its key with a DS record."""
    if (other := _no_zone(zone)) is not None:
        return other
    if zone.ds:
        return passed(ds=tuple(f"{ds.key_tag} {int(ds.algorithm)} {int(ds.digest_type)}" for ds in zone.ds))
    return failed(found="island-of-trust" if zone.keys else "not-signed")


@probe.check("section 5", remedy=remedies.mend_chain, lesson="dnssec/07")
def validates(zone: Dnssec, profile: Profile) -> Verdict:
    """A validating resolver accepts the zone's keys, its addresses and its mail exchangers."""
    if (other := _unsigned(zone)) is not None:
        return other
    if (other := _broken_or_unseen(zone.held)) is not None:
        return other
    for answer in zone.held:
        link = end_of(answer)
        if link is not None and link.what != f"{zone.origin} DS" and link.zone != zone.origin:
            return not_applicable(found="zone-above-unsigned", zone=link.zone.to_text(omit_final_dot=True))
        if link is not None:
            return _broken(link)
    return passed(secure=tuple(f"{answer.name.to_text(omit_final_dot=True)} {answer.rrtype.name}" for answer in zone.held))


@probe.check("section 5.4", remedy=remedies.plain_denial, lesson="dnssec/08")
def denial_validates(zone: Dnssec, profile: Profile) -> Verdict:
    """A validating resolver accepts the zone's proof that a name is not there."""
    if (other := _unsigned(zone)) is not None:
        return other
    if not zone.rooted:
        return not_applicable(found="chain-broken")
    if (other := _broken_or_unseen(zone.denied)) is not None:
        return other
    advice = ""
    for answer in zone.denied:
        link = end_of(answer)
        if link is not None and link.reason != "opt-out":
            return _broken(link)
        advice = "dnssec.opt-out" if link is not None else advice
    return passed(advice=advice, denied=tuple(answer.name.to_text(omit_final_dot=True) for answer in zone.denied))


@probe.check("section 2", standard="RFC 9904", remedy=remedies.new_key, lesson="dnssec/05")
def algorithm(zone: Dnssec, profile: Profile) -> Verdict:
    """The zone's keys have algorithms that are recommended for signing."""
    if (other := _unsigned(zone)) is not None:
        return other
    numbers = sorted({int(key.algorithm) for key in zone.keys})
    if not numbers:
        return not_applicable(found="no-key")
    bad = tuple(number for number in numbers if str(number) not in profile.words("dnssec.algorithms"))
    old = [number for number in numbers if str(number) in profile.words("dnssec.algorithms-phase-out")]
    if set(bad) - set(old):
        return failed(algorithm=bad)
    return passed(algorithm=tuple(numbers), advice="dnssec.old-algorithm" if old else "")


@probe.check("section 3", standard="NIST SP 800-131A revision 2", remedy=remedies.new_key, lesson="dnssec/03")
def key_size(zone: Dnssec, profile: Profile) -> Verdict:
    """Every RSA key of the zone is long enough."""
    if (other := _unsigned(zone)) is not None:
        return other
    sizes = tuple((key.key_id(), modulus_bits(key)) for key in zone.keys if key.algorithm in RSA)
    short = tuple(f"{tag} ({bits})" for tag, bits in sizes if bits < profile.number("dnssec.rsa-bits"))
    return failed(key_bits=short) if short else passed(key_bits=tuple(f"{tag} ({bits})" for tag, bits in sizes))


@probe.check("section 3", standard="RFC 9904", remedy=remedies.correct_ds, lesson="dnssec/04")
def ds_digest(zone: Dnssec, profile: Profile) -> Verdict:
    """The DS record has a digest that nobody can forge, so not SHA-1."""
    if (other := _unsigned(zone)) is not None:
        return other
    kinds = sorted({int(ds.digest_type) for ds in zone.ds})
    good = [kind for kind in kinds if str(kind) in profile.words("dnssec.digests")]
    if not good:
        return failed(digest=tuple(kinds))
    return passed(digest=tuple(kinds), advice="dnssec.old-digest" if len(good) < len(kinds) else "")


@probe.check("section 2.2", remedy=remedies.correct_ds, lesson="dnssec/04")
def every_ds_algorithm_signs(zone: Dnssec, profile: Profile) -> Verdict:
    """The zone's key set is signed by every algorithm that its DS records name."""
    if (other := _unsigned(zone)) is not None:
        return other
    if not zone.keys:
        return not_applicable(found="no-key")
    made = {int(rrsig.algorithm) for rrset in zone.dnskey.answer for rrsig in rrset if isinstance(rrsig, RRSIG)}
    missing = tuple(sorted({int(ds.algorithm) for ds in zone.ds} - made))
    return failed(algorithm=missing) if missing else passed(algorithm=tuple(sorted(made)))


@probe.check("section 4.4.2", standard="RFC 6781", remedy=remedies.sign_again, lesson="dnssec/05")
def signatures_fresh(zone: Dnssec, profile: Profile) -> Verdict:
    """The signatures are renewed well before they expire."""
    if (other := _unsigned(zone)) is not None:
        return other
    lives = [(*left(rrsig, zone.now), rrsig) for rrsig in zone.signatures]
    if not lives:
        return not_applicable(found="no-signature")
    remaining, life, _ = min(lives, key=lambda item: item[0] / item[1])
    days = "days_since_end" if remaining < 0 else "days_left"
    seen = {days: f"{abs(round(remaining / DAY, 1)):g}", "days_of_life": f"{round(life / DAY, 1):g}"}
    return failed(**seen) if 100 * remaining < life * profile.number("dnssec.signature-percent-left") else passed(**seen)


@probe.check("section 3.1", standard="RFC 9276", remedy=remedies.plain_denial, lesson="dnssec/08")
def nsec3_iterations(zone: Dnssec, profile: Profile) -> Verdict:
    """Names in NSEC3 records are hashed once, without extra iterations."""
    if (other := _unsigned(zone) or _not_hashed(zone)) is not None:
        return other
    most = max(record.iterations for record in zone.hashed)
    return failed(iterations=most) if most else passed(iterations=most)


@probe.check("section 3.1", standard="RFC 9276", remedy=remedies.plain_denial, lesson="dnssec/08")
def nsec3_no_salt(zone: Dnssec, profile: Profile) -> Verdict:
    """NSEC3 records have no salt, which costs work and hides nothing."""
    if (other := _unsigned(zone) or _not_hashed(zone)) is not None:
        return other
    salts = sorted({record.salt.hex() for record in zone.hashed if record.salt})
    return failed(salt=tuple(salts)) if salts else passed()


@probe.check("section 4.1", standard="RFC 7344", remedy=remedies.correct_cds, lesson="dnssec/06")
def cds_leads_to_keys(zone: Dnssec, profile: Profile) -> Verdict:
    """What the zone asks to have as its DS (CDS, CDNSKEY) leads to keys that it has."""
    if (other := _unsigned(zone)) is not None:
        return other
    digests, keys = zone.asked_for
    if not digests and not keys:
        return not_applicable(found="no-cds")
    if {int(record.algorithm) for record in digests} | {int(record.algorithm) for record in keys} == {DELETE}:
        return passed(found="delete-asked", advice="dnssec.delete-asked")
    lost = tuple(f"CDS {cds.key_tag} {int(cds.algorithm)}" for cds in digests if not _key_tags(zone, cds))
    lost += tuple(f"CDNSKEY {key.key_id()} {int(key.algorithm)}" for key in keys if not _key_tags(zone, key))
    if lost:
        return failed(without_key=lost)
    named, given = ({tag for record in records for tag in _key_tags(zone, record)} for records in (digests, keys))
    if digests and keys and named != given:
        return failed(problem="cds-and-cdnskey-differ", key=tuple(sorted(named ^ given)))
    wanted = named | given
    return passed(key=tuple(sorted(wanted)), advice="" if wanted == {ds.key_tag for ds in zone.ds} else "dnssec.ds-change-asked")


def _key_tags(zone: Dnssec, record: CDS | CDNSKEY) -> set[int]:
    """The tags of the zone's keys that a CDS or CDNSKEY record leads to."""
    if isinstance(record, CDNSKEY):
        return {key.key_id() for key in zone.keys if key.to_digestable() == record.to_digestable()}
    return {key.key_id() for key in zone.keys if record.digest_type in HASHES and matches(record, zone.origin, key)}


def _broken_or_unseen(answers: tuple[Answer, ...]) -> Verdict | None:
    """The first break; without one, the first link that could not be looked at."""
    broken = next((link for answer in answers if (link := break_in(answer)) is not None), None)
    if broken is not None:
        return _broken(broken)
    unseen = next((answer.broken for answer in answers if answer.broken is not None), None)
    return None if unseen is None else unknown(reason=unseen.reason, where=unseen.what)


def _broken(link: Link) -> Verdict:
    """A chain that breaks there, or ends before it should; `ede` is the code of RFC 8914."""
    code = () if link.ede is None else (int(link.ede),)
    detail = (link.detail,) if link.detail else ()
    if link.reason == "signature-expired":  # its detail is the moment, to the second
        return failed(broken=link.what, problem=link.reason, ended=tuple(text.replace(":00 UTC", " UTC") for text in detail), ede=code)
    if link.reason in NAME_A_KEY:
        key, _, algorithm = link.detail.rstrip(")").partition(" (")
        return failed(broken=link.what, problem=link.reason, key=key, algorithm=algorithm, ede=code)
    return failed(broken=link.what, problem=link.reason, detail=detail, ede=code)


def _no_zone(zone: Dnssec) -> Verdict | None:
    """Why there is nothing to judge, or why it could not be seen: also where the way here drops all signatures."""
    if isinstance(zone.zone, Unknown):
        return unknown(reason=zone.zone.reason, where=zone.zone.where)
    if not zone.zone:
        return not_applicable(found="no-such-name")
    if zone.zone != zone.domain:
        return not_applicable(found="no-zone-of-its-own", zone=zone.zone)
    link = zone.soa.broken
    if link is not None and link.security is Security.INDETERMINATE:
        return unknown(reason=link.reason, where=link.what)
    return None


def _unsigned(zone: Dnssec) -> Verdict | None:
    """The same, and where the zone is not signed for the world."""
    return _no_zone(zone) or (None if zone.ds else not_applicable(found="not-signed"))


def _not_hashed(zone: Dnssec) -> Verdict | None:
    return None if zone.hashed else not_applicable(found="no-nsec3")
