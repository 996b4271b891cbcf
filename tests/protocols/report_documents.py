"""Aggregate reports as other programs write them, made up without our writer (RFC 9990; RFC 7489, appendix C).

hypothesis draws the odd texts and a seed; the rest follows from the seed, for a thousand documents are judged together and none is shrunk.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
OLD_NAMESPACE = "http://dmarc.org/dmarc-xml/0.1"
odd = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=10) | st.sampled_from(
    ["a & b", "<b>", "]]>", "\"quoted\" 'twice'", "Päckchen", "郵便", "📮", " spaced ", "-- x", "a\tb\nc", "&amp;"]
)
titles = odd.map("Post {}".format)  # parsedmarc makes the base domain of an org_name without a space
DOMAINS = ["auroria.post", "mail.auroria.post", "Valdoria.POST", "a-b.example", "xn--br-via.example", "_x.example"]
POLICIES = ["none", "quarantine", "reject"]
DKIM = ["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"]
SPF = ["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]
DECLARATIONS = ['<?xml version="1.0" encoding="UTF-8"?>\n', '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' ?>", ""]


def documents() -> st.SearchStrategy[bytes]:
    """Whole reports, of either schema, with or without the namespace and the declaration."""
    return st.builds(lambda seed, texts: Writer(seed, texts).document(), st.integers(0, 2**63), st.lists(odd, min_size=4, max_size=8))


class Writer:
    """One report being made up."""

    def __init__(self, seed: int, texts: Sequence[str]) -> None:
        self.random = random.Random(seed)
        self.texts = texts
        self.new = self.maybe()

    def maybe(self) -> bool:
        """Yes or no."""
        return self.random.random() < 0.5

    def odd(self) -> str:
        """One of the drawn texts."""
        return self.random.choice(self.texts)

    def word(self, *words: str) -> str:
        """One of the words, now and then with a capital, which is odd but common."""
        word = self.random.choice(words)
        return word.capitalize() if "pass" in words and self.random.random() < 0.2 else word

    def leaf(self, name: str, value: str, *, lang: bool = False) -> str:
        """An element of text; one of RFC 9990's langAttrString may name its language."""
        attribute = ' lang="en"' if lang and self.new and self.maybe() else ""
        return f"<{name}{attribute}>{self.written(value)}</{name}>"

    def perhaps(self, name: str, value: str, *, lang: bool = False) -> str:
        """Such an element, or none."""
        return self.leaf(name, value, lang=lang) if self.maybe() else ""

    def written(self, value: str) -> str:
        """A text as XML: escaped, as CDATA, with character references, or with blanks around it."""
        escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        forms = [escaped, escaped, f" \n {escaped}\t", "".join(f"&#{ord(c)};" for c in value), "".join(f"&#x{ord(c):x};" for c in value)]
        if "]]>" not in value and value == value.strip():
            forms.append(f"<![CDATA[{value}]]>")
        return self.random.choice(forms)

    def within(self, name: str, parts: Sequence[str], *, shuffled: bool = True) -> str:
        """An element of elements, in any order, with blanks or comments between them."""
        found = [part for part in parts if part]
        order = self.random.sample(found, len(found)) if shuffled else found
        between = self.random.choice(["", "\n  ", "<!-- a comment -->"])
        return f"<{name}>{between}{between.join(order)}{between}</{name}>"

    def address(self) -> str:
        """An address in one of its forms."""
        four, six = IPv4Address(self.random.getrandbits(32)), IPv6Address(self.random.getrandbits(128))
        forms = [str(four), str(four), str(six), six.exploded.upper(), "2001:DB8:0:0::25", "::ffff:192.0.2.1", "::", "2001:db8::192.0.2.33"]
        return self.random.choice(forms)

    def document(self) -> bytes:
        """The report."""
        root = f'feedback xmlns="{NAMESPACE}"' if self.new else self.random.choice(["feedback", f'feedback xmlns="{OLD_NAMESPACE}"'])
        extension = '<extension><x:y xmlns:x="https://x.example/">1</x:y></extension>' if self.new and self.maybe() else ""
        rows = "\n".join(self.record() for _ in range(self.random.randint(1, 3)))
        body = f"{'<version>1.0</version>' if self.maybe() else ''}{self.metadata()}{self.policy_published()}{extension}{rows}"
        return f"{self.random.choice(DECLARATIONS)}<{root}>{body}</feedback>\n".encode()

    def metadata(self) -> str:
        """report_metadata."""
        begin = self.random.randint(0, 4_000_000_000)
        errors = [text for text in self.texts if text.strip()][: self.random.randint(0, 1 if self.new else 2)]
        parts = [
            self.leaf("org_name", f"Post {self.odd()}"),
            self.leaf("email", self.random.choice(["dmarc@mail.example", "ana+r@post.example", "Post <x@post.example>"])),
            self.perhaps("extra_contact_info", self.odd(), lang=True),
            self.leaf("report_id", self.random.choice(["r1@mail.example", "<r2@mail.example>", "r3", "2026.11.23!x"])),
            self.within("date_range", [self.leaf("begin", str(begin)), self.leaf("end", str(begin + 86399))]),
            *[self.leaf("error", text, lang=True) for text in errors],
            self.perhaps("generator", self.odd()) if self.new else "",
        ]
        return self.within("report_metadata", parts)

    def policy_published(self) -> str:
        """policy_published."""
        parts = [self.leaf("domain", self.word(*DOMAINS)), self.leaf("p", self.word(*POLICIES))]
        parts += [self.perhaps(name, self.word("r", "s")) for name in ("adkim", "aspf")]
        parts += [self.perhaps("sp", self.word(*POLICIES)), self.perhaps("fo", self.word("0", "1", "1:d:s"))]
        if self.new:
            parts += [self.perhaps("np", self.word(*POLICIES)), self.perhaps("testing", self.word("n", "y"))]
            parts += [self.perhaps("discovery_method", self.word("psl", "treewalk"))]
        else:
            parts += [self.perhaps("pct", str(self.random.randint(0, 100)))]
        return self.within("policy_published", parts)

    def record(self) -> str:
        """One record."""
        row = [self.leaf("source_ip", self.address()), self.leaf("count", str(self.random.randint(0, 10**9))), self.evaluated()]
        identifiers = [
            self.perhaps("envelope_to", self.word(*DOMAINS)),
            self.perhaps("envelope_from", self.word(*DOMAINS, "")),
            self.leaf("header_from", self.word(*DOMAINS)),
        ]
        results = [self.dkim() for _ in range(self.random.randint(0, 3))] + [
            self.spf() for _ in range(self.random.randint(0, 1 if self.new else 2))
        ]
        parts = [self.within("row", row), self.within("identifiers", identifiers), self.within("auth_results", results, shuffled=False)]
        return self.within("record", parts, shuffled=False)

    def evaluated(self) -> str:
        """policy_evaluated."""
        kinds = ["local_policy", "mailing_list", "other", "trusted_forwarder"]
        kinds += ["policy_test_mode"] if self.new else ["forwarded", "sampled_out"]
        reasons = [
            self.within("reason", [self.leaf("type", self.word(*kinds)), self.perhaps("comment", self.odd(), lang=True)])
            for _ in range(self.random.randint(0, 2))
        ]
        disposition = self.word(*POLICIES, *(["pass"] if self.new else []))
        words = [self.leaf("disposition", disposition), *[self.leaf(name, self.word("pass", "fail")) for name in ("dkim", "spf")]]
        return self.within("policy_evaluated", [*words, *reasons], shuffled=False)

    def dkim(self) -> str:
        """One signature's result; the old schema did not ask for the selector."""
        selector = self.leaf("selector", self.word("s1", "2026._x")) if self.new or self.maybe() else ""
        parts = [self.leaf("domain", self.word(*DOMAINS)), selector, self.leaf("result", self.word(*DKIM))]
        return self.within("dkim", [*parts, self.perhaps("human_result", self.odd(), lang=True)])

    def spf(self) -> str:
        """The result of SPF."""
        parts = [
            self.leaf("domain", self.word(*DOMAINS)),
            self.perhaps("scope", self.word("mfrom", "helo")),
            self.leaf("result", self.word(*SPF)),
        ]
        return self.within("spf", [*parts, self.perhaps("human_result", self.odd())])


def packed(document: bytes, how: str) -> bytes:
    """The document plain, as gzip, or as zip."""
    if how == "gzip":
        return gzip.compress(document)
    if how == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("report.xml", document)
        return file.getvalue()
    return document
