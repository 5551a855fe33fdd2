"""Drives an engine of ours, or of another package, through the protocol of all engines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from jupyter_safecoder.engines import EngineOptions, make_engine
from jupyter_safecoder.models import count_parameters, resolve_model
from jupyter_safecoder.telemetry import silence_telemetry

#: Bytes that a weight takes where a checkpoint is loaded in another precision than its file's.
_WEIGHT_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
#: What weights are called in prepared directories; tokenizers that lie beside them do not count.
_WEIGHT_FILES = (".bin", ".onnx", ".onnx_data", ".data", ".safetensors", ".gguf")


def load(job: dict[str, Any]) -> tuple[Any, int]:
    """Load ``engine`` for ``model``; ``options`` are those of ``EngineOptions``."""
    silence_telemetry()
    model = resolve_model(job["model"])
    given = dict(job["options"])
    prepared = given["prepared"] = Path(p) if (p := given.get("prepared")) else None
    options = EngineOptions(**given)
    engine = make_engine(job["engine"], model, options)
    engine.load()
    numbers = count(1)

    def generate(prompt: list[int], tokens: int, ends: list[int]) -> Iterator[list[int]]:
        number = next(numbers)
        engine.submit(number, prompt, ends, tokens)
        while engine.busy():
            for output in engine.step():
                if output.finished == "refused":
                    raise RuntimeError(f"a prompt of {len(prompt)} tokens was refused")
                if output.ids:
                    yield output.ids

    if prepared is not None:
        return generate, _bytes_below(prepared)
    if model.format == "checkpoint" and options.precision in _WEIGHT_BYTES:
        return generate, count_parameters(model) * _WEIGHT_BYTES[options.precision]
    return generate, model.weights_bytes


def _bytes_below(prepared: Path) -> int:
    return sum(
        file.stat().st_size
        for file in prepared.rglob("*")
        if file.suffix in _WEIGHT_FILES and "tokenizer" not in file.name
    )
