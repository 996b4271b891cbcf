"""What a scan on a cluster says when it cannot be done: one sentence and exit code 2; our own bug stops it with all that is known."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from clustered import BOUND, ROOT, Cluster, cluster, ran, started, until
from test_cluster import listed

from postlib.cluster import CODE

TRAP = """
    import os
    import signal
    if domain == "mistake.post":
        raise ZeroDivisionError("a mistake of ours")
    if domain == "crash.post":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another postlib: one that has a bug."""
    folder = tmp_path_factory.mktemp("trapped")
    shutil.copytree(ROOT / "postlib", folder / "postlib", ignore=shutil.ignore_patterns("__pycache__"))
    caa = folder / "postlib" / "probes" / "caa.py"
    text, changes = re.subn(r"(async def observe\(.*domain: str\).*:\n(?: +\"\"\".*\"\"\"\n)?)", rf"\1{TRAP[1:]}", caa.read_text())
    assert changes == 1
    caa.write_text(text)
    return folder


@pytest.fixture(scope="module")
def other(trapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that runs it, and gives up a batch as soon as it has cost a worker."""
    with cluster(tmp_path_factory.mktemp("cluster"), "one", source=trapped, failures=0) as up:
        yield up


def test_workers_with_another_postlib_do_no_work(other: Cluster, tmp_path: Path) -> None:
    few = listed(tmp_path / "few", "valdoria.post")
    code, out, err = ran("scan", str(few), "--world", "clean", "--scheduler", other.address)
    version = r"postlib \S.* \(code [0-9a-f]{12}\)"
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"postlib: the worker at tcp://\S+ has {version}, and this machine {version}: install the same on both\n", err)


def test_a_bug_of_ours_stops_the_scan_and_names_the_domain(other: Cluster, trapped: Path, tmp_path: Path) -> None:
    few = listed(tmp_path / "few", "mistake.post")
    code, out, err = ran("scan", str(few), "--world", "clean", "--scheduler", other.address, source=trapped)
    assert code not in (0, 3) and out == "" and "ZeroDivisionError: a mistake of ours" in err
    assert re.search(r"while looking at mistake\.post\non the worker at tcp://\S+\n$", err)


def test_a_domain_that_ends_workers_ends_the_scan(other: Cluster, trapped: Path, tmp_path: Path) -> None:
    few, doomed = listed(tmp_path / "few", "crash.post"), other.processes[-1]
    code, out, err = ran("scan", str(few), "--world", "clean", "--scheduler", other.address, source=trapped)
    other.worker("next")
    assert (code, out) == (2, "") and "workers were lost at work on crash.post (1 of them)" in err
    assert doomed.wait(BOUND) != 0


def test_a_scheduler_that_ends_in_the_middle_loses_nothing_that_was_done(tmp_path: Path) -> None:
    few, out = listed(tmp_path / "few", *(f"no-{number}.post" for number in range(60))), tmp_path / "out.jsonl"
    words = ("scan", str(few), "--world", "clean", "--out", str(out), "--at-once", "2")
    with cluster(tmp_path, "one") as up:
        scan = started(*words, "--scheduler", up.address, before="import postlib.cluster as c; c.REACHED = 5.0")
        until(lambda: out.exists() and b"\n" in out.read_bytes(), "a first result")
        up.processes[0].kill()
        _, err = scan.communicate(timeout=BOUND)
    said = re.fullmatch(r"postlib: the .*scheduler.*\. (\d+) are done; with --out, the same command goes on from there\n", err)
    assert scan.returncode == 2 and said
    assert 0 < len([json.loads(line) for line in out.read_text().splitlines()]) == int(said[1]) < 60


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port where somebody listens and nobody speaks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("listening", [True, False], ids=["silent", "refused"])
def test_a_scheduler_that_cannot_be_reached_is_one_sentence(silent: socket.socket, listening: bool, tmp_path: Path) -> None:
    port = silent.getsockname()[1]
    if not listening:
        silent.close()
    few, place = listed(tmp_path / "few", "valdoria.post"), f"tcp://127.0.0.1:{port}"
    quickly = "import postlib.cluster as c; c.REACHED = 1.0"
    code, out, err = ran("scan", str(few), "--world", "clean", "--scheduler", place, before=quickly)
    assert (code, out, err) == (2, "", f"postlib: there is no Dask scheduler to reach at {place}\n")


@pytest.mark.parametrize("place", ["nonsense", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://a b:1"])
def test_what_is_no_address_is_said_before_anything_is_done(place: str, tmp_path: Path) -> None:
    few = listed(tmp_path / "few", "valdoria.post")
    code, out, err = ran("scan", str(few), "--world", "clean", "--scheduler", place)
    assert (code, out, err) == (2, "", f"postlib: a scheduler has an address like tcp://127.0.0.1:8786, not {place!r}\n")


def test_without_dask_it_is_said_what_to_install(tmp_path: Path) -> None:
    """None in sys.modules is how Python marks a module as not to be found (the import system, section 5.3.1)."""
    few = listed(tmp_path / "few", "valdoria.post")
    words = ("scan", str(few), "--world", "clean", "--scheduler", "tcp://127.0.0.1:8786")
    code, out, err = ran(*words, before="sys.modules['distributed'] = None")
    assert (code, out) == (2, "")
    assert err == "postlib: a cluster needs distributed, which is not installed: pip install 'postlib[cluster]'\n"


def test_the_digest_of_the_code_covers_every_kind_of_file() -> None:
    """A template of the lab changes findings as much as a module does."""
    files = [path for path in (ROOT / "postlib").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.suffix for path in files} == CODE
