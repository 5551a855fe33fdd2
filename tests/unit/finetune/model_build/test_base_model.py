"""Tokens of a base model get new names at the same ids."""

from __future__ import annotations

import pytest

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.model_build.base_model import rename_tokens
from tests.support.model_sources import RENAMED


def test_tokens_keep_their_ids() -> None:
    assert rename_tokens(["a", "b", "c"], {"b": "x"}) == ["a", "x", "c"]


def test_names_that_are_missing_or_taken() -> None:
    with pytest.raises(FinetuneError, match="no <gh_stars>"):
        rename_tokens(["a", "b"], RENAMED)
    with pytest.raises(FinetuneError, match="or a token <fim_pad> already"):
        rename_tokens([*RENAMED, "<fim_pad>"], RENAMED)
