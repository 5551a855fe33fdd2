"""Models with random weights in a published shape, for measuring: made on the spot."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import EMBEDDED, ModelDescription, resolve_model
from jupyter_safecoder.models.random_weights import SHAPES, write_random_checkpoint

#: Disk for each weight: fp32, and what engines make of it (int8, int4, GGUF, ONNX by way of fp32).
_DISK_BYTES_A_WEIGHT = 4 + 1.1 + 0.7 + 1.1 + 5.1


def random_model(shape: str, work: Path) -> ModelDescription:
    """Return a model with random weights in one of ``SHAPES``, made below ``work`` if not there.

    Its tokenizer is that of the embedded model, which has StarCoder's number of tokens.

    Raises
    ------
    ModelError
        If the disk has no room for it and for what is prepared from it.
    """
    directory = work / shape
    if not directory.exists():
        needed = count_weights(SHAPES[shape]) * _DISK_BYTES_A_WEIGHT
        free = shutil.disk_usage(work).free
        if free < needed:
            raise ModelError(
                f"Measuring {shape} takes {needed / 1e9:.1f} GB on the disk of {work}; "
                f"{free / 1e9:.1f} GB are free.",
                "Free some space, or name a directory on a larger disk with --work.",
            )
        partial = directory.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        # In another process, which takes torch and its memory along when it ends.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            tokenizer = resolve_model(EMBEDDED).tokenizer
            other.submit(write_random_checkpoint, partial, SHAPES[shape], tokenizer).result()
        partial.rename(directory)
    return resolve_model(str(directory))


def count_weights(shape: Mapping[str, Any]) -> int:
    """Return the number of weights of a multi-query ``gpt_bigcode``, biases and norms left out."""
    width, inner = shape["n_embd"], shape["n_inner"]
    key_and_value = 2 * width // shape["n_head"]
    layer = width * (2 * width + key_and_value + 2 * inner)
    return int(width * (shape["vocab_size"] + shape["n_positions"]) + shape["n_layer"] * layer)
