"""The files of a delivery: a folder or a ZIP archive as an LMS gives them. No link in it is followed, no name obeyed."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from autograder.notebook import LARGEST, MEGABYTE, Unreadable
from autograder.problem import Refused

MOST_FILES = 20_000  # in one delivery; ours
MOST_BYTES = 4_000 * MEGABYTE  # read out of one archive; ours: a zip bomb ends here
INNER = 50 * MEGABYTE  # an archive inside an archive, which is held in memory
SKIPPED = {".ipynb_checkpoints", "__MACOSX", ".DS_Store", "Thumbs.db", "__pycache__"}
STAMP = "timestamp.txt"  # nbgrader's own note of the time


@dataclass(frozen=True)
class File:
    """A file of a delivery: its path there, when it was written, how to read it, and what is wrong with it without reading."""

    path: PurePosixPath
    at: datetime
    read: Callable[[], bytes]
    problem: str = ""

    @property
    def is_notebook(self) -> bool:
        return self.path.suffix.lower() == ".ipynb"


def files(place: Path) -> list[File]:
    """The files of a folder or an archive; those of archives inside it (one deep) too. Raises Refused for what is neither."""
    if place.is_dir():
        found = list(_of_folder(place))
    elif zipfile.is_zipfile(place):
        found = list(_of_archive(zipfile.ZipFile(place), PurePosixPath()))
    else:
        raise Refused(f"{place} is neither a folder nor a ZIP archive" if place.exists() else f"{place} is not there")
    opened = [inner for file in found for inner in _opened(file)]
    if len(opened) > MOST_FILES:
        raise Refused(f"{place} holds more than {MOST_FILES} files")
    return [file for file in opened if not SKIPPED & set(file.path.parts)]


def _of_folder(place: Path) -> Iterator[File]:
    for folder, folders, names in os.walk(place):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            about = path.lstat()
            problem = "" if stat.S_ISREG(about.st_mode) else "a link or no plain file; it was not opened"
            if about.st_size > LARGEST:
                problem = f"it is larger than {LARGEST // MEGABYTE} MB; clear its outputs, save it and hand it in again"
            at = datetime.fromtimestamp(about.st_mtime, UTC)
            yield File(PurePosixPath(path.relative_to(place).as_posix()), at, path.read_bytes, problem)


def _of_archive(archive: zipfile.ZipFile, above: PurePosixPath) -> Iterator[File]:
    spent = [0]
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir():
            continue
        problem = ""
        if path.is_absolute() or ".." in path.parts:
            path, problem = PurePosixPath(path.name), f"its name {entry.filename[:80]!r} leads out of the archive"
        elif stat.S_ISLNK(entry.external_attr >> 16):
            problem = "a link or no plain file; it was not opened"
        yield File(above / path, _written(entry), _reader(archive, entry, spent), problem)


def _written(entry: zipfile.ZipInfo) -> datetime:
    """When a file was put into an archive, which names no time zone: taken as UTC."""
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, spent: list[int]) -> Callable[[], bytes]:
    def read() -> bytes:
        left = min(LARGEST, MOST_BYTES - spent[0])
        try:
            with archive.open(entry) as file:
                content = file.read(left + 1)
        except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable(f"it cannot be taken out of the archive: {error}") from error
        spent[0] += len(content)
        if len(content) > left:
            raise Unreadable(f"unpacked it is larger than {left // MEGABYTE} MB")
        return content

    return read


def _opened(file: File) -> Iterator[File]:
    """The files of an archive that stands among the others; any other file as it is."""
    if file.path.suffix.lower() != ".zip" or file.problem:
        yield file
        return
    try:
        content = file.read()
        if len(content) > INNER:
            raise Unreadable(f"an archive inside a delivery may have {INNER // MEGABYTE} MB")
        yield from _of_archive(zipfile.ZipFile(io.BytesIO(content)), file.path.with_suffix(""))
    except (Unreadable, zipfile.BadZipFile, OSError) as error:
        problem = str(error) if isinstance(error, Unreadable) else "it is a damaged archive"
        yield File(file.path, file.at, file.read, problem)
