"""Whether weights fit into the free memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_safecoder.engines.selection.choice import Choice
from jupyter_safecoder.errors import EngineError
from jupyter_safecoder.runtime.load_memory import MemoryEstimate, check_memory

CPU = Choice("openvino", "CPU", "int8", "a CPU", "It is the fastest.")


@pytest.mark.parametrize(
    ("free", "device"), [(2 * 10**9, "CPU"), (None, "CPU"), (0, "cuda:0"), (10**9, "")]
)
def test_what_fits_or_is_not_known(free: int | None, device: str) -> None:
    check_memory(MemoryEstimate("m", 10**9, free), replace(CPU, device=device))


def test_what_does_not_fit() -> None:
    with pytest.raises(EngineError, match=r"m has 3.0 GB of weights; 1.5 GB of memory are free"):
        check_memory(MemoryEstimate("m", 3 * 10**9, 3 * 10**9 // 2), CPU)
