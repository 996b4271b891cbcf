"""A scan that is stopped says so in one sentence, loses nothing, and goes on from there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from postlib.lab import worlds


def test_ctrl_c_stops_a_scan_in_one_sentence_and_it_goes_on(tmp_path: Path) -> None:
    names, out = tmp_path / "names", tmp_path / "out.jsonl"
    names.write_text("".join(f"{entry.domain}\n" for entry in worlds.load("union").entries))
    words = [sys.executable, "-m", "postlib", "scan", str(names), "--world", "union", "--out", str(out), "--at-once", "2"]
    scan = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if out.exists() and out.read_bytes().count(b"\n") > 1:
            break
        time.sleep(0.05)
    scan.send_signal(signal.SIGINT)
    _, said = scan.communicate(timeout=60)
    assert scan.returncode == 130 and "Stopped: " in said and "Traceback" not in said
    assert subprocess.run(words, capture_output=True, timeout=120).returncode == 1
    subjects = [json.loads(line)["subject"] for line in out.read_text().splitlines()]
    assert sorted(subjects) == sorted(set(names.read_text().split()))


def test_a_file_that_is_no_result_is_not_cut_off(tmp_path: Path) -> None:
    """Its last line has no end, as a half-written result has none; but it is somebody's file."""
    precious, names = tmp_path / "precious.txt", tmp_path / "names"
    precious.write_text("my only copy")
    names.write_text("valdoria.post\n")
    words = [sys.executable, "-m", "postlib", "scan", str(names), "--world", "clean", "--out", str(precious)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "no result of postlib scan" in done.stderr
    assert precious.read_text() == "my only copy"
