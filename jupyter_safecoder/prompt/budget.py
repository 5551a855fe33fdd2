"""How many tokens each part of a prompt may take."""

from __future__ import annotations

from dataclasses import dataclass

#: More characters than this never make one token of the tokenizers in use, on average over a
#: budget: whatever lies beyond is cut before it is tokenized, so that a 5 MB cell costs nothing.
CHARACTERS_PER_TOKEN = 16


@dataclass(frozen=True)
class Budget:
    """Tokens for the cells around, for the current cell before the cursor, and after it."""

    context: int
    prefix: int
    suffix: int
