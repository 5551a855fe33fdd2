"""The GGUF file of a model gives the ids of the model's own tokenizer, and completes alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.tokenizer import FileTokenizer
from jupyter_safecoder.protocol import CompletionRequest
from tests.support.paths import ROOT


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """Return the embedded model's GGUF file in a directory without a tokenizer."""
    (tmp_path / "gguf").mkdir()
    return Path(shutil.copy(resolve_model(EMBEDDED).weights, tmp_path / "gguf/alone.gguf"))


def test_the_vocabulary_in_the_file_gives_the_same_ids(
    alone: Path, tmp_path: Path, embedded_tokenizer: FileTokenizer
) -> None:
    model = resolve_model(str(alone), cache=tmp_path / "cache")
    assert (model.format, model.family, model.context_window) == ("gguf", "starcoder", 8192)
    tokenizer = FileTokenizer(model.tokenizer)
    for text in _texts():
        ids = tokenizer.encode(text)
        assert ids == embedded_tokenizer.encode(text)
        assert tokenizer.decode(ids) == text


def _texts() -> Iterator[str]:
    yield from ("naïve Größe 日本語 🙂\u00a0x\r\n\t1234567", "<fim_prefix><|endoftext|>", "")
    for path in (ROOT / "tests").rglob("*.py"):
        yield path.read_text("utf-8")


def test_a_tokenizer_beside_the_file_is_used(alone: Path, tmp_path: Path) -> None:
    beside = Path(shutil.copy(resolve_model(EMBEDDED).tokenizer, alone.with_name("tokenizer.json")))
    assert resolve_model(str(alone), cache=tmp_path / "cache").tokenizer == beside.resolve()


def test_a_file_without_a_tokenizer_beside_it_completes(
    alone: Path, start_runtime: Callable[..., Any]
) -> None:
    runtime = start_runtime(model=str(alone))
    status = runtime.client.wait_until_ready()
    assert status.model
    assert status.model.name == "alone"
    *_, done = runtime.client.events(CompletionRequest("import numpy as ", ""))
    assert json.dumps(done.text).startswith('"np')
