"""A tiny checkpoint that tests may harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

TINY = {
    "model_type": "gpt_bigcode",
    "n_layer": 2,
    "n_embd": 16,
    "n_head": 2,
    "n_inner": 32,
    "n_positions": 256,
    "vocab_size": 49152,
}


@pytest.fixture(scope="session")
def whole_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint with random weights, which nobody may harm."""
    directory = tmp_path_factory.mktemp("whole") / "tiny"
    return write_random_checkpoint(directory, TINY, resolve_model(EMBEDDED).tokenizer)


@pytest.fixture
def checkpoint(whole_checkpoint: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(whole_checkpoint, tmp_path / "tiny"))
