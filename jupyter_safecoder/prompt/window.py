"""Windows with an anchored start.

A window that moves by one line at each new line changes the whole prompt, and the engine's prefix
cache is lost. Here the start moves in big steps: between two steps the prompt only grows.

The lab extension cuts the text of a request by the same rule, in characters instead of tokens:
``anchor.ts`` and ``window.ts`` in ``labextension/src/completion/editor``.
"""

from __future__ import annotations

from collections.abc import Sequence


def anchored_start(length: int, budget: int) -> int:
    """Return where a window starts that ends at the end of a sequence.

    The start is 0 while everything fits. Then it moves in steps of a quarter of the budget, so the
    window always has at least three quarters of it.

    Parameters
    ----------
    length
        Length of the sequence, in tokens or characters.
    budget
        Maximum length of the window, in the same unit.
    """
    if length <= budget:
        return 0
    step = max(1, budget // 4)
    return -(-(length - budget) // step) * step


def anchored_first(sizes: Sequence[int], budget: int) -> int:
    """Return the index of the first item of a window that ends with the last item.

    Items fill the window one after the other. Whenever they exceed the budget, the start moves on
    until a quarter of the window is free. The last item is in the window even if it is too large.

    Parameters
    ----------
    sizes
        Sizes of the items, in tokens or characters.
    budget
        Maximum size of the window, in the same unit.
    """
    first = size_of_window = 0
    for index, size in enumerate(sizes):
        size_of_window += size
        if size_of_window > budget:
            while size_of_window > budget - budget // 4 and first < index:
                size_of_window -= sizes[first]
                first += 1
    return first


def tail(text: str, budget: int) -> str:
    """Return the last characters of a text, at most ``budget`` of them, from an anchored start.

    The start moves on to the next line, if there is one in the first quarter of the window.
    """
    start = anchored_start(len(text), budget)
    if start == 0:
        return text
    newline = text.find("\n", start - 1, start + budget // 4)
    return text[newline + 1 if newline >= 0 else start :]
