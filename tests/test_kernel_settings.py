"""What `make course` writes for its kernels: mistakes are explained from the first cell on, and a kernel starts in any case."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

pytest.importorskip("ipykernel")

ROOT = Path(__file__).resolve().parent.parent
RUN = """
import sys
from jupyter_client.manager import KernelManager
from traitlets.config import Config
manager = KernelManager(kernel_name="python3", config=Config(KernelManager={"transport_encryption": "auto"}))
manager.start_kernel(extra_arguments=["--Application.log_level=CRITICAL"])
client = manager.blocking_client()
client.start_channels()
client.wait_for_ready(timeout=120)
def tell(message):
    content = message["content"]
    print(*content.get("traceback", []), content.get("text", ""))
client.execute_interactive(sys.argv[1], output_hook=tell, timeout=120)
client.stop_channels()
manager.shutdown_kernel(now=True)
"""


def said(folder: Path, source: str, path: Path = ROOT) -> str:
    """What a cell says in a new kernel that reads the settings, with `path` before all others where modules are sought."""
    profile = folder / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / bootstrap.KERNEL.name).write_text(bootstrap.EXTENSION)
    environment = {**os.environ, "IPYTHONDIR": str(profile.parent), "PYTHONPATH": str(path), "POSTLIB_PROGRESS": "off"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, source], env=environment, cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


def test_a_mistake_is_explained_before_anything_is_imported(tmp_path: Path) -> None:
    """As after a restart: the setup cell was not run again."""
    told = said(tmp_path, "internet.send()")
    assert "Traceback" not in told and "internet" in told and "run" in told


def test_nothing_large_is_imported_for_it(tmp_path: Path) -> None:
    """A kernel is there as quickly as before."""
    large = ("dns", "cryptography", "yaml", "postlib.lab", "postlib.course", "postlib.look", "rich", "matplotlib")
    told = said(tmp_path, f"import sys; print(sorted(set({large}) & set(sys.modules)), 'postlib.display' in sys.modules)")
    assert told.strip() == "[] True"


def test_a_kernel_starts_also_where_ours_is_broken(tmp_path: Path) -> None:
    """Then the ordinary traceback is shown."""
    (tmp_path / "postlib").mkdir()
    (tmp_path / "postlib" / "__init__.py").write_text("raise RuntimeError('half an update')")
    told = said(tmp_path, "print('here'); 1 / 0", tmp_path)
    assert "here" in told and "ZeroDivisionError" in told and "Traceback" in told
