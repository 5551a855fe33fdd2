"""Random checkpoints are reproducible."""

from __future__ import annotations

from pathlib import Path

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.fixtures.models import SHAPE


def test_a_seed_gives_the_same_bytes(intact_checkpoint: Path, tmp_path: Path) -> None:
    tokenizer = resolve_model(EMBEDDED).tokenizer
    weights = {
        write_random_checkpoint(tmp_path / f"{seed}", SHAPE, tokenizer, seed)
        .joinpath("model.safetensors")
        .read_bytes()
        for seed in (0, 1)
    }
    assert len(weights) == 2
    assert (intact_checkpoint / "model.safetensors").read_bytes() in weights
