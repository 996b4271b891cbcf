"""The glossary keeps its own rules: one plain sentence a term, a source, a word for every word to avoid."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from lessons import COURSE, notebook
from sentences import sentences
from vocabulary import Term, defined, glossary, undefined_after, used
from wording import LONGEST, bare_in

TERMS = glossary()
SOURCE = re.compile(r"the course\b|RFC \d{4,5}, sections? [\dA-Z]")
# The issue names these: a first slice cannot be taught without them.
ASKED = """
SMTP|envelope|MAIL FROM|author address|header|SPF|mechanism|qualifier|include|lookup limit|void lookup|DKIM|selector|signature
canonicalization|body hash|DMARC|alignment|organizational domain|tree walk|p=none|p=quarantine|p=reject|aggregate report|rua|DNS|zone
DNS record|TTL|resolver|authoritative server|delegation|NXDOMAIN|no data|TXT|CNAME|MX|null MX|NS|spoofing|phishing|operator|provider
selector rotation|revoke|RFC
"""


@pytest.mark.parametrize("term", TERMS, ids=[term.term for term in TERMS])
def test_a_term_is_explained_in_one_plain_sentence(term: Term) -> None:
    """At most 25 words, one sentence, no word without its noun, the term itself in it, and where it comes from."""
    cut = sentences(term.says)
    assert len(cut) == 1 and cut[0].length <= LONGEST and term.says.endswith(".")
    assert bare_in(cut[0].words) == []
    assert any(form.lower() in term.says.lower() for form in term.forms)
    assert SOURCE.match(term.where)


def test_what_is_asked_for_is_there() -> None:
    forms = {form for term in TERMS for form in term.forms}
    assert not set(re.split(r"[|\n]", ASKED.strip())) - forms


def test_a_form_belongs_to_one_term() -> None:
    times = Counter(form.lower() for term in TERMS for form in term.forms)
    assert not [form for form, count in times.items() if count > 1]


def test_what_to_write_instead_is_a_word_of_the_course() -> None:
    """Else a page is sent from one unknown word to the next; and a word to avoid is no term itself."""
    forms = {form.lower() for term in TERMS for form in term.forms}
    pairs = [(wrong, right) for term in TERMS for wrong, right in (term.avoid or {}).items()]
    assert not [right for _, right in pairs if not any(re.search(rf"\b{re.escape(form)}\b", right.lower()) for form in forms)]
    assert not [wrong for wrong, right in pairs if any(wrong.lower() == term.term.lower() for term in TERMS)]
    assert not [right for _, right in pairs if bare_in(right)]


def test_the_glossary_avoids_what_it_says_to_avoid() -> None:
    wrong = [word for term in TERMS for word in (term.avoid or {})]
    assert not [(term.term, word) for term in TERMS for word in wrong if re.search(rf"\b{re.escape(word)}\b", term.says, re.I)]


def test_no_definition_goes_round_in_a_circle() -> None:
    """Terms that a definition uses are defined without it: a reader can follow the words down to plain ones."""
    needs = {term.term: set(used(sentences(term.says)[0])) - {term.term} for term in TERMS}
    while free := {term for term, others in needs.items() if not others & needs.keys()}:
        needs = {term: others for term, others in needs.items() if term not in free}
    assert not needs


def test_the_start_page_defines_the_standards() -> None:
    """The first page names the three standards, so it has to say what they are."""
    assert {"SPF", "DKIM", "DMARC", "DNS", "SMTP", "operator"} <= defined(notebook(COURSE / "start.ipynb"))


def test_a_start_page_without_its_bold_words_is_found() -> None:
    """The rule bites on the real page: take away the bold of one word."""
    page = notebook(COURSE / "start.ipynb")
    cells = tuple(replace(cell, source=cell.source.replace("**DMARC**", "DMARC").replace("**SPF**", "SPF")) for cell in page.cells)
    found = " ".join(undefined_after(replace(page, cells=cells), set()))
    assert "'DMARC' is used before" in found and "'SPF' is used before" in found
