"""What a preparation will need, before it starts: refused with the figures, not killed half-way."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_safecoder.engines.selection.candidates import WEIGHT_BYTES
from jupyter_safecoder.errors import ModelError
from jupyter_safecoder.models import ModelDescription

#: Bytes of memory that an export takes for each weight, and beside them (libraries, tracing);
#: measured as the peak of the exporting process on 164 M and 1.14 B parameters.
_EXPORT_BYTES_A_WEIGHT = 4.8
_EXPORT_BYTES = 1.0e9
_SPARE_DISK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class ResourceEstimate:
    """Bytes that a preparation takes: of memory while it runs, of disk for good."""

    memory: int
    disk: int


def estimate_resources(parameters: int, engine: str, precision: str) -> ResourceEstimate:
    """Estimate what preparing a checkpoint takes.

    Parameters
    ----------
    parameters
        Number of weights.
    engine, precision
        As :func:`.prepare.prepare` takes them. ONNX is written in fp32 first, and quantized from
        there.
    """
    disk = parameters * WEIGHT_BYTES[precision]
    if engine == "onnxruntime" and precision != "fp32":
        disk += parameters * WEIGHT_BYTES["fp32"]
    memory = parameters * _EXPORT_BYTES_A_WEIGHT + _EXPORT_BYTES
    return ResourceEstimate(int(memory), int(disk) + _SPARE_DISK_BYTES)


def check_resources(
    model: ModelDescription,
    needs: ResourceEstimate,
    free_memory: int | None,
    free_disk: int,
    place: str,
) -> None:
    """Refuse what cannot end well.

    Raises
    ------
    ModelError
        With the figures, if memory (``None``: not known) or disk are short.
    """
    if free_disk < needs.disk:
        raise ModelError(
            f"Preparing {model.name} needs {_gb(needs.disk)} on the disk of {place}; "
            f"{_gb(free_disk)} are free.",
            "Free some space, or set c.SafeCoder.cache_dir to a larger disk.",
        )
    if free_memory is not None and free_memory < needs.memory:
        raise ModelError(
            f"Preparing {model.name} needs {_gb(needs.memory)} of memory; "
            f"{_gb(free_memory)} are free.",
            "Free memory, or prepare the model on a larger machine and copy the cache directory.",
        )


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB"
