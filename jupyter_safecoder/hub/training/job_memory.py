"""Bounds the memory of a training job, so that it cannot take that of the service.

What a user may set of a recipe can need more memory than the machine has. A job then fails with a
reason, and where the kernel has to end a process all the same, it ends the job first.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_safecoder.engines.hardware.cpu import available_bytes

#: Share of the available memory that a job may take; runtimes and the service need the rest.
_SHARE = 0.9
#: The kernel's highest score: of all processes, it ends those first.
_ENDED_FIRST = "1000"
#: A driver of NVIDIA reserves more addresses than there is memory.
_NVIDIA = Path("/dev/nvidiactl")


def limit_memory(pid: int) -> None:
    """Limit the memory of a job's process to most of what is available now.

    Only Linux has these limits. With a GPU of NVIDIA only the order is set in which the kernel ends
    processes.

    Parameters
    ----------
    pid
        The process; it and its later children are limited.
    """
    if sys.platform != "linux":
        return
    import resource

    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(_ENDED_FIRST, "ascii")
        available = available_bytes()
        if available is not None and not _NVIDIA.exists():
            limit = int(_SHARE * available)
            _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
            if hard != resource.RLIM_INFINITY:
                limit = min(limit, hard)
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
    except (ProcessLookupError, FileNotFoundError):
        return  # it has ended already
