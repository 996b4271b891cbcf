"""The process that asks parsedmarc: paths on standard input, one JSON answer a line on standard output.

It is run as a file. Before parsedmarc is imported a fence refuses every address: it may fetch lists and resolve names,
and nothing of a test may leave this machine. What was tried is in the last line.
"""

from __future__ import annotations

import json
import logging
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

FENCE = Path(__file__).parents[2] / "postlib" / "second_opinion" / "child.py"
OPTIONS = {
    "offline": True,
    "always_use_local_files": True,
    "normalize_timespan_threshold_hours": 10.0**9,
}  # it may cut long periods into days


def answer(path: str, parsedmarc: Any) -> dict[str, Any]:
    """What parsedmarc makes of one file: {"kind", "report"}, or {"error"} with its own words.

    Unpacked and read in two steps: its `parse_report_file` takes what it has unpacked for base64, and stumbles over a letter beyond ASCII.
    """
    try:
        text = parsedmarc.extract_report(Path(path).read_bytes())
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            return {"kind": "smtp_tls", "report": parsedmarc.parse_smtp_tls_report_json(text)}
        return {"kind": "aggregate", "report": parsedmarc.parse_aggregate_report_xml(text, **OPTIONS)}
    except Exception as error:  # whatever it is, it is a refusal, and said
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer for every path, in order; then say what the fence refused."""
    refused = runpy.run_path(str(FENCE))["fence"]([])
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    out, sys.stdout = sys.stdout, sys.stderr
    import parsedmarc

    for line in sys.stdin:
        json.dump(answer(line.rstrip("\n"), parsedmarc), out, default=str)
        out.write("\n")
    json.dump({"refused": refused, "version": parsedmarc.__version__}, out)


if __name__ == "__main__":
    main()
