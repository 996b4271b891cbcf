"""Scans on a Dask cluster: the same results as here, each domain once, whatever becomes of the workers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clustered import BOUND, ROOT, Cluster, cluster, ran, started, until
from conftest import FULL

from postlib.lab import worlds
from postlib.lab.export import address_book
from postlib.lab.internet import visit

GENTLY = ("--at-once", "2")  # questions wait for each other on a loaded machine, and what waits too long is unknown


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and a worker with two threads, for tests that break neither."""
    with cluster(tmp_path_factory.mktemp("cluster")) as up:
        up.worker("one", threads=2)
        yield up


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every domain of the world `union`, one a line; every second one in the quick tier."""
    domains = [entry.domain for entry in worlds.load("union").entries]
    return listed(tmp_path_factory.mktemp("names") / "names", *(domains if FULL else domains[::2]))


def listed(path: Path, *domains: str) -> Path:
    """A file with these domains."""
    path.write_text("".join(f"{domain}\n" for domain in domains))
    return path


def by_subject(lines: str) -> dict[str, Any]:
    """The results by their domain; each domain stands there once."""
    results = [json.loads(line) for line in lines.splitlines()]
    found = {result["subject"]: result for result in results}
    assert len(found) == len(results)
    return found


def held(up: Cluster, worker: str) -> int:
    """How many batches the scheduler has given to that worker and not got back, asked by a process of its own."""
    words = "import sys; from distributed import Client; print(len(Client(sys.argv[1]).processing()[sys.argv[2]]))"
    asked = subprocess.run([sys.executable, "-c", words, up.address, worker], capture_output=True, text=True, timeout=BOUND, check=True)
    return int(asked.stdout)


def test_a_lost_workers_domains_are_done_again_and_none_twice(tmp_path: Path, names: Path) -> None:
    """The victim is frozen once a first result is there, shown to hold work, and killed: what it held comes from the other."""
    out = tmp_path / "out.jsonl"
    with cluster(tmp_path, "survivor") as up:
        victim = up.worker("victim")
        [address] = re.findall(r"Start worker at: +(\S+)", (tmp_path / "2.log").read_text())
        scan = started("scan", str(names), "--world", "union", "--scheduler", up.address, "--out", str(out), *GENTLY)
        until(lambda: out.exists() and b"\n" in out.read_bytes(), "a first result")
        victim.send_signal(signal.SIGSTOP)
        assert held(up, address) > 0 and scan.poll() is None
        victim.kill()
        _, err = scan.communicate(timeout=BOUND)
    assert (scan.returncode, err) == (1, "")
    code, here, err = ran("scan", str(names), "--world", "union", *GENTLY)
    assert (code, err) == (1, "")
    assert by_subject(out.read_text()) == by_subject(here)


def test_a_stopped_scan_goes_on_with_the_same_command(shared: Cluster, tmp_path: Path, names: Path) -> None:
    """Also on another cluster, or on none: the file says what is done."""
    out, few = tmp_path / "out.jsonl", listed(tmp_path / "few", *names.read_text().split()[:16])
    words = ("scan", str(few), "--world", "union", "--out", str(out), *GENTLY)
    scan = started(*words, "--scheduler", shared.address)
    until(lambda: out.exists() and b"\n" in out.read_bytes(), "a first result")
    scan.send_signal(signal.SIGINT)
    _, err = scan.communicate(timeout=BOUND)
    assert scan.returncode == 130 and re.fullmatch(r"Stopped: \d+ are done\. .*\n", err)
    done = out.read_text()
    code, _, err = ran(*words, "--scheduler", shared.address)
    assert (code, err) == (1, "") and out.read_text().startswith(done)
    assert sorted(by_subject(out.read_text())) == sorted(few.read_text().split())


def test_an_address_book_serves_the_workers_of_its_own_machine(shared: Cluster, tmp_path: Path) -> None:
    few = listed(tmp_path / "few", "valdoria.post", "inbox.example")
    book = tmp_path / "book.json"
    words = ("scan", str(few), "--network", str(book), *GENTLY)
    with visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        book.write_text(json.dumps(address_book(internet)))
        code, out, err = ran(*words, "--scheduler", shared.address)
        assert (code, err) == (0, "")
        assert by_subject(out) == by_subject(ran(*words)[1])
    book.write_text(json.dumps(address_book(internet) | {"at": "2026-11-24T00:00:00+00:00"}))  # another book, and nobody is there
    code, out, err = ran(*words, "--scheduler", shared.address)
    assert (code, out) == (2, "") and re.fullmatch(r"postlib: the worker at tcp://\S+ cannot look: that Internet is not up here .*\n", err)


def test_a_worker_that_comes_later_is_waited_for_and_one_without_postlib_is_named(tmp_path: Path) -> None:
    few = listed(tmp_path / "few", "valdoria.post")
    with cluster(tmp_path) as up:
        words = ("scan", str(few), "--world", "clean", "--scheduler", up.address)
        code, out, err = ran(*words, before="import postlib.cluster as c; c.WORKERLESS = 0.5")
        assert (code, out) == (2, "") and err == f"postlib: the scheduler at {up.address} has had no worker for 0.5 seconds\n"
        scan = started(*words)
        nothing = tmp_path / "postlib.py"  # found before one that is installed
        nothing.write_text("raise ModuleNotFoundError(\"No module named 'postlib'\", name='postlib')")
        up.worker("bare", source=tmp_path)
        out, err = scan.communicate(timeout=BOUND)
        assert (scan.returncode, out) == (2, "") and "another postlib than this machine, or none: No module named 'postlib'" in err


MANY = """
import asyncio, sys
from postlib.cluster import AHEAD, spread

async def main():
    found, most = [], 0
    async for name in spread(list, map(str, range(100_000)), sys.argv[1]):
        found.append(name)
        most = max(most, sum("_done" in repr(task.get_coro()) for task in asyncio.all_tasks()))
    assert sorted(found, key=int) == [str(number) for number in range(100_000)]
    assert 0 < most <= AHEAD * 2, most

asyncio.run(main())
"""


def test_a_long_list_is_never_all_out_at_once(shared: Cluster) -> None:
    """A hundred thousand names, two threads: each comes back once, and only a few batches are on their way at any time."""
    done = subprocess.run([sys.executable, "-c", MANY, shared.address], capture_output=True, text=True, timeout=BOUND, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
