"""The benchmark's table: which way a ratio goes, and what is kept of a run. The figures themselves are `make bench`."""

import json

import pytest

from tests.bench import __main__ as command
from tests.bench.rows import Measured, Row, load, row


def a_row(more_is_better: bool) -> Row:
    return Row("serve", "Questions a second.", "q/s", 4, more_is_better, lambda: Measured(1, 1))


def test_a_larger_ratio_is_always_better_for_us() -> None:
    assert a_row(more_is_better=True).ratio(Measured(20, 5)) == 4
    assert a_row(more_is_better=False).ratio(Measured(5, 20)) == 4


def test_every_row_says_what_it_measures_and_has_a_target() -> None:
    assert load() and all(found.says.endswith(".") and found.target > 0 for found in load().values())


def test_a_row_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="say what it measures"):
        row("dumb", unit="s", target=1)(lambda: Measured(1, 1))


def test_an_unknown_row_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["speed"]) == 2
    assert "no row speed; the rows are: " in capsys.readouterr().err


def test_rows_not_measured_this_time_stay(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path / "build" / "bench.json")
    command.write([{"row": "a", "ratio": 1}, {"row": "b", "ratio": 2}])
    command.write([{"row": "b", "ratio": 3}])
    assert json.loads(command.RESULTS.read_text()) == [{"row": "a", "ratio": 1}, {"row": "b", "ratio": 3}]


def test_a_row_below_its_target_is_marked() -> None:
    low = {"row": "serve", "ours": 3.0, "peer": 1.0, "unit": "q/s", "ratio": 3.0, "target": 4}
    assert command.line(low).endswith("BELOW") and not command.line(low | {"ratio": 4.0}).endswith("BELOW")
