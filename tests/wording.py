"""The rules for words: short sentences, no word without its noun, dates that everybody reads the same way, no real names.

Each rule takes a page and yields what it found as `file: cell id: the sentence`. Code, in cells and in spans, is not prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from lessons import Cell, Page

from postlib.lab import worlds

LONGEST = 25  # words in a sentence

# A standard's word needs its noun: five different things are called a record, and a reader has to know which one fails.
STANDARD = r"(?:SPF|DKIM|DMARC|DNSSEC|ARC|TLS|MTA-STS|DANE|BIMI|CAA)"
TYPE = (
    r"(?:(?-i:SPF|DKIM|DMARC|DNS|TXT|(?:null )?MX|CNAME|NS|(?<=\w )A|AAAA|PTR|SOA|DS|DNSKEY|RRSIG|TLSA|CAA|SRV|NSEC3?|CDS|MTA-STS|TLS-RPT"
    r"|BIMI)|address|resource|glue|key|`)"
)
JUDGED = rf"(?:checks?|tests?|rules?|results?|signatures?|alignment|verification|validation|lookups?|evaluation|handshake|{STANDARD}|`)"
BETWEEN = (
    r"(?:,? (?:that|which|has|have|had|would|will|can|could|may|must|should|do|does|did|not|cannot|never|always|often|still|then|also|both"
    r"|all|is|are|was|were|to|here|now|again|then)){0,3}"
)
CHECK = rf"(?:(?:{STANDARD}|`|\w+) ){{0,3}}(?:checks?|tests?|alignment|DMARC|SPF|DKIM)\b"
VERB = r"(?:fail(?:s|ed|ing)?|pass(?:es|ed|ing)?)"
HONEST = r"(?:envelope|honest|forged|bulk|mass|mail|newsletter|known|unknown|allowed|permitted|hybrid-mail)"

# word -> the patterns in which it may stand. A place that none of them covers is a finding.
ALLOWED: dict[str, list[str]] = {
    r"records?": [rf"\b{TYPE}(?:/{TYPE}|(?:,| and| or| nor) {TYPE})* records?\b", r"`[- ]records?\b", r"\brecords? of practice\b"],
    r"polic(?:y|ies)": [
        r"\b(?:DMARC|MTA-STS|course|security|UPU|subdomain DMARC) polic(?:y|ies)\b",
        r"\bpolic(?:y|ies) (?:of )?(?:`|p=|sp=|np=)",
        r"\bSender Policy Framework\b",
    ],
    VERB: [
        rf"{JUDGED}{BETWEEN} {VERB}\b",
        rf"{JUDGED} (?:neither|either) {VERB} n?or {VERB}\b",
        rf"\b{VERB} (?:the |its |their |every |this |that |a |any |no |both |one |of the ){{0,2}}{CHECK}",
        rf"\b{STANDARD} {VERB}\b",
        r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|time) (?:has|have|had) passed\b",
        r"\bpass(?:es|ed|ing)? (?:\w+ ){0,4}?(?:on|through)\b",
        r"\b(?:spf|dkim|dmarc|arc)=(?:pass|fail)\b",
        r"\b(?:SPF|DKIM|DMARC|the) results? (?:is |was |are |were |of )?(?:`|\w+)?(?:,? (?:and|or|nor) )?" + VERB + r"\b",
    ],
    r"none": [r"\b(?:s|n)?p=none\b", r"\bresults? (?:is |was )?none\b", r"\bnone of\b"],
    r"senders?": [
        rf"\b{HONEST} senders?\b",
        r"\bSender Policy Framework\b",
        r"\binventory of senders\b",
        r"\bsender's\b(?= (?:mail server|machine|domain))",
    ],
}

MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
DATES = [
    rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}(?: \d{{4}})?\b",
    rf"\b{MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?! ?%)",
    r"\b\d{1,2}/\d{1,2}/\d{2,4}\b",
    r"\b\d{1,2}\.\d{1,2}\.\d{4}\b",
]
TIME = r"\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?\b(?!\S*\d)"

# Names that may stand in a text although they are, or look like, somebody's on the real Internet.
OURS = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")  # RFC 2606
CITED = {
    "rfc-editor.org": "where the standards are",
    "ietf.org": "where the drafts are",
    "iana.org": "the registries that the standards name",
    "upu.int": "the source of what is said about the UPU",
    "wcag.org": "the rules for access",
    "w3.org": "the rules for access, and the names of XML spaces",
    "jupyter.org": "the manual of the notebook",
    "python.org": "the manual of the language",
    "valdora.post": "nobody's: valdoria.post mistyped, in trouble.md",
}
COMMON = (
    "com net org info biz edu gov mil int arpa post shop top xyz app dev online site email cloud world me io eu uk us ch de fr at it nl"
    " be es pt jp cn ru br in au nz ca"
)
LABELS = r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+"
HOST = re.compile(rf"(?<![\w@.\-\[])(?:[\w*-]+@)?({LABELS}(?:{COMMON.replace(' ', '|')}))\.?(?![\w\[-]|\.\w)", re.I)


def long_sentences(page: Page) -> Iterator[str]:
    """A sentence has at most 25 words."""
    for cell, sentence in page.told:
        if sentence.length > LONGEST:
            yield page.finding(cell, f"{sentence.length} words in one sentence: {sentence.text}")


def bare_words(page: Page) -> Iterator[str]:
    """fail, none, pass, policy, record and sender stand with their noun."""
    for cell, sentence in page.told:
        for word in bare_in(sentence.words):
            yield page.finding(cell, f"'{word}' without its noun: {sentence.text}")


def bare_in(text: str) -> list[str]:
    """The words of a sentence that no allowed pattern covers, as they stand."""
    bare = []
    for word, patterns in ALLOWED.items():
        covered = [found.span() for pattern in patterns for found in re.finditer(pattern, text, re.I)]
        for found in re.finditer(rf"(?<![\w-]){word}(?![\w-])", text, re.I):
            if not any(start <= found.start() and found.end() <= end for start, end in covered):
                bare.append(found.group())
    return bare


def odd_dates(page: Page) -> Iterator[str]:
    """A date is 2026-11-23 and a time of day is UTC."""
    for cell, sentence in page.told:
        for pattern in DATES:
            if found := re.search(pattern, sentence.words):
                yield page.finding(cell, f"write the date {found.group()!r} like 2026-11-23: {sentence.text}")
        if (found := re.search(TIME, sentence.words)) and "UTC" not in cell.source:
            yield page.finding(cell, f"say that {found.group()} is UTC: {sentence.text}")


def real_names(page: Page) -> Iterator[str]:
    """Every domain is fictional, or of those that a page may cite. Looks at code too."""
    variables = set[str]().union(*(_variables(cell.source) for cell in page.cells if cell.kind == "code"))
    for cell in page.cells:
        for name in _hosts(cell):
            if not may_stand(name) and name.split(".")[0] not in variables:
                yield page.finding(cell, f"a name on the real Internet: {name}")


def may_stand(name: str) -> bool:
    """Whether a domain is reserved, of the lab, or cited for a reason."""
    name = name.lower().rstrip(".")
    return any(name == known or name.endswith(f".{known}") for known in (*OURS, *CITED, *lab_names()))


@cache
def lab_names() -> tuple[str, ...]:
    """The domains of the lab's worlds."""
    return tuple(dict.fromkeys(name for world in ("union", "clean") for name in worlds.load(world).by_domain))


def _hosts(cell: Cell) -> list[str]:
    """What looks like a domain: in prose anywhere, in code within texts and comments."""
    texts = [cell.source]
    if cell.kind == "code":
        texts = _strings(cell.source) + re.findall(r"#.*", cell.source)
    return list(dict.fromkeys(found.group(1) for text in texts for found in HOST.finditer(text)))


def _strings(code: str) -> list[str]:
    return [node.value for node in ast.walk(_parsed(code)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _variables(code: str) -> set[str]:
    """The names that a cell gives or imports: `internet.at` is no host in the Austrian .at."""
    tree = _parsed(code)
    given = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return given | {
        alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
    }


def _parsed(code: str) -> ast.AST:
    """The code as a tree; lines for IPython alone (`!`, `%`) are left out. SyntaxError: it is no Python."""
    return ast.parse("\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("!", "%"))))


WORD_RULES = (long_sentences, bare_words, odd_dates, real_names)
