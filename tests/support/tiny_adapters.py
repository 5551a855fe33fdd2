"""A tiny network with random weights, and adapters for it that change every answer."""

from __future__ import annotations

from pathlib import Path

import torch

from jupyter_safecoder.adapters.network import load_network
from jupyter_safecoder.adapters.registry import Card, Registry
from jupyter_safecoder.finetune.recipe import Recipe
from jupyter_safecoder.finetune.training.lora import adapt
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import write_random_checkpoint
from tests.support.tiny_network import GROUPED


def write_tiny_model(directory: Path) -> Path:
    """Make a checkpoint in a directory; returns the directory."""
    write_random_checkpoint(
        directory, {"model_type": "llama", **GROUPED}, resolve_model(EMBEDDED).tokenizer
    )
    return directory


def make_adapter(model: ModelDescription, cache: Path, name: str, seed: int = 0) -> None:
    """Put an adapter into the registry that changes every answer."""
    registry = Registry(cache)
    network = adapt(load_network(model), model, Recipe())
    with torch.no_grad():
        for number, (key, weight) in enumerate(network.named_parameters(), 1000 * seed):
            if "lora_B" in key:
                weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(number))
    with registry.staging(name) as partial:
        network.save_pretrained(partial)
        counts: dict[str, int] = {}
        facts = (model.name, registry.base_hash(model), "", counts, {}, {}, {}, {})
        registry.keep(partial, Card(name, *facts, offered=True, reason="", made="", by=""))
