"""What the lab's faults cannot show of the delegation and DNSSEC probes: facts seen in the lab, bent by hand, and judged."""

from __future__ import annotations

import dataclasses
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.name
import dns.rdata
import dns.rrset
import pytest
from dns.edns import EDECode
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG
from hypothesis import given
from hypothesis import strategies as st

from postlib import background, words
from postlib.finding import Finding, Lever, Status
from postlib.lab.internet import visit
from postlib.look import check
from postlib.network import Network, Unknown
from postlib.policies import profile
from postlib.probe import Observation, Probe, judged
from postlib.probes import delegation, dnssec
from postlib.probes.delegation import Delegated, Host
from postlib.probes.dnssec import Dnssec
from postlib.probes.dnssec.facts import left, modulus_bits
from postlib.resolver import Answer, Link, Security

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
ORIGIN = dns.name.from_text(CLEAN)
RESOLVER = "resolver.nic.test"


@functools.cache
def seen() -> tuple[Delegated, Dnssec]:
    """What the two probes see of a well-kept domain."""
    with visit("clean", at=AT) as internet:
        net = Observation(internet.network)
        return background.run(net.facts(delegation.probe, CLEAN)), background.run(net.facts(dnssec.probe, CLEAN))


def cut(**changes: Any) -> Delegated:
    return dataclasses.replace(seen()[0], **changes)


def zone(**changes: Any) -> Dnssec:
    return dataclasses.replace(seen()[1], **changes)


def outcome(probe: Probe[Any], name: str, facts: Any) -> Finding:
    rule = next(rule for rule in probe.checks if rule.id == f"{probe.name}.{name}")
    return judged(rule, facts, profile(), CLEAN, Network())


def evidence(finding: Finding) -> dict[str, str]:
    return dict(finding.verdict.evidence)


# The delegation


def states(**by_address: dict[str, Any]) -> Delegated:
    """The clean facts with some servers (v4 of ns1: a, v6: b, of ns2: c and d) in another state."""
    found = cut().seen
    bent = [dataclasses.replace(state, **by_address.get(letter, {})) for letter, state in zip("abcd", found.servers, strict=True)]
    return cut(seen=dataclasses.replace(found, servers=tuple(bent)))


SILENT: dict[str, Any] = {"rcode": None, "authoritative": False, "serial": None, "ns": (), "reason": "timeout"}


def test_a_machine_without_ipv6_blames_nobody() -> None:
    finding = outcome(delegation.probe, "every-server-answers", states(b=SILENT, d=SILENT))
    assert finding.status is Status.PASS and evidence(finding)["unseen"] == "2001:db8:1::2"


def test_one_silent_ipv6_address_is_a_fault_where_another_answers() -> None:
    finding = outcome(delegation.probe, "every-server-answers", states(d=SILENT))
    assert finding.status is Status.FAIL
    assert evidence(finding)["server"] == "ns2.valdoria.post 2001:db8:1::2 (timeout)"


def test_a_server_that_only_ipv6_reaches_is_unknown_to_a_machine_without_it() -> None:
    found = states(b=SILENT, d=SILENT).seen
    only = tuple(state for state in found.servers if state.address != "192.0.2.18")
    finding = outcome(delegation.probe, "every-server-answers", cut(seen=dataclasses.replace(found, servers=only)))
    assert finding.status is Status.UNKNOWN and evidence(finding)["where"] == "2001:db8:1::2:53"


def test_a_refused_connection_is_the_server_s_own_word() -> None:
    assert outcome(delegation.probe, "every-server-answers", states(b=SILENT | {"reason": "refused"})).status is Status.FAIL


def test_servers_that_share_one_address_are_one() -> None:
    """RFC 2182, section 3.1: a second name for the same machine is no second server."""
    found = cut().seen
    same = tuple(dataclasses.replace(state, address="192.0.2.17") for state in found.servers)
    assert outcome(delegation.probe, "two-servers", cut(seen=dataclasses.replace(found, servers=same))).status is Status.FAIL


