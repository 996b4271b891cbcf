"""`postlib reports`: what the reports that others sent say, as a table of sources. Nothing is asked of any network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postlib.commands.asked import BadInput, Format, in_one_sentence

if TYPE_CHECKING:
    from postlib.display.table import Table
    from postlib.protocols.reports import AggregateReport, TlsReport


def reports(
    paths: Annotated[list[Path], typer.Argument(help="Reports, mails that carry them (.eml), or folders of these.", metavar="PATH...")],
    format: Annotated[Format, typer.Option(help="How the tables are written.")] = Format.TABLE,
) -> None:
    """Sum up DMARC aggregate reports and TLS reports: who sends in your name, and what became of it.

    Exit code 2: at least one file could not be read; the tables then tell of the others.
    """
    from postlib.display import tally
    from postlib.protocols.reports import AggregateReport, TlsReport, sources

    found, wrong = [], 0
    for path in files(paths):
        try:
            found += read(path)
        except BadInput as error:
            typer.echo(f"postlib: {error}", err=True)
            wrong += 1
    aggregate = [report for report in found if isinstance(report, AggregateReport)]
    sessions = [report for report in found if isinstance(report, TlsReport)]
    tables = [tally.sources(sources(aggregate), len(aggregate))] if aggregate else []
    tables += [tally.sessions(sessions)] if sessions else []
    typer.echo(written(tables, format), nl=False)
    raise typer.Exit(2 if wrong else 0)


def files(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those in the folders named, in the order of their names."""
    for path in paths:
        yield from sorted(inner for inner in path.iterdir() if inner.is_file()) if path.is_dir() else (path,)


def read(path: Path) -> list[AggregateReport | TlsReport]:
    """The reports in one file; a mail may carry several. Raises BadInput."""
    from postlib.protocols import reports
    from postlib.protocols.reports.mail import MAX_MESSAGE

    with in_one_sentence(f"{path}: "):
        if path.suffix.lower() != ".eml":
            return [reports.read(path)]
        with path.open("rb") as mail:
            carried = reports.attachments(mail.read(MAX_MESSAGE + 1))
        if not carried:
            raise ValueError("this mail carries no report")
        return [reports.read(content) for _, content in carried]


def written(tables: list[Table], format: Format) -> str:
    """The tables in that format."""
    from postlib.display import web
    from postlib.display.markup import joined

    match format:
        case Format.JSON:
            return json.dumps([{"title": table.caption, "rows": table.data()} for table in tables], indent=1) + "\n"
        case Format.HTML:
            return web.document("postlib reports", joined(*(table.element() for table in tables)))
        case Format.CSV:
            return "\n".join(table.csv() for table in tables)
        case Format.MARKDOWN:
            return "\n".join(table.markdown() for table in tables)
        case Format.TABLE:
            return "\n".join(table.text() for table in tables)
