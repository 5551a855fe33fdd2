"""The vocabulary in a GGUF's header as the data of a ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: ``tokenizer.ggml.token_type``.
_CONTROL, _USER_DEFINED = 3, 4

_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_PLAIN_BYTES = {**_BYTES, "use_regex": False}
_DIGITS = {"type": "Digits", "individual_digits": True}


def _split(pattern: str) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN_2 = _LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")

#: How text is cut before byte pairs are merged, by ``tokenizer.ggml.pre``. Source: the
#: ``tokenizer.json`` of the models that llama.cpp's converter gives these names.
_PRE: Mapping[str, list[dict[str, Any]]] = {
    **{name: [_DIGITS, _BYTES] for name in ("smollm", "starcoder", "refact")},
    **{name: [_BYTES] for name in ("default", "gpt-2")},
    **{name: [_split(_LLAMA_3), _PLAIN_BYTES] for name in ("llama-bpe", "llama3")},
    "qwen2": [_split(_QWEN_2), _PLAIN_BYTES],
}


def tokenizer_data(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the data of a ``tokenizer.json``.

    Parameters
    ----------
    values
        The metadata of a GGUF.

    Returns
    -------
    dict or None
        ``None`` for a tokenizer that is not byte-level BPE, or cuts text in an unknown way: ids
        that are nearly right would be worse.
    """
    pieces = _PRE.get(values.get("tokenizer.ggml.pre", ""))
    if values["tokenizer.ggml.model"] != "gpt2" or pieces is None:
        return None
    tokens = values["tokenizer.ggml.tokens"]
    types = values.get("tokenizer.ggml.token_type", [1] * len(tokens))
    added = [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind == _CONTROL,
        }
        for number, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"} if values["tokenizer.ggml.pre"] == "qwen2" else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": pieces},
        "post_processor": _post_processor(values, tokens),
        "decoder": _BYTES,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": values["tokenizer.ggml.pre"] in ("llama-bpe", "llama3"),
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": values["tokenizer.ggml.merges"],
        },
    }


def _post_processor(values: Mapping[str, Any], tokens: list[str]) -> dict[str, Any] | None:
    begin = values.get("tokenizer.ggml.bos_token_id")
    if not values.get("tokenizer.ggml.add_bos_token") or not isinstance(begin, int):
        return None
    name = tokens[begin]
    first = {"SpecialToken": {"id": name, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [first, text],
        "pair": [first, text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [begin], "tokens": [name]}},
    }
