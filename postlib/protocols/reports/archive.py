"""What a report came in: plain, gzip or zip, opened within bounds and read as a stream. Also the one error of this package."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

Source = str | Path | bytes
"""A report: the path of a file, or the bytes themselves."""

MAX_BYTES = 20 * 1024 * 1024  # decompressed; ours: about 40 000 records, and far above any daily report we have seen
CHUNK = 64 * 1024  # bytes handed on at a time: what a bomb can make before the bound is looked at
MAX_ENTRIES = 16  # directory entries in a zip that we look at before refusing it unread
GZIP, ZIP = b"\x1f\x8b", b"PK"  # RFC 1952, section 2.3.1; APPNOTE.TXT, section 4.3

REASONS: dict[str, str] = {
    "empty": "there is nothing in it",
    "size": "it, or one part of it, is larger than the bound",
    "truncated": "it ends too early",
    "corrupt": "it cannot be decompressed",
    "members": "the archive holds more, or less, than one file",
    "nested": "the archive holds another archive",
    "trailing": "something follows the end of the compressed data",
    "doctype": "it declares a document type, which a report never needs (entities, external files)",
    "depth": "it is nested deeper than any report",
    "encoding": "its character encoding is unknown or not kept to",
    "character": "it holds a character that the format cannot carry",
    "xml": "it is not well-formed XML",
    "json": "it is not JSON",
    "root": "it is some other document",
    "kind": "it is the other kind of report",
    "missing": "an element that nothing can replace is not there",
    "repeated": "an element that may come once comes twice, so two readers could disagree",
    "structure": "an element holds something of another shape",
    "address": "an IP address is not one",
    "count": "a number of messages or sessions is not one",
    "number": "another number is not one",
    "date": "a time is not one",
    "date-order": "the period ends before it begins",
    "unwritable": "the report, once written, would not read back as the same",
    "header": "a value does not fit in a mail header",
    "parts": "the message has too many parts",
}


class ReportError(ValueError):
    """This is not a report that can be read or written. `reason` is a key of REASONS, `detail` says what was found."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail} ({REASONS[reason]})")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[ReportError], tuple[str, str]]:
        return type(self), (self.reason, self.detail)


def unpack(source: Source, limit: int, oddities: dict[str, None]) -> Iterator[bytes]:
    """The report's own bytes, decompressed, in chunks of at most CHUNK; never more than `limit` in all.

    Zip is noted in `oddities`: RFC 9990 knows only gzip and plain XML. Raises ReportError; OSError if the file cannot be opened.
    """
    total = 0
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        for chunk in _chunks(file, limit, oddities):
            if not total and chunk.startswith((GZIP, ZIP)):
                raise ReportError("nested", "compressed data inside compressed data")
            total += len(chunk)
            if total > limit:
                raise ReportError("size", f"more than {limit} bytes")
            yield chunk
    if not total:
        raise ReportError("empty", "no bytes")


def _chunks(file: BinaryIO, limit: int, oddities: dict[str, None]) -> Iterator[bytes]:
    magic = file.read(2)
    file.seek(0)
    if magic == GZIP:
        return _gunzip(file, limit, oddities)
    if magic == ZIP:
        oddities["zip"] = None
        return _unzip(file, limit)
    return iter(lambda: file.read(CHUNK), b"")


def _gunzip(file: BinaryIO, limit: int, oddities: dict[str, None]) -> Iterator[bytes]:
    """The one member of a gzip file. zlib checks the sum; it says nothing of truncation, so `eof` is asked."""
    inflate = zlib.decompressobj(wbits=31)
    taken = 0
    while not inflate.eof:
        packed = inflate.unconsumed_tail or file.read(CHUNK)
        if not packed:
            raise ReportError("truncated", "the gzip data has no end")
        taken += len(packed) - len(inflate.unconsumed_tail)
        if taken > limit:  # a header may be as long as it likes and unpack to nothing
            raise ReportError("size", f"more than {limit} bytes before decompression")
        try:
            chunk = inflate.decompress(packed, CHUNK)
        except zlib.error as error:
            raise ReportError("corrupt", str(error)) from error
        if chunk:
            yield chunk
    _end_of_gzip(inflate.unused_data + file.read(CHUNK), oddities)


def _end_of_gzip(rest: bytes, oddities: dict[str, None]) -> None:
    """Nothing follows but the zeros with which some tapes and programs fill a block."""
    after = rest.lstrip(b"\0")
    if after.startswith(GZIP):
        raise ReportError("members", "a second gzip member")
    if after:
        raise ReportError("trailing", f"{after[:16]!r} after the gzip data")
    if rest:
        oddities["padding"] = None


def _unzip(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """The one member of a zip file; zipfile checks the sum. Only stored and deflated members, and none encrypted."""
    packed = file.read(limit + 1)
    if len(packed) > limit:
        raise ReportError("size", f"more than {limit} bytes before decompression")
    if packed.count(b"PK\1\2") > MAX_ENTRIES:  # zipfile would make an object of each
        raise ReportError("members", f"more than {MAX_ENTRIES} files")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(_only_member(archive)) as member:
            while chunk := member.read(CHUNK):
                yield chunk
    except ReportError:
        raise
    except EOFError as error:
        raise ReportError("truncated", "the zip data has no end") from error
    except zipfile.BadZipFile as error:
        raise ReportError("corrupt" if b"PK\5\6" in packed[-65557:] else "truncated", str(error)) from error
    except (zlib.error, struct.error, ValueError, LookupError, RuntimeError, OSError) as error:  # what zipfile raises on malformed fields
        raise ReportError("corrupt", str(error)) from error


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise ReportError("members", f"{len(members)} files in the zip")
    if members[0].flag_bits & 1:  # APPNOTE.TXT, section 4.4.4
        raise ReportError("corrupt", "the zip is encrypted")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReportError("corrupt", f"compression method {members[0].compress_type}")
    return members[0]


def gzip(data: bytes) -> bytes:
    """One gzip member without name or time, so that the same data always gives the same bytes (RFC 1952, section 2.3)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    return GZIP + b"\x08\0\0\0\0\0\x02\xff" + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
