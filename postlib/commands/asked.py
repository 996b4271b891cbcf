"""What a command was asked: which Internet, which profile, which subjects. What is wrong with it becomes one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from postlib.network import Network
    from postlib.report import Report

World = Annotated[str, typer.Option(help="Look at the Internet of a lab world, for example union.", metavar="WORLD")]
Book = Annotated[Path | None, typer.Option(help="Look at the Internet of an address book written by `postlib lab --book`.", metavar="FILE")]
Edition = Annotated[str, typer.Option(help="The profile: a name that comes with postlib, or your own file.", metavar="NAME|FILE")]
Forwarder = Annotated[str, typer.Option(help="Ask this DNS resolver instead of the system's.", metavar="ADDRESS:PORT")]


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"


PYTHON = re.compile(r"\b[A-Za-z]+(?:Error|Exception)\((?P<quote>['\"])(?P<said>.*)(?P=quote)\)|\bValue error, ", re.DOTALL)
ADDRESSED = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{0,2})?(?:[^@/\s]*@)?(?P<host>[^:/?#@\s]+)\S*", re.IGNORECASE)


class BadInput(Exception):
    """What was asked cannot be done as asked. The message is one sentence."""


@contextmanager
def in_one_sentence(about: str = "") -> Iterator[None]:
    """Make a ValueError or OSError in this block, where input is read, a BadInput; `about` comes first in the sentence."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{about}{error.filename}: {error.strerror}" if error.filename else f"{about}{error}") from error
    except ValueError as error:
        raise BadInput(about + PYTHON.sub(lambda found: found["said"] or "", str(error))) from error


def subject(text: str, network: Network) -> str:
    """The domain name that was asked for. Raises ValueError; where a web or mail address was given, it says which name is in it."""
    from postlib.look import domain_name

    try:
        return domain_name(text, network)
    except ValueError as error:
        near = _name_in(text, network)
        if near is None:
            raise
        raise ValueError(f"{text!r} is not a domain name; did you mean {near}?") from error


def _name_in(text: str, network: Network) -> str | None:
    """The domain name inside a web address, a mail address or a host with a port; None where there is none, or nothing else."""
    from postlib.look import domain_name

    found = ADDRESSED.fullmatch(text.strip())
    if found is None or found["host"] == text.strip() or "." not in found["host"]:
        return None
    with suppress(ValueError):
        return domain_name(found["host"], network)
    return None


@contextmanager
def internet(world: str, book: Path | None, forwarder: str) -> Iterator[Network]:
    """The Network that was asked for; the real Internet's without `world` and `book`. Raises BadInput."""
    from postlib.network import Network

    if world and book:
        raise BadInput("choose one Internet: --world WORLD or --network FILE, not both")
    if forwarder and (world or book):
        raise BadInput("--forwarder is for the real Internet: a lab is asked from its root down")
    if world:
        with _visited(world) as network:
            yield network
        return
    with in_one_sentence():
        if book:
            book.open("rb").close()  # what is wrong with the file itself is said before what is wrong in it
        network = Network.load(book) if book else Network(forwarder=forwarder or None)
        if forwarder:
            network.forwarders  # noqa: B018 - raises for what is no address and port
    yield network


@contextmanager
def _visited(world: str) -> Iterator[Network]:
    from postlib.lab import worlds
    from postlib.lab.internet import visit

    with in_one_sentence():
        worlds.load(world)
    with visit(world) as visited:
        yield visited.network


def exit_code(reports: Iterable[Report]) -> int:
    """1 if a required check fails anywhere, else 3 if a required one is unknown, else 0."""
    return worst(report.exit_code for report in reports)


def worst(codes: Iterable[int]) -> int:
    """The exit code of several."""
    found = set(codes)
    return 1 if 1 in found else 3 if 3 in found else 0
