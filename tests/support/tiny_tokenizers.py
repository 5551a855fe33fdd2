"""Tokenizers of the kinds that models have, with a few tokens each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.models.tokenizer import FileTokenizer

_TEXT = "".join(map(chr, range(32, 127))) + "\n\t"

#: Byte-level BPE as StarCoder's, and SentencePiece's as Llama's in the two forms in which
#: ``transformers`` writes that.
TOKENIZER_KINDS = ("bytes", "sentencepiece", "metaspace")


def write_tokenizer(
    directory: Path, kind: str, tokens: Sequence[str], bos: str | None = None
) -> FileTokenizer:
    """Write a ``tokenizer.json`` and its configuration, and return the tokenizer.

    Parameters
    ----------
    directory
        Gets the files.
    kind
        One of :data:`TOKENIZER_KINDS`.
    tokens
        Special tokens, not marked as such, as in tokenizers of DeepSeek and Qwen.
    bos
        The BOS token; ``None``: the model has none.
    """
    data = _byte_level() if kind == "bytes" else _sentencepiece(kind)
    first = len(data["model"]["vocab"])
    names = [*tokens, *([bos] if bos else [])]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": first + n, "content": name, "special": False, **flags}
        for n, name in enumerate(names)
    ]
    (directory / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "added_tokens": added, **data}), "utf-8"
    )
    config = {"add_bos_token": bos is not None, "bos_token": bos}
    (directory / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return FileTokenizer(directory / "tokenizer.json")


def _byte_level() -> dict[str, Any]:
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
    return {
        "pre_tokenizer": {**byte_level, "use_regex": True},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate([*alphabet, "Ġb", "Ġ+"])},
            "merges": ["Ġ b", "Ġ +"],
        },
    }


def _sentencepiece(kind: str) -> dict[str, Any]:
    texts = [*_TEXT.replace(" ", "▁"), "▁b", "▁+"]
    vocab = {"<unk>": 0, **{f"<0x{n:02X}>": n + 1 for n in range(256)}}
    vocab |= {text: 257 + n for n, text in enumerate(texts)}
    spaces = {"pattern": {"String": "▁"}, "content": " "}
    steps = [{"type": "Replace", **spaces}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    data: dict[str, Any] = {
        "decoder": {
            "type": "Sequence",
            "decoders": [*steps, {"type": "Strip", "content": " ", "start": 1, "stop": 0}],
        },
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocab,
            "merges": ["▁ b", "▁ +"],
        },
    }
    if kind == "sentencepiece":
        replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        prepend = {"type": "Prepend", "prepend": "▁"}
        data["normalizer"] = {"type": "Sequence", "normalizers": [prepend, replace]}
    else:
        space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
        data["pre_tokenizer"] = space
    return data