def test_a_server_whose_own_zone_is_silent_leaves_glue_unknown() -> None:
    hosts = (cut().hosts[0], Host("ns2.valdoria.post", Unknown("timeout", "192.0.2.18:53")))
    assert outcome(delegation.probe, "glue-agrees", cut(hosts=hosts)).status is Status.UNKNOWN


def test_wrong_glue_and_a_stray_server_are_both_mended() -> None:
    """The parent forgets the stray, corrects the glue, and nobody touches a server that is not at fault."""
    found = states(c=SILENT | {"address": "192.0.2.250"}).seen
    stray = dataclasses.replace(found.servers[0], name=dns.name.from_text("ns.gone.example"), address="192.0.2.251", **SILENT)
    glue = (*found.glue[:2], (found.servers[2].name, "192.0.2.250"))
    bent = dataclasses.replace(found, servers=(*found.servers, stray), glue=glue, parent_ns=(*found.parent_ns, stray.name))
    remedy = outcome(delegation.probe, "every-server-answers", cut(seen=bent)).remedy
    assert remedy is not None and remedy.lever is Lever.REGISTRAR
    assert [(act["act"], sorted(act.keys() & {"ns", "glue"})) for act in remedy.acts] == [("registry", ["ns"]), ("registry", ["glue"])]


@pytest.mark.parametrize("domain", ["www.valdoria.post", "_dmarc.valdoria.post", "nobody.valdoria.post"])
def test_a_name_that_is_no_zone_has_no_servers_and_no_keys_of_its_own(domain: str) -> None:
    with visit("clean", at=AT) as internet:
        report = [f for f in check(domain, internet) if f.check.split(".")[0] in ("delegation", "dnssec")]
    rest = {finding.status for finding in report if finding.check != "delegation.exists"}
    assert rest == {Status.NOT_APPLICABLE}
    assert (report[0].status is Status.FAIL) == domain.startswith("nobody")


def test_a_forwarder_hides_the_parent_and_is_blamed_for_it() -> None:
    """Both probes through the lab's resolver: nothing fails, and only what the parent says is unknown."""
    with visit("clean", at=AT) as internet:
        address = internet.state.machines[RESOLVER].addresses[0]
        network = dataclasses.replace(internet.network, iterate=False, forwarder=f"{address}:53")
        found = {f.check: f for f in check(CLEAN, network) if f.check.split(".")[0] in ("delegation", "dnssec")}
    unknown = {name: evidence(finding)["reason"] for name, finding in found.items() if finding.status is Status.UNKNOWN}
    assert unknown == {"delegation.same-servers": "parent-not-seen", "delegation.glue-agrees": "parent-not-seen"}
    assert not [name for name, finding in found.items() if finding.status is Status.FAIL]


# DNSSEC


def ended(answer: Answer, *links: Link) -> Answer:
    """The answer with a chain that ends in these links."""
    return dataclasses.replace(answer, chain=(*answer.chain[:-1], *links), security=links[-1].security)


def test_a_forwarder_that_drops_signatures_leaves_dnssec_unknown() -> None:
    link = Link(ORIGIN, "valdoria.post. SOA", Security.INDETERMINATE, EDECode.DNSSEC_INDETERMINATE, "forwarder-strips-signatures")
    facts = zone(soa=ended(zone().soa, link))
    findings = [judged(rule, facts, profile(), CLEAN, Network()) for rule in dnssec.probe.checks]
    assert {(finding.status, evidence(finding)["reason"]) for finding in findings} == {(Status.UNKNOWN, "forwarder-strips-signatures")}


def test_an_answer_whose_chain_could_not_be_looked_at_is_no_pass() -> None:
    link = Link(ORIGIN, "valdoria.post. MX", Security.INDETERMINATE, EDECode.NETWORK_ERROR, "timeout", "192.0.2.17:53")
    *others, mx = zone().data
    assert outcome(dnssec.probe, "validates", zone(data=(*others, ended(mx, link)))).status is Status.UNKNOWN
    assert outcome(dnssec.probe, "denial-validates", zone(denial=ended(zone().denial, link))).status is Status.UNKNOWN


