"""`postlib scan`: many domains, one line of JSON each, which an interrupted run goes on from."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from postlib.commands.asked import BadInput, Book, Edition, Forwarder, World, in_one_sentence, internet, subject, worst

if TYPE_CHECKING:
    from postlib.network import Network
    from postlib.report import Report
    from postlib.vantage import Vantage

Cluster = Annotated[str, typer.Option(help="Let the workers of this Dask cluster do the looking.", metavar="tcp://HOST:PORT")]
MAX_DOMAINS = 1_000_000  # ours: as many names as are held in memory; cut a longer list in parts


def scan(
    file: Annotated[str, typer.Argument(help="A file with one domain name a line, or - for standard input.", metavar="FILE|-")],
    world: World = "",
    network: Book = None,
    profile: Edition = "course",
    forwarder: Forwarder = "",
    out: Annotated[Path | None, typer.Option(help="Add to this file, and skip the domains that are in it.", metavar="FILE.jsonl")] = None,
    at_once: Annotated[int, typer.Option(help="Domains looked at together.", min=1, max=500)] = 20,
    scheduler: Cluster = "",
) -> None:
    """Look at many domains. Writes JSON lines: one object a domain, with its findings, in the order in which they are done.

    An interrupted scan goes on when the same command is given again with the same --out.
    """
    from postlib import policies
    from postlib.look import scan as look

    with internet(world, network, forwarder) as net, ExitStack() as stack:
        with in_one_sentence():
            edition = policies.profile(profile)
            domains = read_domains(file, net)
            seen = afar(scheduler, world, network, net) if scheduler else net
        about = {"profile": f"{edition.name} {edition.version}", "seen_from": world and f"world {world}" or str(network or "the Internet")}
        codes = done_before(out, about) if out else {}
        with in_one_sentence():
            lines = stack.enter_context(open(out, "a", encoding="utf-8")) if out else sys.stdout
        waiting = [domain for domain in domains if domain not in codes]
        reports = progress(look(waiting, seen, profile=edition, at_once=at_once, scheduler=scheduler), len(waiting), bool(out))
        _write_all(reports, lines, about, codes)
    raise typer.Exit(worst(codes[domain] for domain in domains))


def afar(scheduler: str, world: str, book: Path | None, net: Network) -> Vantage:
    """The same Internet for other processes: of a world each visits its own. Raises ValueError, also for no address, and OSError."""
    from postlib.cluster import address
    from postlib.lab.internet import DEFAULT_SEED
    from postlib.vantage import Booked, Live, Visited

    address(scheduler)
    if world:
        return Visited(world, DEFAULT_SEED, net.clock.now())
    return Booked.read(book) if book else Live(net)


def _write_all(reports: Iterator[Report], lines: TextIO, about: dict[str, str], codes: dict[str, int]) -> None:
    """Write each report as it comes, and keep its exit code. Ctrl-C ends the command with one sentence; what is written stays."""
    from postlib.cluster import ClusterFailed

    try:
        for report in reports:
            write(lines, report, about)
            codes[report.subject] = report.exit_code
    except KeyboardInterrupt:
        typer.echo(f"Stopped: {len(codes)} are done. With --out, the same command goes on from there.", err=True)
        raise typer.Exit(130) from None
    except ClusterFailed as error:
        done = f". {len(codes)} are done; with --out, the same command goes on from there" if codes else ""
        raise BadInput(f"{error}{done}") from error


def read_domains(file: str, network: Network) -> list[str]:
    """The names of a list, each once, as A-labels; what follows a # does not count. Raises ValueError with the line's number."""
    found: dict[str, None] = {}
    with ExitStack() as stack:
        lines: Iterable[str] = sys.stdin if file == "-" else stack.enter_context(open(file, encoding="utf-8"))
        for number, line in enumerate(lines, 1):
            name = line.partition("#")[0].strip()
            if name:
                try:
                    found[subject(name, network)] = None
                except ValueError as error:
                    raise ValueError(f"line {number}: {error}") from error
            if len(found) > MAX_DOMAINS:
                raise ValueError(f"a list has at most {MAX_DOMAINS} names; cut it in parts")
    return list(found)


def done_before(out: Path, about: dict[str, str]) -> dict[str, int]:
    """The domains that a file of results has already, with their exit codes. A half-written last line is cut off.

    Raises BadInput for a file that is something else, or whose results were made another way.
    """
    codes: dict[str, int] = {}
    if not out.exists():
        return codes
    with in_one_sentence(), open(out, "r+b") as file:
        end = 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n") and line.startswith(b"{"):
                break
            end += len(line)
            entry = _entry(line)
            if entry is None:
                raise BadInput(f"{out}, line {number}: this is no result of postlib scan, so nothing is added to it")
            if {key: entry.get(key) for key in about} != about:
                raise BadInput(f"{out}, line {number}: made with {entry['profile']} on {entry['seen_from']}; choose another --out")
            codes[entry["subject"]] = entry["exit_code"]
        os.truncate(file.fileno(), end)
    return codes


def _entry(line: bytes) -> dict[str, Any] | None:
    """One result; None for what is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    keys = {"subject": str, "exit_code": int, "profile": str, "seen_from": str}
    return entry if isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in keys.items()) else None


def write(lines: TextIO, report: Report, about: dict[str, str]) -> None:
    """One result as one line, at once."""
    from postlib.display import data

    head = {"subject": report.subject, "as_of": report.as_of.isoformat(), "exit_code": report.exit_code, **about}
    lines.write(f"{json.dumps({**head, 'findings': [data.finding(found) for found in report]})}\n")
    lines.flush()


def progress(reports: Iterator[Report], total: int, to_file: bool) -> Iterator[Report]:
    """The same reports, with a bar on stderr where that is a terminal which shows nothing else."""
    if not sys.stderr.isatty() or not (to_file or not sys.stdout.isatty()):
        yield from reports
        return
    with typer.progressbar(reports, length=total, file=sys.stderr, label="domains") as shown:
        yield from shown
