"""`postlib lab`: keep an Internet up in a terminal, and say how other programs reach it."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from postlib.commands.asked import in_one_sentence
from postlib.words import phrase

if TYPE_CHECKING:
    from postlib.lab.internet import Internet
    from postlib.lab.record import Event

LEARNER = "auroria.post"  # the domain that the course is about
PROVIDER = "inbox.example"  # the mailbox provider of Clara, its customer
OPEN_FILES = 16_384  # a world of forty operators has some thousand doors, and a system's soft limit is often 1024


def lab(
    world: Annotated[str, typer.Argument(help="The world, for example union.", metavar="WORLD")],
    log: Annotated[bool, typer.Option("--log", help="Show every question, request and message as it comes.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write every zone as a file that NSD or BIND load.", metavar="DIR")] = None,
    book: Annotated[Path | None, typer.Option(help="Write the address book here, and the certificates beside it.", metavar="FILE")] = None,
    once: Annotated[bool, typer.Option("--once", help="Write and show what was asked for, and end.")] = False,
) -> None:
    """Keep an Internet up on this machine, and show how dig, curl, openssl, swaks and postlib reach it. Ctrl-C ends it."""
    from postlib.lab import worlds
    from postlib.lab.internet import visit

    with in_one_sentence():
        worlds.load(world)
    _more_files()
    with visit(world) as internet, tempfile.TemporaryDirectory(prefix="postlib-lab-") as folder:
        if export is not None:
            with in_one_sentence():
                write_zones(internet, export)
        place = book or Path(folder) / f"{world}.json"
        with in_one_sentence():
            roots = write_book(internet, place)
        typer.echo("\n".join(recipes(internet, place, roots)))
        if log:
            internet.record.listen(_shown)
        if not once:
            _until_stopped()
            typer.echo(phrase("lab-ended"))


def write_zones(internet: Internet, folder: Path) -> None:
    """Every zone as it is served, one file each. Raises OSError."""
    from postlib.lab.export import zone_files

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zone_files(internet).items():
        (folder / name).write_text(text, encoding="ascii")


def write_book(internet: Internet, place: Path) -> Path:
    """The address book, and beside it the certificate roots as PEM, whose path is returned. Raises OSError."""
    from postlib.lab.export import address_book

    written = address_book(internet)
    place.write_text(json.dumps(written, indent=1), encoding="utf-8")
    roots = place.with_suffix(".pem")
    roots.write_text(written["certificate_roots"], encoding="ascii")
    return roots


def recipes(internet: Internet, book: Path, roots: Path) -> Iterator[str]:
    """How to reach this Internet, in lines to copy."""
    state = internet.state
    operators = [name for name, mail in state.mail.items() if mail.receiver == "operator"]
    domain = LEARNER if LEARNER in operators else operators[0]
    hosts = ("resolver.nic.test", f"ns1.{domain}", f"www.{domain}", state.mail[domain].host)
    names, zone, web, mx = (_port(internet, host, port) for host, port in zip(hosts, (53, 53, 443, 25), strict=True))
    book_, roots_ = quote(str(book)), quote(str(roots))
    lines = {
        "lab-names": f"dig @127.0.0.1 -p {names} {domain} MX +dnssec",
        "lab-zone": f"dig @127.0.0.1 -p {zone} {domain} SOA +norecurse",
        "lab-web": f"curl --cacert {roots_} --connect-to {domain}:443:127.0.0.1:{web} https://{domain}/",
        "lab-tls": f"openssl s_client -connect 127.0.0.1:{web} -servername {domain} -CAfile {roots_} -brief </dev/null",
        "lab-mail": f"swaks --server 127.0.0.1 --port {mx} --tls-optional --from visitor@garden.test --to ana@{domain}",
        "lab-check": f"{this_command()} check {domain} --network {book_}",
    }
    if PROVIDER in state.mail:
        port = _port(internet, state.mail[PROVIDER].host, 25)
        lines["lab-forgery"] = f"swaks --server 127.0.0.1 --port {port} --from tracking@{domain} --to clara@{PROVIDER}"
    yield phrase("lab-up", world=internet.world, when=f"{internet.clock.now():%Y-%m-%d %H:%M}")
    for key, line in lines.items():
        yield f"\n# {phrase(key)}\n{line}"
    yield f"\n{phrase('lab-book', book=book)}\n"


def this_command() -> str:
    """How to run this postlib again from any folder: the program that was started, or this Python with its module."""
    program = Path(sys.argv[0])
    if program.stem == "postlib" and program.exists():
        return quote(str(program.absolute()))
    return f"{quote(sys.executable)} -m postlib"


def _port(internet: Internet, host: str, port: int) -> int:
    """Where a program that someone else wrote finds that port of a machine."""
    return internet.servers.outside(internet.state.machines[host].addresses[0], port)[1]


def _shown(event: Event) -> None:
    from postlib.display.harmless import visible

    typer.echo(visible(str(event)))


def _more_files() -> None:
    """Raise the soft limit of open files towards OPEN_FILES, as far as the system lets us."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _until_stopped() -> None:
    """Wait for Ctrl-C, or for the signal that asks a process to end."""
    with _ended_by_sigterm(), suppress(KeyboardInterrupt):
        threading.Event().wait()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
