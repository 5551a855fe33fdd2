"""A model's ``tokenizer.json``, through Hugging Face's tokenizers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

#: Cells whose ids are kept: some fifty people's context windows.
_CACHED_CELLS = 2048
#: What ``tokenizer_config.json`` may weigh: chat templates are long.
_CONFIG_BYTES = 4 * 2**20
#: Tokens that some tokenizers do not mark as special, though no text means them.
_CONTROL = re.compile(
    r"<[|｜].*[|｜]>|</?s>|<(bos|eos|pad|unk|mask)>|<(start|end)_of_\w+>|▁<\w+>|\[/?[A-Z_]+\]"
    r"|<(fim|file|repo|jupyter|issue|commit|gh|empty|intermediate|pr)[-_]?\w*>",
    re.DOTALL,
)


class FileTokenizer:
    """The tokenizer of a ``tokenizer.json``, with what ``tokenizer_config.json`` beside it says.

    Text is encoded as it stands: no space is put before it, as SentencePiece's tokenizers do at the
    begin of a text, because ours begins anywhere.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ModelError
        If the file is not a tokenizer.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            data = json.loads(path.read_bytes())
            self._tokenizer = Tokenizer.from_str(json.dumps(_exact(data)))
            template = self._tokenizer.encode("x", add_special_tokens=True)
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(
                f"{path.name} is not a tokenizer that can be read.",
                "Get the model again: its file is damaged, or is of a newer format.",
            ) from error
        # Person text that spells <fim_middle> must never become that token.
        self._tokenizer.encode_special_tokens = True
        self.encode_cell = lru_cache(_CACHED_CELLS)(self.encode)
        self.bos_ids = self._bos_ids(template, _config(path))

    @property
    def size(self) -> int:
        """One more than the largest id."""
        return 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, lone surrogates replaced."""
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def has(self, name: str) -> bool:
        """Say whether there is a token of this name."""
        return self._tokenizer.token_to_id(name) is not None

    def token_id(self, name: str) -> int:
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

    def _bos_ids(self, template: Any, config: dict[str, Any]) -> tuple[int, ...]:
        begins, begin = config.get("add_bos_token"), config.get("bos_token")
        name = begin.get("content") if isinstance(begin, dict) else begin
        if begins and isinstance(name, str) and self.has(name):
            return (self.token_id(name),)
        if begins is False:
            return ()
        first = template.special_tokens_mask.index(0) if 0 in template.special_tokens_mask else 0
        return tuple(template.ids[:first])


def _config(path: Path) -> dict[str, Any]:
    try:
        with path.with_name("tokenizer_config.json").open("rb") as stream:
            data = json.loads(stream.read(_CONFIG_BYTES))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _exact(data: dict[str, Any]) -> dict[str, Any]:
    """Return a tokenizer's data, changed so that ids and text are the same thing."""
    pieces = {name: _each(data.get(name)) for name in ("normalizer", "pre_tokenizer", "decoder")}
    kept = {
        "normalizer": [piece for piece in pieces["normalizer"] if piece["type"] != "Prepend"],
        "pre_tokenizer": pieces["pre_tokenizer"],
        "decoder": [piece for piece in pieces["decoder"] if piece["type"] != "Strip"],
    }
    for piece in (*kept["pre_tokenizer"], *kept["decoder"]):
        if piece["type"] == "Metaspace":
            piece |= {"prepend_scheme": "never", "add_prefix_space": False}
        elif piece["type"] == "ByteLevel":
            piece["add_prefix_space"] = False
    for token in data.get("added_tokens") or ():
        token["special"] |= bool(_CONTROL.fullmatch(token["content"]))
    lists = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "decoder": "decoders"}
    return data | {name: _sequence(kept[name], lists[name]) for name in kept}


def _each(piece: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return a piece of a tokenizer as a flat list of pieces."""
    if piece is None:
        return []
    if piece["type"] != "Sequence":
        return [piece]
    inner = next(value for value in piece.values() if isinstance(value, list))
    return [flat for part in inner for flat in _each(part)]


def _sequence(pieces: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    return {"type": "Sequence", name: pieces}
