"""A real Dask cluster for tests: one scheduler, and workers, each a process of its own on 127.0.0.1, at ports that the system chooses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOUND = 120.0  # seconds after which a test gives up waiting, however loaded the machine


def until(what: Callable[[], Any], about: str) -> Any:
    """Wait until `what()` is true, and give it."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {BOUND:g} s for {about}")


@dataclass
class Cluster:
    """The processes of a cluster, each with a log of what it said."""

    folder: Path
    stack: ExitStack
    source: Path = ROOT
    failures: str = "3"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Where the scheduler says how it is reached."""
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        """The scheduler's address."""
        text: str = json.loads(self.file.read_text())["address"]
        return text

    def start(self, module: str, *words: str, source: Path) -> subprocess.Popen[bytes]:
        """Start one process of Dask's, with the postlib in that folder."""
        log = self.stack.enter_context((self.folder / f"{len(self.processes)}.log").open("wb"))
        command = [sys.executable, "-m", f"distributed.cli.{module}", *words, "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": str(source), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": self.failures}
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=source, env=environment)
        self.processes.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        """The scheduler, at work. It needs no postlib."""
        words = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file)]
        process = self.start("dask_scheduler", *words, source=self.folder)
        until(lambda: self.file.exists() and self.file.read_text().endswith("}"), "the scheduler")
        return process

    def worker(self, name: str, *, threads: int = 1, source: Path | None = None) -> subprocess.Popen[bytes]:
        """One worker, without a nanny: what is killed stays dead. Waits until the scheduler has it."""
        words = ["--scheduler-file", str(self.file), "--name", name, "--nthreads", str(threads), "--host", "127.0.0.1", "--no-nanny"]
        process = self.start("dask_worker", *words, "--local-directory", str(self.folder), source=source or self.source)
        log = self.folder / f"{len(self.processes) - 1}.log"
        until(lambda: b"Registered to:" in log.read_bytes() or process.poll() is not None, "a worker")
        assert process.poll() is None, log.read_text()
        return process

    def end(self) -> None:
        """End all that still runs."""
        for process in reversed(self.processes):
            process.kill()
            process.wait(BOUND)


@contextmanager
def cluster(folder: Path, *workers: str, source: Path = ROOT, failures: int = 3) -> Iterator[Cluster]:
    """A scheduler with these workers, up until the block ends. `failures` is how many lost workers it forgives a batch."""
    with ExitStack() as stack:
        up = Cluster(folder, stack, source, str(failures))
        stack.callback(up.end)
        up.scheduler()
        for name in workers:
            up.worker(name)
        yield up


def started(*words: str, source: Path = ROOT, before: str = "") -> subprocess.Popen[str]:
    """The command line in a process of its own, with the postlib in that folder, after these statements."""
    program = f"import sys\n{before}\nfrom postlib.__main__ import main\nmain(sys.argv[1:])"
    command = [sys.executable, "-c", program, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=source)


def ran(*words: str, source: Path = ROOT, before: str = "") -> tuple[int, str, str]:
    """Its exit code, and what it wrote to standard output and to standard error."""
    process = started(*words, source=source, before=before)
    out, err = process.communicate(timeout=BOUND)
    return process.returncode, out, err
