"""The figure of the DMARC tree walk, and the tables of what a receiver found out: drawn from real evaluations in the lab."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from postlib import background
from postlib.display import authentication, text, tree_walk
from postlib.display.jupyter import FORMATTERS, several
from postlib.lab.internet import Internet, visit
from postlib.protocols import dkim, dmarc
from postlib.protocols.dkim.signature import RESULTS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as made:
        yield made


def found(internet: Internet, name: str) -> dmarc.Discovery:
    return background.run(dmarc.discover(internet.network, name))


def published(internet: Internet, record: str) -> dmarc.Discovery:
    """What the walk from a name with that DMARC record comes to."""
    internet.domain("auroria.post").publish("_dmarc.walked", "TXT", record)
    return found(internet, "walked.auroria.post")


def drawn(discovery: Any) -> ET.Element:
    return ET.fromstring(str(tree_walk.svg(discovery)))


def words_of(figure: ET.Element) -> list[str]:
    return [element.text or "" for element in figure.iter() if element.tag.endswith("text")]


def test_the_figure_has_each_question_in_its_order_and_what_stood_there(internet: Internet) -> None:
    figure = drawn(found(internet, "parcels.auroria.post"))
    said = words_of(figure)
    asked = [words for words in said if words.startswith("_dmarc.")]
    assert asked == ["_dmarc.parcels.auroria.post", "_dmarc.auroria.post", "_dmarc.post"]
    assert "there is no such name (NXDOMAIN)" in said
    assert "v=DMARC1; p=none; rua=mailto:dmarc@auroria.post" in said
    assert [words for words in said if "applies" in words] == ["this one applies, with its tag p"]


def test_the_alternative_text_says_what_the_figure_shows(internet: Internet) -> None:
    figure = drawn(found(internet, "parcels.auroria.post"))
    told = figure.attrib["aria-label"]
    assert figure.attrib["role"] == "img"
    assert "1: _dmarc.parcels.auroria.post: there is no such name (NXDOMAIN)." in told and "3: _dmarc.post: v=DMARC1" in told
    assert told.endswith("For letters from parcels.auroria.post the DMARC record of auroria.post applies: p=none.")


def test_the_table_holds_the_same_data(internet: Internet) -> None:
    discovery = found(internet, "parcels.auroria.post")
    rows = tree_walk.table_of(discovery).rows
    assert [row[1] for row in rows] == [step.query for step in discovery.walk.steps]
    assert [row[4] for row in rows] == ["", "this one applies, with its tag p", "ends the walk (psd=y)"]
    assert "<details>" in tree_walk.html(discovery) and "_dmarc.post" in tree_walk.table_of(discovery).text()


@pytest.mark.parametrize(
    ("name", "tag", "policy"),
    [
        ("auroria.post", "p", "none"),
        ("www.ilvania.post", "sp", "none"),
        ("nobody.post", "np", "reject"),
        ("www.valdoria.post", "p", "reject"),
    ],
)
def test_the_policy_is_the_one_of_the_discovery(internet: Internet, name: str, tag: str, policy: str) -> None:
    discovery = found(internet, name)
    assert tree_walk.conclusion(discovery).endswith(f"applies: {tag}={policy}.")
    assert f"DMARC policy: {policy}" in words_of(drawn(discovery))


def test_a_long_name_takes_eight_questions(internet: Internet) -> None:
    """RFC 9989, section 4.10."""
    figure = drawn(found(internet, "a.b.c.d.e.f.g.h.i.auroria.post"))
    assert len([words for words in words_of(figure) if words.startswith("_dmarc.")]) == 8


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("v=DMARC1; p=reject; t=y", "p=reject, one step weaker because of t=y, so p=quarantine."),
        ("v=DMARC1; p=rejct; rua=mailto:dmarc@auroria.post", "Its DMARC policy cannot be read, and counts as p=none."),
        ("v=DMARC1; p=rejct", "cannot be used, so DMARC does not apply to letters from walked.auroria.post."),
        ("v=DMARC1; p=reject; psd=n", "applies: p=reject."),
    ],
)
def test_every_kind_of_record_comes_to_a_conclusion(internet: Internet, record: str, said: str) -> None:
    assert tree_walk.conclusion(published(internet, record)).endswith(said)


def test_several_records_do_not_count(internet: Internet) -> None:
    internet.domain("auroria.post").publish("_dmarc.walked", "TXT", "v=DMARC1; p=reject", "v=DMARC1; p=none")
    discovery = found(internet, "walked.auroria.post")
    assert "several DMARC records, so no one of them counts" in words_of(drawn(discovery))
    assert discovery.domain == "auroria.post"


def test_no_record_at_all(internet: Internet) -> None:
    assert tree_walk.conclusion(found(internet, "nobody.test")) == (
        "There is no DMARC record on the way, so DMARC does not apply to letters from nobody.test."
    )
    assert "no DMARC policy" in words_of(drawn(found(internet, "nobody.test")))


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "x" * 3000, "a\u202eb\x1b[31m"])
def test_what_a_stranger_wrote_stays_text_and_within_the_figure(hostile: str) -> None:
    step = dmarc.Step("a.example", "_dmarc.a.example", "record", (f"v=DMARC1; {hostile}",), dmarc.Record())
    discovery = dmarc.Discovery("a.example", "no-record", dmarc.Walk("a.example", (step,), "no-more-labels"))
    made = str(tree_walk.html(discovery))
    assert "<script" not in made and "\x1b" not in made and "\u202e" not in made
    assert max(len(words) for words in words_of(drawn(discovery))) < 120


def test_lines_and_words_take_the_pages_colour(internet: Internet) -> None:
    """So that the figure fits a light theme, a dark one and paper; white words stand on marks alone."""
    figure = drawn(found(internet, "parcels.auroria.post"))
    fills = {element.attrib["fill"] for element in figure.iter(f"{SVG}text")}
    strokes = {element.attrib.get("stroke", "currentColor") for element in figure.iter(f"{SVG}line")}
    assert fills == {"currentColor", "#ffffff"} and strokes == {"currentColor"}


def test_jupyter_shows_them(internet: Internet) -> None:
    letter = internet.send("ana@auroria.post", "clara@inbox.example")
    assert letter.kept is not None and letter.kept.judgement.dmarc is not None
    for shown in (found(internet, "auroria.post"), letter.kept.judgement.dmarc):
        bundle = FORMATTERS[type(shown).__module__, type(shown).__name__](shown)
        assert bundle is not None and bundle["text/plain"] == text(shown) and 'class="postlib"' in bundle["text/html"]
    table = several(letter.kept.judgement.dkim)
    assert table is not None and table["text/plain"].startswith("2 DKIM signatures")


def test_signatures_say_who_signed_with_which_key_and_what_came_of_it(internet: Internet) -> None:
    letter = internet.send("ana@auroria.post", "clara@inbox.example", "New stamps", "Ten of them.")
    changed = background.run(dkim.verify(internet.network, letter.message.replace(b"Ten", b"Two")))
    rows = authentication.signatures(changed).rows
    assert ("auroria.post", "s2026a", "rsa 1024", "fail", "the body is not the one that was signed") in rows


def test_a_test_flag_is_told(internet: Internet) -> None:
    letter = internet.send("info@norvika.post", "clara@inbox.example")
    assert letter.kept is not None
    assert any("only testing (t=y)" in row[4] for row in authentication.signatures(letter.kept.judgement.dkim).rows)


@pytest.mark.parametrize("reason", sorted(RESULTS))
def test_every_outcome_of_a_signature_has_words(reason: str) -> None:
    row = authentication.signatures([dkim.Signature().judged(reason)]).rows[0]
    assert re.search(r"\w \w", row[4])


def test_an_evaluation_says_which_names_are_aligned(internet: Internet) -> None:
    attack = internet.campaign("own-envelope")
    assert attack.sent[0].kept is not None
    table = authentication.evaluation(attack.sent[0].kept.judgement.dmarc)
    assert table.caption == "The author domain is auroria.post. DMARC result: fail. The DMARC policy asks for p=none."
    assert table.rows == (("SPF", "parcel-desk.example", "pass", "no", "of another organizational domain than auroria.post"),)


@pytest.mark.parametrize(
    "reason", ["identical", "not-identical", "same-organization", "other-organization", "not-a-domain", "not-authenticated", "timeout"]
)
def test_every_reason_of_alignment_has_words(reason: str) -> None:
    identifier = dmarc.Identifier("spf", "pass", "a.example", reason=reason)
    evaluation = dmarc.Evaluation("b.example", dmarc.Result.FAIL, "not-aligned", identifiers=(identifier,))
    assert re.search(r"\w \w", authentication.evaluation(evaluation).rows[0][4])