def test_a_chain_that_breaks_above_is_not_the_domain_s_to_mend() -> None:
    above = Link(dns.name.from_text("post"), "post. DNSKEY", Security.BOGUS, EDECode.SIGNATURE_EXPIRED, "signature-expired")
    finding = outcome(dnssec.probe, "validates", zone(soa=dataclasses.replace(zone().soa, chain=(above,))))
    assert finding.status is Status.FAIL and evidence(finding)["ede"] == "7"
    assert finding.remedy is not None and finding.remedy.template == "dnssec.zone-above" and not finding.remedy.acts


def test_below_an_unsigned_zone_there_is_no_chain_to_judge() -> None:
    above = Link(dns.name.root, "post. DS", Security.INSECURE, None, "no-ds")
    bent = {name: dataclasses.replace(getattr(zone(), name), chain=(above,)) for name in ("soa", "dnskey")}
    assert evidence(outcome(dnssec.probe, "validates", zone(**bent, data=())))["found"] == "zone-above-unsigned"


def test_opt_out_is_advice() -> None:
    """RFC 9276, section 3.1: small zones should not use it; the proof is then insecure, not broken."""
    link = Link(ORIGIN, "_no-such-name.valdoria.post. A", Security.INSECURE, EDECode.OTHER, "opt-out")
    finding = outcome(dnssec.probe, "denial-validates", zone(denial=ended(zone().denial, link)))
    assert (finding.status, finding.verdict.advice) == (Status.PASS, "dnssec.opt-out")


def keys(algorithm: int, key: str = "AwEAAQ==") -> Dnssec:
    """The clean zone with one key of that algorithm."""
    return zone(dnskey=with_records(zone().dnskey, "DNSKEY", f"257 3 {algorithm} {key}"))


def with_records(answer: Answer, rrtype: str, *texts: str) -> Answer:
    return dataclasses.replace(answer, rrset=dns.rrset.from_text(CLEAN + ".", 3600, "IN", rrtype, *texts))


@pytest.mark.parametrize(
    ("number", "status", "advice"),
    [(8, "pass", ""), (10, "pass", "dnssec.old-algorithm"), (13, "pass", ""), (14, "pass", ""), (15, "pass", ""), (16, "pass", "")]
    + [(number, "fail", "") for number in (1, 3, 5, 6, 7, 12, 17, 253)],
)
def test_algorithms_are_judged_as_the_registry_says(number: int, status: str, advice: str) -> None:
    """RFC 9904 and RFC 9905: 10 is not recommended for signing, 1, 3, 5, 6, 7 and 12 must not sign."""
    finding = outcome(dnssec.probe, "algorithm", keys(number))
    assert (finding.status.value, finding.verdict.advice) == (status, advice)


DIGEST = {1: "aa" * 20, 2: "aa" * 32, 4: "aa" * 48}


@pytest.mark.parametrize(
    ("kinds", "status", "advice"),
    [((2,), "pass", ""), ((4,), "pass", ""), ((1, 2), "pass", "dnssec.old-digest"), ((1,), "fail", "")],
)
def test_sha1_beside_a_better_digest_is_advice(kinds: tuple[int, ...], status: str, advice: str) -> None:
    """RFC 4509, section 3: a validator then looks at the better one only."""
    texts = [f"36448 13 {kind} {DIGEST[kind]}" for kind in kinds]
    finding = outcome(dnssec.probe, "ds-digest", zone(above=with_records(zone().above, "DS", *texts)))
    assert (finding.status.value, finding.verdict.advice) == (status, advice)


