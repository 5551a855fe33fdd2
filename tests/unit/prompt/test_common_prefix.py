"""The length of a common prefix of token ids."""

from __future__ import annotations

import pytest

from jupyter_safecoder.prompt.common_prefix import common_prefix_length


@pytest.mark.parametrize(
    ("first", "second", "length"),
    [
        ([], [], 0),
        ([1], [], 0),
        ([1, 2, 3], [1, 2, 3], 3),
        ([1, 2, 3], [1, 2], 2),
        ([1, 2], [1, 2, 3], 2),
        ([1, 2, 3], [1, 9, 3], 1),
        ([1], [2], 0),
    ],
)
def test_common_prefix_length(first: list[int], second: list[int], length: int) -> None:
    assert common_prefix_length(first, second) == length
