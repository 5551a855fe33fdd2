"""Prompt lookup: proposes the tokens that followed an earlier occurrence of the last n-gram.

Notebooks repeat themselves, so the proposal is often right. It costs a search and no draft model;
the caller verifies it with the model (Saxena, "Prompt Lookup Decoding", 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

#: Minimum length of the n-gram: a single token repeats too often by chance.
_MIN_NGRAM = 2
#: Length from which on a longer match is no better.
_MAX_NGRAM = 4


def propose_from_prompt(ids: Sequence[int], max_tokens: int) -> list[int]:
    """Return a proposal for the next tokens.

    Parameters
    ----------
    ids
        Prompt and tokens generated so far.
    max_tokens
        Maximum number of tokens to propose.

    Returns
    -------
    list of int
        The tokens after the longest earlier match of the last tokens, the latest of several; empty
        if the last two tokens have not occurred before.
    """
    longest, start = _MIN_NGRAM - 1, 0
    last = ids[-1] if ids else None
    for end in range(len(ids) - 2, _MIN_NGRAM - 2, -1):
        if ids[end] != last:
            continue
        length = _match_length(ids, end)
        if length > longest:
            longest, start = length, end + 1
            if longest == _MAX_NGRAM:
                break
    return list(ids[start : start + max_tokens]) if start else []


def _match_length(ids: Sequence[int], end: int) -> int:
    """Return how many tokens up to index ``end`` equal the last ones."""
    length = 1
    while length < min(_MAX_NGRAM, end + 1) and ids[end - length] == ids[-1 - length]:
        length += 1
    return length
