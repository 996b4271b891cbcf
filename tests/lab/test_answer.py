"""What an authoritative server answers, question by question; the section of the RFC stands beside each."""

from __future__ import annotations

from datetime import UTC, datetime

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib.lab.dns.answer import PAYLOAD, respond
from postlib.lab.dns.server import NameServer, Shelf
from postlib.lab.dns.signing import Signing, ZoneKey
from postlib.lab.dns.zone import Zone
from postlib.lab.keys import Keys
from postlib.lab.zone_template import plant

AT = datetime(2026, 11, 23, tzinfo=UTC)
RECORDS = """
@          SOA    ns1 hostmaster 1 7200 3600 1209600 600
@          NS     ns1
@          NS     ns2
ns1        A      192.0.2.17
ns2        A      192.0.2.18
www        A      192.0.2.20
alias      CNAME  www
out        CNAME  www.valdoria.post.
a.b.ent    TXT    "deep"
*.wild     TXT    "anything"
old        DNAME  new
x.new      A      192.0.2.21
child      NS     ns1.child
ns1.child  A      192.0.2.33
signed     NS     ns1
signed     DS     1 13 2 ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789
"""


def zone(denial: str = "") -> Zone:
    made = Zone(dns.name.from_text("auroria.post"))
    plant(made, RECORDS)
    if denial:
        made.signing = Signing(made.origin, (ZoneKey(Keys("test").ec("zone")),), AT, denial=denial)
    return made


def ask(name: str, rrtype: str, denial: str = "", *, dnssec: bool = False, udp: bool = True) -> dns.message.Message:
    question = dns.message.make_query(name, rrtype, want_dnssec=dnssec)
    wire = respond({made.origin: made for made in [zone(denial)]}, question.to_wire(), udp=udp)
    assert wire is not None
    return dns.message.from_wire(wire)


def sets(section: list) -> list[str]:  # type: ignore[type-arg]
    return [f"{rrset.name.relativize(dns.name.from_text('auroria.post'))} {dns.rdatatype.to_text(rrset.rdtype)}" for rrset in section]


@pytest.mark.parametrize(
    ("name", "rrtype", "rcode", "answer", "authority"),
    [
        ("www.auroria.post", "A", "NOERROR", ["www A"], []),
        ("WWW.Auroria.POST", "A", "NOERROR", ["WWW A"], []),  # RFC 4343: the case of the question is kept
        ("www.auroria.post", "AAAA", "NOERROR", [], ["@ SOA"]),  # no data, RFC 2308, section 2.2
        ("nobody.auroria.post", "A", "NXDOMAIN", [], ["@ SOA"]),
        ("ent.auroria.post", "A", "NOERROR", [], ["@ SOA"]),  # an empty non-terminal exists, RFC 8020, section 2
        ("b.ent.auroria.post", "TXT", "NOERROR", [], ["@ SOA"]),
        ("any.wild.auroria.post", "TXT", "NOERROR", ["any.wild TXT"], []),  # RFC 4592
        ("any.wild.auroria.post", "A", "NOERROR", [], ["@ SOA"]),
        ("alias.auroria.post", "A", "NOERROR", ["alias CNAME", "www A"], []),
        ("alias.auroria.post", "CNAME", "NOERROR", ["alias CNAME"], []),
        ("x.old.auroria.post", "A", "NOERROR", ["old DNAME", "x.old CNAME", "x.new A"], []),  # RFC 6672
        ("y.old.auroria.post", "A", "NXDOMAIN", ["old DNAME", "y.old CNAME"], ["@ SOA"]),
        ("child.auroria.post", "DS", "NOERROR", [], ["@ SOA"]),  # the parent answers for DS, RFC 4035, 3.1.4.1
        ("valdoria.post", "A", "REFUSED", [], []),
    ],
)
def test_the_answer(name: str, rrtype: str, rcode: str, answer: list[str], authority: list[str]) -> None:
    reply = ask(name, rrtype)
    assert (dns.rcode.to_text(reply.rcode()), sets(reply.answer), sets(reply.authority)) == (rcode, answer, authority)


def test_an_alias_out_of_the_zone_is_left_to_the_resolver() -> None:
    assert [rrset.rdtype for rrset in ask("out.auroria.post", "A").answer] == [dns.rdatatype.CNAME]


def test_a_delegation_is_a_referral_with_glue() -> None:
    """RFC 1034, section 4.3.2, step 3b: not authoritative, and the servers' addresses come along."""
    reply = ask("www.child.auroria.post", "A")
    assert not reply.flags & dns.flags.AA and sets(reply.authority) == ["child NS"] and sets(reply.additional) == ["ns1.child A"]


