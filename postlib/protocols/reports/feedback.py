"""What the elements of an aggregate report mean: RFC 9990, appendix A, and RFC 7489, appendix C, told apart as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeVar, cast
from xml.etree.ElementTree import Element

from . import aggregate as words
from . import elements
from .aggregate import (
    AggregateReport,
    AuthResults,
    Identifiers,
    PolicyEvaluated,
    PolicyPublished,
    Record,
    ReportMetadata,
)  # fmt: skip
from .archive import ReportError
from .document import refuse_depth, sections
from .elements import Words, address, number, stripped, text

T = TypeVar("T")
Rest = tuple[PolicyEvaluated, Identifiers, AuthResults]
LINE = attrgetter("tag", "text")  # with the numbers of children, the lines of an element and of all within are the element
MAX_SEEN = 4096  # parts of records that are kept, to be used again where they come again


class Feedback:
    """One report being read. `records()` gives its records as they come; the other attributes are complete after the last."""

    def __init__(self, chunks: Iterable[bytes], oddities: dict[str, None]) -> None:
        self.oddities = oddities
        self.version: str | None = None
        self.metadata: ReportMetadata | None = None
        self.policy: PolicyPublished | None = None
        self.new = False  # something that only RFC 9990 knows was seen
        self._namespace = False  # the document is in RFC 9990's namespace
        self._chunks = chunks
        self._names: dict[str, tuple[Words, Words]] = {}
        self._seen: dict[tuple[object, ...], object] = {}
        self._records: dict[tuple[object, ...], Rest] = {}
        self._first: tuple[str, ...] = ()

    def report(self) -> AggregateReport:
        """The whole report. Raises ReportError."""
        records = tuple(self.records())
        if self.metadata is None or self.policy is None:  # records() has raised; this tells the type checker
            raise ReportError("missing", "report_metadata or policy_published")
        schema: words.Schema = "rfc9990" if self.new else "rfc7489"
        return AggregateReport(self.metadata, self.policy, records, self.version, schema, tuple(self.oddities))

    def records(self) -> Iterator[Record]:
        """The records, one after another. Raises ReportError, at the end too: then those before are not to be trusted."""
        known: Words = {}
        found = 0
        for root, section in sections(self._chunks):
            known = known or self._root(root)
            name = known.get(section.tag, "")
            if name == "record":
                found += 1
                yield self._record(section)
            else:
                self._head(name, section)
        for name, value in (("report_metadata", self.metadata), ("policy_published", self.policy)):
            if value is None:
                raise ReportError("missing", name)
        self._finish(found)

    def _root(self, tag: str) -> Words:
        """Learn the namespace from the root, and the tags that this report then uses. Raises ReportError: root."""
        if tag.rpartition("}")[2] != "feedback":
            raise ReportError("root", f"<{tag[:64]}>")
        prefix = tag[: -len("feedback")]
        self.new = self._namespace = prefix == f"{{{words.NAMESPACE}}}"
        if prefix not in ("", f"{{{words.NAMESPACE}}}", f"{{{words.OLD_NAMESPACE}}}"):
            self.oddities["namespace"] = None
        for kind, leaves in elements.LEAVES.items():
            self._names[kind] = {prefix + name: name for name in leaves}, {prefix + name: name for name in elements.PARTS.get(kind, ())}
        self._first = tuple(prefix + name for name in ("row", "source_ip", "count"))
        return {prefix + name: name for name in elements.SECTIONS}

    def _head(self, name: str, section: Element) -> None:
        """A section that is not a record."""
        if name == "version" and self.version is None:
            self.version = text(section)
        elif name == "report_metadata" and self.metadata is None:
            self.metadata = self._report_metadata(section)
        elif name == "policy_published" and self.policy is None:
            self.policy = self._policy_published(section)
        elif name in ("version", "report_metadata", "policy_published"):
            raise ReportError("repeated", name)
        else:
            self._unknown(section)

    def _finish(self, found: int) -> None:
        if not found:
            self.oddities["no-records"] = None
        if self.version not in (None, "1.0"):
            self.oddities["version"] = None
        if self.new and not self._namespace:
            self.oddities["no-namespace"] = None
        if self._namespace and self.policy is not None and self.policy.pct is not None:
            self.oddities["pct"] = None
        if self.new and self.metadata is not None and len(self.metadata.errors) > 1:
            self.oddities["several-errors"] = None

    def _report_metadata(self, element: Element) -> ReportMetadata:
        texts, parts = self._split(element, "report_metadata")
        begin, end = self._date_range(dict(parts).get("date_range"))
        self.new = self.new or "generator" in texts
        errors = tuple(text(part) for name, part in parts if name == "error")
        names = (self._required(texts, "org_name"), self._required(texts, "email"), self._required(texts, "report_id"))
        return ReportMetadata(*names, begin, end, texts.get("extra_contact_info"), texts.get("generator"), errors)

    def _date_range(self, element: Element | None) -> tuple[datetime, datetime]:
        if element is None:
            raise ReportError("missing", "report_metadata/date_range")
        texts, _ = self._split(element, "date_range")
        begin, end = (number(texts.get(name, ""), "date", elements.MAX_TIME) for name in ("begin", "end"))
        if end < begin:
            raise ReportError("date-order", f"{begin} to {end}")
        return datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC)

    def _policy_published(self, element: Element) -> PolicyPublished:
        texts, _ = self._split(element, "policy_published")
        if not texts.get("domain"):
            raise ReportError("missing", "policy_published/domain")
        self.new = self.new or not elements.NEW_ELEMENTS.isdisjoint(texts)
        return PolicyPublished(
            domain=texts["domain"],
            p=self._word(texts.get("p"), elements.POLICY, "p") or None,
            sp=self._optional(texts, "sp", elements.POLICY),
            np=self._optional(texts, "np", elements.POLICY),
            adkim=self._optional(texts, "adkim", elements.ALIGNMENT),
            aspf=self._optional(texts, "aspf", elements.ALIGNMENT),
            testing=self._optional(texts, "testing", elements.TESTING),
            discovery_method=self._optional(texts, "discovery_method", elements.DISCOVERY),
            fo=texts.get("fo"),
            pct=number(texts["pct"], "number", 100) if texts.get("pct") else None,
        )

    def _record(self, element: Element) -> Record:
        """One record. Most differ in address and count alone: these two stand first, and the rest was then seen before."""
        lines = [*map(LINE, element.iter())]
        if tuple(tag for tag, _ in lines[1:4]) != self._first:
            return self._one_record(element)
        source, count = lines[2][1], lines[3][1]
        del lines[2:4]
        key = (*lines, *map(len, element.iter()))
        rest = self._records.get(key)
        if rest is None:
            record = self._one_record(element)
            if len(self._records) >= MAX_SEEN:
                self._records.clear()
            self._records[key] = record.policy_evaluated, record.identifiers, record.auth_results
            return record
        return Record(address(stripped(source)), number(stripped(count), "count", elements.MAX_COUNT), *rest)

    def _one_record(self, element: Element) -> Record:
        _, parts = self._split(element, "record")
        sub = dict(parts)
        if "row" not in sub:
            raise ReportError("missing", "record/row")
        texts, row = self._split(sub["row"], "row")
        return Record(
            source_ip=address(texts.get("source_ip", "")),
            count=number(texts.get("count", ""), "count", elements.MAX_COUNT),
            policy_evaluated=self._alike(self._policy_evaluated, row[0][1] if row else self._absent("policy_evaluated")),
            identifiers=self._alike(self._identifiers, sub["identifiers"] if "identifiers" in sub else self._absent("identifiers")),
            auth_results=self._auth_results(sub["auth_results"] if "auth_results" in sub else self._absent("auth_results")),
        )

    def _policy_evaluated(self, element: Element) -> PolicyEvaluated:
        texts, parts = self._split(element, "policy_evaluated")
        disposition = self._word(texts.get("disposition"), elements.DISPOSITION, "disposition")
        if disposition == "pass":
            self.new = True
        return PolicyEvaluated(
            disposition,
            self._word(texts.get("dkim"), elements.ALIGNED, "aligned-dkim"),
            self._word(texts.get("spf"), elements.ALIGNED, "aligned-spf"),
            tuple(self._reason(part) for _, part in parts) if parts else (),
        )

    def _reason(self, element: Element) -> words.Reason:
        texts, _ = self._split(element, "reason")
        word = self._word(texts.get("type"), elements.REASON, "reason")
        if word == "policy_test_mode":
            self.new = True
        if self._namespace and word in words.OLD_REASONS:
            self.oddities["old-reason"] = None
        return words.Reason(word, texts.get("comment"))

    def _identifiers(self, element: Element) -> Identifiers:
        texts, _ = self._split(element, "identifiers")
        return Identifiers(self._required(texts, "header_from"), texts.get("envelope_from"), texts.get("envelope_to"))

    def _auth_results(self, element: Element) -> AuthResults:
        _, parts = self._split(element, "auth_results")
        dkim = [self._alike(self._dkim, part) for name, part in parts if name == "dkim"]
        spf = [self._alike(self._spf, part) for name, part in parts if name == "spf"]
        if len(spf) > 1:
            self.oddities["several-spf"] = None
        return AuthResults(tuple(dkim), tuple(spf))

    def _dkim(self, element: Element) -> words.DkimResult:
        texts, _ = self._split(element, "dkim")
        selector = texts.get("selector")
        if selector is None:
            self.oddities["missing-selector"] = None
        result = self._word(texts.get("result"), elements.DKIM, "dkim-result")
        return words.DkimResult(self._required(texts, "domain"), selector, result, texts.get("human_result"))

    def _spf(self, element: Element) -> words.SpfResult:
        texts, _ = self._split(element, "spf")
        scope = self._optional(texts, "scope", elements.SCOPE)
        if scope == "helo" and self._namespace:
            self.oddities["scope-helo"] = None
        result = self._word(texts.get("result"), elements.SPF, "spf-result")
        return words.SpfResult(self._required(texts, "domain"), scope, result, texts.get("human_result"))

    def _split(self, element: Element, kind: str) -> tuple[dict[str, str], list[tuple[str, Element]]]:
        """An element's texts by name, and its other children in order. Raises ReportError: repeated, structure."""
        leaves, others = self._names[kind]
        texts: dict[str, str] = {}
        parts: list[tuple[str, Element]] = []
        for child in element:
            name = leaves.get(child.tag)
            if name is None:
                if (part := others.get(child.tag)) is None:
                    self._unknown(child)
                    continue
                if part not in elements.REPEATABLE and any(part == other for other, _ in parts):
                    raise ReportError("repeated", f"{kind}/{part}")
                parts.append((part, child))
            elif name in texts:
                raise ReportError("repeated", f"{kind}/{name}")
            elif len(child):
                raise ReportError("structure", f"elements inside {kind}/{name}")
            else:
                texts[name] = stripped(child.text)
        return texts, parts

    def _required(self, texts: dict[str, str], name: str) -> str:
        """A text the schema requires; "" and an oddity where it is absent."""
        value = texts.get(name)
        if value is None:
            self.oddities[f"missing-{name.replace('_', '-')}"] = None
            return ""
        return value

    def _optional(self, texts: dict[str, str], name: str, known: Words) -> str | None:
        return self._word(texts[name], known, name.replace("_", "-")) if name in texts else None

    def _word(self, value: str | None, known: Words, what: str) -> str:
        """One of the known words; else the word as it is, in lower case, and an oddity. "" where there is none."""
        if value in known:
            return known[value]
        if not value:
            self.oddities[f"missing-{what}"] = None
            return ""
        lower = value.lower()
        if lower in known:
            self.oddities["letter-case"] = None
            return known[lower]
        if known is elements.SPF and lower in elements.SYNONYMS:
            self.oddities["synonym"] = None
            return elements.SYNONYMS[lower]
        self.oddities[f"unknown-{what}"] = None
        return lower

    def _alike(self, meaning: Callable[[Element], T], element: Element) -> T:
        """`meaning(element)`, or the same object again for the same element: less time and memory. Oddities were noted the first time."""
        key = (*map(LINE, element.iter()), *map(len, element.iter()))
        found = self._seen.get(key)
        if found is None:
            found = meaning(element)
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen[key] = found
        return cast(T, found)

    def _absent(self, kind: str) -> Element:
        """An empty element in place of one that is missing."""
        self.oddities[f"missing-{kind.replace('_', '-')}"] = None
        return Element(kind)

    def _unknown(self, element: Element) -> None:
        """An element that is not of the schema: an extension where it has a namespace of its own (RFC 9990, "Extensible Reporting")."""
        if len(element):
            refuse_depth(element)
        namespace, _, name = element.tag.rpartition("}")
        foreign = name == "extension" or namespace not in ("", f"{{{words.NAMESPACE}", f"{{{words.OLD_NAMESPACE}")
        self.oddities["extension" if foreign else "unknown-element"] = None
