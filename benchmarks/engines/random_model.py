"""Models with random weights in a published shape, which measurements make on the spot."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.files import atomic_directory
from jupyter_safecoder.models import EMBEDDED, ModelDescription, format_gb, resolve_model
from jupyter_safecoder.models.random_weights import SHAPES, write_random_checkpoint

#: Bytes on disk for each weight: fp32, int8, int4, GGUF, and ONNX with fp32 in between.
_DISK_BYTES_PER_WEIGHT = 4 + 1.1 + 0.7 + 1.1 + 5.1


def random_model(shape: str, work: Path) -> ModelDescription:
    """Return a model with random weights, made in a directory if it is not there.

    Its tokenizer is that of the embedded model, which has as many tokens as StarCoder's.

    Parameters
    ----------
    shape
        A name of ``SHAPES``.
    work
        The directory.

    Raises
    ------
    ModelError
        If the disk is too small for the model and what it is converted to.
    """
    directory = work / shape
    if not directory.exists():
        needed = count_weights(SHAPES[shape]) * _DISK_BYTES_PER_WEIGHT
        free = shutil.disk_usage(work).free
        if free < needed:
            raise ModelError(
                f"Measuring {shape} needs {format_gb(needed)} on the disk of {work}; "
                f"{format_gb(free)} are free.",
                "Free some space, or name a directory on a larger disk with --work-dir.",
            )
        # In another process, so that torch and its memory are gone before anything is measured.
        with (
            atomic_directory(directory) as partial,
            ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        ):
            tokenizer = resolve_model(EMBEDDED).tokenizer
            pool.submit(write_random_checkpoint, partial, SHAPES[shape], tokenizer).result()
    return resolve_model(str(directory))


def count_weights(shape: Mapping[str, Any]) -> int:
    """Return the number of weights of a multi-query ``gpt_bigcode``, without biases and norms."""
    width, inner = shape["n_embd"], shape["n_inner"]
    key_and_value = 2 * width // shape["n_head"]
    layer = width * (2 * width + key_and_value + 2 * inner)
    return int(width * (shape["vocab_size"] + shape["n_positions"]) + shape["n_layer"] * layer)
