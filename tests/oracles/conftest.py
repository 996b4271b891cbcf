"""The union as foreign programs meet it, at today: they go by the machine's own clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib.lab.internet import Internet, visit


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)) as up:
        yield up


@pytest.fixture(scope="module")
def roots(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lab's certificate authority, as a file."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(internet.state.authority.root_pem)
    return str(path)
