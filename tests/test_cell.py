"""Notebook cells: which one is executed, which acts are of cells that have changed, and a setup cell that is executed again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from postlib import cell

Execute = Callable[..., str]
NOTEBOOK = "JPY_SESSION_NAME"
DIGEST = "0123456789ab"
SETUP = """
from datetime import UTC, datetime
from postlib import cell
from postlib.lab.internet import visit
internet = visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC))
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernel is told that its notebook is saved."""
    return tmp_path_factory.mktemp("notebook") / "lab.ipynb"


@pytest.fixture(scope="module")
def execute(notebook: Path) -> Iterator[Execute]:
    """One kernel for all tests: execute a source as the cell of that id, as JupyterLab asks for it, and say what it printed."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--Application.log_level=ERROR"], cwd=str(Path(__file__).parents[1]), env=_environment(notebook))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield lambda source, name="": _executed(client, source, name)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _environment(notebook: Path) -> dict[str, str]:
    return {**os.environ, NOTEBOOK: str(notebook), "PYTHONPATH": str(Path(__file__).parents[1])}


def _executed(client: Any, source: str, name: str) -> str:
    content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    request = client.session.msg("execute_request", content, metadata={"cellId": name} if name else {})
    client.shell_channel.send(request)
    printed = ""
    while True:
        told = client.get_iopub_msg(timeout=120)
        if told["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        assert told["msg_type"] != "error", "\n".join(told["content"]["traceback"])
        printed += told["content"]["text"] if told["msg_type"] == "stream" else ""
        if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
            return printed.strip()


def saved(notebook: Path, cells: dict[str, str], when: datetime | None = None) -> None:
    """Save the notebook, at that time."""
    told = [{"cell_type": "code", "id": name, "source": source.splitlines(keepends=True)} for name, source in cells.items()]
    notebook.write_text(json.dumps({"cells": told, "nbformat": 4}))
    moment = (when or datetime.now(UTC) + timedelta(minutes=1)).timestamp()
    os.utime(notebook, (moment, moment))


def test_outside_a_kernel_there_is_no_cell() -> None:
    assert cell.here() == "" and cell.running() is None
    assert cell.stale([{"act": "stage", "name": "x"}, {"act": "stage", "name": "y", "cell": f"a#{DIGEST}"}]) == []


def test_a_cell_is_its_id_and_the_digest_of_its_source(execute: Execute) -> None:
    for name in ("setup", "vscode-notebook-cell:/home/x.ipynb#W0s", ""):
        source = f"from postlib import cell; print(cell.here())  # {name}é"
        assert execute(source, name) == f"{name}#{cell.digest(source)}"
    assert len(cell.digest("x")) == 12


def test_a_thread_and_what_was_awaited_are_of_the_same_cell(execute: Execute) -> None:
    source = (
        "import asyncio, threading\nfrom postlib import cell\nsaid = []\nawait asyncio.sleep(0)\nsaid.append(cell.here())\n"
        "thread = threading.Thread(target=lambda: said.append(cell.here())); thread.start(); thread.join()\nprint(*said)"
    )
    assert execute(source, "threads") == " ".join([f"threads#{cell.digest(source)}"] * 2)


def test_every_act_says_its_cell(execute: Execute) -> None:
    execute(SETUP, "setup")
    acts = {
        "stage": "internet.stage('one')",
        "publish": "internet.domain('valdoria.post').publish('x', 'TXT', 'y')",
        "send": "internet.send('ana@valdoria.post', 'clara@inbox.example');",
        "wait": "internet.do({'act': 'advance', 'seconds': 60})",
        "": "internet.stage('two')",
    }
    for name, source in acts.items():
        execute(source, name)
    told = json.loads(execute("import json; print(json.dumps(internet.journal()))"))
    assert [act["cell"] for act in told] == [f"{name}#{cell.digest(source)}" for name, source in acts.items()]
    assert execute("print(visit('clean', at=internet.start, journal=internet.journal()).journal() == internet.journal())") == "True"


def test_acts_of_cells_that_ran_again_with_another_source_are_stale(execute: Execute, notebook: Path) -> None:
    notebook.unlink(missing_ok=True)
    execute(SETUP, "setup")
    execute("internet.stage('one')", "a")
    execute("internet.stage('two')", "b")
    show = "print(*(act['name'] for act in cell.stale(internet.journal())))"
    assert execute(show, "show") == ""
    execute("pass", "b")
    assert execute(show, "show") == "two", "a cell that acts on nothing any more is known too"
    execute("internet.stage('three')", "b")
    assert execute(show, "show") == "two"


def test_acts_of_cells_that_the_saved_notebook_has_otherwise_or_no_more_are_stale(execute: Execute, notebook: Path) -> None:
    sources = {"kept": "internet.stage('kept')", "changed": "internet.stage('changed')", "gone": "internet.stage('gone')"}
    execute(SETUP, "setup")
    for name, source in sources.items():
        execute(source, name)
    show = "print(*(act['name'] for act in cell.stale(internet.journal())))"
    saved(notebook, {"kept": sources["kept"], "changed": "internet.stage('otherwise')"})
    assert execute(show) == "changed gone"
    saved(notebook, {}, datetime.now(UTC) - timedelta(days=1))
    assert execute(show) == "", "it was saved before they ran"
    notebook.write_text("[[[")
    assert execute(show) == ""


def test_a_journal_of_another_kernel_is_compared_with_the_saved_notebook(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = [
        {"act": "stage", "name": name, "cell": f"{name if named else ''}#{cell.digest(source)}"}
        for name, source, named in (("a", "one", True), ("b", "two", True), ("c", "three", False), ("d", "four", False))
    ]
    saved(notebook, {"a": "one", "b": "another", "x": "three"})
    monkeypatch.setenv(NOTEBOOK, str(notebook))
    assert [act["name"] for act in cell.stale(journal)] == ["b", "d"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 5}', '{"cells": [1]}', '{"cells": [{"source": 5}]}', "[" * 100_000, "\xff"])
def test_a_file_that_is_no_notebook_says_nothing(text: str, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.write_text(text, encoding="latin-1")
    monkeypatch.setenv(NOTEBOOK, str(notebook))
    assert cell.stale([{"act": "stage", "name": "x", "cell": f"a#{DIGEST}"}]) == []


@pytest.mark.parametrize("name", ["setup", ""])
def test_a_setup_cell_that_is_executed_again_closes_what_it_raised_before(execute: Execute, name: str) -> None:
    ours = f"{SETUP}# {name}"
    execute(ours, name)
    execute("earlier = internet; other = visit('clean', at=internet.start)", "another")
    execute(ours, name)
    assert (
        execute("print(earlier.servers.closed, internet.servers.closed, other.servers.closed, earlier is internet)")
        == "True False False False"
    )


def test_one_execution_may_raise_two(execute: Execute) -> None:
    execute("one, two = (visit('clean', at=datetime(2026, 11, 23, tzinfo=UTC)) for _ in range(2))\nprint(one.servers.closed)", "two")
    assert execute("print(one.servers.closed, two.servers.closed)") == "False False"


def test_outside_a_kernel_nothing_is_closed() -> None:
    from postlib.lab.internet import visit

    raised = [visit("clean", at=datetime(2026, 11, 23, tzinfo=UTC)) for _ in range(2)]
    assert [internet.servers.closed for internet in raised] == [False, False]
    for internet in raised:
        internet.close()


def test_a_shell_without_a_kernel_has_no_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython in a terminal, and kernels that are not ipykernel."""
    import IPython

    for shell in (None, object(), type("Shell", (), {"kernel": None})(), type("Shell", (), {"kernel": object()})()):
        monkeypatch.setattr(IPython, "get_ipython", lambda shell=shell: shell)
        assert "IPython" in sys.modules and cell.here() == ""


def test_a_judge_warns_of_acts_whose_cell_has_changed(execute: Execute, notebook: Path) -> None:
    begin = f"import os; os.chdir({str(notebook.parent)!r})\nfrom postlib.course import begin, judge\nlab = begin('spf-repair', 'ana-12')"
    publish = "lab.domain(lab.learner.domain).publish('{}', 'TXT', 'a text')"
    warned = "print([name for name, _ in judge('spf-repair').notes])"
    execute(begin, "lab")
    execute(publish.format("first"), "answer")
    assert "judge-stale" not in execute(warned, "judge")
    execute(publish.format("second"), "answer")
    assert "judge-stale" in execute(warned, "judge")
