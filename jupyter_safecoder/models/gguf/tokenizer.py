"""Converts the vocabulary in a GGUF header to the data of a ``tokenizer.json``.

The converter of transformers (``transformers.integrations.ggml``) is not used: serving a GGUF file
must not need transformers, and it ignores ``tokenizer.ggml.pre``. It gives the embedded model other
ids where a tab or a special space precedes a digit, in 5 of the 127 Python files in ``tests/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Values of ``tokenizer.ggml.token_type``.
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

#: Pre-tokenizers by ``tokenizer.ggml.pre``. Source: the ``tokenizer.json`` of the models to which
#: llama.cpp's converter gives these names.
_PRE_TOKENIZERS: Mapping[str, list[dict[str, Any]]] = {
    **{name: [_DIGITS, _BYTES] for name in ("smollm", "starcoder", "refact")},
    **{name: [_BYTES] for name in ("default", "gpt-2")},
    **{name: [_split(_LLAMA_3), _PLAIN_BYTES] for name in ("llama-bpe", "llama3")},
    "qwen2": [_split(_QWEN_2), _PLAIN_BYTES],
}


def tokenizer_data(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the data of a ``tokenizer.json``.

    Parameters
    ----------
    fields
        The metadata of a GGUF file.

    Returns
    -------
    dict or None
        ``None`` for a tokenizer that is not byte-level BPE, or has an unknown pre-tokenizer: ids
        that are nearly right would be worse than none.
    """
    pre_tokenizers = _PRE_TOKENIZERS.get(fields.get("tokenizer.ggml.pre", ""))
    if fields["tokenizer.ggml.model"] != "gpt2" or pre_tokenizers is None:
        return None
    tokens = fields["tokenizer.ggml.tokens"]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(fields, tokens),
        "normalizer": {"type": "NFC"} if fields["tokenizer.ggml.pre"] == "qwen2" else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": pre_tokenizers},
        "post_processor": _post_processor(fields, tokens),
        "decoder": _BYTES,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": fields["tokenizer.ggml.pre"] in ("llama-bpe", "llama3"),
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": fields["tokenizer.ggml.merges"],
        },
    }


def pre_tokenizer_name(data: Mapping[str, Any]) -> str | None:
    """Return the ``tokenizer.ggml.pre`` of a tokenizer, from which its ids can be had again.

    Parameters
    ----------
    data
        The data of a ``tokenizer.json``.

    Returns
    -------
    str or None
        ``None`` for a tokenizer that is not byte-level BPE, or has an unknown pre-tokenizer.
    """
    if data["model"].get("type") != "BPE":
        return None
    step = data.get("pre_tokenizer") or {}
    steps = [_without_offsets(one) for one in step.get("pretokenizers", [step])]
    for name, known in _PRE_TOKENIZERS.items():
        if steps == [_without_offsets(one) for one in known]:
            return name
    return None


def _without_offsets(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step without what concerns offsets alone, and not ids."""
    return {key: value for key, value in step.items() if key != "trim_offsets"}


def _added_tokens(fields: Mapping[str, Any], tokens: list[str]) -> list[dict[str, Any]]:
    types = fields.get("tokenizer.ggml.token_type", [1] * len(tokens))
    return [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": token_type == _CONTROL,
        }
        for number, (token, token_type) in enumerate(zip(tokens, types, strict=True))
        if token_type in (_CONTROL, _USER_DEFINED)
    ]


def _post_processor(fields: Mapping[str, Any], tokens: list[str]) -> dict[str, Any] | None:
    """Return the step that adds the BOS token, for models that have one."""
    bos_id = fields.get("tokenizer.ggml.bos_token_id")
    if not fields.get("tokenizer.ggml.add_bos_token") or not isinstance(bos_id, int):
        return None
    name = tokens[bos_id]
    bos = {"SpecialToken": {"id": name, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [bos, text],
        "pair": [bos, text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [bos_id], "tokens": [name]}},
    }
