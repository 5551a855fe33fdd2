"""The tokenizers that prompts are built with."""

from __future__ import annotations

import pytest

from jupyter_safecoder.engines.scripted import ByteTokenizer
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.prompt import Tokenizer


@pytest.fixture(params=["bytes", "embedded"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """Return a tokenizer of bytes, then that of the embedded model."""
    if request.param == "bytes":
        return ByteTokenizer()
    tokenizer: FileTokenizer = request.getfixturevalue("embedded_tokenizer")
    return tokenizer
