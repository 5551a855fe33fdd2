"""What of a tokenizer could take time or memory without limit is found."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.models.tokenizer_check import find_unbounded

_BPE = {"type": "BPE", "vocab": {}, "merges": []}


def _replace(content: str, **pattern: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern or {"String": " "}, "content": content}


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}


def _find(name: str, steps: list[dict[str, Any]], model: dict[str, Any] = _BPE) -> str:
    lists = {"normalizers": [], "pre_tokenizers": [], "decoders": [], name: steps}
    return find_unbounded({"model": model}, **lists)


def test_steps_of_models_in_use() -> None:
    assert not _find("normalizers", [{"type": "NFC"}, _replace("▁")])
    assert not _find("pre_tokenizers", [_split(r"\p{N}{1,3}"), {"type": "ByteLevel"}])
    assert not _find("decoders", [_replace(" "), {"type": "ByteFallback"}, {"type": "Fuse"}])
    assert not _find("decoders", [], {"vocab": {}, "merges": []})


@pytest.mark.parametrize(
    ("name", "steps", "reason"),
    [
        ("normalizers", [_replace("a" * 1000)], "longer"),
        ("normalizers", [_replace("a", Regex="(a+)+b")], "regular expression"),
        ("normalizers", [_replace("a")] * 5, "too many"),
        ("normalizers", [{"type": "NFC"}] * 17, "17 steps"),
        ("normalizers", [{"type": "Precompiled", "precompiled_charsmap": ""}], "unknown"),
        ("pre_tokenizers", [_split("(a+)+b")], "regular expression"),
        ("pre_tokenizers", [_split("a")] * 17, "17 steps"),
        ("pre_tokenizers", [{"type": "New"}], "unknown"),
        ("decoders", [_replace("aa")], "longer"),
        ("decoders", [{"type": "New"}], "unknown"),
    ],
)
def test_hostile_steps(name: str, steps: list[dict[str, Any]], reason: str) -> None:
    assert reason in _find(name, steps)


@pytest.mark.parametrize(
    "model",
    [
        {"type": "WordPiece", "vocab": {}},
        {"vocab": {}, "max_input_chars_per_word": 10**9},
        {**_BPE, "continuing_subword_prefix": "#" * 1000},
        {**_BPE, "end_of_word_suffix": "#" * 1000},
    ],
)
def test_hostile_models(model: dict[str, Any]) -> None:
    assert _find("decoders", [], model)
