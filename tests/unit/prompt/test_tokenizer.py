"""The stop tokens of a family."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.prompt import FAMILIES, stop_ids
from tests.support.tiny_tokenizers import write_tokenizer


def test_stop_tokens_that_a_tokenizer_lacks_are_left_out(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, "bytes", ["<jupyter_code>", "<|endoftext|>"])
    ids = [tokenizer.token_id(name) for name in ("<|endoftext|>", "<jupyter_code>")]
    assert stop_ids(FAMILIES["starcoder"], tokenizer) == ids


def test_a_tokenizer_without_any_stop_token(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path, "bytes", [])
    with pytest.raises(ValueError, match="no stop token"):
        stop_ids(FAMILIES["starcoder"], tokenizer)
