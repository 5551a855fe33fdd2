"""Every run of the guaranteed length is found, and hardly any that is not there."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from jupyter_safecoder.attribution.sequence import PAD_BYTES, Sequence, SequenceWriter, Shape
from jupyter_safecoder.attribution.shapes import MIN_CHARACTERS, MIN_LINES, SHAPES
from jupyter_safecoder.attribution.structure import LINE_BYTES

VERBATIM = SHAPES["verbatim"]


def data(seed: int, length: int, values: int = 90) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, values, length).astype(np.uint8)


def sequence(*parts: NDArray[np.uint8], shape: Shape = VERBATIM) -> Sequence:
    writer = SequenceWriter(shape)
    for part in parts:
        writer.add(part)
    arrays = writer.arrays()
    return Sequence(shape, arrays, (len(arrays["sketch"]) - 2 * PAD_BYTES) * 16 // shape.stride)


def test_the_shapes_guarantee_what_is_promised() -> None:
    assert VERBATIM.minimum == MIN_CHARACTERS
    assert SHAPES["structure"].minimum == MIN_LINES * LINE_BYTES


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_run_of_the_minimum_is_found(shape: Shape) -> None:
    whole = data(1, 20_000)
    index = sequence(whole[:7], whole[7:5_001], whole[5_001:], shape=shape)
    random = Random("runs")
    for _ in range(300):
        # Runs of lines begin where a line does.
        start = random.randrange(0, len(whole) - shape.minimum, shape.step)
        found = index.find(whole[start : start + shape.minimum])
        assert any(run.place - run.start == start for run in found), start


def test_a_run_within_a_query_is_placed() -> None:
    whole = data(2, 5_000)
    query = np.concatenate([data(3, 100), whole[1_234:1_434], data(4, 100)])
    found = sequence(whole).find(query)
    assert min(run.start for run in found) in range(90, 102)
    assert max(run.end for run in found) in range(299, 312)
    assert {run.place - run.start for run in found} == {1_134}


def test_hardly_anything_is_found_that_is_not_there() -> None:
    index = sequence(data(5, 200_000))
    assert sum(bool(index.find(data(seed, 1_000))) for seed in range(100, 200)) <= 3


def test_many_copies_of_a_seed_fill_a_bucket() -> None:
    # Each stride begins with the same seed, and goes on with another text.
    rows = data(6, 40 * 1_000).reshape(-1, 40)
    rows[:, :11] = rows[0, :11]
    index = sequence(rows.reshape(-1))
    for row in (0, 254, 255, 256, 998):
        query = rows.reshape(-1)[row * 40 : row * 40 + 50]
        assert any(run.place - run.start == row * 40 for run in index.find(query)), row


@pytest.mark.parametrize("length", [0, 1, 10, 39, 47])
def test_short_queries_and_sequences(length: int) -> None:
    assert sequence(data(7, length)).find(data(8, 60)) == []
    assert sequence(data(7, 500)).find(data(7, length)) == []


def test_arrays_that_do_not_fit_are_refused() -> None:
    writer = SequenceWriter(VERBATIM)
    writer.add(data(9, 500))
    arrays = writer.arrays()
    with pytest.raises(ValueError, match="do not fit"):
        Sequence(VERBATIM, arrays | {"entries": arrays["entries"][1:]}, 14)
