"""`postlib reports` on files made to burst: one clear sentence each, in a process that may have little memory."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from reported import NEW, TLS

from postlib.protocols import reports

MEMORY = 700 * 1024 * 1024  # bytes of address space: the interpreter and its libraries take about half of it
WATCHDOG = 60  # seconds
GIGABYTE = 10**9
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
RECORD = "<record><row><source_ip>192.0.2.%d</source_ip><count>1</count></row></record>"


def gzipped(start: bytes, filling: bytes, octets: int) -> bytes:
    """A gzip member of that much filling, made fast: one deflated block again and again, and no true sum (RFC 1952, section 2.3)."""
    block = filling * (1_000_000 // len(filling))
    first, again = (deflated(part) for part in (start, block))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + first + again * (octets // len(block)) + b"\x03\0" + bytes(8)


def deflated(octets: bytes) -> bytes:
    """Blocks that stand alone, so that they may be repeated."""
    deflate = zlib.compressobj(9, wbits=-15)
    return deflate.compress(octets) + deflate.flush(zlib.Z_FULL_FLUSH)


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return packed.getvalue()


def zip_bomb() -> bytes:
    """Nothing, and plenty of it, as the one member of a zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made, made.open("report.xml", "w") as member:
        for _ in range(25):
            member.write(bytes(10_000_000))
    return packed.getvalue()


def lying(packed: bytes, size: int) -> bytes:
    """The zip file with another size in the directory than in truth (APPNOTE.TXT, section 4.4.9)."""
    at = packed.index(b"PK\1\2") + 24
    return packed[:at] + size.to_bytes(4, "little") + packed[at + 4 :]


def entities(encoding: str, mark: bytes = b"") -> bytes:
    """Entities that unfold to a billion words, declared where a search for ASCII would not find them."""
    text = f'<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY l0 "lol">{LAUGHS}]><feedback>&l9;</feedback>'
    return mark + text.encode(encoding)


def declared(encoding: str, codec: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'.encode(codec)


def mailed(head: str, body: bytes) -> bytes:
    return f"From: a@mail.example\r\nMIME-Version: 1.0\r\n{head}\r\n\r\n".encode() + body


NAMED = 'Content-Type: application/gzip; name="r.xml.gz"\r\nContent-Transfer-Encoding: '
FILES = {
    "zip-bomb.zip": zip_bomb,
    "gzip-bomb.gz": lambda: gzipped(b"<feedback>", b" ", GIGABYTE),
    "comment-bomb.gz": lambda: gzipped(b"<feedback><!--", b"x", GIGABYTE),
    "json-bomb.gz": lambda: gzipped(b'{"a":[', b"{},", 3 * 10**6),
    "attributes.gz": lambda: gzipped(b"<feedback ", b"a='b' ", 15 * 10**6),
    "elements.gz": lambda: gzipped(b"<feedback>", b"<a/>", 19 * 10**6),
    "nested.zip": lambda: zipped(("r.zip", zipped(("r.zip", zipped(("r.xml", NEW.encode())))))),
    "members.zip": lambda: zipped(*((f"{n}.xml", b"") for n in range(5000))),
    "lying-small.zip": lambda: lying(zipped(("r.xml", NEW.encode())), 1),
    "lying-large.zip": lambda: lying(zipped(("r.xml", NEW.encode()[:-4])), 2**32 - 2),
    "laughs.xml": lambda: entities("utf-8"),
    "laughs-16le.xml": lambda: entities("utf-16-le"),
    "laughs-16be.xml": lambda: entities("utf-16-be"),
    "laughs-16le-mark.xml": lambda: entities("utf-16-le", b"\xff\xfe"),
    "laughs-16be-mark.xml": lambda: entities("utf-16-be", b"\xfe\xff"),
    "laughs-32.xml": lambda: entities("utf-32"),
    "utf-7.xml": lambda: declared("utf-7", "utf-7"),
    "utf-7-said-8.xml": lambda: declared("utf-8", "utf-7"),
    "ebcdic.xml": lambda: declared("cp037", "cp037"),
    "ebcdic-said.xml": lambda: declared("cp037", "ascii"),
    "deep.xml": lambda: b"<feedback>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</feedback>",
    "ten-million.gz": lambda: gzipped(b"<feedback>", (RECORD % 1).encode(), 10_000_000 * len(RECORD)),
    "deep.json": lambda: b'{"a":' * 500_000,
    "deep-list.json": lambda: b"[" * 4_000_000,
    "digits.json": lambda: b'{"a":' + b"9" * 3_000_000 + b"}",
    "nan.json": lambda: json.dumps(TLS).replace("1", "NaN").encode(),
    "parameters.eml": lambda: mailed("Content-Type: multipart/mixed" + ';a="\\";' * 1_000_000, b""),
    "lines.eml": lambda: mailed("Content-Type: text/plain", b"\n" * 30_000_000),
    "parts.eml": lambda: b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(100_000)),
    "bomb.eml": lambda: mailed(NAMED + "8bit", gzipped(b"<feedback>", b" ", GIGABYTE)),
    "bad-base64.eml": lambda: mailed(NAMED + "base64", b"====" * 1_000_000),
    "long.eml": lambda: mailed("X: y", b"x" * 40_000_000),
    "nothing.eml": lambda: b"",
    "nothing.xml": lambda: b"",
}  # fmt: skip


def told(*paths: Path) -> subprocess.CompletedProcess[str]:
    """What the command says, when it may not take more memory than MEMORY."""
    return subprocess.run(
        [sys.executable, "-m", "postlib", "reports", *map(str, paths)], capture_output=True, text=True, timeout=WATCHDOG,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.mark.parametrize("part", range(4))
def test_a_file_that_means_harm_is_refused_in_one_sentence(folder: Path, part: int) -> None:
    names = [name for position, name in enumerate(FILES) if position % 4 == part]
    for name in names:
        (folder / name).write_bytes(FILES[name]())
    done = told(*(folder / name for name in names))
    said = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr[-2000:]
    assert [line.split(":")[1].strip().rpartition("/")[2] for line in said] == names, done.stderr[-2000:]
    assert all(line.startswith("postlib: ") and 20 < len(line) < 400 for line in said)
    for name in names:
        (folder / name).unlink()


def test_a_bomb_does_not_hide_an_honest_report(tmp_path: Path) -> None:
    """Both are read in one go: the honest one is summed up, the bomb is said."""
    (tmp_path / "bomb.gz").write_bytes(gzipped(b"<feedback>", b" ", GIGABYTE))
    (tmp_path / "honest.xml.gz").write_bytes(reports.gzip(NEW.encode()))
    done = told(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "bomb.gz" in done.stderr and "2001:db8::25" in done.stdout
