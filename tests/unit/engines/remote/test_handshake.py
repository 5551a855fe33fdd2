"""Tokenizers that can encode text in parts; servers: ``tests/integration``."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.engines.remote.handshake import _encodes_characters
from jupyter_safecoder.models.tokenizer import FileTokenizer
from tests.support.tiny_tokenizers import TOKENIZER_KINDS, write_tokenizer


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_our_tokenizers_encode_character_by_character(tmp_path: Path, kind: str) -> None:
    assert _encodes_characters(write_tokenizer(tmp_path, kind, ["<|endoftext|>"]))


def test_a_tokenizer_that_adds_spaces_does_not(
    embedded_tokenizer: FileTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = FileTokenizer.encode
    monkeypatch.setattr(FileTokenizer, "encode", lambda self, text: encode(self, " " + text))
    assert not _encodes_characters(embedded_tokenizer)
