"""How fast this machine reads memory: what bounds the time per token of any engine on it.

Every token reads all weights once: bytes of weights / read bandwidth is its least time.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from jupyter_safecoder.engines.hardware.cpu import available_bytes

_BUFFER_BYTES = 2**30
_PASSES = 12


def read_bandwidth_gb_s() -> float:
    """Measure the read bandwidth of all cores that this process may use, in 10^9 bytes a second.

    The maximum of a buffer of 1 GiB (a quarter of the free memory, where that is less), far more
    than caches hold, is taken by one thread a core, each its own part; NumPy lets go of Python's
    lock meanwhile. Of NumPy's reductions the maximum of 8-bit integers does least beside reading:
    it was 20 to 40 % faster than sums of floats, and not slower than a loop in C. The best of 12
    passes counts, as other programs only make it slower.
    """
    import numpy

    threads = usable_cores()
    size = min(_BUFFER_BYTES, (available_bytes() or _BUFFER_BYTES) // 4)
    parts = numpy.array_split(numpy.ones(size, dtype="i1"), threads)  # ones: the pages are there
    seconds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_PASSES):
            began = time.perf_counter()
            for _ in pool.map(numpy.max, parts):
                pass
            seconds.append(time.perf_counter() - began)
    return size / min(seconds) / 1e9


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
