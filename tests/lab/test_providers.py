"""The fictional providers: what people type is one thing, what a panel publishes another; and who holds the lever where mail is hosted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlib import background
from postlib.finding import Lever
from postlib.lab import worlds
from postlib.lab.domain import Domain
from postlib.lab.internet import Internet, visit
from postlib.lab.providers import Panel, _with_quotes, move_mail, panel, provider, providers, registrar, senders, subdomain
from postlib.look import check
from postlib.resolver import Resolver

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
DMARC = "v=DMARC1; p=none; rua=mailto:dmarc@valdoria.post"
LONG = "v=DKIM1; k=rsa; p=" + "A" * 400
PANELS = [key for key, found in providers().items() if "panel" in found.settings]


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("clean", at=AT) as up:
        yield up


def told(internet: Internet, name: str) -> tuple[bytes, ...]:
    """The texts that the world sees at a name."""
    return background.run(Resolver(internet.network).resolve(name, "TXT")).texts


def test_every_provider_has_a_lever_and_habits_that_are_faults() -> None:
    for found in providers().values():
        assert found.lever in {lever.value for lever in Lever}, found
        assert set(found.habits) <= worlds.faults().keys(), found
        assert found.name and (found.can or found.cannot)


def test_every_fault_of_providers_is_somebodys_habit() -> None:
    text = (resources.files("postlib.lab") / "faults" / "providers.yaml").read_text(encoding="utf-8")
    assert worlds.read_yaml(text).keys() <= {habit for found in providers().values() for habit in found.habits}


def test_an_unknown_provider_and_a_part_that_it_lacks_are_named(internet: Internet) -> None:
    with pytest.raises(ValueError, match="the providers are: panelo, "):
        internet.domain(CLEAN).panel("nobody")
    with pytest.raises(ValueError, match="Mailhaven has no panel; these have: panelo, quillhost, oldgate, harbour"):
        internet.domain(CLEAN).panel("mailhaven")
    with pytest.raises(ValueError, match="Panelo DNS has no form"):
        registrar(internet.domain(CLEAN), "panelo")


def test_panelo_adds_the_domain_to_a_name_that_has_it(internet: Internet) -> None:
    typed = internet.domain(CLEAN).panel("panelo")
    assert typed.add(f"_dmarc.{CLEAN}", "txt", DMARC) == f"Saved: _dmarc.{CLEAN} TXT {DMARC}"
    assert told(internet, f"_dmarc.{CLEAN}.{CLEAN}") == (DMARC.encode(),)
    assert b"p=reject" in told(internet, f"_dmarc.{CLEAN}")[0]
    assert [act["name"] for act in internet.journal()] == [f"_dmarc.{CLEAN}.{CLEAN}"]
    assert typed.remove(f"_dmarc.{CLEAN}", "TXT") == f"Removed: _dmarc.{CLEAN} TXT"
    assert told(internet, f"_dmarc.{CLEAN}.{CLEAN}") == ()


@pytest.mark.parametrize("typed", ["@", "", CLEAN, f"{CLEAN}."])
def test_harbour_knows_its_domain_in_every_form(internet: Internet, typed: str) -> None:
    internet.domain(CLEAN).panel("harbour").add(typed, "TXT", "token=1")
    assert b"token=1" in told(internet, CLEAN)


def test_panelo_doubles_the_host_of_an_mx_record_without_its_last_dot(internet: Internet) -> None:
    domain = internet.domain(CLEAN)
    domain.panel("panelo").add("a", "MX", f"10 mx1.{CLEAN}")
    domain.panel("harbour").add("b", "MX", f"10 mx1.{CLEAN}")
    domain.panel("harbour").add("c", "MX", "10 mx1")
    assert domain.zone.get("a", "MX") == (f"10 mx1.{CLEAN}.{CLEAN}.",)
    assert domain.zone.get("b", "MX") == domain.zone.get("c", "MX") == (f"10 mx1.{CLEAN}.",)


@pytest.mark.parametrize(
    ("key", "typed", "published"),
    [
        ("panelo", '"v=spf1 mx -all"', ['"v=spf1 mx -all"']),  # the quotes are now part of the text
        ("quillhost", 'p="reject"', ["p=“reject”"]),
        ("oldgate", '"v=DMARC1; p=none"', ["v=DMARC1\\; p=none"]),
        ("harbour", '"v=DMARC1; p=none"', ["v=DMARC1; p=none"]),
        ("panelo", LONG, [LONG[:255]]),
        ("quillhost", LONG, [LONG[:255], LONG[255:]]),
        ("harbour", LONG, [LONG]),
        ("harbour", "a\\b", ["a\\b"]),
    ],
)
def test_what_a_panel_makes_of_a_text(internet: Internet, key: str, typed: str, published: list[str]) -> None:
    internet.domain(CLEAN).panel(key).add("x", "TXT", typed)
    assert sorted(told(internet, f"x.{CLEAN}")) == sorted(text.encode() for text in published)


def test_two_texts_where_one_was_meant(internet: Internet) -> None:
    for key, left in (("panelo", 2), ("oldgate", 1)):
        for text in ("one", "two"):
            internet.domain(CLEAN).panel(key).add(key, "TXT", text)
        assert len(told(internet, f"{key}.{CLEAN}")) == left


@pytest.mark.parametrize(
    ("key", "name", "rrtype", "value", "sentence"),
    [
        ("panelo", "@", "CAA", '0 issue "ca.example"', "Panelo DNS: The type CAA is not available. Choose one of: A, AAAA"),
        ("panelo", "@", "DS", "1 13 2 00", "The type DS is not available"),
        ("quillhost", "_25._tcp.mx1", "TLSA", "3 1 1 00", "The type TLSA is not available"),
        ("oldgate", "_dmarc", "TXT", DMARC, "The name _dmarc is not valid"),
        ("oldgate", "x", "TXT", LONG, "It may have 255 characters"),
    ],
)
def test_what_a_panel_lacks_it_refuses_in_its_own_words(
    internet: Internet, key: str, name: str, rrtype: str, value: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        internet.domain(CLEAN).panel(key).add(name, rrtype, value)
    assert list(internet.journal()) == []


def test_an_empty_value_is_a_clear_error_or_an_empty_text(internet: Internet) -> None:
    for key in PANELS:
        with pytest.raises(ValueError, match="MX"):
            internet.domain(CLEAN).panel(key).add("x", "MX", " ")


class Nowhere:
    """A home that only takes note."""

    def __init__(self) -> None:
        self.done: list[dict[str, object]] = []

    @property
    def state(self) -> None:
        raise AssertionError("a panel looks at nothing before it publishes")

    def do(self, act: dict[str, object]) -> None:
        self.done.append(act)


@given(st.sampled_from(PANELS), st.text(max_size=20), st.text(max_size=600))
def test_whatever_is_typed_becomes_an_act_below_the_domain_or_a_sentence(key: str, name: str, value: str) -> None:
    home = Nowhere()
    try:
        said = panel(Domain(CLEAN, home), key).add(name, "TXT", value)  # type: ignore[arg-type]
    except ValueError as error:
        assert str(error).startswith(provider(key).name)
        assert home.done == []
        return
    assert said.startswith("Saved: ") and home.done
    assert all(str(act["name"]).endswith(CLEAN) for act in home.done)


@given(st.text(alphabet='a"“', max_size=30))
def test_quotes_become_curly_in_pairs(text: str) -> None:
    made = _with_quotes(text, "curly")
    assert '"' not in made and len(made) == len(text) and _with_quotes(text, "kept") == text


def test_a_panels_record_is_what_the_fault_of_that_name_is(internet: Internet) -> None:
    """A habit is proved by the harness (tests/probes/test_faults.py); the panel does the same."""
    domain = internet.domain(CLEAN)
    domain.withdraw("_dmarc", "TXT")
    Panel(domain, provider("panelo")).add(f"_dmarc.{CLEAN}", "TXT", f"v=DMARC1; p=reject; rua=mailto:dmarc@{CLEAN}")
    fault = worlds.faults()["dmarc-doubled-name"]
    report = check(CLEAN, internet)
    assert {finding.check for finding in report.failed} == {*fault.causes, "bimi.dmarc-enforced"}


def test_mail_that_moved_keeps_every_rule_and_is_signed_by_the_providers_key(internet: Internet) -> None:
    domain = internet.domain(CLEAN)
    move_mail(domain, "mailhaven")
    report = check(CLEAN, internet)
    assert [str(finding) for finding in report.failed] == []
    assert domain.zone.get("selector1._domainkey", "CNAME") == (f"selector1.{CLEAN}._dkim.inbox.example.",)
    sent = internet.send(f"ana@{CLEAN}", "omar@oldmail.example")
    assert sent.outcome == "inbox" and b"s=selector1" in sent.message
    assert sent.kept is not None and b"dkim=pass" in sent.kept.message and b"spf=pass" in sent.kept.message


def test_without_the_aliases_nothing_is_signed_with_the_domains_name(internet: Internet) -> None:
    move_mail(internet.domain(CLEAN), "mailhaven", aliases=False)
    report = check(CLEAN, internet)
    assert {finding.check for finding in report.failed} == {"dkim.published", "dmarc.dkim-behind-reject"}
    assert b"DKIM-Signature" not in internet.send(f"ana@{CLEAN}", "omar@oldmail.example").message


def test_the_journal_of_a_move_is_replayed_to_the_same_bytes(internet: Internet) -> None:
    move_mail(internet.domain(CLEAN), "mailhaven")
    internet.domain(CLEAN).panel("panelo").add("x", "TXT", "y")
    with visit("clean", at=AT, journal=internet.journal()) as again:
        for name in (CLEAN, "inbox.example"):
            assert again.domain(name).zone.text() == internet.domain(name).zone.text()


def test_the_scanners_send_by_a_relay_that_nobody_vouches_for(internet: Internet) -> None:
    move_mail(internet.domain(CLEAN), "mailhaven")
    scanners = senders("mailhaven", CLEAN)["scanners"]
    assert internet.send(recipient="omar@oldmail.example", **scanners).outcome == "refused"


HOSTED = {
    "hosted-mail-without-aliases": {Lever.MAIL_PROVIDER},
    "hosted-mail-key-on-test": {Lever.MAIL_PROVIDER},
    "hosted-mail-short-key": {Lever.MAIL_PROVIDER},
    "hosted-mail-without-tlsa": {Lever.MAIL_PROVIDER},
    "hosted-mail-two-spf-records": {Lever.DNS_HOST},  # the record is the domain's own
}


@pytest.mark.parametrize("name", HOSTED)
def test_where_the_mail_is_hosted_its_provider_holds_the_lever(internet: Internet, name: str) -> None:
    for act in worlds.faults()[name].on(CLEAN):
        internet.do(act)
    report = check(CLEAN, internet)
    assert {finding.remedy.lever for finding in report.failed if finding.remedy} == HOSTED[name]


def test_what_only_the_mail_provider_can_do_first_is_asked_of_it(internet: Internet) -> None:
    domain = internet.domain(CLEAN)
    move_mail(domain, "mailhaven", aliases=False)
    domain.publish("_dmarc", "TXT", DMARC)
    remedy = check(CLEAN, internet)["dmarc.enforced"].remedy  # a stricter policy needs DKIM first
    assert remedy is not None and (remedy.template, remedy.lever) == ("dmarc.prepare", Lever.MAIL_PROVIDER)
    for host, lever in ((f"mx9.{CLEAN}", Lever.DNS_HOST), ("mx9.inbox.example", Lever.MAIL_PROVIDER)):
        domain.publish("@", "MX", f"10 {host}.")
        remedy = check(CLEAN, internet)["mx.hosts-have-addresses"].remedy
        assert remedy is not None and (remedy.template, remedy.lever) == ("mx.give-address", lever)


def test_a_vendors_subdomain_inherits_dmarc_and_not_spf() -> None:
    """RFC 7208, section 3.1: an SPF record holds for its own name alone; RFC 9989, section 4.10: DMARC holds below too."""
    with visit("clean", at=AT, learner=subdomain("noticeboard", CLEAN)) as internet:
        name = f"notices.{CLEAN}"
        assert internet.domain(CLEAN).zone.get("notices", "NS") == (f"ns1.{name}.", f"ns2.{name}.")
        report = check(name, internet)
        assert {finding.check for finding in report.failed} >= {"spf.one-record"}
        assert dict(report["dmarc.published"].verdict.evidence)["name"] == f"_dmarc.{CLEAN}"
        assert [finding.check for finding in check(CLEAN, internet).failed] == []


DIGEST = "aa5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"


def test_a_registrars_form_takes_a_ds_in_four_fields(internet: Internet) -> None:
    domain = internet.domain(CLEAN)
    tag, algorithm, kind, digest = domain.registry.get("DS")[0].split()
    registrar(domain, "nameway").order_ds(int(tag), int(algorithm), int(kind), f"{digest[:32]} {digest[32:]}".upper())
    assert [str(finding) for finding in check(CLEAN, internet).failed] == []
    registrar(domain, "nameway").order_ds(4711, 13, 2, DIGEST)  # a slip, and the form has nothing to say
    assert check(CLEAN, internet)["dnssec.validates"].status == "fail"


@pytest.mark.parametrize(
    ("key", "fields", "sentence"),
    [
        ("crestmark", (4711, 13, 2, DIGEST), "Crestmark registrar: Algorithm 13 is not in the list. Choose one of: 5, 7, 8, 10"),
        ("nameway", (4711, 13, 3, DIGEST), "Digest type 3 is not in the list"),
        ("nameway", (4711, 13, 1, DIGEST), "must have 40 characters, 0-9 and a-f. It has 64"),
        ("nameway", (4711, 13, 2, "g" * 64), "must have 64 characters"),
        ("nameway", (70000, 13, 2, DIGEST), "DS"),
    ],
)
def test_what_the_form_refuses(internet: Internet, key: str, fields: tuple[int, int, int, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        registrar(internet.domain(CLEAN), key).order_ds(*fields)
    assert list(internet.journal()) == []
