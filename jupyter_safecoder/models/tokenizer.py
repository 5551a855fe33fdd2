"""A model's ``tokenizer.json``, through Hugging Face's tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from .problem import ModelProblem

#: Cells whose ids are kept: some fifty people's context windows.
_CACHED_CELLS = 2048


class FileTokenizer:
    """The tokenizer of a ``tokenizer.json``.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ModelProblem
        If the file is not a tokenizer.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelProblem(
                f"{path.name} is not a tokenizer that can be read.", "Install the model again."
            ) from error
        # User text that spells <fim_middle> must never become that token.
        self._tokenizer.encode_special_tokens = True
        self.encode_cell = lru_cache(_CACHED_CELLS)(self.encode)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, lone surrogates replaced."""
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def special(self, name: str) -> int:
        """Return the id of a special token."""
        found: int | None = self._tokenizer.token_to_id(name)
        if found is None:
            raise ValueError(
                f"The tokenizer has no {name} token: it does not fit the model's family."
            )
        return found

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, special tokens left out."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text
