"""What the prompt needs of a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Tokenizer(Protocol):
    """Text to ids and back. Text that spells a special token is ordinary text."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text that changes at each keystroke."""

    def encode_cell(self, text: str) -> list[int]:
        """Return the ids of a text that stays the same for many keystrokes: they are cached."""

    def special(self, name: str) -> int:
        """Return the id of a special token.

        Raises
        ------
        ValueError
            If the vocabulary lacks it: the tokenizer does not fit the model's family.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens left out."""
