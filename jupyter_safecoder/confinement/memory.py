"""Keeps the memory of this process off the disk: it has prompts."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Have no core dump written of this process, and let no other process read its memory.

    A limit of the size alone does not stop a program that the system pipes core dumps to. Where the
    system has neither, nothing happens.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        zero = ctypes.c_ulong(0)
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, zero, zero, zero, zero)
