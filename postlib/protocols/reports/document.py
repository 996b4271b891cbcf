"""An XML document as a stream of its sections: safe from entities, depth and size, and with little memory at any length.

ElementTree's C parser builds each section. A second expat looks at the prolog first and refuses a document type there, in any
encoding, before an entity can be declared; XML allows a document type nowhere else (XML 1.0, section 2.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat

from .archive import ReportError

MAX_DEPTH = 32  # a report's own elements go 6 deep; the rest is room for extensions
MAX_SECTION = 1024 * 1024  # bytes of XML in one section: RFC 9990 advises at most 100 signatures a record, some 50 kB
ENDS_EARLY = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


def sections(chunks: Iterable[bytes]) -> Iterator[tuple[str, Element]]:
    """The children of the root, each complete, with the root's tag; a child is gone from memory once the next are asked for.

    Raises ReportError: doctype, depth, size, truncated, xml, encoding.
    """
    parser = _Parser()
    unfinished = 0
    for chunk in chunks:
        parser.feed(chunk)
        unfinished += len(chunk)
        root = parser.root
        if root is not None:
            if len(root) > 1:  # all but the last are complete
                yield from ((root.tag, child) for child in root[:-1])
                del root[:-1]
                unfinished = len(chunk)
            _refuse_depth(root)
        if unfinished > MAX_SECTION:
            raise ReportError("size", f"one section of more than {MAX_SECTION} bytes")
    parser.close()
    if parser.root is not None:
        yield from ((parser.root.tag, child) for child in parser.root)


def refuse_depth(element: Element) -> None:
    """Raise ReportError (depth) for an element with more than MAX_DEPTH within each other. Not recursive, and ends at the bound."""
    level = [element]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in parent]
        if not level:
            return
    raise ReportError("depth", f"more than {MAX_DEPTH} elements within each other")


def _refuse_depth(root: Element) -> None:
    """The same for the elements that are still open, each the last of its parent: cheap enough for every chunk."""
    depth, element = 0, root
    while len(element):
        element = element[-1]
        depth += 1
        if depth > MAX_DEPTH:
            raise ReportError("depth", f"more than {MAX_DEPTH} elements within each other")


class _Begun(Exception):
    """The root has begun: the prolog held no document type."""


class _Parser:
    """ElementTree's parser behind a guard of the prolog, its many errors made one.

    The tree grows below an element of ours, so that it can be looked at, and cut, while it grows: no event for each element.
    """

    def __init__(self) -> None:
        builder = TreeBuilder()
        self._above = builder.start("document", {})
        self._parser: XMLParser[Element] = XMLParser(target=builder)
        self._guard: expat.XMLParserType | None = expat.ParserCreate()
        self._guard.StartDoctypeDeclHandler = _refuse_doctype
        self._guard.StartElementHandler = _begin

    @property
    def root(self) -> Element | None:
        """The root as far as it is known, or None before it begins."""
        return self._above[0] if len(self._above) else None

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        with _one_error():
            self._watch(chunk, False)
            self._parser.feed(chunk)

    def close(self) -> None:
        """The document ends here."""
        with _one_error():
            self._watch(b"", True)
            self._parser.close()

    def _watch(self, chunk: bytes, final: bool) -> None:
        if self._guard is not None:
            try:
                self._guard.Parse(chunk, final)
            except _Begun:
                self._guard = None


@contextmanager
def _one_error() -> Iterator[None]:
    try:
        yield
    except ReportError:
        raise
    except (ParseError, expat.ExpatError) as error:
        raise ReportError("truncated" if error.code in ENDS_EARLY else "xml", str(error)) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not have, or of several bytes
        raise ReportError("encoding", str(error)) from error


def _refuse_doctype(name: str, *_: object) -> NoReturn:
    raise ReportError("doctype", f"<!DOCTYPE {name[:64]}")


def _begin(*_: object) -> NoReturn:
    raise _Begun
