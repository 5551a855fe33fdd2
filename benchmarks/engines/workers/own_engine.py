"""Worker for an engine of this package, or of another package, through the engine protocol."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.models import count_parameters, resolve_model
from jupyter_safecoder.slow_imports import skip_scikit_learn
from jupyter_safecoder.telemetry import silence_telemetry

#: Bytes of a weight, if a checkpoint is loaded in another precision than that of its file.
_WEIGHT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
#: Suffixes of files of weights in the directories of converted models.
_WEIGHT_FILES = (".bin", ".onnx", ".onnx_data", ".data", ".safetensors", ".gguf")


def load(job: dict[str, Any]) -> tuple[Any, int]:
    """Load the engine ``engine`` for ``model``; ``options`` are those of ``EngineOptions``.

    Returns
    -------
    tuple
        The function to generate with, and the size of the weights in bytes.
    """
    silence_telemetry()
    skip_scikit_learn()
    model = resolve_model(job["model"])
    fields = dict(job["options"])
    converted = fields["weights"] = Path(path) if (path := fields.get("weights")) else None
    options = EngineOptions(**fields)
    engine = make_engine(job["engine"], model, options)
    engine.load()
    numbers = count(1)

    def generate(prompt: list[int], max_tokens: int, stop_ids: list[int]) -> Iterator[list[int]]:
        number = next(numbers)
        engine.submit(number, prompt, stop_ids, max_tokens)
        while engine.busy():
            for output in engine.step():
                if output.finished == "refused":
                    raise RuntimeError(f"a prompt of {len(prompt)} tokens was refused")
                if output.ids:
                    yield output.ids

    if converted is not None:
        return generate, _weights_bytes(converted)
    if model.format == "checkpoint" and options.precision in _WEIGHT_BYTES:
        return generate, count_parameters(model) * _WEIGHT_BYTES[options.precision]
    return generate, model.weights_bytes


def _weights_bytes(directory: Path) -> int:
    return sum(
        file.stat().st_size
        for file in directory.rglob("*")
        if file.suffix in _WEIGHT_FILES and "tokenizer" not in file.name
    )
