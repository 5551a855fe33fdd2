"""Measures what the server extension adds to the start of a Jupyter server: the time of its import.

Each measurement is a new Python process that has imported jupyter_server already.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

_CODE = """
import json, sys, time
start = time.perf_counter()
import jupyter_server.serverapp, jupyter_server.extension.application
middle = time.perf_counter()
before = set(sys.modules)
import jupyter_safecoder.extension
end = time.perf_counter()
print(json.dumps([middle - start, end - middle, len(set(sys.modules) - before)]))
"""


def bench_imports(runs: int) -> dict[str, Any]:
    """Import the extension in as many processes, one after the other.

    Parameters
    ----------
    runs
        Number of processes; the first one, which may read from the disk, is not counted.

    Returns
    -------
    dict
        Median milliseconds of importing ``jupyter_server`` and, after it, the extension, and the
        number of ``modules`` that the extension imported.
    """
    measured = [_measure() for _ in range(runs + 1)][1:]
    server, extension, modules = zip(*measured, strict=True)
    return {
        "jupyter_server_ms": round(1000 * statistics.median(server), 1),
        "extension_ms": round(1000 * statistics.median(extension), 1),
        "modules": int(modules[0]),
    }


def _measure() -> tuple[float, float, int]:
    command = [sys.executable, "-c", _CODE]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    server, extension, modules = json.loads(done.stdout)
    return server, extension, modules
