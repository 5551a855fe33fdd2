"""Keys and values are stored at each row's own positions."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from jupyter_safecoder.engines.slots.cache import BatchLayout, SlotCache  # noqa: E402

SLOTS, LENGTH = 3, 8


def _layout(rows: list[int], positions: list[list[int]], kv_length: int) -> BatchLayout:
    contiguous = slice(rows[0], rows[0] + len(rows)) if rows == sorted(rows) else None
    return BatchLayout(torch.tensor(rows), torch.tensor(positions), kv_length, contiguous)


@pytest.mark.parametrize("rows", [[1, 2], [2, 1]])
def test_rows_are_written_at_their_positions(rows: list[int]) -> None:
    cache = SlotCache(1, SLOTS, LENGTH)
    cache.layout = _layout(rows, [[0, 1], [4, LENGTH]], 5)
    # Two sequences of two tokens, one head of size 1; the last token is padding.
    states = torch.tensor([[[[1.0], [2.0]]], [[[3.0], [9.0]]]])
    keys, values = cache.update(states, 10 * states, 0)
    assert keys.shape == (2, 1, 5, 1)
    assert keys[:, 0, :, 0].tolist() == [[1, 2, 0, 0, 0], [0, 0, 0, 0, 3]]
    assert torch.equal(values, 10 * keys)


def test_earlier_tokens_stay() -> None:
    cache = SlotCache(1, SLOTS, LENGTH)
    for position in range(3):
        cache.layout = _layout([1], [[position]], position + 1)
        states = torch.full((1, 1, 1, 1), float(position + 1))
        keys, _ = cache.update(states, states, 0)
    assert keys[0, 0, :, 0].tolist() == [1, 2, 3]
    assert cache.get_seq_length() == 3


def test_nothing_is_visible_before_the_first_pass() -> None:
    assert SlotCache(2, SLOTS, LENGTH).get_seq_length() == 0
