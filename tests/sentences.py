"""Markdown as sentences: what a reader meets as one, with what is code and what is bold still known.

A paragraph, a heading, an item of a list, a cell of a table and the text of a picture each end a sentence. So do `<br>` and
the dot in the middle of a line (·). Blocks of code are left out; a span of code counts as one word.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

CODE, CODE_END, BOLD, BOLD_END = "\ue000", "\ue001", "\ue002", "\ue003"  # a private use of Unicode: marks that no text contains
BREAK = "\n"
NO_END = re.compile(  # the dot of an abbreviation
    r"(?:e\.g|i\.e|etc|vs|cf|ca|approx|Drs?|Mr|Mrs|Ms|St|[Ff]ig|[Ss]ect?|pp?|Vol|Ed|Inc|Ltd|a\.m|p\.m|U\.S|U\.N"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[A-Z])\."
)
MARKDOWN = MarkdownIt("commonmark").enable("table")
ENDS = re.compile(rf"[.!?…]+[)\]\"'”’»*_{BOLD_END}{CODE_END}]*(?=[ ]+[(\[\"'“‘«{BOLD}{CODE}]*(?:[A-Z0-9]|{CODE}))")
BLOCK_TAGS = re.compile(r"</?(?:br|p|div|li|ul|ol|td|th|tr|table|details|summary|blockquote|h[1-6])\b[^>]*>", re.I)


@dataclass(frozen=True)
class Sentence:
    """One sentence; `marked` holds the marks of this module, `heading` says that it titles what follows."""

    marked: str
    heading: bool = False

    @property
    def text(self) -> str:
        """As a reader sees it, with backticks around code."""
        plain = re.sub(f"[{BOLD}{BOLD_END}]", "", self.marked)
        return re.sub(f"[{CODE}{CODE_END}]", "`", plain).replace("\u00a0", " ")

    @property
    def words(self) -> str:
        """Without code: each span of it is one backtick."""
        return re.sub(f"[{BOLD}{BOLD_END}]", "", re.sub(f"{CODE}[^{CODE_END}]*{CODE_END}", "`", self.marked))

    @property
    def codes(self) -> list[str]:
        """The spans of code."""
        return [span.replace("\u00a0", " ") for span in re.findall(f"{CODE}([^{CODE_END}]*){CODE_END}", self.marked)]

    @property
    def length(self) -> int:
        """How many words it has; a span of code is one."""
        return sum(1 for word in self.words.split() if re.search(r"[\w`]", word))


def sentences(markdown: str) -> list[Sentence]:
    """The sentences of a Markdown text, in order."""
    return [sentence for block, heading in _blocks(markdown) for sentence in _cut(block, heading)]


def _blocks(markdown: str) -> Iterator[tuple[str, bool]]:
    before: Token | None = None
    for token in MARKDOWN.parse(markdown):
        if token.type == "inline":
            yield _inline(token.children or []), before is not None and before.type == "heading_open"
        elif token.type == "html_block":
            yield _html(token.content), False
        before = token


def _inline(children: list[Token]) -> str:
    marks = {"strong_open": BOLD, "strong_close": BOLD_END, "softbreak": " ", "hardbreak": BREAK}
    parts = []
    for token in children:
        if token.type == "text":
            parts.append(token.content.replace("\n", " "))
        elif token.type == "code_inline":
            parts.append(_code(token.content))
        elif token.type == "html_inline":
            parts.append(_tag(token.content))
        elif token.type == "image":
            parts.append(BREAK + token.content + BREAK)
        else:
            parts.append(marks.get(token.type, ""))
    return "".join(parts)


def _code(content: str) -> str:
    return CODE + content.replace(" ", "\u00a0").replace("\n", "\u00a0") + CODE_END


def _tag(tag: str) -> str:
    """What a tag of HTML means here: an end, a mark, or nothing."""
    if BLOCK_TAGS.fullmatch(tag):
        return BREAK
    marks = {"<code>": CODE, "</code>": CODE_END, "<b>": BOLD, "<strong>": BOLD, "</b>": BOLD_END, "</strong>": BOLD_END}
    return marks.get(tag.lower(), _alternative(tag))


def _alternative(tag: str) -> str:
    found = re.search(r"""<img\b[^>]*\balt=["']([^"']*)""", tag, re.I)
    return BREAK + found.group(1) + BREAK if found else ""


def _html(content: str) -> str:
    content = re.sub(r"<!--.*?-->", "", content, flags=re.S)
    content = re.sub(r"<code>(.*?)</code>", lambda found: _code(found.group(1)), content, flags=re.S | re.I)
    lines = content.replace("\n", " ")
    return html.unescape(re.sub(r"<[^>]+>", lambda found: _tag(found.group()), lines))


def _cut(block: str, heading: bool) -> Iterator[Sentence]:
    for line in re.split(rf"{BREAK}| · ", block):
        start = 0
        for end in ENDS.finditer(line):
            if not _goes_on(line[start : end.end()]):
                yield Sentence(line[start : end.end()].strip(), heading)
                start = end.end()
        if re.search(rf"[\w{CODE}]", line[start:]):
            yield Sentence(line[start:].strip(), heading)


def _goes_on(so_far: str) -> bool:
    """Whether the dot ends an abbreviation, an initial, or the number of an item."""
    last = re.sub(f"[{BOLD}{BOLD_END}(\\[*_]", "", so_far).split()[-1:]
    return bool(last) and (bool(NO_END.fullmatch(last[0])) or bool(re.fullmatch(r"\W*\d+\.", so_far)))
