"""Every parser under any input: an outcome or a ValueError, and in time that grows with the input and not with its square."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest
from conftest import FULL
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers import FILES, NO_PARSERS, PIECES, PROTOCOLS, Call, call, of_strangers, wants_octets
from watchdog import watchdog

from postlib.commands.asked import BadInput

SMALL, LARGE = 8 * 1024, 64 * 1024  # octets; eight times as much
FACTOR = 32  # a linear parser takes eight times as long, a quadratic one sixty-four times
NOTICED = 0.005  # seconds: what is shorter says nothing
REFUSALS = (ValueError, BadInput)


def test_every_parser_is_in_the_table() -> None:
    """A new one is found by its first argument, and needs a row, or a reason why it is none."""
    known = PROTOCOLS.keys() | NO_PARSERS.keys()
    found = set(of_strangers())
    assert {name for name in found if name not in known and name.rpartition(".")[0] not in known} == set()
    assert {name for name in PROTOCOLS if name not in found} == set()


def reader(name: str) -> Call:
    """The parser of that name, for octets."""
    if name in FILES:
        return FILES[name][0]
    own, octets = PROTOCOLS[name][0] or call(name), wants_octets(name)
    return own if octets else lambda given: own(given.decode("utf-8", "replace"))


def samples(name: str) -> tuple[bytes, ...]:
    return (FILES[name][1],) if name in FILES else PROTOCOLS[name][1]


def read(name: str, octets: bytes) -> Any:
    """The outcome, or the refusal; anything else is our bug."""
    try:
        return reader(name)(octets)
    except REFUSALS as error:
        return error


ALL = [*PROTOCOLS, *FILES]


@pytest.mark.parametrize("name", ALL)
def test_what_is_right_is_read(name: str) -> None:
    for sample in samples(name):
        assert not isinstance(read(name, sample), REFUSALS), read(name, sample)


@pytest.mark.parametrize("name", ALL)
def test_anything_is_read_or_refused(name: str) -> None:
    pieces = st.lists(st.sampled_from(PIECES) | st.sampled_from(samples(name)) | st.binary(max_size=4), max_size=20).map(b"".join)

    @settings(max_examples=300 if FULL else 60)
    @given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")) | pieces)
    def anything(octets: bytes) -> None:
        read(name, octets)

    with watchdog():
        anything()


@pytest.mark.parametrize("name", ALL)
def test_what_was_changed_on_its_way_is_read_or_refused(name: str) -> None:
    change = st.tuples(st.integers(0, 1 << 16), st.integers(0, 3), st.sampled_from(PIECES) | st.binary(max_size=3))

    @settings(max_examples=300 if FULL else 60)
    @given(st.sampled_from(samples(name)), st.lists(change, min_size=1, max_size=6))
    def changed(sample: bytes, changes: list[tuple[int, int, bytes]]) -> None:
        for place, gone, new in changes:
            at = place % (len(sample) + 1)
            sample = sample[:at] + new + sample[at + gone :]
        read(name, sample)

    with watchdog():
        changed()


def seconds(name: str, octets: bytes) -> float:
    gc.disable()
    start = time.process_time()
    read(name, octets)
    taken = time.process_time() - start
    gc.enable()
    return taken


def shapes(name: str, size: int) -> dict[str, bytes]:
    """Long inputs: one piece again and again, alone and inside what is right."""
    sample = samples(name)[0]
    found = {}
    for piece in PIECES:
        long = piece * (size // len(piece))
        found |= {f"{piece!r} alone": long, f"{piece!r} behind": sample + long, f"{piece!r} within": sample[:-2] + long + sample[-2:]}
        found[f"a{piece!r}"] = sample + (b"a" + piece) * (size // (len(piece) + 1)) + b"\x01"
    found["again"] = sample * (size // max(1, len(sample)))
    return found


def too_slow(name: str, shape: str) -> str:
    """Why the parser is not linear for that shape, or nothing; a second and a third look, for a machine has moods."""
    short, long = shapes(name, SMALL)[shape], shapes(name, LARGE)[shape]
    for _ in range(3):
        whole = seconds(name, long)
        if whole < FACTOR * NOTICED or whole < FACTOR * (brief := seconds(name, short)):
            return ""
    return f"{shape}: {brief:.3f} s for {len(short)} octets, {whole:.3f} s for {len(long)}"


@pytest.mark.parametrize("name", ALL)
def test_eight_times_the_input_takes_eight_times_the_time(name: str) -> None:
    with watchdog():
        assert [problem for shape in shapes(name, 1) if (problem := too_slow(name, shape))] == []