@pytest.mark.parametrize("denial", ["nsec", "nsec3"])
def test_a_referral_says_whether_the_child_is_signed(denial: str) -> None:
    """RFC 4035, section 3.1.4: the DS, or the proof that there is none."""
    assert "signed DS" in sets(ask("x.signed.auroria.post", "A", denial, dnssec=True).authority)
    proof = {rrset.rdtype for rrset in ask("x.child.auroria.post", "A", denial, dnssec=True).authority}
    assert proof & {dns.rdatatype.NSEC, dns.rdatatype.NSEC3} and dns.rdatatype.RRSIG in proof


def test_a_lowered_ttl_leaves_the_signature_over_the_original() -> None:
    """RFC 4035, section 2.2: the RRSIG's original TTL is the one that was signed, whatever TTL the answer carries."""
    denied = ask("nobody.auroria.post", "A", "nsec", dnssec=True)
    soa, signature = denied.authority[0], denied.authority[1]
    assert soa.ttl == signature.ttl == 600 and signature[0].original_ttl == 3600  # type: ignore[attr-defined]


def test_signatures_come_only_when_asked_for() -> None:
    assert not any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in ask("www.auroria.post", "A", "nsec").answer)
    reply = ask("www.auroria.post", "A", "nsec", dnssec=True)
    assert sets(reply.answer) == ["www A", "www RRSIG"] and reply.ednsflags & dns.flags.DO


def test_any_gets_one_set() -> None:
    """RFC 8482, section 4.1."""
    assert len(ask("auroria.post", "ANY").answer) == 1


@pytest.mark.parametrize("rrtype", ["AXFR", "IXFR"])
def test_transfers_are_refused(rrtype: str) -> None:
    assert ask("auroria.post", rrtype, udp=False).rcode() == dns.rcode.REFUSED


def test_a_long_answer_is_truncated_over_udp_and_whole_over_tcp() -> None:
    made = zone()
    made.put(made.origin, dns.rdatatype.TXT, [f'"{"x" * 200} {n}"' for n in range(20)])
    question = dns.message.make_query("auroria.post", "TXT", use_edns=0, payload=4096).to_wire()
    short, whole = (respond({made.origin: made}, question, udp=udp) for udp in (True, False))
    assert short is not None and whole is not None and len(short) <= PAYLOAD
    assert dns.message.from_wire(short).flags & dns.flags.TC and len(dns.message.from_wire(whole).answer[0]) == 20


def test_an_unknown_edns_version_is_said() -> None:
    """RFC 6891, section 6.1.3."""
    question = dns.message.make_query("auroria.post", "A", use_edns=0)
    question.use_edns(1)
    wire = respond({made.origin: made for made in [zone()]}, question.to_wire(), udp=True)
    assert wire is not None and dns.message.from_wire(wire).rcode() == dns.rcode.BADVERS


@given(st.binary(max_size=300))
def test_garbage_never_breaks_the_server(noise: bytes) -> None:
    server = NameServer(Shelf({made.origin: made for made in [zone("nsec3")]}))
    reply = server.handle(noise, udp=True)
    assert reply is None or dns.message.from_wire(reply).flags & dns.flags.QR


def test_a_kept_answer_goes_when_the_zone_changes() -> None:
    made = zone()
    server, wire = NameServer(Shelf({made.origin: made})), dns.message.make_query("www.auroria.post", "A").to_wire()
    first = server.handle(wire, udp=True)
    made.put(dns.name.from_text("www.auroria.post"), dns.rdatatype.A, ["192.0.2.99"])
    second = server.handle(wire, udp=True)
    assert first is not None and second is not None and first != second


def test_a_zone_text_that_cannot_be_read_changes_nothing() -> None:
    made = zone()
    before = made.text()
    with pytest.raises(ValueError, match="not a zone file"):
        made.load("@ IN A 1.2.3")
    made.load(before)
    assert made.text() == before


def test_a_referral_that_loses_glue_is_truncated() -> None:
    """RFC 9471, section 3.1: else the servers inside the delegated zone are not found."""
    made = zone()
    servers = [f"ns{number}.{'long' * 12}.child" for number in range(11)]
    made.put(dns.name.from_text("child", made.origin), dns.rdatatype.NS, servers)
    for server in servers:
        made.put(dns.name.from_text(server, made.origin), dns.rdatatype.AAAA, ["2001:db8::1"])
    question = dns.message.make_query("www.child.auroria.post", "A", use_edns=False).to_wire()
    short, whole = (respond({made.origin: made}, question, udp=udp) for udp in (True, False))
    assert short is not None and whole is not None and len(whole) > 512
    assert dns.message.from_wire(short).flags & dns.flags.TC
    assert not dns.message.from_wire(whole).flags & dns.flags.TC and len(dns.message.from_wire(whole).additional) == 11
