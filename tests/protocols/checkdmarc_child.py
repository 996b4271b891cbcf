"""The process that asks checkdmarc about single records: [kind, record] a line of JSON, its answer a line of JSON.

It is run as a file. Before checkdmarc is imported a fence refuses every address. What it asks the DNS about report addresses is
answered here and now by an empty answer: grammar is judged, not who takes reports.
"""

from __future__ import annotations

import json
import runpy
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

FENCE = Path(__file__).parents[2] / "postlib" / "second_opinion" / "child.py"


class Nobody:
    """A resolver for which there is no name."""

    nameservers = ("192.0.2.53",)
    timeout = lifetime = 1.0

    def resolve(self, *_: Any, **__: Any) -> Any:
        """No such name."""
        import dns.resolver

        raise dns.resolver.NXDOMAIN


def judges() -> dict[str, Callable[[str], Any]]:
    """checkdmarc's own parsers of single records."""
    from checkdmarc import dmarc, mta_sts, smtp_tls_reporting

    return {
        "dmarc": lambda record: dmarc.parse_dmarc_record(record, "auroria.post", resolver=Nobody(), timeout=1.0),
        "tls-rpt": smtp_tls_reporting.parse_smtp_tls_reporting_record,
        "mta-sts": mta_sts.parse_mta_sts_record,
    }


def main() -> None:
    """Answer every line; then say what the fence refused."""
    refused = runpy.run_path(str(FENCE))["fence"]([])
    warnings.simplefilter("ignore")
    out, sys.stdout = sys.stdout, sys.stderr
    parsers = judges()
    for line in sys.stdin:
        kind, record = json.loads(line)
        try:
            answer = parsers[kind](record)
        except Exception as error:  # its verdicts are exceptions of some fifty classes
            answer = {"error": f"{type(error).__name__}: {error}"}
        json.dump(answer, out, default=str)
        out.write("\n")
    json.dump({"refused": refused}, out)


if __name__ == "__main__":
    main()
