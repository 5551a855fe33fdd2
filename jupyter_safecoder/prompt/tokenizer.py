"""What the prompt needs of a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .families import FimFamily


class Tokenizer(Protocol):
    """Text to ids and back. Text that spells a special token is ordinary text."""

    @property
    def bos_ids(self) -> Sequence[int]:
        """Ids that every prompt begins with: the begin token, for models that have one."""

    @property
    def size(self) -> int:
        """One more than the largest id."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text that changes at each keystroke."""

    def encode_cell(self, text: str) -> list[int]:
        """Return the ids of a text that stays the same for many keystrokes: they are cached."""

    def has(self, name: str) -> bool:
        """Say whether there is a special token of this name."""

    def token_id(self, name: str) -> int:
        """Return the id of a special token.

        Raises
        ------
        ValueError
            If the vocabulary lacks it: the tokenizer does not fit the model's family.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens left out."""


def stop_ids(family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    """Return the ids that end an answer: of the family's end tokens those that there are.

    Raises
    ------
    ValueError
        If there is none.
    """
    ends = [tokenizer.token_id(name) for name in family.stop_tokens if tokenizer.has(name)]
    if not ends:
        raise ValueError(
            f"The tokenizer has no token that ends an answer, such as {family.stop_tokens[0]}."
        )
    return ends
