"""Prompt lookup proposes what followed the last tokens before."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.prompt_lookup import propose_from_prompt


@pytest.mark.parametrize(
    ("ids", "max_tokens", "proposal"),
    [
        ([], 4, []),
        ([1], 4, []),
        ([1, 2, 3], 4, []),
        ([1, 2, 9, 2], 4, []),  # a single token is not enough
        ([1, 2, 3, 4, 1, 2], 4, [3, 4, 1, 2]),
        ([1, 2, 3, 4, 1, 2], 1, [3]),
        ([1, 2, 3, 1, 2, 4, 1, 2], 1, [4]),  # the latest of equal ones
        ([7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2], 1, [3]),  # the longest one before the latest
        ([5, 5, 5, 5], 3, [5]),
    ],
)
def test_proposals(ids: list[int], max_tokens: int, proposal: list[int]) -> None:
    assert propose_from_prompt(ids, max_tokens) == proposal
