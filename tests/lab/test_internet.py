"""The whole Internet at once: forge, see it arrive, mend, see it stopped; time, journal, and what must never mix."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest

from postlib import background
from postlib.lab.build import build
from postlib.lab.internet import Internet, visit
from postlib.network import Unreachable
from postlib.resolver import Resolver, Security

AT = datetime(2026, 11, 23, tzinfo=UTC)
MONITORING = "v=DMARC1; p=none; rua=mailto:dmarc@auroria.post"
ADDRESSES = ("clara@inbox.example", "omar@oldmail.example", "dmarc@auroria.post")
DIGEST = """
import hashlib, sys
from datetime import UTC, datetime
sys.path[:0] = sys.argv[1:]
from test_internet import digest
print(digest())
"""


@pytest.fixture
def internet() -> Internet:
    with visit("union", at=AT) as up:
        yield up  # type: ignore[misc]


def digest(seed: str = "union") -> str:
    """One number for every record, signature and certificate of the world."""
    state, whole = build("union", seed, AT), hashlib.sha256()
    for zone in state.zones.values():
        whole.update(zone.text().encode())
        for name in zone.names:
            for rrtype in sorted(zone.types(name)):
                rdataset = zone.get(name, rrtype)
                whole.update(repr(rdataset and zone.signature(name, rdataset)).encode())
    whole.update(state.authority.root_pem.encode())
    return whole.hexdigest()


def test_the_same_world_seed_and_time_give_the_same_bytes_in_another_process() -> None:
    here = str(Path(__file__).parent)
    other = subprocess.run([sys.executable, "-c", DIGEST, here, "."], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest()
    assert digest("another seed") != digest()


def test_a_forgery_arrives_until_the_domain_is_mended(internet: Internet) -> None:
    auroria = internet.domain("auroria.post")
    auroria.publish("_dmarc", "TXT", MONITORING)
    auroria.publish("@", "TXT", "v=spf1 mx ?all")
    assert internet.campaign("parcel-fee").outcomes == {"clara@inbox.example": "inbox", "omar@oldmail.example": "inbox"}
    auroria.publish("_dmarc", "TXT", MONITORING.replace("none", "quarantine"))
    assert set(internet.campaign("parcel-fee").outcomes.values()) == {"spam"}
    auroria.publish("_dmarc", "TXT", MONITORING.replace("none", "reject"))
    assert set(internet.campaign("parcel-fee").outcomes.values()) == {"refused"}
    assert internet.send("ana@auroria.post", "clara@inbox.example").arrived


def test_a_lookalike_domain_passes_everything(internet: Internet) -> None:
    """DMARC speaks of exact names only."""
    assert set(internet.campaign("lookalike").outcomes.values()) == {"inbox"}


def test_names_below_post_that_do_not_exist_are_refused(internet: Internet) -> None:
    """RFC 9989: the np=reject of the public suffix speaks for names that nobody registered."""
    sent = internet.send("help@auroria-parcels.post", "omar@oldmail.example", via="parcel-desk.example", signed_by="")
    assert sent.outcome == "refused" and sent.kept is not None and sent.kept.judgement.dmarc is not None
    assert sent.kept.judgement.dmarc.discovery is not None and sent.kept.judgement.dmarc.discovery.domain == "post"


def test_the_journal_leads_to_the_same_bytes(internet: Internet, tmp_path: Path) -> None:
    auroria = internet.domain("auroria.post")
    auroria.publish("note", "TXT", "first")
    internet.clock.advance(days=3)
    auroria.mail.new_key("s2026b")
    auroria.zone.sign(denial="nsec")
    internet.clock.advance(hours=5)
    internet.save(tmp_path / "journal.json")
    assert "PRIVATE" not in (tmp_path / "journal.json").read_text()
    with visit("union", at=AT, journal=tmp_path / "journal.json") as again:
        assert again.clock.now() == internet.clock.now()
        assert again.domain("auroria.post").zone.text() == auroria.zone.text()
        assert again.journal() == internet.journal()


@pytest.mark.parametrize(
    "journal",
    [
        "{}",
        "[1]",
        "nonsense",
        '[{"act": "explode"}]',
        '[{"act": "publish"}]',
        '[{"act": "publish", "name": 3, "type": "A", "values": []}]',
        '[{"act": "wait", "at": "2020-01-01T00:00:00+00:00"}]',
        '[{"act": "wait", "at": "soon"}]',
    ],
)
def test_a_journal_that_cannot_be_replayed_is_a_clear_error(journal: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    path.write_text(journal)
    with pytest.raises(ValueError):
        visit("union", at=AT, journal=path)


def test_an_act_that_cannot_be_done_changes_nothing(internet: Internet) -> None:
    auroria = internet.domain("auroria.post")
    before = auroria.zone.text()
    for bad in (
        lambda: auroria.publish("www", "A", "not an address"),
        lambda: auroria.publish("www", "CNAME", "x.post."),
        lambda: auroria.withdraw("nothing", "TXT"),
        lambda: auroria.publish("@", "RRSIG", "x"),
        lambda: auroria.publish("x", "TXT"),
    ):
        with pytest.raises(ValueError):
            bad()
    assert auroria.zone.text() == before and internet.journal() == ()


def test_two_internets_never_mix(internet: Internet) -> None:
    with visit("union", at=AT) as other:
        other.domain("auroria.post").publish("only-there", "TXT", "here")
        there, here = (background.run(Resolver(i.network).resolve("only-there.auroria.post", "TXT")) for i in (other, internet))
    assert there.exists and not here.exists
    with pytest.raises(Unreachable, match="closed"):
        other.network.route("192.0.2.1", 53, "udp")  # type: ignore[misc]


def test_reset_starts_again(internet: Internet) -> None:
    before = internet.domain("auroria.post").zone.text()
    internet.domain("auroria.post").publish("x", "TXT", "y")
    internet.clock.advance(days=2)
    internet.reset()
    assert internet.domain("auroria.post").zone.text() == before and internet.clock.now() == AT and internet.journal() == ()


def test_a_domain_starts_again_alone(internet: Internet) -> None:
    pelagia, valdoria = internet.domain("pelagia.post"), internet.domain("valdoria.post")
    before = pelagia.zone.text()
    pelagia.publish("x", "TXT", "y")
    pelagia.registry.withdraw_ds()
    pelagia.web.set(hsts="max-age=5")
    pelagia.mail.set(starttls=False)
    internet.do({"act": "serve", "host": "ns1.pelagia.post", "habit": "silent"})
    valdoria.publish("stays", "TXT", "here")
    internet.clock.advance(days=3)
    pelagia.reset()
    assert pelagia.zone.text() == before and pelagia.registry.get("DS") and pelagia.mail.settings.starttls
    assert pelagia.web.site().hsts != "max-age=5" and valdoria.zone.get("stays", "TXT")
    assert background.run(Resolver(internet.network).resolve("www.pelagia.post", "A")).security is Security.SECURE
    assert internet.send("ana@pelagia.post", "clara@inbox.example").arrived


def test_unknown_names_are_said_with_those_there_are(internet: Internet) -> None:
    with pytest.raises(ValueError, match="did you mean auroria.post"):
        internet.domain("aurora.post")
    with pytest.raises(ValueError, match="parcel-fee"):
        internet.campaign("nothing")
    with pytest.raises(ValueError, match="union"):
        visit("atlantis")


def test_signatures_are_fresh_on_every_day(internet: Internet) -> None:
    internet.clock.advance(days=60)
    answer = background.run(Resolver(internet.network).resolve("pelagia.post", "MX"))
    assert answer.security is Security.SECURE


def test_a_signer_that_has_stopped_is_bogus_when_its_signatures_end(internet: Internet) -> None:
    internet.domain("pelagia.post").zone.sign(automatic=False)
    secure = background.run(Resolver(internet.network).resolve("pelagia.post", "MX")).security
    internet.clock.advance(days=14)
    assert (secure, background.run(Resolver(internet.network).resolve("pelagia.post", "MX")).security) == (Security.SECURE, Security.BOGUS)


def test_the_recursive_resolver_keeps_answers_for_their_ttl(internet: Internet) -> None:
    """RFC 2181, section 8: until the TTL has passed by the lab's clock, or the cache is emptied, the old answer stands."""
    host, port = internet.servers.outside("192.0.2.10", 53, "udp")
    auroria = internet.domain("auroria.post")

    def ask() -> str:
        reply = dns.query.udp(dns.message.make_query("ttl.auroria.post", "TXT"), host, port=port, timeout=5)
        return reply.answer[0][0].to_text()  # type: ignore[no-any-return]

    auroria.publish("ttl", "TXT", "old", ttl=300)
    assert ask() == '"old"'
    auroria.publish("ttl", "TXT", "new", ttl=300)
    assert ask() == '"old"'
    internet.clock.advance(seconds=301)
    assert ask() == '"new"'
    auroria.publish("ttl", "TXT", "newest", ttl=300)
    internet.flush()
    assert ask() == '"newest"'


