"""`postlib` and `python -m postlib`: the command line. Exit codes: 0 well, 1 a required check failed, 2 not as asked, 3 unknown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from postlib.commands.asked import BadInput
from postlib.commands.check import check
from postlib.commands.explain import explain
from postlib.commands.lab import lab
from postlib.commands.reports import reports
from postlib.commands.scan import scan

INTERRUPTED = 130  # as shells count it: 128 and the number of SIGINT
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Look at a domain's DNSSEC, mail and web security, on the real Internet or in a lab on this machine.",
)
for command in (check, scan, lab, explain, reports):
    app.command()(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command line and end the process. What is wrong with the command is one sentence on stderr, exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding shows the words, if not the marks
    try:
        code = app(given or ["--help"], prog_name="postlib", standalone_mode=False)
    except BadInput as error:
        _stop(str(error))
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer raises for a command line it cannot read; its class is private
            raise
        _stop(error.format_message())
    sys.exit(code or 0)


def _stop(sentence: str) -> NoReturn:
    from postlib.display.harmless import visible

    print(f"postlib: {visible(' '.join(sentence.split()))}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
