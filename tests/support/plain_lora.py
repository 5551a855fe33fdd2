"""LoRAs as PEFT writes them, without PEFT and torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy

from jupyter_safecoder.adapters.lora import check_lora
from jupyter_safecoder.adapters.peft_files import CONFIG, WEIGHTS, write_config
from jupyter_safecoder.models import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_shapes
from jupyter_safecoder.models.safetensors import write_tensors


def matrices_for(base: ModelDescription, layer: str, rank: int = 2) -> dict[str, Any]:
    """Return random matrices for a layer of a model, by PEFT's names, exact in fp16."""
    outputs, inputs = checkpoint_shapes(base)[f"{layer}.weight"]
    source = numpy.random.default_rng(len(layer))
    key = f"base_model.model.{layer}.lora_"
    return {
        f"{key}A.weight": source.normal(size=(rank, inputs)).astype("float16"),
        f"{key}B.weight": source.normal(size=(outputs, rank)).astype("float16"),
    }


def write_small_lora(directory: Path, value: float = 1.0) -> None:
    """Write a LoRA of one layer into an existing directory, as the registry has it."""
    key = "base_model.model.model.layers.0.mlp.up_proj.lora_"
    weights = {f"{key}A.weight": numpy.full((2, 3), value), f"{key}B.weight": numpy.ones((4, 2))}
    shapes = {name: values.shape for name, values in weights.items()}
    write_tensors(directory / WEIGHTS, shapes, weights.values())
    (directory / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))
    write_config(directory, *check_lora(directory))


def write_lora(directory: Path, weights: dict[str, Any], **config: Any) -> Path:
    """Write a LoRA of rank 2, alpha 4 with these weights; return the directory."""
    directory.mkdir()
    shapes = {name: values.shape for name, values in weights.items()}
    write_tensors(directory / WEIGHTS, shapes, weights.values())
    data = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", **config}
    (directory / CONFIG).write_text(json.dumps(data))
    return directory