def test_the_record_tells_what_happened(internet: Internet) -> None:
    heard: list[str] = []
    internet.record.listen(lambda event: heard.append(event.kind))
    internet.send("ana@valdoria.post", "clara@inbox.example")
    assert "question" in heard and "message" in heard
    [message] = internet.record.of("message")
    assert message.where == "mx1.inbox.example" and "ana@valdoria.post" in message.details
    assert json.dumps([str(event) for event in internet.record])


def test_the_same_acts_and_letters_give_the_same_messages_reports_too() -> None:
    def told() -> list[bytes]:
        with visit("union", at=AT) as up:
            for recipient in ("clara@inbox.example", "omar@oldmail.example", "discussion@stampclub.example"):
                up.send("ana@auroria.post", recipient)
            up.campaign("parcel-fee")
            up.clock.advance(days=1)
            return [kept.message for address in ADDRESSES for kept in up.mailbox(address)]

    assert told() == told() != []


def test_reports_on_reports_are_not_made(internet: Internet) -> None:
    """Two who reported on each other's reports would do so every day for ever."""
    internet.send("ana@valdoria.post", "clara@inbox.example")
    internet.clock.advance(days=1)
    sent = len(internet.record.of("report"))
    internet.clock.advance(days=5)
    assert sent >= 1 and len(internet.record.of("report")) == sent


