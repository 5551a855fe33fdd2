"""The budget of a prompt: how many tokens each of its parts may have."""

from __future__ import annotations

from dataclasses import dataclass

#: Average number of characters of a token, over a budget, that the tokenizers in use never exceed.
#: Text beyond is cut before it is tokenized, so that a cell of 5 MB costs nothing.
CHARACTERS_PER_TOKEN = 16


@dataclass(frozen=True)
class Budget:
    """Maximum numbers of tokens in the parts of a prompt.

    Parameters
    ----------
    context
        For the cells above the current one.
    prefix
        For the current cell before the cursor.
    suffix
        For the current cell after the cursor.
    """

    context: int
    prefix: int
    suffix: int
