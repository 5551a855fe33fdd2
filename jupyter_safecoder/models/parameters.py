"""How large a checkpoint is, and a token in its KV cache."""

from __future__ import annotations

import json
from typing import Any

from .description import ModelDescription
from .safetensors import count_weights, read_shapes


def kv_values(model: ModelDescription) -> int:
    """Return how many values a token has in the KV cache of a checkpoint; 0 for other formats.

    Keys and values, for each layer and key head: one head for all in multi-query attention.
    """
    if model.format != "checkpoint":
        return 0
    config: dict[str, Any] = json.loads((model.weights / "config.json").read_text("utf-8"))
    layers = config.get("num_hidden_layers") or config["n_layer"]
    heads = config.get("num_attention_heads") or config["n_head"]
    width = config.get("head_dim") or (config.get("hidden_size") or config["n_embd"]) // heads
    if config.get("multi_query", "n_head" in config):
        return int(2 * layers * width)
    return int(2 * layers * (config.get("num_key_value_heads") or heads) * width)


def count_parameters(model: ModelDescription) -> int:
    """Return the number of a checkpoint's parameters; 0 for a GGUF, which is run as it lies.

    Raises
    ------
    ModelError
        If a file of weights is damaged.
    """
    shapes = [read_shapes(f.path) for f in model.files if f.path.suffix == ".safetensors"]
    return sum(count_weights(each) for each in shapes)
