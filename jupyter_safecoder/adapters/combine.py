"""The mean or the sum of several adapters of one base model, as one adapter.

The mean of models that were trained with different settings is often better than each of them, at
no cost when it is served (Wortsman et al. 2022, "Model soups", arXiv:2203.05482). A sum continues
an adapter by one that was trained on the model with the first one merged. Either has the matrices
of all, side by side: its rank is the sum of their ranks. A lower rank keeps the largest singular
values of the product.
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
_A, _B = "lora_A", "lora_B"
_REMEDY = "Combine adapters of one base model that were trained on the same layers."


def combine_adapters(
    sources: Sequence[Path], target: Path, weight: float, rank: int | None = None
) -> None:
    """Write a weighted sum of adapters, in fp16.

    Parameters
    ----------
    sources
        Directories that PEFT or ``adapter export`` wrote; at least two.
    target
        The directory to create.
    weight
        The factor of each adapter: 1 for the sum, ``1 / len(sources)`` for the mean.
    rank
        The highest rank of the result; by default the sum of the ranks.

    Raises
    ------
    FinetuneError
        If they change different layers, or other things than the weights of layers, one is damaged,
        there is no such rank, or the target exists.
    ModelError
        If a file of weights is truncated.
    OSError
        If it cannot be written.
    """
    import numpy

    if rank is not None and rank < 1:
        raise FinetuneError(f"There is no adapter of rank {rank}.", "Name a rank of at least 1.")
    if target.exists():
        raise FinetuneError(f"{target} exists already.", "Name a directory that does not.")
    described = [describe_lora(source) for source in sources]
    configs = [config for config, _ in described]
    scales = [
        _scale(source, config) * weight for source, config in zip(sources, configs, strict=True)
    ]
    weights = [read_weights(source) for source in sources]
    if any(one.keys() != weights[0].keys() for one in weights):
        raise FinetuneError("The adapters do not change the same layers.", _REMEDY)
    combined: dict[str, Any] = {}
    for name in weights[0]:
        is_b = _B in name
        parts = [
            one[name] * (scale if is_b else 1) for one, scale in zip(weights, scales, strict=True)
        ]
        try:
            combined[name] = numpy.concatenate(parts, axis=1 if is_b else 0)
        except ValueError:
            raise FinetuneError("The adapters are for layers of other sizes.", _REMEDY) from None
    total = sum(config["r"] for config in configs)
    if rank is not None and rank < total:
        total = rank
        for name in [name for name in combined if _B in name]:
            name_a = name.replace(_B, _A)
            combined[name], combined[name_a] = _truncated(combined[name], combined[name_a], rank)
    # Their scales are in the matrices: that of the result, alpha / rank, is 1.
    config = {**configs[0], "r": total, "lora_alpha": total, "use_rslora": False}
    with atomic_directory(target, mode=PUBLIC_DIRECTORY) as directory:
        shapes = {name: values.shape for name, values in combined.items()}
        write_tensors(directory / WEIGHTS, shapes, combined.values())
        write_config(directory, config, described[0][1])


def _scale(source: Path, config: dict[str, Any]) -> float:
    """Return the factor of the product of an adapter's matrices."""
    partial = [name for name in _PARTIAL if config.get(name)]
    if partial:
        raise FinetuneError(f"{source} has {partial[0]}, which cannot be combined.", _REMEDY)
    return product_scale(config, config["lora_alpha"], config["r"])


def _truncated(b: Any, a: Any, rank: int) -> tuple[Any, Any]:
    """Return matrices of a rank whose product is nearest to ``b @ a`` (Eckart and Young 1936)."""
    import numpy

    q_b, r_b = numpy.linalg.qr(b.astype(numpy.float64))
    q_a, r_a = numpy.linalg.qr(a.T.astype(numpy.float64))
    left, values, right = numpy.linalg.svd(r_b @ r_a.T)
    root = numpy.sqrt(values[:rank])
    return (q_b @ left[:, :rank]) * root, root[:, None] * (right[:rank] @ q_a.T)
