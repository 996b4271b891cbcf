"""What the course says can be read by somebody whose second or third language is English, and has the form of our notebooks.

One page: `pytest tests/course/test_language.py -k dmarc/01` (also `start`, `labs/spf-repair`, `questions/dmarc/02`, `hints/spf-repair`).
The rules are in tests/wording.py, tests/rhythm.py and tests/vocabulary.py; each has a test on bad text in test_rules.py or test_form.py.
"""

from __future__ import annotations

import pytest
from lessons import Page, pages
from rhythm import FORM_RULES
from vocabulary import VOCABULARY_RULES
from wording import WORD_RULES

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=[page.id for page in PAGES])
def test_a_page_keeps_the_rules(page: Page) -> None:
    """The findings, all at once: `file: cell id: what is wrong`."""
    found = [finding for rule in (*FORM_RULES, *WORD_RULES, *VOCABULARY_RULES) for finding in rule(page)]
    assert not found, "\n" + "\n".join(found)


def test_no_two_pages_have_one_id() -> None:
    """An id is what -k, a question and the syllabus call it."""
    names = [page.id for page in PAGES]
    assert sorted(set(names)) == sorted(names)
