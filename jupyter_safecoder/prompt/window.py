"""Windows whose start is anchored.

A window that slides by one line at each new line changes the whole prompt, and the prefix cache of
the engine is lost. Here the start moves in big steps: between two steps the prompt only grows.
"""

from __future__ import annotations


def anchored_start(length: int, budget: int) -> int:
    """Return where a window of at most ``budget`` begins in something of this length.

    The start is 0 while everything fits, then moves in steps of half the budget, so the window
    holds between a half and the whole of it. Lengths are in whatever the caller counts: tokens,
    characters.
    """
    if length <= budget:
        return 0
    step = max(1, budget // 2)
    return -(-(length - budget) // step) * step


def tail(text: str, budget: int) -> str:
    """Return at most the last ``budget`` characters, from an anchored start.

    The start is moved on to the next line, if there is one within the window's first half.
    """
    start = anchored_start(len(text), budget)
    if start == 0:
        return text
    newline = text.find("\n", start - 1, start + budget // 2)
    return text[newline + 1 if newline >= 0 else start :]
