"""A merged model is the one that PEFT makes of the same adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from jupyter_safecoder.adapters.merge import describe_merged, merge_adapter
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.adapter_weights import AdapterWeights
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import ModelDescription
from tests.support.tiny_checkpoints import write_tiny
from tests.support.tiny_gguf import write_tiny_gguf


def write_adapter(base: ModelDescription, directory: Path) -> Path:
    """Write an adapter with random weights and two trained tokens, as training does."""
    torch.manual_seed(0)
    recipe = Recipe(rank=4, alpha=7, trained_tokens=["<fim_prefix>", "<|endoftext|>"])
    weights = AdapterWeights(add_adapter(load_torch_model(base), base, recipe))
    with torch.no_grad():
        for weight in weights.parameters:
            weight.add_(0.1 * torch.randn_like(weight))
    weights.save(directory)
    return directory


def check_merged(base: ModelDescription, dtype: torch.dtype, directory: Path) -> None:
    """Check a merged model, of a base and a random adapter, against that of PEFT."""
    adapter, merged = write_adapter(base, directory / "adapter"), directory / "merged"
    merge_adapter(base, adapter, merged)
    found = load_torch_model(describe_merged(merged, base, "merged"), dtype="auto")
    assert found.dtype == dtype
    peft_model: Any = PeftModel.from_pretrained(load_torch_model(base), str(adapter))
    wanted = peft_model.merge_and_unload().state_dict()
    original = load_torch_model(base).state_dict()
    assert found.state_dict().keys() == wanted.keys()
    for name, tensor in found.state_dict().items():
        torch.testing.assert_close(tensor, wanted[name].to(dtype))
        trained = not torch.equal(wanted[name], original[name])
        assert trained == (not torch.equal(tensor.float(), original[name])), name
    embeddings = found.get_input_embeddings().weight
    name = next(name for name, one in found.named_parameters() if one is embeddings)
    changed = (embeddings.float() != original[name]).any(dim=1)
    assert changed.nonzero().flatten().tolist() == [0, 8]


@pytest.mark.parametrize(
    ("architecture", "dtype"),
    [("llama", torch.float32), ("gpt_bigcode", torch.float16), ("qwen2", torch.bfloat16)],
)
def test_a_checkpoint_keeps_its_type(architecture: str, dtype: torch.dtype, tmp_path: Path) -> None:
    base = write_tiny(tmp_path / "base", architecture)
    load_torch_model(base, dtype=dtype).save_pretrained(base.weights)
    check_merged(base, dtype, tmp_path)


def test_a_gguf_becomes_fp16(tmp_path: Path) -> None:
    check_merged(write_tiny_gguf(tmp_path / "base"), torch.float16, tmp_path)
