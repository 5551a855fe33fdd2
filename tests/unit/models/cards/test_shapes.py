"""Shapes of tensors against the configuration."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_safecoder.models import EMBEDDED, resolve_model
from jupyter_safecoder.models.cards.shapes import find_wrong_shape
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_config, checkpoint_shapes

LLAMA: dict[str, Any] = {
    **{"model_type": "llama", "hidden_size": 8, "num_attention_heads": 4, "vocab_size": 20},
    **{"num_key_value_heads": 2, "intermediate_size": 12, "num_hidden_layers": 1},
}
SHAPES = {
    "model.embed_tokens.weight": [20, 8],
    "model.norm.weight": [8],
    "model.layers.0.self_attn.q_proj.weight": [8, 8],
    "model.layers.0.self_attn.k_proj.weight": [4, 8],
    "model.layers.0.mlp.gate_proj.weight": [12, 8],
}
BIGCODE: dict[str, Any] = {
    **{"model_type": "gpt_bigcode", "n_embd": 8, "n_head": 2, "n_layer": 1, "vocab_size": 20},
    "n_positions": 16,
}


def test_the_embedded_model_fits() -> None:
    model = resolve_model(EMBEDDED)
    assert find_wrong_shape(checkpoint_config(model.weights), checkpoint_shapes(model)) == ""


@pytest.mark.parametrize("name", [*SHAPES])
def test_a_tensor_of_another_size(name: str) -> None:
    assert find_wrong_shape(LLAMA, SHAPES) == ""
    wrong = find_wrong_shape(LLAMA, {**SHAPES, name: [7]})
    assert wrong == f"{name} is [7] instead of {SHAPES[name]}"


def test_multi_query_attention() -> None:
    names = ("wte.weight", "wpe.weight", "h.0.attn.c_attn.weight", "h.0.mlp.c_fc.weight")
    sizes = ([20, 8], [16, 8], [16, 8], [32, 8])
    shapes = {f"transformer.{name}": size for name, size in zip(names, sizes, strict=True)}
    assert find_wrong_shape(BIGCODE, shapes) == ""
    assert "c_attn" in find_wrong_shape({**BIGCODE, "multi_query": False}, shapes)


@pytest.mark.parametrize("layers", [0, 2, 10**6])
def test_layers_that_are_not_there(layers: int) -> None:
    if layers == 0:
        with pytest.raises(ValueError, match="lacks sizes"):
            find_wrong_shape({**LLAMA, "num_hidden_layers": 0}, SHAPES)
        return
    assert "layers of" in find_wrong_shape({**LLAMA, "num_hidden_layers": layers}, SHAPES)


@pytest.mark.parametrize("config", [{}, {"model_type": "llama"}, {**LLAMA, "hidden_size": "8"}])
def test_a_configuration_without_sizes(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lacks sizes"):
        find_wrong_shape(config, SHAPES)
