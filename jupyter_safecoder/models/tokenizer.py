"""The tokenizer in a model's ``tokenizer.json``, through Hugging Face's tokenizers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError

from .encoding_cache import EncodingCache
from .tokenizer_check import find_unbounded

#: Maximum size of the cells whose ids are cached: thousands of usual ones.
_CACHED_BYTES = 32 * 2**20
#: Maximum size of ``tokenizer.json``: that of Gemma 3, with 262,000 tokens, has 33 MB.
_MAX_BYTES = 128 * 2**20
#: Maximum tokens that a tokenizer adds to the start of a prompt.
_MAX_BOS_IDS = 16
#: Maximum size of ``tokenizer_config.json``: chat templates are long.
_MAX_CONFIG_BYTES = 4 * 2**20
#: Tokens that some tokenizers do not mark as special, though they never stand for text.
_CONTROL = re.compile(
    r"<[|｜].*[|｜]>|<\[.*\]>|</?s>|<(bos|eos|pad|unk|mask)>|<(start|end)_of_\w+>|▁<\w+>|\[/?[A-Z_]+\]"
    r"|</?(system|assistant|user)>|<(fim|file|repo|jupyter|issue|commit|gh|empty|intermediate|pr)[-_]?\w*>",
    re.DOTALL,
)


class FileTokenizer:
    """The tokenizer of a ``tokenizer.json`` and of the ``tokenizer_config.json`` beside it.

    Text is encoded exactly. SentencePiece's tokenizers would add a space at the start of a text;
    here they do not, because the texts of a prompt start anywhere.

    Parameters
    ----------
    path
        The ``tokenizer.json``.

    Raises
    ------
    ModelError
        If the file is not a tokenizer, or a text could take it time or memory without limit.
    """

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            data = _exact(_read(path), path)
            self._tokenizer = Tokenizer.from_str(json.dumps(data))
            encoded = self._tokenizer.encode("x", add_special_tokens=True)
        except (ModelError, KeyboardInterrupt):
            raise
        except BaseException as error:  # tokenizers raises bare Exception, and panics
            raise ModelError(
                f"{path} is not a tokenizer that can be read.",
                "Get the model again: the file is damaged, or in a newer format.",
            ) from error
        # Text of users that spells <fim_middle> must never become that token.
        self._tokenizer.encode_special_tokens = True
        self.encode_cell = EncodingCache(self.encode, _CACHED_BYTES)
        self.bos_ids = self._bos_ids(encoded, _read_config(path))
        if len(self.bos_ids) > _MAX_BOS_IDS:
            raise _refused(path, f"{len(self.bos_ids)} tokens at the start of each text")

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
        """Return whether there is a token of this name."""
        return self._tokenizer.token_to_id(name) is not None

    def token_id(self, name: str) -> int:
        """Return the id of a special token.

        Raises
        ------
        ValueError
            If there is no token of this name.
        """
        token: int | None = self._tokenizer.token_to_id(name)
        if token is None:
            raise ValueError(
                f"The tokenizer has no {name} token: it does not fit the model's family."
            )
        return token

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids, without special tokens."""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _bos_ids(self, encoded: Any, config: dict[str, Any]) -> tuple[int, ...]:
        """Return the ids that the model expects at the start of every prompt.

        Parameters
        ----------
        encoded
            A text encoded with the tokenizer's own special tokens.
        config
            Of ``tokenizer_config.json``, which has priority.
        """
        add_bos, token = config.get("add_bos_token"), config.get("bos_token")
        name = token.get("content") if isinstance(token, dict) else token
        if add_bos and isinstance(name, str) and self.has(name):
            return (self.token_id(name),)
        if add_bos is False:
            return ()
        mask = encoded.special_tokens_mask
        return tuple(encoded.ids[: mask.index(0) if 0 in mask else 0])


def _read_config(path: Path) -> dict[str, Any]:
    path = path.with_name("tokenizer_config.json")
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as stream:
            data = json.loads(stream.read(_MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        content = stream.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise _refused(path, f"more than {_MAX_BYTES:,} bytes")
    data: dict[str, Any] = json.loads(content)
    return data


def _refused(path: Path, found: str) -> ModelError:
    return ModelError(
        f"{path} is refused: it has {found}.",
        "Get the model from its maker, or use another model.",
    )


def _exact(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the data of a tokenizer that neither adds nor strips spaces, nor cuts or fills."""
    steps = {name: _flatten(data.get(name)) for name in ("normalizer", "pre_tokenizer", "decoder")}
    if found := find_unbounded(data, *steps.values()):
        raise _refused(path, found)
    kept: dict[str, Any] = {
        "normalizer": [step for step in steps["normalizer"] if step["type"] != "Prepend"],
        "pre_tokenizer": steps["pre_tokenizer"],
        "decoder": [step for step in steps["decoder"] if step["type"] != "Strip"],
    }
    for step in (*kept["pre_tokenizer"], *kept["decoder"]):
        if step["type"] == "Metaspace":
            step |= {"prepend_scheme": "never", "add_prefix_space": False}
        elif step["type"] == "ByteLevel":
            step["add_prefix_space"] = False
    for token in data.get("added_tokens") or ():
        token["special"] |= bool(_CONTROL.fullmatch(token["content"]))
    lists = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "decoder": "decoders"}
    kept = {name: _sequence(kept[name], lists[name]) for name in kept}
    # Dropout makes ids random.
    model = {name: value for name, value in data["model"].items() if name != "dropout"}
    return data | kept | {"model": model, "truncation": None, "padding": None}


def _flatten(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return a step of a tokenizer as a list of steps without sequences."""
    if step is None:
        return []
    if step["type"] != "Sequence":
        return [step]
    inner = next(value for value in step.values() if isinstance(value, list))
    return [flat for part in inner for flat in _flatten(part)]


def _sequence(steps: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    if len(steps) < 2:
        return steps[0] if steps else None
    return {"type": "Sequence", name: steps}
