"""Refuses a ``tokenizer.json`` with which a text could take time or memory without limit.

The steps of a tokenizer are its model's: they may expand a text, split it by regular expressions
that backtrack, or add tokens. Source of the names: Hugging Face's tokenizers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .linear_regex import is_linear

#: Kinds of steps: none of them makes a text more than a few times as long.
_NORMALIZERS = (
    *("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Nmt", "BertNormalizer"),
    *("ByteLevel", "Prepend", "Replace"),
)
_PRE_TOKENIZERS = (
    *("ByteLevel", "Digits", "Metaspace", "Punctuation", "Split", "Whitespace", "WhitespaceSplit"),
    *("BertPreTokenizer", "CharDelimiterSplit", "UnicodeScripts"),
)
_DECODERS = (
    *("ByteLevel", "ByteFallback", "Fuse", "Metaspace", "Replace", "Strip"),
    *("BPEDecoder", "CTC", "WordPiece"),
)
#: Not WordPiece: its time is cubic in the length of a word.
_MODELS = ("BPE", "Unigram", "WordLevel")
#: Maximum steps of a kind, and maximum normalizers that replace: each may double a text.
_MAX_STEPS, _MAX_REPLACING = 16, 4
#: Maximum characters that replace a match, or are added to each part of a word.
_MAX_CONTENT, _MAX_AFFIX = 1, 16


def find_unbounded(
    data: Mapping[str, Any],
    normalizers: Sequence[Mapping[str, Any]],
    pre_tokenizers: Sequence[Mapping[str, Any]],
    decoders: Sequence[Mapping[str, Any]],
) -> str:
    """Return what may take time or memory without limit; empty: nothing.

    Parameters
    ----------
    data
        The data of a ``tokenizer.json``.
    normalizers, pre_tokenizers, decoders
        Its steps, without sequences.
    """
    kinds = (
        ("normalizer", normalizers, _NORMALIZERS),
        ("pre_tokenizer", pre_tokenizers, _PRE_TOKENIZERS),
        ("decoder", decoders, _DECODERS),
    )
    for name, steps, known in kinds:
        if len(steps) > _MAX_STEPS:
            return f"{len(steps)} steps of {name}"
        for step in steps:
            if step["type"] not in known:
                return f"a {name} of an unknown type"
            if found := _unbounded_step(step):
                return f"a {name} with {found}"
    if sum(step["type"] == "Replace" for step in normalizers) > _MAX_REPLACING:
        return "too many replacements"
    return _unbounded_model(data["model"])


def _unbounded_step(step: Mapping[str, Any]) -> str:
    pattern = step.get("pattern")
    expression = pattern.get("Regex") if isinstance(pattern, dict) else None
    if expression is not None and not is_linear(str(expression)):
        return "a regular expression that may take time without limit"
    if step["type"] == "Replace" and len(step["content"]) > _MAX_CONTENT:
        return "a replacement that makes texts longer"
    return ""


def _unbounded_model(model: Mapping[str, Any]) -> str:
    # Old files have no type: it is found by the fields.
    if model.get("type", "BPE") not in _MODELS or "max_input_chars_per_word" in model:
        return "a model of an unknown type"
    affixes = (model.get("continuing_subword_prefix"), model.get("end_of_word_suffix"))
    if any(len(affix or "") > _MAX_AFFIX for affix in affixes):
        return "a long prefix or suffix of words"
    return ""
