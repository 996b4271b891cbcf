"""How much is tested: the quick tier by default, everything with FULL=1; and how hypothesis behaves.

    @pytest.mark.full            runs with FULL=1 alone
    def test_x(full: bool)       how many cases is the test's own choice
    from conftest import FULL    for parametrize, where a fixture comes too late
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

FULL = os.environ.get("FULL", "") not in ("", "0")

# No deadline and no complaint about slow data: the machine is shared, and a slow moment is not a fault.
# CI tries the same examples for the same code, so that a red run can be seen again.
settings.register_profile(
    "postlib",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("postlib")

# Built worlds are kept for this run alone: a test must not read what another day, or another checkout, has left in the user's cache.
os.environ["POSTLIB_CACHE"] = tempfile.mkdtemp(prefix="postlib-tests-")
atexit.register(shutil.rmtree, os.environ["POSTLIB_CACHE"], ignore_errors=True)

# What the tests answer is nobody's progress.
os.environ.setdefault("POSTLIB_PROGRESS", "off")

# A shell starts what runs in the background with Ctrl-C ignored, and every process below inherits that; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether everything is asked for."""
    return FULL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `full` in the quick tier."""
    for item in items:
        if not FULL and item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="takes long: runs with FULL=1"))
