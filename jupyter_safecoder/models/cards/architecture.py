"""Reads from a model's files what its card says of the architecture and of the sizes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models.description import ModelDescription
from jupyter_safecoder.models.gguf.checkpoint import checkpoint_config, checkpoint_shapes
from jupyter_safecoder.models.gguf.describe import quantization_name
from jupyter_safecoder.models.gguf.header import read_header

#: Maximum size that is read of a configuration.
_MAX_BYTES = 4 * 2**20
#: Names of sizes in configurations of checkpoints: those of ``gpt_bigcode`` second.
_SIZES = {
    "hidden_size": ("hidden_size", "n_embd"),
    "intermediate_size": ("intermediate_size", "n_inner"),
    "num_attention_heads": ("num_attention_heads", "n_head"),
    "num_key_value_heads": ("num_key_value_heads",),
    "vocab_size": ("vocab_size",),
    "rope_theta": ("rope_theta",),
}
#: Maximum of a number that makes sense.
_MAX_NUMBER = 1e15
_LAYERS = ("num_hidden_layers", "n_layer")


@dataclass(frozen=True)
class Architecture:
    """What a model's files say of its architecture; ``None``: they do not.

    Parameters
    ----------
    sizes
        ``model_type`` of Hugging Face, and sizes under the names of its configurations.
    parameters, layers
        Numbers of weights and of layers.
    quantization
        Name of the types of the weights.
    """

    sizes: Mapping[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    layers: int | None = None
    quantization: str | None = None


def read_architecture(model: ModelDescription) -> Architecture:
    """Return what a model's files say of its architecture; damaged ones say nothing."""
    if model.format == "script":
        return Architecture()
    config = read_config(model)
    known: dict[str, Any] = {"model_type": model.architecture}
    known |= {name: value for name in _SIZES if (value := _number(config, *_SIZES[name]))}
    if type(tied := config.get("tie_word_embeddings")) is bool:
        known["tie_word_embeddings"] = tied
    return Architecture(
        sizes=known,
        parameters=_parameters(model),
        layers=_number(config, *_LAYERS),
        quantization=_quantization(model, config),
    )


def read_config(model: ModelDescription) -> Mapping[str, Any]:
    """Return the ``config.json`` of a checkpoint, or what a GGUF has of it; empty: damaged."""
    try:
        if model.format == "gguf":
            return checkpoint_config(model.weights)
        with (model.weights / "config.json").open("rb") as stream:
            config = json.loads(stream.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError, ImportError):
        return {}
    return config if isinstance(config, dict) else {}


def _number(config: Mapping[str, Any], *names: str) -> Any:
    """Return the first positive number of these names; ``None``: there is none."""
    for name in names:
        value: Any = config.get(name)
        if type(value) in (int, float) and 0 < value < _MAX_NUMBER:
            return value
    return None


def _parameters(model: ModelDescription) -> int | None:
    if model.gguf is not None:
        return model.gguf.parameters
    try:
        shapes = checkpoint_shapes(model)
    except (OSError, ValueError, ModelError, ImportError):
        return None
    return sum(math.prod(shape) for shape in shapes.values()) or None


def _quantization(model: ModelDescription, config: Mapping[str, Any]) -> str | None:
    if model.gguf is not None:
        return model.gguf.quantization
    if model.format == "checkpoint":
        kind = config.get("torch_dtype", config.get("dtype"))
        return kind if isinstance(kind, str) else None
    try:
        return quantization_name(*read_header(model.weights))
    except (OSError, ValueError, ImportError):
        return None
