"""A kernel as a front end sees it: cells are run one by one, and what it hears of each is kept."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 90  # seconds for one cell, on however slow a machine


@dataclass
class Ended:
    """What a front end hears of one cell."""

    reply: dict[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, str]] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The last line of its only error."""
        assert self.reply["status"] == "error" and len(self.errors) == 1
        return str(self.errors[0]["traceback"][-1])


@dataclass
class Kernel:
    """A kernel of a notebook."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, source: str) -> Ended:
        """One cell; where it says that it has begun to wait, it is stopped."""
        ended = Ended({})

        def hear(message: dict[str, Any]) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                ended.errors.append(content)
            elif kind == "display_data":
                ended.shown.append(content["data"])
            elif kind == "stream" and content["text"].startswith("begun"):
                self.manager.interrupt_kernel()

        ended.reply = self.client.execute_interactive(source, output_hook=hear, timeout=PATIENCE, allow_stdin=False)["content"]
        return ended

    def restart(self) -> None:
        """As after a crash: everything is forgotten."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=PATIENCE)


def notebook(path: Path, sources: dict[str, str]) -> Path:
    """A notebook's file with these code cells, by id."""
    kind: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [{**kind, "id": name, "source": source.splitlines(keepends=True)} for name, source in sources.items()]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def environment(**more: str) -> dict[str, str]:
    """For a kernel: ours is found, and nothing of a learner's is written."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "POSTLIB_PROGRESS": "off", **more}
