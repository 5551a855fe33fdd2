"""The vocabulary of a GGUF header as the data of a tokenizer; exactness: ``test_gguf.py``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tokenizers import Tokenizer

from jupyter_safecoder.models.gguf.tokenizer import pre_tokenizer_name, tokenizer_data

FIELDS: dict[str, Any] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": ["<s>", "<fim>", "1", "2", "12", "a"],
    "tokenizer.ggml.token_type": [3, 4, 1, 1, 1, 1],
    "tokenizer.ggml.merges": ["1 2"],
}


def _tokenizer(**changes: Any) -> Tokenizer:
    fields = FIELDS | {f"tokenizer.ggml.{name}": value for name, value in changes.items()}
    return Tokenizer.from_str(json.dumps(tokenizer_data(fields)))


@pytest.mark.parametrize("changes", [{"model": "llama"}, {"pre": "unknown"}, {"pre": ""}], ids=str)
def test_a_tokenizer_that_would_give_other_ids_is_refused(changes: dict[str, str]) -> None:
    fields = FIELDS | {f"tokenizer.ggml.{name}": value for name, value in changes.items()}
    assert tokenizer_data(fields) is None


@pytest.mark.parametrize(
    ("pre", "ids"), [("smollm", [2, 3]), ("gpt-2", [4]), ("llama-bpe", [4]), ("qwen2", [2, 3])]
)
def test_the_pre_tokenizer_decides_whether_digits_are_merged(pre: str, ids: list[int]) -> None:
    assert _tokenizer(pre=pre).encode("12").ids == ids


def test_control_tokens_are_special_and_others_are_not() -> None:
    tokenizer = _tokenizer()
    assert tokenizer.decode([0, 1, 5], skip_special_tokens=True) == "<fim>a"


@pytest.mark.parametrize(("add", "ids"), [(True, [0, 5]), (False, [5])])
def test_a_bos_token_is_added_where_the_header_asks_for_it(add: bool, ids: list[int]) -> None:
    assert _tokenizer(add_bos_token=add, bos_token_id=0).encode("a").ids == ids


@pytest.mark.parametrize("pre", ["smollm", "default", "llama-bpe", "qwen2"])
def test_the_name_of_a_pre_tokenizer_gives_the_same_tokenizer_again(pre: str) -> None:
    data = tokenizer_data(FIELDS | {"tokenizer.ggml.pre": pre})
    assert data is not None
    data = json.loads(json.dumps(data))
    assert pre_tokenizer_name(data) == pre
    # As in the file of Qwen2.5: offsets change no ids.
    data["pre_tokenizer"]["pretokenizers"][-1]["trim_offsets"] = False
    assert pre_tokenizer_name(data) == pre


@pytest.mark.parametrize(
    "data",
    [
        {"model": {"type": "BPE"}},
        {"model": {"type": "BPE"}, "pre_tokenizer": {"type": "Whitespace"}},
        {"model": {"type": "Unigram"}, "pre_tokenizer": {"type": "ByteLevel"}},
    ],
    ids=str,
)
def test_a_pre_tokenizer_without_a_name(data: dict[str, Any]) -> None:
    assert pre_tokenizer_name(data) is None
