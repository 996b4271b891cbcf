"""`postlib check`: look at domains, and say which rules passed, which failed, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from postlib.commands.asked import Book, Edition, Format, Forwarder, World, exit_code, in_one_sentence, internet, subject

if TYPE_CHECKING:
    from postlib.network import Network
    from postlib.report import Report


def check(
    subjects: Annotated[list[str], typer.Argument(help="Domain names, for example auroria.post.", metavar="SUBJECT...")],
    world: World = "",
    network: Book = None,
    profile: Edition = "course",
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TABLE,
    forwarder: Forwarder = "",
    selector: Annotated[list[str] | None, typer.Option(help="A DKIM selector in use, if it cannot be guessed; may be repeated.")] = None,
    all: Annotated[bool, typer.Option("--all", help="In the table, show the rules that passed or are not applicable too.")] = False,
    second_opinion: Annotated[bool, typer.Option("--second-opinion", help="Ask checkdmarc too, and say where the two differ.")] = False,
) -> None:
    """Look at domains: which rules passed, which failed, and what to do.

    Exit code 1: a required check failed; 3: one is unknown; 2: the command cannot be done as asked.
    """
    from postlib import policies
    from postlib.look import check as look

    with internet(world, network, forwarder) as net:
        with in_one_sentence():
            edition = policies.profile(profile)
            domains = list(dict.fromkeys(subject(each, net) for each in subjects))
            edition = edition.with_selectors(domains, selector or ())
        reports = [look(domain, net, profile=edition) for domain in domains]
        others = opinions(reports, net) if second_opinion else ()
    typer.echo(written(reports, format, all=all), nl=False)
    for other in others:  # a machine's format stays a document of its own: the opinion then goes to standard error
        typer.echo(f"\n{other}", err=format in (Format.JSON, Format.CSV, Format.HTML))
    raise typer.Exit(exit_code(reports))


def opinions(reports: Sequence[Report], net: Network) -> list[str]:
    """What checkdmarc says of each subject beside its report, or why it says nothing. It changes no exit code."""
    from postlib.second_opinion import second_opinion

    return [str(second_opinion(report, net)) for report in reports]


def written(reports: Sequence[Report], format: Format, *, all: bool = False) -> str:
    """The reports in that format, ending in a new line."""
    from postlib.display import data, plain, web
    from postlib.words import phrase

    match format:
        case Format.JSON:
            return f"{data.as_json(reports)}\n"
        case Format.CSV:
            return data.as_csv(reports)
        case Format.MARKDOWN:
            return "\n".join(plain.markdown(report) for report in reports)
        case Format.HTML:
            return web.page(reports)
        case Format.TABLE:
            return "\n".join(plain.text(report, all=all, hint=phrase("hint-all")) for report in reports)
