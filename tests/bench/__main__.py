"""Runs the rows named on the command line, or all; prints the table, writes build/bench.json; exits 1 where a row is below its target."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.rows import Measured, Row, load

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench.json"
LONGEST = 900  # seconds for one row
HEAD = f"{'row':22} {'ours':>12} {'peer':>12} {'unit':16} {'ratio':>8} {'at least':>9}"


def main(names: list[str]) -> int:
    """The command; 2 for a row that there is not."""
    rows = load()
    wrong = [name for name in names if name not in rows]
    if wrong:
        print(f"There is no row {', '.join(wrong)}; the rows are: {', '.join(rows)}", file=sys.stderr)
        return 2
    results = [result for name in names or rows if (result := measured(rows[name])) is not None]
    write(results)
    print("\n" + "\n".join([HEAD, *map(line, results)]))
    short = [result["row"] for result in results if result["ratio"] < result["target"]]
    for name in short:
        print(f"{name} is below its target")
    return int(bool(short) or len(results) < len(names or rows))


def measured(row: Row) -> dict[str, Any] | None:
    """One row, measured in a fresh process; None where that failed, after its own words on the screen."""
    print(f"\n{row.name}: {row.says}", flush=True)
    code = f"import json; from tests.bench.rows import load; print(json.dumps(vars(load()[{row.name!r}].measure())))"
    try:
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=LONGEST, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"  not measured: {error}")
        return None
    seen = Measured(**json.loads(done.stdout.splitlines()[-1]))
    for note in seen.notes:
        print(f"  {note}")
    return {"row": row.name, "ours": seen.ours, "peer": seen.peer, "unit": row.unit, "ratio": row.ratio(seen), "target": row.target}


def line(result: dict[str, Any]) -> str:
    """A result as a line of the table."""
    figures = f"{result['ours']:12.4g} {result['peer']:12.4g} {result['unit']:16} {result['ratio']:7.2f}x {result['target']:8}x"
    return f"{result['row']:22} {figures}{'' if result['ratio'] >= result['target'] else '   BELOW'}"


def write(results: list[dict[str, Any]]) -> None:
    """Keep the results; rows that were not measured this time stay as they were."""
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    new = {result["row"]: result for result in before} | {result["row"]: result for result in results}
    RESULTS.write_text(json.dumps(list(new.values()), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
