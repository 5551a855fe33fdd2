"""A tiny checkpoint, and the environment of the processes that prepare it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_safecoder.models import EMBEDDED, find_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

TINY = {
    "model_type": "gpt_bigcode",
    "n_layer": 1,
    "n_embd": 32,
    "n_head": 2,
    "n_inner": 64,
    "n_positions": 256,
    "vocab_size": 49152,
}


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a checkpoint with random weights."""
    directory = tmp_path_factory.mktemp("checkpoint") / "tiny"
    return write_random_checkpoint(directory, TINY, find_model(EMBEDDED).tokenizer)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return a cache directory that does not exist yet."""
    return tmp_path / "cache"
