"""The tokenizer protocol that prompts are built with, and the stop tokens of a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .families import FimFamily


class Tokenizer(Protocol):
    """Text to ids and back. Text that spells a special token is ordinary text."""

    @property
    def bos_ids(self) -> Sequence[int]:
        """Ids at the start of every prompt: the BOS token, for models that have one."""

    @property
    def size(self) -> int:
        """One more than the largest id."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text that changes at each keystroke."""

    def encode_cell(self, text: str) -> list[int]:
        """Return the ids of a text that stays the same for many keystrokes: they are cached."""

    def has(self, name: str) -> bool:
        """Return whether there is a special token of this name."""

    def token_id(self, name: str) -> int:
        """Return the id of a special token.

        Raises
        ------
        ValueError
            If there is none of this name: the tokenizer does not fit the model's family.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, without special tokens."""


def stop_ids(family: FimFamily, tokenizer: Tokenizer) -> list[int]:
    """Return the ids of the family's stop tokens that a tokenizer has.

    Parameters
    ----------
    family
        Gives the names of stop tokens.
    tokenizer
        The model's.

    Raises
    ------
    ValueError
        If it has none of them.
    """
    ids = [tokenizer.token_id(name) for name in family.stop_tokens if tokenizer.has(name)]
    if not ids:
        raise ValueError(f"The tokenizer has no stop token, such as {family.stop_tokens[0]}.")
    return ids
