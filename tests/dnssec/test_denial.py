"""Proofs of non-existence, over whole zones and single records (RFC 4035, section 5.4; RFC 5155, section 8; RFC 6840, section 4)."""

from __future__ import annotations

import base64
from typing import Any

import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rooted import AT, key, put

from postlib.dnssec import nsec3
from postlib.dnssec.algorithms import Failure
from postlib.dnssec.denial import Denial
from postlib.dnssec.proof import Proof
from postlib.dnssec.work import MAX_HASHES, Budget, TooMuchWork
from postlib.lab.dns import denial
from postlib.lab.dns.signing import Signing
from postlib.lab.dns.zone import Zone

APEX = dns.name.from_text("auroria.post.")
A, TXT, DS, MX = dns.rdatatype.A, dns.rdatatype.TXT, dns.rdatatype.DS, dns.rdatatype.MX
KINDS: dict[str, dict[str, Any]] = {"nsec": {}, "nsec3": {"salt": b"\xaa", "iterations": 2}, "optout": {"opt_out": True}}


def name(text: str) -> dns.name.Name:
    """A name below the apex; "@" is the apex."""
    return dns.name.from_text(text, APEX)


def zone_of(records: dict[str, tuple[str, str]], kind: str = "nsec") -> Zone:
    """A signed zone."""
    zone = Zone(APEX)
    put(zone, "@", "SOA", "ns.auroria.post. hostmaster.auroria.post. 1 7200 3600 1209600 300")
    put(zone, "@", "NS", "ns.example.")
    for owner, (rrtype, value) in records.items():
        put(zone, owner, rrtype, value)
    zone.signing = Signing(APEX, (key("auroria"),), AT, denial="nsec" if kind == "nsec" else "nsec3", **KINDS[kind])
    return zone


def proof_of(zone: Zone) -> Denial:
    """Every denial record of the zone."""
    return Denial.of(APEX, [rrset for _, rrset in denial.chain(zone)])


FULL = {
    "www": ("A", "198.51.100.1"),
    "a.b.ent": ("A", "198.51.100.2"),
    "*.wild": ("TXT", "hello"),
    "alias": ("CNAME", "www.auroria.post."),
    "old": ("DNAME", "www.auroria.post."),
    "cut": ("NS", "ns.example."),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("method", "owner", "rrtype", "holds"),
    [
        ("no_name", "nothing", A, True),
        ("no_name", "a.nothing", A, True),
        ("no_name", "zzz", A, True),
        ("no_name", "www", A, False),
        ("no_name", "@", A, False),
        ("no_name", "ent", A, False),
        ("no_name", "b.ent", A, False),
        ("no_name", "x.b.ent", A, True),
        ("no_name", "x.wild", A, False),
        ("no_name", "*.wild", A, False),
        ("no_name", "below.cut", A, False),
        ("no_name", "below.old", A, False),
        ("no_data", "www", MX, True),
        ("no_data", "www", A, False),
        ("no_data", "b.ent", A, True),
        ("no_data", "x.wild", A, True),
        ("no_data", "x.wild", TXT, False),
        ("no_data", "nothing", A, False),
        ("no_data", "alias", A, False),
        ("no_data", "cut", A, False),
        ("no_data", "cut", DS, True),
        ("no_data", "@", DS, False),
        ("no_data", "@", MX, True),
        ("no_data", "below.cut", A, False),
        ("no_ds", "cut", DS, True),
        ("no_ds", "www", DS, True),
        ("no_ds", "ent", DS, True),
        ("no_ds", "nothing", DS, True),
        ("no_ds", "below.cut", DS, False),
    ],
)
def test_the_whole_chain_proves_what_is_true_and_nothing_else(kind: str, method: str, owner: str, rrtype: int, holds: bool) -> None:
    """One zone with everything in it, denied in three ways."""
    proofs = proof_of(zone_of(FULL, kind))
    rest = (rrtype,) if method == "no_data" else ()
    found = getattr(proofs, method)(name(owner), *rest, Budget())
    hidden = owner == "below.cut" or (method == "no_data" and owner in ("nothing", "cut"))
    if kind == "optout" and hidden:  # an opt-out span says neither whether there is a cut, nor whether there is an empty name above one
        assert isinstance(found, Proof) and found.insecure is not None
    else:
        assert isinstance(found, Proof) == holds


