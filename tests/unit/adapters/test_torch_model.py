"""Base models in torch, and adapters merged into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from jupyter_safecoder.adapters.torch_model import TARGETS, linear_layers, load_torch_model
from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.models import ModelDescription


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_the_targets_are_linear_layers(
    architecture: str, tiny_models: Callable[[str], ModelDescription]
) -> None:
    base = tiny_models(architecture)
    layers = linear_layers(base)
    present = {name.rpartition(".")[2] for name in layers}
    assert {name for name in TARGETS[architecture] if name != "q_attn"} <= present
    model = load_torch_model(base)
    sizes = {
        name: (layer.in_features, layer.out_features)
        for name, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }
    assert layers == sizes
    assert model.dtype == torch.float32


def test_an_architecture_without_adapters(tiny_models: Callable[[str], ModelDescription]) -> None:
    other = replace(tiny_models("llama"), name="other", architecture="bert")
    for use in (load_torch_model, linear_layers):
        with pytest.raises(FinetuneError, match="No adapter can be made for other"):
            use(other)