def test_lists_that_are_members_of_each_other_do_not_multiply_a_letter(internet: Internet) -> None:
    for number, domain in enumerate(("stampclub.example", "alumni.example", "printpost.example")):
        others = [f"discussion@{other}" for other in ("stampclub.example", "alumni.example", "printpost.example") if other != domain]
        internet.do({"act": "mail", "domain": domain, "receiver": "list", "members": [*others, f"user{number}@inbox.example"]})
    internet.send("ana@valdoria.post", "discussion@stampclub.example")
    assert len(internet.record.of("onward")) == 9


def test_a_bell_that_raises_is_heard_and_the_next_day_comes(internet: Internet, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise OSError("no reports today")

    internet.send("ana@valdoria.post", "clara@inbox.example")
    with monkeypatch.context() as patched:
        patched.setattr(type(internet.office), "_report", broken)
        with pytest.raises(OSError, match="no reports"):
            internet.clock.advance(days=1)
    internet.clock.advance(days=1)
    assert internet.record.of("report")


def test_a_resolver_says_what_it_does_not_look_into(internet: Internet) -> None:
    host, port = internet.servers.outside("192.0.2.10", 53, "udp")
    asked = {rcode: dns.message.make_query("auroria.post", "A") for rcode in (dns.rcode.BADVERS, dns.rcode.NOTIMP, dns.rcode.REFUSED)}
    asked[dns.rcode.BADVERS].use_edns(1)
    asked[dns.rcode.NOTIMP].set_opcode(dns.opcode.STATUS)
    asked[dns.rcode.REFUSED] = dns.message.make_query("version.bind", "TXT", "CH")
    assert {rcode: dns.query.udp(q, host, port=port, timeout=5).rcode() for rcode, q in asked.items()} == {rcode: rcode for rcode in asked}


def test_an_internet_names_its_domains_and_says_when_it_is_closed() -> None:
    with visit("clean", at=AT) as closed:
        assert closed.domains()[0] == "valdoria.post" and "inbox.example" in closed.domains()
    with pytest.raises(ValueError, match="is closed"):
        closed.send("ana@valdoria.post", "clara@inbox.example")
    with pytest.raises(ValueError, match="is closed"):
        closed.campaign("parcel-fee", "valdoria.post")