def asking(cds: tuple[str, ...] = (), cdnskey: tuple[str, ...] = ()) -> Finding:
    facts = zone()
    bent = {
        name: with_records(getattr(facts, name), rrtype, *texts)
        for name, rrtype, texts in (("cds", "CDS", cds), ("cdnskey", "CDNSKEY", cdnskey)) if texts
    }  # fmt: skip
    return outcome(dnssec.probe, "cds-leads-to-keys", dataclasses.replace(facts, **bent))


def test_cds_that_say_what_the_ds_says_are_kept() -> None:
    key = zone().keys[0].to_text()
    ds = zone().ds[0].to_text()
    assert (asking((ds,), (key,)).status, asking((ds,)).verdict.advice) == (Status.PASS, "")


def test_a_cdnskey_of_no_key_and_a_cds_of_an_unknown_digest_lead_nowhere() -> None:
    assert asking(cdnskey=("257 3 13 " + "A" * 86 + "==",)).status is Status.FAIL
    assert asking(("36448 13 250 aaaa",)).status is Status.FAIL


def test_a_delete_request_is_advice() -> None:
    """RFC 8078, section 4."""
    finding = asking(("0 0 0 00",), ("0 3 0 AA==",))
    assert (finding.status, finding.verdict.advice) == (Status.PASS, "dnssec.delete-asked")


def test_cds_for_another_key_than_the_ds_is_a_change_under_way() -> None:
    wanted = with_records(zone().cds, "CDS", zone().ds[0].to_text())
    facts = zone(above=with_records(zone().above, "DS", f"4711 13 2 {DIGEST[2]}"), cds=wanted)
    finding = outcome(dnssec.probe, "cds-leads-to-keys", facts)
    assert (finding.status, finding.verdict.advice) == (Status.PASS, "dnssec.ds-change-asked")


def test_every_advice_has_its_sentence() -> None:
    for name in ("opt-out", "old-algorithm", "old-digest", "delete-asked", "ds-change-asked"):
        assert words.advice(f"dnssec.{name}")


@pytest.mark.parametrize(("percent", "status"), [(9, Status.FAIL), (11, Status.PASS)])
def test_a_tenth_of_a_signature_s_life_is_the_limit(percent: int, status: Status) -> None:
    later = AT + timedelta(days=13 - 14 * percent / 100)
    assert outcome(dnssec.probe, "signatures-fresh", zone(now=later)).status is status


@given(st.datetimes(datetime(2000, 1, 1), datetime(2150, 1, 1)), st.integers(-30, 30))
def test_the_life_left_is_counted_by_serial_arithmetic(moment: datetime, days: int) -> None:
    """RFC 4034, section 3.1.5: the fields are 32 bits wide and go round in 2106."""
    now = moment.replace(tzinfo=UTC)
    start, end = (int((now + timedelta(days=offset)).timestamp()) % 2**32 for offset in (days - 14, days))
    rrsig = dns.rdata.from_text("IN", "RRSIG", f"A 13 2 3600 {end} {start} 1 valdoria.post. AAAA")
    assert isinstance(rrsig, RRSIG)
    remaining, life = left(rrsig, now)
    assert abs(remaining - days * 86400) <= 1 and life == 14 * 86400


@given(st.binary(max_size=600))
def test_any_octets_have_a_size_as_an_rsa_key(octets: bytes) -> None:
    key = DNSKEY(1, 48, 257, 3, 8, octets)
    assert 0 <= modulus_bits(key) <= 8 * len(octets)


@pytest.mark.parametrize("bits", [512, 1024, 2048, 4096])
def test_the_size_of_an_rsa_key_is_that_of_its_modulus(bits: int) -> None:
    """RFC 3110, section 2: an exponent of one or three octets of length, then the modulus."""
    modulus = (1 << bits - 1).to_bytes(bits // 8)
    for exponent in (b"\x03\x01\x00\x01", b"\x00\x00\x03\x01\x00\x01"):
        assert modulus_bits(DNSKEY(1, 48, 257, 3, 8, exponent + modulus)) == bits
