"""The rules for notebooks: the rhythm of the headings, how much of what, and what a file may hold (facts/style.md, section 3).

Each rule takes a page and yields what it found. The bounds for lessons are a little wider than the aim of 30 to 50 cells and
1500 to 2500 words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lessons import Page

BEGINNING = "Before we start"
RHYTHM = ["The question", "On the wire", "How it works", "How it breaks", "How to mend it", "Check yourself"]
CELLS = range(25, 61)
WORDS = range(1200, 3201)
LINES = 20  # of code in a cell
JUDGE_LINES = 40  # of code in a graded cell of a lab, with its hidden part
RUN = 2  # cells of code one after the other
NOTEBOOK_KEYS = {"kernelspec": {"display_name", "language", "name"}, "language_info": {"name"}}
CELL_KEYS = {"nbgrader"}  # in labs alone


def rhythm(page: Page) -> Iterator[str]:
    """A lesson has `Before we start` and the six headings, in order, and no others of that level."""
    if page.lesson:
        prose = "\n".join(cell.source for cell in page.cells if cell.kind == "markdown")
        found = [heading.strip() for heading in re.findall(r"(?m)^## (.*)$", prose)]
        wanted = [BEGINNING, *RHYTHM]
        if found != wanted:
            yield f"{page.name}: the headings are {found}, and should be {wanted}"


def title(page: Page) -> Iterator[str]:
    """The first cell is called `title`, and its first line is the title; that of a lesson asks a question."""
    if page.notebook:
        first = page.cells[0]
        line = first.source.splitlines()[0] if first.source else ""
        if first.kind != "markdown" or first.id != "title" or not line.startswith("# "):
            yield page.finding(first, "the first cell is Markdown, its id is 'title', and it begins with '# '")
        elif page.lesson and "?" not in line:
            yield page.finding(first, f"the title asks one question: {line}")


def amount(page: Page) -> Iterator[str]:
    """A lesson is neither a leaflet nor a book."""
    if page.lesson:
        words = sum(sentence.length for _, sentence in page.told)
        if len(page.cells) not in CELLS:
            yield f"{page.name}: {len(page.cells)} cells; a lesson has {CELLS.start} to {CELLS.stop - 1}"
        if words not in WORDS:
            yield f"{page.name}: {words} words; a lesson has {WORDS.start} to {WORDS.stop - 1}"


def prose_before_code(page: Page) -> Iterator[str]:
    """Code follows prose, and at most two cells of code stand together."""
    if page.notebook:
        run = RUN  # so that the very first cell may not be code
        for cell in page.cells:
            run = run + 1 if cell.kind == "code" else 0
            if run > RUN:
                yield page.finding(cell, "code without prose before it: at most two cells of code stand together, and never at the top")


def short_code(page: Page) -> Iterator[str]:
    """A cell of code has at most 20 lines; a graded one of a lab twice as many."""
    for cell in page.cells:
        lines = len([line for line in cell.source.splitlines() if line.strip()])
        graded = bool(cell.metadata.get("nbgrader", {}).get("grade"))
        if cell.kind == "code" and lines > (JUDGE_LINES if graded else LINES):
            yield page.finding(cell, f"{lines} lines of code")


def nothing_kept(page: Page) -> Iterator[str]:
    """No outputs and no execution counts."""
    for cell in page.cells:
        if cell.outputs or cell.counted:
            yield page.finding(cell, "keeps an output or an execution count")


def known_metadata(page: Page) -> Iterator[str]:
    """Only kernelspec and language_info; in labs nbgrader's own for each cell."""
    if page.notebook:
        surplus = page.metadata.keys() - NOTEBOOK_KEYS.keys()
        surplus |= {f"{key}.{inner}" for key, known in NOTEBOOK_KEYS.items() for inner in page.metadata.get(key, {}).keys() - known}
        if surplus:
            yield f"{page.name}: metadata that does not belong here: {sorted(surplus)}"
        if page.metadata.get("kernelspec", {}).get("name") != "python3":
            yield f"{page.name}: the kernel is not python3"
    for cell in page.cells:
        if surplus := cell.metadata.keys() - (CELL_KEYS if page.lab else set()):
            yield page.finding(cell, f"metadata that does not belong here: {sorted(surplus)}")


def word_ids(page: Page) -> Iterator[str]:
    """The id of a cell is words, and its own."""
    if page.notebook:
        for name, times in Counter(cell.id for cell in page.cells).items():
            if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or re.fullmatch(r"[0-9a-f]{8}", name) or len(name) > 64:
                yield f"{page.name}: the id of a cell is words with hyphens, not {name!r}"
            if times > 1:
                yield f"{page.name}: {times} cells have the id {name!r}"


def described_pictures(page: Page) -> Iterator[str]:
    """A picture says in words what it shows, and is a file of ours."""
    for cell in page.cells:
        if cell.kind == "markdown":
            pictures = re.findall(r"!\[([^\]]*)\]\(([^)\s]*)", cell.source)
            pictures += [(_attribute(tag, "alt"), _attribute(tag, "src")) for tag in re.findall(r"<img\b[^>]*>", cell.source)]
            for text, place in pictures:
                if len(text.split()) < 2:
                    yield page.finding(cell, f"the picture {place} says nothing to a person who does not see it")
                if not (page.path.parent / place).is_file():
                    yield page.finding(cell, f"the picture {place} is not there")


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"""\b{name}=["']([^"']*)""", tag)
    return found.group(1) if found else ""


def folded_answers(page: Page) -> Iterator[str]:
    """Each <details> begins with a summary, is closed, and has an empty line before its Markdown."""
    for cell in page.cells:
        if cell.kind == "markdown" and "<details" in cell.source:
            opened, closed = len(re.findall(r"<details\b", cell.source)), cell.source.count("</details>")
            if opened != closed or opened != len(re.findall(r"<details\b[^>]*>\s*<summary>\s*(?!</summary>)\S", cell.source)):
                yield page.finding(cell, "each <details> begins with a <summary> that says something, and ends with </details>")
            elif re.search(r"</summary>(?![ ]*\n[ ]*\n)", cell.source):
                yield page.finding(cell, "after </summary> comes an empty line, or Markdown is shown as it is typed")


def next_steps(page: Page) -> Iterator[str]:
    """The end of a lesson's questions names the RFC sections."""
    if page.lesson:
        start = next((number for number, cell in enumerate(page.cells) if "## Check yourself" in cell.source), len(page.cells))
        if not re.search(r"RFC \d+", " ".join(cell.source for cell in page.cells[start:] if cell.kind == "markdown")):
            yield f"{page.name}: Check yourself ends without the sections of the RFCs"


FORM_RULES = (
    rhythm, title, amount, prose_before_code, short_code, nothing_kept, known_metadata, word_ids, described_pictures, folded_answers,
    next_steps,
)  # fmt: skip
