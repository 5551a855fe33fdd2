"""A tiny model with random weights, and adapters for it that change every completion."""

from __future__ import annotations

from pathlib import Path

import torch

from jupyter_safecoder.adapters.card import Card
from jupyter_safecoder.adapters.registry import Registry
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.lora import add_adapter
from jupyter_safecoder.finetune.training.torch_model import load_torch_model
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.tiny_config import GROUPED


def write_tiny_model(directory: Path) -> Path:
    """Write a checkpoint to a directory; return the directory."""
    write_random_checkpoint(
        directory, {"model_type": "llama", **GROUPED}, resolve_model(EMBEDDED).tokenizer
    )
    return directory


def make_adapter(model: ModelDescription, cache: Path, name: str, seed: int = 0) -> None:
    """Register an adapter that changes every completion."""
    registry = Registry(cache)
    peft_model = add_adapter(load_torch_model(model), model, Recipe())
    with torch.no_grad():
        for number, (key, weight) in enumerate(peft_model.named_parameters(), 1000 * seed):
            if "lora_B" in key:
                weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(number))
    with registry.staging(name) as staged:
        peft_model.save_pretrained(staged, save_embedding_layers=False)
        card = Card(
            *(name, model.name, registry.base_hash(model), ""),
            *({}, {}, {}, {}, {}),
            *(True, "", "", ""),
        )
        registry.commit(staged, card)
