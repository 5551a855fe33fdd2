"""The device, the data type and the layers of an adapter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.lora import (
    add_adapter,
    choose_device,
    choose_dtype,
    quantization,
)
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import ModelDescription


def test_cuda_where_there_is_none() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(FinetuneError, match="There is no CUDA here"):
        choose_device("cuda")
    with pytest.raises(FinetuneError, match="no CUDA"):
        quantization(Recipe(quantize="nf4"), "cpu")
    assert choose_device("") == "cpu"


def test_nothing_is_quantized_unless_the_recipe_says_so() -> None:
    assert quantization(Recipe(), "cpu") == {}


def test_the_data_type_is_measured() -> None:
    assert choose_dtype("cpu") in (torch.float32, torch.bfloat16)


def test_the_adapter_alone_is_trained(tiny_models: Callable[[str], ModelDescription]) -> None:
    base = tiny_models("llama")
    recipe = Recipe(rank=4, alpha=8, trained_tokens=["<fim_prefix>"])
    peft_model = add_adapter(load_torch_model(base), base, recipe)
    trained = [name for name, weight in peft_model.named_parameters() if weight.requires_grad]
    assert trained
    assert all("lora" in name or "token_adapter" in name for name in trained)
    assert any("token_adapter" in name for name in trained)
    same = add_adapter(load_torch_model(base), base, recipe)
    for one, other in zip(peft_model.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)
