"""Base models in torch, and the layers that an adapter changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.training.torch_model import TARGETS, load_torch_model
from jupyter_safecoder.models import ModelDescription


@pytest.mark.parametrize("architecture", ["gpt_bigcode", "starcoder2", "llama"])
def test_the_targets_are_linear_layers(
    architecture: str, tiny_models: Callable[[str], ModelDescription]
) -> None:
    base = tiny_models(architecture)
    model = load_torch_model(base)
    layers = {
        name.rpartition(".")[2]
        for name, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }
    assert {name for name in TARGETS[architecture] if name != "q_attn"} <= layers
    assert model.dtype == torch.float32


def test_an_architecture_without_adapters(tiny_models: Callable[[str], ModelDescription]) -> None:
    other = replace(tiny_models("llama"), name="other", architecture="bert")
    with pytest.raises(FinetuneError, match="No adapter can be made for other"):
        load_torch_model(other)
