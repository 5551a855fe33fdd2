"""The files that baselines need."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.engines.baselines import make_gguf
from benchmarks.engines.engine_worker import WorkerError
from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from jupyter_safecoder.models.safetensors import read_shapes


def test_a_baseline_gets_a_gguf_file_of_the_checkpoint(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    config = {"model_type": "gpt_bigcode", "n_layer": 1, "n_embd": 32, "n_head": 2, "n_inner": 64}
    sizes = {"n_positions": 64, "vocab_size": 49152}
    tokenizer = resolve_model(EMBEDDED).tokenizer
    checkpoint = write_random_checkpoint(tmp_path / "tiny", config | sizes, tokenizer)
    make_gguf(checkpoint, tmp_path / "tiny.gguf")
    tensors = {*read_shapes(checkpoint / "model.safetensors")}
    assert len(gguf.GGUFReader(tmp_path / "tiny.gguf").tensors) == len(tensors)
    (checkpoint / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(WorkerError, match="no GGUF can be made of the architecture bert"):
        make_gguf(checkpoint, tmp_path / "bert.gguf")
    assert not (tmp_path / "bert.gguf").exists()
