"""The mean of several adapters of one base model, as one adapter.

The mean of models that were trained with different settings is often better than each of them, at
no cost when it is served (Wortsman et al. 2022, "Model soups", arXiv:2203.05482). Of adapters it is
one whose matrices are those of all, side by side: its rank is the sum of their ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import FinetuneError
from jupyter_safecoder.files import PUBLIC_DIRECTORY, atomic_directory
from jupyter_safecoder.models.safetensors import write_tensors

from .lora import describe_lora, product_scale, read_weights
from .peft_files import WEIGHTS, write_config

#: Fields of a configuration that the matrices of another adapter do not fit.
_PARTIAL = ("rank_pattern", "alpha_pattern", "trainable_token_indices")
_REMEDY = "Average adapters of one base model that were trained on the same layers."


def average_adapters(sources: Sequence[Path], target: Path) -> None:
    """Write the mean of adapters, in fp16.

    Parameters
    ----------
    sources
        Directories that PEFT or ``adapter export`` wrote; at least two.
    target
        The directory to create.

    Raises
    ------
    FinetuneError
        If they change different layers, or other things than the weights of layers, one is damaged,
        or the target exists.
    ModelError
        If a file of weights is truncated.
    OSError
        If it cannot be written.
    """
    import numpy

    if target.exists():
        raise FinetuneError(f"{target} exists already.", "Name a directory that does not.")
    described = [describe_lora(source) for source in sources]
    configs = [config for config, _ in described]
    scales = [
        _scale(source, config) / len(sources)
        for source, config in zip(sources, configs, strict=True)
    ]
    weights = [read_weights(source) for source in sources]
    if any(one.keys() != weights[0].keys() for one in weights):
        raise FinetuneError("The adapters do not change the same layers.", _REMEDY)
    averaged: dict[str, Any] = {}
    for name in weights[0]:
        is_b = "lora_B" in name
        parts = [
            one[name] * (scale if is_b else 1) for one, scale in zip(weights, scales, strict=True)
        ]
        try:
            averaged[name] = numpy.concatenate(parts, axis=1 if is_b else 0)
        except ValueError:
            raise FinetuneError("The adapters are for layers of other sizes.", _REMEDY) from None
    rank = sum(config["r"] for config in configs)
    # Their scales are in the matrices: that of the mean, alpha / rank, is 1.
    config = {**configs[0], "r": rank, "lora_alpha": rank, "use_rslora": False}
    with atomic_directory(target, mode=PUBLIC_DIRECTORY) as directory:
        shapes = {name: values.shape for name, values in averaged.items()}
        write_tensors(directory / WEIGHTS, shapes, averaged.values())
        write_config(directory, config, described[0][1])


def _scale(source: Path, config: dict[str, Any]) -> float:
    """Return the factor of the product of an adapter's matrices."""
    partial = [name for name in _PARTIAL if config.get(name)]
    if partial:
        raise FinetuneError(f"{source} has {partial[0]}, of which there is no mean.", _REMEDY)
    return product_scale(config, config["lora_alpha"], config["r"])
