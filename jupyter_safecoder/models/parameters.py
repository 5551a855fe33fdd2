"""The sizes of a model: its parameters, a token in its KV cache, bytes for messages."""

from __future__ import annotations

import json
from typing import Any

from .description import ModelDescription
from .safetensors import count_weights, read_shapes


def kv_values(model: ModelDescription) -> int:
    """Return how many values a token has in the KV cache; 0 if that is unknown.

    It is known of checkpoints, and of GGUF files without a ``model.json``. The values are
    keys and values for each layer and KV head; multi-query attention has one KV head.
    """
    if model.gguf is not None:
        return model.gguf.kv_values
    if model.format != "checkpoint":
        return 0
    config: dict[str, Any] = json.loads((model.weights / "config.json").read_text("utf-8"))
    layers = config.get("num_hidden_layers") or config["n_layer"]
    heads = config.get("num_attention_heads") or config["n_head"]
    head_size = config.get("head_dim") or (config.get("hidden_size") or config["n_embd"]) // heads
    if config.get("multi_query", "n_head" in config):
        return int(2 * layers * head_size)
    return int(2 * layers * (config.get("num_key_value_heads") or heads) * head_size)


def count_parameters(model: ModelDescription) -> int:
    """Return the number of a model's parameters; 0 if that is unknown.

    It is known of checkpoints, and of GGUF files without a ``model.json``.

    Raises
    ------
    ModelError
        If a file of weights is damaged.
    """
    if model.gguf is not None:
        return model.gguf.parameters
    paths = [file.path for file in model.files if file.path.suffix == ".safetensors"]
    return sum(count_weights(read_shapes(path)) for path in paths)


def format_gb(size: float) -> str:
    """Return a size in bytes as text, such as ``1.5 GB`` (10^9 bytes)."""
    return f"{size / 1e9:.1f} GB"
