"""Compares the shapes of a checkpoint's tensors with its configuration.

Sources: the models of transformers, for the names of tensors and of sizes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_LAYER = re.compile(r"(?:model\.layers|transformer\.h)\.(\d{1,6})\.(.+)")


def find_wrong_shape(config: Mapping[str, Any], shapes: Mapping[str, Sequence[int]]) -> str:
    """Return the first tensor whose shape is not what the configuration gives; empty: none.

    Parameters
    ----------
    config
        The content of ``config.json``.
    shapes
        Shapes of the tensors by name.

    Raises
    ------
    ValueError
        If the configuration lacks sizes.
    """
    try:
        outside, inside = _expected(config)
        layers = int(config.get("num_hidden_layers") or config["n_layer"])
    except (KeyError, TypeError, ZeroDivisionError):
        raise ValueError("the configuration lacks sizes") from None
    found: set[int] = set()
    for name, shape in shapes.items():
        layer = _LAYER.fullmatch(name)
        expected = inside.get(layer[2]) if layer else outside.get(name)
        if layer:
            found.add(int(layer[1]))
        if expected is not None and [*shape] != expected:
            return f"{name} is {[*shape]} instead of {expected}"
    if len(found) != layers or max(found, default=-1) != layers - 1:
        return f"there are {len(found)} layers of {layers}"
    return ""


def _expected(
    config: Mapping[str, Any],
) -> tuple[Mapping[str, Sequence[int]], Mapping[str, Sequence[int]]]:
    """Return the shapes outside of the layers, by name, and in a layer, by the rest of its name."""
    if config["model_type"] == "gpt_bigcode":
        return _expected_bigcode(config)
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    inner, vocabulary = config["intermediate_size"], config["vocab_size"]
    head_size = config.get("head_dim") or hidden // heads
    width = heads * head_size
    kv_width = (config.get("num_key_value_heads") or heads) * head_size
    outside = {
        "model.embed_tokens.weight": [vocabulary, hidden],
        "lm_head.weight": [vocabulary, hidden],
        "model.norm.weight": [hidden],
    }
    inside = {
        "self_attn.q_proj.weight": [width, hidden],
        "self_attn.k_proj.weight": [kv_width, hidden],
        "self_attn.v_proj.weight": [kv_width, hidden],
        "self_attn.o_proj.weight": [hidden, width],
        "self_attn.q_norm.weight": [head_size],
        "self_attn.k_norm.weight": [head_size],
        "self_attn.q_proj.bias": [width],
        "self_attn.k_proj.bias": [kv_width],
        "self_attn.v_proj.bias": [kv_width],
        "mlp.gate_proj.weight": [inner, hidden],
        "mlp.up_proj.weight": [inner, hidden],
        "mlp.down_proj.weight": [hidden, inner],
        "mlp.c_fc.weight": [inner, hidden],
        "mlp.c_proj.weight": [hidden, inner],
        "input_layernorm.weight": [hidden],
        "post_attention_layernorm.weight": [hidden],
    }
    return outside, inside


def _expected_bigcode(
    config: Mapping[str, Any],
) -> tuple[Mapping[str, Sequence[int]], Mapping[str, Sequence[int]]]:
    hidden, vocabulary = config["n_embd"], config["vocab_size"]
    inner = config.get("n_inner") or 4 * hidden
    head_size = hidden // config["n_head"]
    # Multi-query attention has one head of keys and values.
    kv_width = head_size if config.get("multi_query", True) else hidden
    outside = {
        "transformer.wte.weight": [vocabulary, hidden],
        "transformer.wpe.weight": [config["n_positions"], hidden],
        "lm_head.weight": [vocabulary, hidden],
        "transformer.ln_f.weight": [hidden],
    }
    inside = {
        "attn.c_attn.weight": [hidden + 2 * kv_width, hidden],
        "attn.c_proj.weight": [hidden, hidden],
        "mlp.c_fc.weight": [inner, hidden],
        "mlp.c_proj.weight": [hidden, inner],
        "ln_1.weight": [hidden],
        "ln_2.weight": [hidden],
    }
    return outside, inside
