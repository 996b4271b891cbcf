"""Letters to whoever holds the lever: one can be written for every finding that failed, and it can be carried out as it stands."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import dns.rdata
import dns.zone
import pytest
from conftest import FULL
from hypothesis import given
from hypothesis import strategies as st
from oracles.needed import chance

from postlib import words
from postlib.acts import publish
from postlib.course.correspondence import Letter, letter
from postlib.course.requested import Block, blocks, changed
from postlib.finding import Finding, Lever, failed, not_applicable, passed, remedy, unknown
from postlib.lab import worlds
from postlib.lab.internet import Internet, visit
from postlib.look import check
from postlib.network import Unreachable
from postlib.probes import checks

AT = datetime(2026, 11, 23, tzinfo=UTC)
CLEAN = "valdoria.post"
SAMPLE = 10  # faults of the quick tier, which every commit draws anew
DRAWN = sorted(worlds.faults()) if FULL else sorted(random.Random(chance()).sample(sorted(worlds.faults()), SAMPLE))


@pytest.fixture(scope="module")
def auroria() -> Iterator[Internet]:
    with visit("union", at=AT) as internet:
        yield internet


def faulty(name: str) -> Internet:
    internet = visit("clean", at=AT)
    for act in worlds.faults()[name].on(CLEAN):
        internet.do(act)
    return internet


def copied(made: Letter) -> str:
    """All that is to be pasted."""
    return "\n".join(line for part in made.parts for said in part.said if isinstance(said, Block) for line in said.lines)


@pytest.mark.parametrize("name", DRAWN)
def test_a_letter_can_be_written_for_whatever_a_fault_breaks(name: str) -> None:
    """Every fault in FULL. It names the lever, the check, the command and whatever is to be published, and no brace is left open."""
    with faulty(name) as internet:
        for finding in check(CLEAN, internet).failed:
            asked = finding.remedy
            assert asked is not None
            made = letter(finding, internet)
            text = str(made)
            assert f"To: {words.phrase(f'letter.to.{asked.lever.value}', subject=CLEAN)}\n" in text
            assert f"\n    postlib check {CLEAN}\n" in text and finding.check in text and finding.reference in text
            assert not re.search(r"[{}]", text), text
            for act in asked.acts:
                if act["act"] == "publish":
                    assert f"{act['name']}. " in copied(made) and f" IN {act['type']} " in copied(made)
            for value in ("record", "records", "ds"):
                told = dict(asked.values).get(value, "")
                assert set(re.findall(r"[\w.=:@-]+", told)) <= set(re.findall(r"[\w.=:@-]+", text)), (told, text)
            assert asked.first_step == (words.phrase("letter.part.step").upper() in text)


def test_every_remedy_has_its_request_and_every_check_its_consequence() -> None:
    phrases = words.chosen().shared["phrases"]
    assert {f"letter.ask.{template}" for template in words.chosen().shared["remedies"]} - phrases.keys() == set()
    assert [name for name in checks() if f"letter.otherwise.{name}" not in phrases and not words.why(name)] == []
    templates = {key.split(".", 2)[2] for key in phrases if key.startswith(("letter.ask.", "letter.before."))}
    assert templates <= words.chosen().shared["remedies"].keys()
    assert {key.split(".", 2)[2] for key in phrases if key.startswith("letter.otherwise.")} <= set(checks())
    for lever in Lever:
        assert {f"letter.to.{lever.value}", f"letter.subject.{lever.value}"} <= phrases.keys()


def test_no_request_blames_and_none_has_a_bare_word() -> None:
    """Never a bare fail, none, pass, policy, record, sender (DESIGN.md), and no blame: the reader is asked for help."""
    phrases = words.chosen().shared["phrases"]
    mine = {key: text for key, text in phrases.items() if key.startswith("letter.")}
    blame = re.compile(r"\b(your (fault|mistake|error)|you (forgot|failed)|wrongly|must not|negligen)", re.IGNORECASE)
    bare = re.compile(r"(^|[^A-Za-z=-])(a|the|no) (fail|none|pass|policy|sender)\b", re.IGNORECASE)
    assert {key: text for key, text in mine.items() if blame.search(text) or bare.search(text)} == {}


def test_the_lines_of_a_zone_file_can_be_loaded(auroria: Internet) -> None:
    """RFC 1035, section 5.1: what the letter says to paste is what the act publishes."""
    for name in ("dmarc.enforced", "caa.present", "tls-rpt.published"):
        finding = check("auroria.post", auroria)[name]
        assert finding.remedy is not None
        block = blocks(finding.remedy, "auroria.post")[0]
        zone = dns.zone.from_text("\n".join(block.lines), "auroria.post", check_origin=False, relativize=False)
        act = finding.remedy.acts[0]
        (rdataset,) = zone.get_node(act["name"] + ".") or ()  # type: ignore[misc]
        assert rdataset.ttl == act["ttl"] and len(rdataset) == len(act["values"])


def test_the_fields_are_those_of_a_panel(auroria: Internet) -> None:
    report = check("auroria.post", auroria)
    text = copied(letter(report["dmarc.enforced"]))
    assert "Name:  _dmarc\nType:  TXT\nValue: v=DMARC1; p=quarantine; rua=mailto:dmarc@auroria.post\nTTL:   3600" in text
    assert "Name:  @\nType:  CAA" in copied(letter(report["caa.present"]))


def test_what_stands_in_the_fields_heals_when_a_good_panel_gets_it() -> None:
    """The letter is carried out by hand: from its fields into the panel, and the check passes."""
    with visit("union", at=AT) as internet:
        asked = letter(check("auroria.post", internet)["dmarc.enforced"])
        pasted = [said.lines for part in asked.parts for said in part.said if isinstance(said, Block)]
        (fields,) = [lines for lines in pasted if lines[0].startswith("Name:")]
        name, rrtype, value, ttl = (line.partition(":")[2].strip() for line in fields)
        domain = internet.domain("auroria.post")
        domain.panel("harbour").remove(name, rrtype)
        domain.panel("harbour").add(name, rrtype, value, ttl=int(ttl))
        assert check("auroria.post", internet)["dmarc.enforced"].status == "pass"


def test_a_panel_is_asked_for_the_old_record_to_go(auroria: Internet) -> None:
    """Two DMARC records at one name count as none (RFC 9989, section 4.10), so the letter does not ask for a second one."""
    text = str(letter(check("auroria.post", auroria)["dmarc.enforced"]))
    assert "It takes the place of every TXT record at _dmarc.auroria.post that begins with v=DMARC1." in text


def test_it_says_when_to_look_again_by_the_ttl_of_the_internet(auroria: Internet) -> None:
    finding = check("auroria.post", auroria)["dmarc.enforced"]
    assert "for 1 hour (its TTL)" in str(letter(finding)) and "UTC" not in str(letter(finding))
    with visit("union", at=AT) as internet:
        internet.domain("auroria.post").publish("_dmarc", "TXT", "v=DMARC1; p=none", ttl=2 * 86_400)
        for given in (internet, internet.network):
            text = str(letter(finding, given))
            assert "for 2 days (its TTL)" in text and "2026-11-25 00:00 UTC" in text


def test_where_nobody_answers_it_takes_the_usual_ttl(auroria: Internet) -> None:
    finding = check("auroria.post", auroria)["dmarc.enforced"]

    def nowhere(address: str, port: int, transport: str) -> tuple[str, int]:
        raise Unreachable("no-route", address)

    assert "for 1 hour (its TTL)" in str(letter(finding, replace(auroria.network, route=nowhere)))


def test_the_last_step_is_not_asked_for_where_it_is_dangerous(auroria: Internet) -> None:
    text = str(letter(check("auroria.post", auroria)["dmarc.enforced"]))
    assert "ONE SAFE STEP FIRST" in text and "p=quarantine" in text and "p=reject" not in text


def test_a_key_of_the_mail_providers_is_asked_of_the_mail_provider() -> None:
    with faulty("hosted-mail-key-on-test") as internet:
        made = letter(check(CLEAN, internet)["dkim.not-testing"], internet)
    assert made.to == f"the mail provider of {CLEAN}"
    assert f"selector1.{CLEAN}._dkim.inbox.example" in str(made)


def test_a_registrar_gets_four_fields() -> None:
    with faulty("ds-digest-wrong") as internet:
        made = letter(check(CLEAN, internet)["dnssec.validates"], internet)
        (ds,) = [text for text in internet.domain(CLEAN).registry.get("DS")]
    assert made.to == f"the registrar of {CLEAN}"
    tag, algorithm, kind, _ = ds.split()
    assert re.search(rf"Key tag: +{tag}\nAlgorithm: +{algorithm}\nDigest type: +{kind}\nDigest: +[0-9a-f]{{64}}", copied(made))


MEND = remedy("dmarc.end-test", Lever.DNS_HOST, publish("_dmarc.a.example", "TXT", "v=DMARC1"), name="_dmarc.a.example", record="v=DMARC1")


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (passed(), "dmarc.not-testing has passed, so there is nothing to ask for"),
        (unknown(reason="timeout"), "dmarc.not-testing is unknown"),
        (not_applicable(), "dmarc.not-testing does not apply to a.example"),
        (failed(), "was seen is not enough"),
    ],
)
def test_where_there_is_no_letter_one_sentence_says_why(verdict: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        letter(Finding("a.example", "dmarc.not-testing", verdict, "RFC 9989", remedy=None))  # type: ignore[arg-type]


def test_something_else_than_a_finding_is_named(auroria: Internet) -> None:
    with pytest.raises(ValueError, match="letter takes one finding"):
        letter(check("auroria.post", auroria))  # type: ignore[arg-type]


def test_a_notebook_shows_text_and_blocks_that_one_click_marks(auroria: Internet) -> None:
    made = letter(check("auroria.post", auroria)["dmarc.enforced"])
    bundle = made._repr_mimebundle_()
    assert bundle["text/plain"] == f"{made.before}\n\n{made}" and "Before you send" in made.before and made.before not in str(made)
    assert bundle["text/html"].count("<pre ") == 3 and "user-select:all" in bundle["text/html"]
    assert "&quot;v=DMARC1; p=quarantine" in bundle["text/html"] and "<script" not in bundle["text/html"]


@given(st.text(max_size=40), st.text(max_size=300))
def test_what_a_stranger_wrote_is_shown_and_never_obeyed(name: str, text: str) -> None:
    """Values come from the wire: no control character, no line of their own, no markup."""
    mend = remedy("dmarc.end-test", Lever.DNS_HOST, publish(f"{name}.a.example", "TXT", text), name=f"{name}.a.example", record=text)
    made = letter(Finding("a.example", "dmarc.not-testing", failed(), "RFC 9989", remedy=mend))
    assert changed(mend) == (f"{name}.a.example", "TXT")
    shown = str(made)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "<script" not in made._repr_mimebundle_()["text/html"].lower()
    usual = letter(Finding("a.example", "dmarc.not-testing", failed(), "RFC 9989", remedy=MEND))
    assert shown.count("\n") == str(usual).count("\n")
