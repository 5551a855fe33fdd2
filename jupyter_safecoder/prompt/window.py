"""Windows whose start is anchored.

A window that slides by one line at each new line changes the whole prompt, and the prefix cache of
the engine is lost. Here the start moves in big steps: between two steps the prompt only grows.
"""

from __future__ import annotations

from collections.abc import Sequence


def anchored_start(length: int, budget: int) -> int:
    """Return where a window of at most ``budget`` begins in something of this length.

    The start is 0 while everything fits, then moves in steps of a quarter of the budget, so the
    window holds three quarters of it or more. Lengths are in whatever the caller counts: tokens,
    characters.
    """
    if length <= budget:
        return 0
    step = max(1, budget // 4)
    return -(-(length - budget) // step) * step


def anchored_first(sizes: Sequence[int], budget: int) -> int:
    """Return which of these things is the first of a window that ends with the last of them.

    Taken one after the other, they fill the window up to ``budget``; then its start moves on until
    a quarter of it is free. The last is in it even where it is larger than what would be left.
    """
    first = held = 0
    for position, size in enumerate(sizes):
        held += size
        if held > budget:
            while held > budget - budget // 4 and first < position:
                held -= sizes[first]
                first += 1
    return first


def tail(text: str, budget: int) -> str:
    """Return at most the last ``budget`` characters, from an anchored start.

    The start is moved on to the next line, if there is one within the window's first quarter.
    """
    start = anchored_start(len(text), budget)
    if start == 0:
        return text
    newline = text.find("\n", start - 1, start + budget // 4)
    return text[newline + 1 if newline >= 0 else start :]