@pytest.mark.parametrize(("kind", "cut"), [("nsec", True), ("nsec3", True), ("optout", True)])
def test_a_delegation_is_told_from_a_name_that_is_none(kind: str, cut: bool) -> None:
    """NS without SOA and DS; or an opt-out span, in which one may lie (RFC 5155, section 8.9)."""
    proofs = proof_of(zone_of(FULL, kind))
    found, plain = proofs.no_ds(name("cut"), Budget()), proofs.no_ds(name("www"), Budget())
    assert isinstance(found, Proof) and found.cut == cut
    assert isinstance(plain, Proof) and not plain.cut


def test_a_span_of_opt_out_is_never_secure() -> None:
    """RFC 5155, section 9.2: a name that does not exist there may be an unsigned delegation."""
    found = proof_of(zone_of(FULL, "optout")).no_name(name("nothing"), Budget())
    assert isinstance(found, Proof) and found.insecure is not None and found.insecure.reason == "opt-out"


def test_a_wildcard_needs_proof_that_nothing_was_nearer() -> None:
    """RFC 4035, section 5.3.4; RFC 5155, section 8.8."""
    for kind in KINDS:
        proofs = proof_of(zone_of(FULL | {"near.wild": ("A", "198.51.100.3")}, kind))
        assert isinstance(proofs.no_closer(name("*.wild"), name("x.wild"), Budget()), Proof)
        assert isinstance(proofs.no_closer(name("*.wild"), name("a.near.wild"), Budget()), Failure)


def nsec(owner: str, text: str) -> dns.rrset.RRset:
    """One NSEC record."""
    return dns.rrset.from_text(name(owner), 300, "IN", "NSEC", text)


def test_a_next_name_outside_the_zone_covers_nothing() -> None:
    """A zone may not deny its neighbours' names."""
    proofs = Denial.of(APEX, [nsec("@", "zzz.post. A RRSIG NSEC"), nsec("www", "aaa.post. A RRSIG NSEC")])
    assert isinstance(proofs.no_name(name("xxx"), Budget()), Failure)


def test_a_compact_denial_says_that_there_is_no_name() -> None:
    """RFC 9824, section 3.1: NSEC at the name itself, with the type NXNAME."""
    proofs = Denial.of(APEX, [nsec("nothing", "\\000.nothing.auroria.post. RRSIG NSEC TYPE128")])
    found = proofs.no_data(name("nothing"), A, Budget())
    assert isinstance(found, Proof) and found.compact
    assert isinstance(proofs.no_name(name("nothing"), Budget()), Proof)


def test_the_root_has_no_parent_to_ask() -> None:
    """For every other apex the SOA bit forbids a denial of DS."""
    root = Denial.of(dns.name.root, [dns.rrset.from_text(".", 300, "IN", "NSEC", "post. NS SOA RRSIG NSEC DNSKEY")])
    assert isinstance(root.no_data(dns.name.root, DS, Budget()), Proof)


RFC5155 = {
    "example": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "a.example": "35mthgpgcu1qg68fab165klnsnk3dpvl",
    "ai.example": "gjeqe526plbf1g8mklp59enfd789njgi",
    "ns1.example": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "w.example": "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "*.w.example": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
    "x.y.w.example": "2vptu5timamqttgl4luu9kg21e0aor3s",
}


@pytest.mark.parametrize(("text", "hashed"), RFC5155.items())
def test_the_hashes_of_the_standard(text: str, hashed: str) -> None:
    """RFC 5155, appendix A: 12 iterations, salt aabbccdd."""
    value = nsec3.digest(dns.name.from_text(text.upper()), bytes.fromhex("aabbccdd"), 12)
    assert base64.b32hexencode(value).decode().lower() == hashed


def ring(zone: Zone, change: dict[str, object]) -> Denial:
    """The zone's NSEC3 records, changed."""
    rrsets = [dns.rrset.from_rdata(rrset.name, rrset.ttl, rrset[0].replace(**change)) for _, rrset in denial.chain(zone)]
    return Denial.of(APEX, rrsets)


