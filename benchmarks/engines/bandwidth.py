"""Measures the read bandwidth of the memory, which bounds the time per token of any engine.

Each token reads all weights once: it takes at least the bytes of the weights / the bandwidth.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from jupyter_safecoder.engines.hardware.cpu import available_bytes

_BUFFER_BYTES = 2**30
_PASSES = 12


def read_bandwidth_gb_s() -> float:
    """Return the read bandwidth of all cores that this process may use, in 10^9 bytes per second.

    The maximum of a buffer of 1 GiB (or a quarter of the free memory, if that is less), far larger
    than caches, is computed by one thread for each core, which reads a part of its own; NumPy
    releases Python's lock meanwhile. The maximum of 8-bit integers is the NumPy reduction that does
    least besides reading: it was 20 to 40 % faster than sums of floats, and as fast as a loop in C.
    The best of 12 passes counts, because other programs can only make it slower.
    """
    import numpy

    threads = usable_cores()
    size = min(_BUFFER_BYTES, (available_bytes() or _BUFFER_BYTES) // 4)
    # Ones, not zeros, so that the memory is really allocated.
    parts = numpy.array_split(numpy.ones(size, dtype="i1"), threads)
    seconds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_PASSES):
            start = time.perf_counter()
            for _ in pool.map(numpy.max, parts):
                pass
            seconds.append(time.perf_counter() - start)
    return size / min(seconds) / 1e9


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
