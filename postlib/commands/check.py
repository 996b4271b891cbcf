"""`postlib check`: look at domains, and say what is kept, what is broken, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from postlib.commands.asked import Book, Edition, Format, Forwarder, World, exit_code, in_one_sentence, internet

if TYPE_CHECKING:
    from postlib.report import Report


def check(
    subjects: Annotated[list[str], typer.Argument(help="Domain names, for example auroria.post.", metavar="SUBJECT...")],
    world: World = "",
    network: Book = None,
    profile: Edition = "course",
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TABLE,
    forwarder: Forwarder = "",
) -> None:
    """Look at domains: what is kept, what is broken, and what to do.

    Exit code 1: a required check failed; 3: one could not be told; 2: the command cannot be done as asked.
    """
    from postlib import policies
    from postlib.scan import check as look
    from postlib.scan import domain_name

    with internet(world, network, forwarder) as net:
        with in_one_sentence():
            edition = policies.profile(profile)
            domains = list(dict.fromkeys(domain_name(subject, net) for subject in subjects))
        reports = [look(domain, net, profile=edition) for domain in domains]
    typer.echo(written(reports, format), nl=False)
    raise typer.Exit(exit_code(reports))


def written(reports: Sequence[Report], format: Format) -> str:
    """The reports in that format, ending in a new line."""
    from postlib.display import data, plain, web

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
            return "\n".join(plain.text(report) for report in reports)