@pytest.mark.parametrize("change", [{"algorithm": 2}, {"flags": 2}, {"next": b"short"}])
def test_unknown_parameters_are_passed_over(change: dict[str, object]) -> None:
    """RFC 5155, sections 8.1 and 8.2."""
    failure = ring(zone_of(FULL, "nsec3"), change).no_name(name("nothing"), Budget())
    assert isinstance(failure, Failure) and failure.ede == 12


@pytest.mark.parametrize(("iterations", "insecure"), [(150, False), (151, True), (65535, True)])
def test_too_many_iterations_make_the_answer_insecure(iterations: int, insecure: bool) -> None:
    """RFC 9276, section 3.2; nothing is hashed then."""
    zone = zone_of(FULL, "nsec3")
    assert zone.signing is not None
    zone.signing = Signing(APEX, zone.signing.keys, AT, denial="nsec3", iterations=iterations if iterations < 999 else 0)
    budget = Budget()
    found = ring(zone, {"iterations": iterations}).no_name(name("nothing"), budget)
    assert isinstance(found, Proof) and (found.insecure is not None) == insecure
    assert (budget.work.hashes == 0) == insecure


def test_a_deep_name_costs_few_hashes() -> None:
    """CVE-2023-50868: one hash for each label at most, and an end to all."""
    proofs = Denial.of(APEX, [denial.chain(zone_of(FULL, "nsec3"))[0][1]])
    budget = Budget()
    assert isinstance(proofs.no_name(name(".".join(["a"] * 110)), budget), (Proof, Failure))
    assert budget.work.hashes <= MAX_HASHES
    with pytest.raises(TooMuchWork):
        proofs.no_name(name(".".join(["a"] * 110)), Budget(hashes=5))


LABELS = st.lists(st.sampled_from(["a", "b", "c", "*", "z"]), min_size=1, max_size=3).map(".".join)


@given(owners=st.sets(LABELS, min_size=1, max_size=6), asked=LABELS, kind=st.sampled_from(["nsec", "nsec3"]))
def test_any_zone_denies_what_is_not_there_and_nothing_that_is(owners: set[str], asked: str, kind: str) -> None:
    """The proof holds exactly where the zone's own tree says so (RFC 4592)."""
    zone = zone_of({owner: ("A", "198.51.100.1") for owner in owners}, kind)
    proofs, wanted = proof_of(zone), name(asked)
    encloser = zone.closest_encloser(wanted)
    wildcard = dns.name.Name((b"*", *encloser.labels))
    absent = not zone.exists(wanted) and not zone.exists(wildcard)
    assert isinstance(proofs.no_name(wanted, Budget()), Proof) == absent
    source = wanted if zone.exists(wanted) else wildcard
    without = zone.exists(source) and not zone.types(source)
    assert isinstance(proofs.no_data(wanted, A, Budget()), Proof) == without


@given(owners=st.sets(LABELS, min_size=1, max_size=6), asked=LABELS, kind=st.sampled_from(["nsec", "nsec3"]), data=st.data())
def test_no_part_of_a_chain_denies_what_is_there(owners: set[str], asked: str, kind: str, data: st.DataObject) -> None:
    """An attacker may leave records out, never gain by it."""
    zone = zone_of({owner: ("A", "198.51.100.1") for owner in owners}, kind)
    links = [rrset for _, rrset in denial.chain(zone)]
    kept = data.draw(st.lists(st.sampled_from(links), unique_by=lambda rrset: rrset.name))
    if zone.exists(name(asked)):
        assert isinstance(Denial.of(APEX, kept).no_name(name(asked), Budget()), Failure)


@given(label=st.binary(min_size=1, max_size=40), following=st.binary(min_size=1, max_size=40))
def test_any_owner_and_next_hash_are_read(label: bytes, following: bytes) -> None:
    """Owners that are no hashes are passed over."""
    record = dns.rdata.from_text("IN", "NSEC3", "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG").replace(next=following)
    owner = dns.name.Name((label, *APEX.labels))
    assert isinstance(Denial.of(APEX, [dns.rrset.from_rdata(owner, 60, record)]).no_name(name("x"), Budget()), (Proof, Failure))
