"""Estimates the memory and disk space of a conversion, to refuse it before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_safecoder.engines.selection.candidates import WEIGHT_BYTES
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription, format_gb

#: Bytes of memory that an export takes for each weight, and besides them for libraries and tracing.
#: Measured as the peak of the exporting process with 164 M and 1.14 B parameters.
_EXPORT_BYTES_PER_WEIGHT = 4.8
_EXPORT_BYTES = 1.0e9
_SPARE_DISK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class ResourceEstimate:
    """What a conversion takes.

    Parameters
    ----------
    memory
        Bytes of memory while it runs.
    disk
        Bytes of disk space for its result.
    """

    memory: int
    disk: int


def estimate_resources(
    parameters: int, engine: str, precision: str, *, gguf: bool = False
) -> ResourceEstimate:
    """Estimate what converting a model takes.

    Parameters
    ----------
    parameters
        Number of weights.
    engine, precision
        As in :func:`.convert`. ONNX is written in fp32 first, and quantized from there.
    gguf
        Whether it is a GGUF, of which a checkpoint in fp16 is written first.
    """
    disk = parameters * WEIGHT_BYTES[precision]
    if engine == "onnxruntime" and precision != "fp32":
        disk += parameters * WEIGHT_BYTES["fp32"]
    if gguf:
        disk += parameters * WEIGHT_BYTES["fp16"]
    memory = parameters * _EXPORT_BYTES_PER_WEIGHT + _EXPORT_BYTES
    return ResourceEstimate(int(memory), int(disk) + _SPARE_DISK_BYTES)


def check_resources(
    model: ModelDescription,
    estimate: ResourceEstimate,
    free_memory: int | None,
    free_disk: int,
    directory: str,
) -> None:
    """Refuse a conversion that memory or disk space are too small for.

    Parameters
    ----------
    model
        What is to be converted.
    estimate
        What that takes.
    free_memory
        Bytes; ``None`` if unknown.
    free_disk
        Bytes on the disk of ``directory``.
    directory
        Where the result goes, for the message.

    Raises
    ------
    ModelError
        With both sizes.
    """
    if free_disk < estimate.disk:
        raise ModelError(
            f"Converting {model.name} needs {format_gb(estimate.disk)} on the disk of {directory}; "
            f"{format_gb(free_disk)} are free.",
            "Free some space, or set c.SafeCoder.cache_dir to a larger disk.",
        )
    if free_memory is not None and free_memory < estimate.memory:
        raise ModelError(
            f"Converting {model.name} needs {format_gb(estimate.memory)} of memory; "
            f"{format_gb(free_memory)} are free.",
            "Free memory, or convert the model on a larger machine and copy the cache directory.",
        )
