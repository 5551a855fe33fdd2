"""Prompt lookup: notebooks repeat themselves, so what followed these tokens before may follow now.

The guess costs a search, no draft model; whoever uses it verifies it (Saxena, "Prompt Lookup
Decoding", 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

#: Tokens at the end that must have occurred before: one alone says too little.
_SHORTEST = 2
#: From here on a longer match says no more.
_LONGEST = 4


def propose_from_prompt(ids: Sequence[int], most: int) -> list[int]:
    """Guess what follows by the latest earlier place that ends with the same tokens.

    Parameters
    ----------
    ids
        Prompt and what was generated so far.
    most
        Most tokens to guess.

    Returns
    -------
    list of int
        What followed at the place with the longest match, the latest of several; empty if the last
        two tokens never occurred before.
    """
    best, place = _SHORTEST - 1, 0
    last = ids[-1] if ids else None
    for end in range(len(ids) - 2, _SHORTEST - 2, -1):
        if ids[end] != last:
            continue
        length = _match(ids, end)
        if length > best:
            best, place = length, end + 1
            if best == _LONGEST:
                break
    return list(ids[place : place + most]) if place else []


def _match(ids: Sequence[int], end: int) -> int:
    """Return how many tokens up to ``end`` equal the last ones."""
    length = 1
    while length < min(_LONGEST, end + 1) and ids[end - length] == ids[-1 - length]:
        length += 1
    return length
