"""`autograder` and `python -m autograder`. Exit codes: 0 well, 1 a person should look at somebody's work, 2 not as asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from autograder.commands import app
from autograder.problem import Refused

INTERRUPTED = 130  # as shells count it: 128 and the number of SIGINT


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command line and end the process. What is wrong with the command is one sentence on stderr, exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given or ["--help"], prog_name="autograder", standalone_mode=False)
    except KeyboardInterrupt:
        _stop("stopped; what is done stays, and the same command goes on from there", INTERRUPTED)
    except typer.Abort:
        _stop("stopped; what is done stays, and the same command goes on from there", INTERRUPTED)
    except (Refused, OSError) as error:
        _stop(str(error))
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer raises for a command line it cannot read; its class is private
            raise
        _stop(error.format_message())
    sys.exit(code or 0)


def _stop(sentence: str, code: int = 2) -> NoReturn:
    print(f"autograder: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
