"""The memory that a load needs, and whether there is as much."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_safecoder.engines.selection.choice import Choice
from jupyter_safecoder.errors import EngineError


@dataclass(frozen=True)
class MemoryEstimate:
    """The memory that a load needs, for the parent of a process that dies while it loads."""

    model: str
    need_bytes: int
    free_bytes: int | None


def check_memory(memory: MemoryEstimate, choice: Choice) -> None:
    """Check that the weights fit into the free memory.

    Parameters
    ----------
    memory
        What a load needs, and what is free.
    choice
        Where it is loaded to; only the memory of a CPU is checked.

    Raises
    ------
    EngineError
        If they do not fit.
    """
    on_cpu = choice.device.casefold() in ("", "cpu")
    if on_cpu and memory.free_bytes is not None and memory.need_bytes > memory.free_bytes:
        raise EngineError(
            f"{memory.model} has {memory.need_bytes / 1e9:.1f} GB of weights; "
            f"{memory.free_bytes / 1e9:.1f} GB of memory are free.",
            "Close other programs, set c.SafeCoder.precision to 'int4', or take a smaller model.",
        )
