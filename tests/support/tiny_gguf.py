"""A tiny GGUF with random weights, which OpenVINO loads and runs in a fraction of a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_safecoder.finetune.model_build.export_model import write_model
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint

SHAPE = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 8192,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
    # Much wider than in training, so that two logits are hardly ever nearly equal.
    "initializer_range": 0.3,
}
#: As the embedded model has them, but for the name.
MODEL: dict[str, Any] = {
    "name": "tiny",
    "family": "starcoder",
    "layouts": ["spm", "context", "psm"],
    "default_layout": "context",
    "context_window": 8192,
    "context_tokens": 2048,
    "prefix_tokens": 256,
    "suffix_tokens": 96,
    "languages": ["python"],
    "license": "Apache-2.0",
    "format": "gguf",
    "architecture": "llama",
}


def write_tiny_gguf(directory: Path) -> ModelDescription:
    """Write the file with its tokenizer and description to a new directory of this directory."""
    tokenizer = resolve_model(EMBEDDED).tokenizer
    checkpoint = write_random_checkpoint(directory / "checkpoint", SHAPE, tokenizer)
    return write_model(checkpoint, tokenizer, MODEL, directory / "tiny")
