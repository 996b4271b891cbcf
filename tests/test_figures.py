"""Figures: the mail conversation and the SPF tree, drawn from the real objects; readable without seeing them, and harmless."""

from __future__ import annotations

import asyncio
import functools
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones import Zones

from postlib.display import jupyter, ladder, spf_tree
from postlib.display.drawing import AMBER, BLUE, BLUE_LINE, GREEN, GREY, RED, VIOLET, VIOLET_LINE, fitted, mark
from postlib.lab.internet import Internet, visit
from postlib.protocols.spf import Outcome, check_host

SVG = "{http://www.w3.org/2000/svg}"
SPEAKERS = st.sampled_from(["client", "server", "tls"])
HOSTILE = st.text(max_size=60) | st.sampled_from(["</svg><script>alert(1)</script>", '" onload="x', "\u202eevil", "]]>", "&lt;", "\x00"])


@functools.cache
def internet() -> Internet:
    return visit("union", at=datetime(2026, 11, 23, tzinfo=UTC))


@functools.cache
def delivery() -> Any:
    return internet().campaign("own-envelope").sent[0].delivery


def judged(target: str) -> Any:
    return internet().campaign("parcel-fee", target).sent[0].kept.judgement.spf


def asked(zones: dict[str, str], domain: str = "a.example", address: str = "192.0.2.7") -> Outcome:
    held = Zones({name: {"TXT": [" ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))]} for name, text in zones.items()})
    return asyncio.run(check_host(held.resolver(), address, domain, f"x@{domain}", "h.example"))


def words_of(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def alternative(svg: str) -> str:
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    return root.get("aria-label", "")


def test_a_conversation_shows_envelope_and_author_side_by_side() -> None:
    """MAIL FROM (RFC 5321, section 4.1.1.2) and From (RFC 5322, section 3.6.2) need not agree."""
    shown = words_of(ladder.svg(delivery()))
    assert "MAIL FROM: bounces@parcel-desk.example" in shown and "From: Auroria Post <tracking@auroria.post>" in shown
    assert shown.index("The envelope: machines see it") < shown.index("The message: people see it")


def test_a_conversation_is_in_order_and_a_reply_of_several_lines_is_one_step() -> None:
    shown = words_of(ladder.svg(delivery()))
    steps = ["220 mx1.inbox.example ESMTP", "EHLO mx1.parcel-desk.example", "250 mx1.inbox.example (+4 lines)", "STARTTLS"]
    places = [shown.index(step) for step in steps]
    assert places == sorted(places) and "250-SIZE 1048576" not in shown


def test_the_alternative_text_of_a_conversation_holds_its_facts() -> None:
    told = alternative(ladder.svg(delivery()))
    facts = ("mx1.parcel-desk.example", "mx1.inbox.example", "bounces@parcel-desk.example", "tracking@auroria.post", "accepted")
    assert [fact for fact in facts if fact not in told] == []


def test_a_refusal_is_marked_at_the_reply_that_refused() -> None:
    shown = words_of(ladder.svg(internet().campaign("parcel-fee", "valdoria.post").sent[0].delivery))
    reply = next(index for index, text in enumerate(shown) if text.startswith("550 5.7.1"))
    assert shown[reply + 1] == "refused by the server"


def test_the_whole_conversation_stands_below_the_figure_as_a_table() -> None:
    html = ladder.html(delivery())
    assert html.index("</svg>") < html.index("<details>") < html.index('<table class="wire talk">')
    assert "250-SIZE 1048576" in html


def test_a_figure_takes_the_place_of_the_table_alone_and_text_stays() -> None:
    made = jupyter.delivery(delivery())
    assert "<svg" in made["text/html"] and "MAIL FROM:<bounces@parcel-desk.example>" in made["text/plain"]
    tree = jupyter.spf(judged("meridia.post"))
    assert "<svg" in tree["text/html"] and "Needed 11 of 10 DNS lookups" in tree["text/plain"]


def test_an_spf_tree_numbers_its_lookups_and_marks_the_one_too_many() -> None:
    """RFC 7208, section 4.6.4: ten, and the eleventh ends in permerror."""
    outcome = judged("meridia.post")
    numbers = [number for row in spf_tree.rows(outcome) for number in row.spent]
    assert numbers == list(range(1, 12)) and outcome.lookups == 11
    shown = words_of(spf_tree.svg(outcome))
    assert "lookup 11" in shown and "11!" in shown and "SPF result permerror" in shown


@pytest.mark.parametrize("target", ["auroria.post", "meridia.post", "valdoria.post"])
def test_every_lookup_of_a_tree_is_spent_by_one_term(target: str) -> None:
    outcome = judged(target)
    assert sum(len(row.spent) for row in spf_tree.rows(outcome)) == outcome.lookups


def test_an_included_record_stands_below_its_include_one_level_deeper() -> None:
    tree = spf_tree.rows(asked({"a.example": "v=spf1 include:b.example -all", "b.example": "v=spf1 ip4:192.0.2.0/24 -all"}))
    assert [(row.level, row.term) for row in tree] == [
        (0, "v=spf1 include:b.example -all"),
        (1, "include:b.example"),
        (1, "v=spf1 ip4:192.0.2.0/24 -all"),
        (2, "ip4:192.0.2.0/24"),
    ]
    assert [row.spent for row in tree if row.spent] == [(1,)]


def test_the_alternative_text_of_a_tree_holds_its_facts() -> None:
    told = alternative(spf_tree.svg(judged("meridia.post")))
    facts = ("meridia.post", "permerror", "11 of 10 DNS lookups", "more than ten DNS lookups", "include:c._spf.meridia.post")
    assert [fact for fact in facts if fact not in told] == []


def test_the_table_below_a_tree_has_every_term() -> None:
    outcome = judged("meridia.post")
    table = spf_tree.table_of(outcome)
    assert len(table.rows) == sum(1 for _ in outcome.walk())
    assert table.rows[-1] == ("2", "a:mx1.meridia.post", "", "more than ten DNS lookups were needed", "11")


def test_a_domain_without_one_spf_record_says_why_and_has_no_tree() -> None:
    outcome = judged("caldera.post")
    assert spf_tree.rows(outcome) == () and "there are several SPF records there (2)" in words_of(spf_tree.svg(outcome))


def test_a_huge_tree_is_cut_and_says_so() -> None:
    """Nobody reads a hundred terms; the table below has them all."""
    record = "v=spf1 " + " ".join(f"ip4:198.51.100.{n}" for n in range(100)) + " -all"
    outcome = asked({"a.example": record})
    shown = words_of(spf_tree.svg(outcome))
    assert shown[-1] == "42 terms more stand in the table" and len(spf_tree.table_of(outcome).rows) == 101


@given(lines=st.lists(st.tuples(SPEAKERS, HOSTILE), max_size=8), outcome=st.sampled_from(["accepted", "refused"]))
def test_what_a_stranger_says_cannot_leave_a_conversation(lines: list[tuple[str, str]], outcome: str) -> None:
    said = tuple(SimpleNamespace(speaker=who, text=text) for who, text in lines)
    made = SimpleNamespace(outcome=outcome, transcript=said, reply=SimpleNamespace(code=250, lines=("",)))
    _harmless(ladder.svg(made))


@given(term=HOSTILE, value=HOSTILE, record=HOSTILE)
def test_what_a_stranger_publishes_cannot_leave_a_tree(term: str, value: str, record: str) -> None:
    step = {"matched": False, "reason": "no-such-name", "domain": value, "inner": None, "lookups": 1, "voids": 1}
    steps = (SimpleNamespace(term=term, value=value, **step),)
    budget = {"lookups": 1, "voids": 1, "reason": "syntax", "value": value, "result": SimpleNamespace(value="permerror")}
    _harmless(spf_tree.svg(SimpleNamespace(domain=value, record=record, steps=steps, **budget)))


def _harmless(svg: str) -> None:
    """It is XML, of our own elements and attributes alone."""
    for element in ET.fromstring(svg).iter():
        assert element.tag.removeprefix(SVG) in {"svg", "text", "line", "rect", "polygon"}
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]


@pytest.mark.parametrize("ground", [BLUE, VIOLET, GREEN, RED, AMBER, GREY])
def test_words_on_a_coloured_ground_can_be_read(ground: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    assert 'fill="#ffffff"' in mark(0, 0, "x", ground) and contrast(ground, "#ffffff") >= 4.5


@pytest.mark.parametrize("outline", [BLUE_LINE, VIOLET_LINE])
@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_outlines_can_be_seen_on_light_and_dark(outline: str, page: str) -> None:
    """WCAG 2.2, 1.4.11: 3 to 1."""
    assert contrast(outline, page) >= 3


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, definition of contrast ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_words_that_do_not_fit_are_cut_with_dots() -> None:
    assert fitted("abcdefghij", 50, 10) == "abcd…" and fitted("abc", 50, 10) == "abc"
